//! How much memory the container may use.

use std::fs;
use std::path::{Path, PathBuf};

/// More than any machine has: how control groups of version 1 say that there is no limit.
const NONE: u64 = 1 << 50;

/// The limit of the control group that this process is in, if it has one.
pub(super) fn limit() -> Option<u64> {
    limit_below(
        Path::new("/sys/fs/cgroup"),
        &fs::read_to_string("/proc/self/cgroup").unwrap_or_default(),
    )
}

/// Within a container the group's own files stand at the root; elsewhere where `/proc/self/cgroup` says.
fn limit_below(root: &Path, groups: &str) -> Option<u64> {
    let mut files: Vec<PathBuf> = vec![
        root.join("memory.max"),
        root.join("memory/memory.limit_in_bytes"),
    ];
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            files.push(root.join(path).join("memory.max"));
        } else if controllers.split(',').any(|c| c == "memory") {
            files.push(root.join("memory").join(path).join("memory.limit_in_bytes"));
        }
    }
    let limits = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    limits.filter(|limit| (1..NONE).contains(limit)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_of(files: &[(&str, &str)], groups: &str) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        limit_below(root.path(), groups)
    }

    #[test]
    fn both_versions_of_control_groups_are_understood() {
        assert_eq!(limit_of(&[], ""), None);
        assert_eq!(limit_of(&[("memory.max", "max\n")], "0::/\n"), None);
        assert_eq!(
            limit_of(&[("memory.max", "268435456\n")], "0::/\n"),
            Some(268_435_456)
        );
        assert_eq!(
            limit_of(&[("a/b/memory.max", "1000\n")], "0::/a/b\n"),
            Some(1000)
        );
        assert_eq!(
            limit_of(&[("memory/memory.limit_in_bytes", "1000\n")], ""),
            Some(1000)
        );
        let v1 = "5:cpu,cpuacct:/x\n4:memory:/pod\n";
        assert_eq!(
            limit_of(&[("memory/pod/memory.limit_in_bytes", "7\n")], v1),
            Some(7)
        );
        let unlimited = [("memory/memory.limit_in_bytes", "9223372036854771712\n")];
        assert_eq!(limit_of(&unlimited, v1), None);
    }
}

//! Notices edits by looking: it works the same on every file system, for ConfigMap mounts that swap a link, for editors that
//! replace the file, and costs a few `stat` calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::LOOK_EVERY;
use crate::source::Source;

/// So often it is looked whether an edit goes on.
const LOOKS: u32 = 20;

/// Length and time of each file.
type Look = Vec<(PathBuf, Option<(u64, SystemTime)>)>;

pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    last: Look,
}

impl Watch {
    pub(crate) fn new(source: &Source, env_file: &Path) -> Self {
        let mut paths = source.paths();
        paths.push(env_file.to_path_buf());
        let last = look(&paths);
        Self { paths, last }
    }

    /// Returns after an edit, once it has come to rest, or after two seconds if it doesn't.
    pub(crate) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let mut now = look(&self.paths);
            if now == self.last {
                continue;
            }
            // Several files are often written one after the other. One that never comes to rest is read as it is.
            for _ in 0..LOOKS {
                tokio::time::sleep(LOOK_EVERY / 3).await;
                let again = look(&self.paths);
                if again == now {
                    break;
                }
                now = again;
            }
            self.last = now;
            return;
        }
    }
}

fn look(paths: &[PathBuf]) -> Look {
    let mut look = Vec::new();
    for path in paths {
        match sluice_files::in_folder(path) {
            // Others may be written all the time: our own log, for one.
            Ok(files) => look.extend(files.into_iter().map(stat)),
            Err(_) => look.push(stat(path.clone())),
        }
    }
    look
}

fn stat(path: PathBuf) -> (PathBuf, Option<(u64, SystemTime)>) {
    let seen = fs::metadata(&path)
        .ok()
        .and_then(|m| Some((m.len(), m.modified().ok()?)));
    (path, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_are_read_count() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_path_buf()];
        let before = look(&paths);
        fs::write(folder.path().join("sluice.log"), "a line").unwrap();
        fs::write(folder.path().join(".hidden.yaml"), "a: b").unwrap();
        assert_eq!(look(&paths), before);
        fs::write(folder.path().join("a.yaml"), "a: b").unwrap();
        assert_ne!(look(&paths), before);
    }
}

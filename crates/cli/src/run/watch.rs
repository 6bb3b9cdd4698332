//! Notices edits by looking: it works the same on every file system, for ConfigMap mounts that swap a link, for editors that
//! replace the file, and costs a few `stat` calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::LOOK_EVERY;
use crate::source::Source;

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

    /// Returns after an edit, once it has come to rest.
    pub(crate) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let mut now = look(&self.paths);
            if now == self.last {
                continue;
            }
            // Several files are often written one after the other.
            loop {
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
        match fs::read_dir(path) {
            Ok(entries) => {
                let mut files: Vec<PathBuf> =
                    entries.filter_map(|e| Some(e.ok()?.path())).collect();
                files.sort();
                look.extend(files.into_iter().map(stat));
            }
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

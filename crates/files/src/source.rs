//! Files and folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sluice_vocab::{Finding, Reason};

use crate::Loaded;

/// Largest file that is read.
const MAX_BYTES: u64 = 64 << 20;

/// Reads a file, or the files of a folder in the order of their names.
pub(crate) fn read(path: &Path, loaded: &mut Loaded) {
    let files = if path.is_dir() {
        in_folder(path)
    } else {
        Ok(vec![path.to_path_buf()])
    };
    let files = match files {
        Ok(files) => files,
        Err(error) => return refuse(path, &error.to_string(), loaded),
    };
    for file in files {
        match text(&file) {
            Ok(text) => loaded.text(&Arc::from(file), &text),
            Err(why) => refuse(&file, &why, loaded),
        }
    }
}

fn refuse(path: &Path, why: &str, loaded: &mut Loaded) {
    let finding = Finding::error(
        Reason::Unreadable,
        "",
        format!("the file cannot be read: {why}"),
    );
    let file = Arc::from(path);
    loaded.unread(&file, None);
    loaded.say(&file, 0, None, finding);
}

/// The files of a folder that are read, in order. Hidden names are left out: mounted ConfigMaps and Secrets keep their real folders
/// under such names.
///
/// # Errors
/// When it is no folder, or can't be read.
pub fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        let is_yaml = path
            .extension()
            .is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
        if is_yaml && !is_hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn text(file: &Path) -> Result<String, String> {
    let size = fs::metadata(file).map_err(|e| e.to_string())?.len();
    if size > MAX_BYTES {
        return Err(format!("it has {size} bytes, more than {MAX_BYTES}"));
    }
    let bytes = fs::read(file).map_err(|e| e.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

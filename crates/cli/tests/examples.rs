//! The examples are resources that work.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn inside(path: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn check(path: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_sluice"))
        .arg("check")
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains(" 0 errors"),
        "{}: {text}",
        path.display()
    );
}

#[test]
fn every_folder_of_examples_is_checked_without_an_error() {
    let folders = inside(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"));
    assert!(folders.len() >= 6, "{folders:?}");
    folders.iter().for_each(|folder| check(folder));
}

#[test]
fn each_server_s_file_stands_alone() {
    let files = inside(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/compatible"));
    assert!(files.len() >= 6, "{files:?}");
    files.iter().for_each(|file| check(file));
}

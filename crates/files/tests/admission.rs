//! Files and an API server refuse the same documents: those of `e2e/admission`.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

fn documents(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../e2e/admission")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn good_documents_are_taken() {
    for file in documents("good") {
        let loaded = sluice_files::load(std::slice::from_ref(&file));
        assert_eq!(loaded.findings, [], "{}", file.display());
        assert!(loaded.resources.unreadable.is_empty());
    }
}

#[test]
fn bad_documents_are_refused_for_the_same_reason() {
    for file in documents("bad") {
        let text = std::fs::read_to_string(&file).unwrap();
        let want = text
            .lines()
            .find_map(|line| line.strip_prefix("# file: "))
            .unwrap();
        let loaded = sluice_files::load(std::slice::from_ref(&file));
        let says = |wanted: &str| {
            loaded
                .findings
                .iter()
                .any(|f| f.finding.message.contains(wanted))
        };
        assert!(says(want), "{}: {:?}", file.display(), loaded.findings);
        assert_eq!(loaded.resources.unreadable.len(), 1, "{}", file.display());
    }
}

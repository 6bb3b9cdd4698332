//! Golden cases: resources in, what the compiler makes of them out.
//!
//! Each folder below `tests/golden` has an `in.yaml` and an `out.yaml` with the findings of the files, the entries of every
//! snapshot (credentials redacted) and the conditions of every resource. `UPDATE_GOLDEN=1` writes `out.yaml` anew: read
//! the difference line by line, for it will be believed afterwards.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod golden {
    pub(crate) mod render;
}

use std::fs;
use std::path::{Path, PathBuf};

use golden::render;
use sluice_compiler::{Settings, compile};
use sluice_files::Loaded;
use sluice_vocab::Egress;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every folder with an `in.yaml`.
fn cases() -> Vec<PathBuf> {
    let mut cases = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("in.yaml") {
                cases.push(folder.clone());
            }
        }
    }
    cases.sort();
    cases
}

fn settings(case: &Path) -> Settings {
    let mut settings = Settings::new(*b"golden");
    settings.ai_enabled = !case.ends_with("ai-disabled");
    settings.egress = case.ends_with("egress-refused").then(Egress::default);
    settings
}

fn read(case: &Path) -> Loaded {
    sluice_files::parse(
        "in.yaml",
        &fs::read_to_string(case.join("in.yaml")).unwrap(),
    )
}

#[test]
fn every_case_compiles_to_what_was_written_down() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let loaded = read(&case);
        let text = render::case(&loaded, &compile(&loaded.resources, &settings(&case)));
        let out = case.join("out.yaml");
        if update {
            fs::write(out, text).unwrap();
        } else if fs::read_to_string(out).unwrap_or_default() != text {
            wrong.push(case.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert!(
        wrong.is_empty(),
        "these differ, run with UPDATE_GOLDEN=1 and read the difference: {wrong:?}"
    );
}

#[test]
fn what_is_written_down_is_yaml() {
    for case in cases() {
        let loaded = read(&case);
        let text = render::case(&loaded, &compile(&loaded.resources, &settings(&case)));
        let read = serde_saphyr::from_str::<serde_json::Value>(&text);
        let read = read.unwrap_or_else(|e| panic!("{}: {e}", case.display()));
        assert!(read.get("resources").is_some(), "{}", case.display());
    }
}

#[test]
fn the_order_of_documents_does_not_matter() {
    for case in cases() {
        let text = format!("\n{}", fs::read_to_string(case.join("in.yaml")).unwrap());
        let mut documents: Vec<&str> = text.split("\n---").collect();
        let first = compile(&sluice_files::parse("x", &text).resources, &settings(&case));
        for _ in 0..documents.len() {
            documents.rotate_left(1);
            let shuffled = documents
                .iter()
                .rev()
                .copied()
                .collect::<Vec<_>>()
                .join("\n---");
            let again = compile(
                &sluice_files::parse("x", &shuffled).resources,
                &settings(&case),
            );
            // Of two objects of one name the first counts, so there the order does matter.
            if !case.ends_with("defined-twice") {
                assert!(again == first, "{}", case.display());
            }
        }
    }
}

#[test]
fn no_credential_is_in_a_golden_file_or_a_projection() {
    for case in cases() {
        let loaded = read(&case);
        let compilation = compile(&loaded.resources, &settings(&case));
        let mut text = render::case(&loaded, &compilation);
        for expanded in compilation.expanded.values() {
            for upstream in &expanded.upstreams {
                text += &serde_json::to_string(&upstream.object.spec).unwrap();
            }
        }
        text += &format!("{loaded:?} {compilation:?}");
        assert!(
            !text.contains("sk-"),
            "{} shows a credential",
            case.display()
        );
    }
}

#[test]
fn another_install_key_gives_other_versions() {
    let loaded = read(&root().join("seeds/kong-quickstart"));
    let version = |key: &[u8]| {
        let compilation = compile(&loaded.resources, &Settings::new(key));
        compilation.releases.values().next().unwrap().version()
    };
    assert_eq!(version(b"a"), version(b"a"));
    assert_ne!(version(b"a"), version(b"b"));
}

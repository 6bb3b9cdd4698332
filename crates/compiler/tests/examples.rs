//! Every example works as it stands.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use sluice_compiler::{Settings, compile};
use sluice_vocab::Reason;

#[test]
fn examples_have_nothing_wrong() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let folder = entry.unwrap().path();
        let loaded = sluice_files::load(std::slice::from_ref(&folder));
        if loaded.resources == Default::default() {
            continue;
        }
        assert_eq!(loaded.findings, [], "{}", folder.display());
        let compilation = compile(&loaded.resources, &Settings::new(*b"examples"));
        for (object, verdict) in &compilation.verdicts {
            // Servers of models inside of a cluster seldom speak TLS; that a key goes there in clear is said, and is no fault of the example.
            let mut findings = verdict.findings.iter();
            let wrong = findings.find(|f| f.reason != Reason::PlainCredential);
            assert_eq!(wrong, None, "{object} of {}", folder.display());
            assert!(
                !verdict.gateways.is_empty(),
                "{object} of {} is used",
                folder.display()
            );
        }
        seen += 1;
    }
    assert!(seen >= 5, "{seen} examples");
}

//! Files as people have them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;

use proptest::prelude::*;
use sluice_files::{load, parse};
use sluice_vocab::{Kind, ObjectRef, Reason};

const UPSTREAM: &str = "apiVersion: sluice.dev/v1alpha1\nkind: Upstream\nmetadata:\n  name: u\nspec:\n  ai:\n    openai:\n      model: m\n";

#[test]
fn a_folder_is_read_in_the_order_of_names_and_without_hidden_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.yaml"), UPSTREAM).unwrap();
    fs::write(
        folder.path().join("a.yml"),
        UPSTREAM.replace("name: u", "name: a"),
    )
    .unwrap();
    fs::write(folder.path().join("c.yaml"), UPSTREAM).unwrap();
    fs::write(folder.path().join(".hidden.yaml"), "[").unwrap();
    fs::write(folder.path().join("notes.txt"), "[").unwrap();
    let loaded = load(&[folder.path().to_path_buf()]);
    assert_eq!(loaded.resources.upstreams.len(), 2);
    let [twice] = loaded.findings.as_slice() else {
        panic!("{:?}", loaded.findings)
    };
    assert!(twice.file.ends_with("c.yaml") && twice.finding.reason == Reason::Conflicted);
}

#[test]
fn the_first_of_two_objects_of_a_name_counts() {
    let second = UPSTREAM.replace("model: m", "model: other");
    let loaded = parse("x.yaml", &format!("{UPSTREAM}---\n{second}"));
    let upstream = loaded.resources.upstreams.values().next().unwrap();
    let (ai, _) = upstream.spec.ai().unwrap();
    assert_eq!(ai.provider().unwrap().1.model, Some("m"));
}

#[test]
fn a_kind_of_another_group_or_version_is_not_read() {
    let mk = |api_version: &str, kind: &str| {
        let spec = match kind {
            "ReferenceGrant" => {
                "{from: [{group: '', kind: Secret, namespace: n}], to: [{group: '', kind: Secret}]}"
            }
            "Gateway" => "{gatewayClassName: sluice, listeners: []}",
            _ => "{ai: {openai: {}}}",
        };
        let text = format!(
            "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n"
        );
        parse("x.yaml", &text)
    };
    for (api_version, kind) in [
        ("example.com/v1alpha1", "Upstream"),
        ("sluice.dev/v2", "Upstream"),
        ("v1alpha1", "Upstream"),
        ("example.com/v1", "Gateway"),
        ("gateway.networking.k8s.io/v2", "Gateway"),
        ("example.com/v1beta1", "ReferenceGrant"),
        ("gateway.networking.k8s.io/v2", "ReferenceGrant"),
        ("example.com/v1", "Secret"),
    ] {
        let loaded = mk(api_version, kind);
        assert_eq!(loaded.resources, Default::default(), "{api_version} {kind}");
        assert_eq!(loaded.findings[0].finding.path, "apiVersion");
    }
    for version in ["v1", "v1beta1"] {
        let grant = mk(
            &format!("gateway.networking.k8s.io/{version}"),
            "ReferenceGrant",
        );
        assert_eq!(grant.resources.reference_grants.len(), 1, "{version}");
    }
}

#[test]
fn a_file_that_is_not_there_is_a_finding() {
    let loaded = load(&["/nowhere/at/all.yaml".into()]);
    assert!(loaded.has_errors());
    assert_eq!(loaded.findings[0].line, 0);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_make_no_difference() {
    let loaded = parse(
        "x.yaml",
        &format!("\u{feff}{}", UPSTREAM.replace('\n', "\r\n")),
    );
    assert_eq!(loaded.findings, []);
    let object = ObjectRef::new(Kind::Upstream, "default", "u");
    assert_eq!(
        loaded.line_of(&object, "spec.ai.openai.model").unwrap().1,
        8
    );
    assert_eq!(
        loaded
            .line_of(&object, "spec.ai.openai.authToken.secretRef")
            .unwrap()
            .1,
        7
    );
}

/// An address is of one shape or the other, as `oneOf` and `not` of Gateway API's schema say.
#[test]
fn an_address_of_a_gateway_is_an_ip_address_or_a_name() {
    let mk = |kind: &str, value: &str| {
        let text = format!(
            "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gw}}
spec:
  gatewayClassName: sluice
  listeners: [{{name: http, port: 80, protocol: HTTP}}]
  addresses: [{{type: {kind}, value: {value}}}]
"
        );
        parse("x.yaml", &text).has_errors()
    };
    assert!(!mk("IPAddress", "10.0.0.1"));
    assert!(!mk("Hostname", "a.example.com"));
    assert!(mk("Hostname", "'*.example.com/'"));
}

#[test]
fn json_and_lists_are_read_too() {
    let text = r#"{"kind": "List", "apiVersion": "v1", "items": [
      {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "data": {"a": "c2VjcmV0"}, "stringData": {"b": "c"}},
      {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "t"}, "data": {"a": "%%%"}}]}"#;
    let loaded = parse("x.json", text);
    let secret = loaded.resources.secrets.values().next().unwrap();
    assert_eq!(secret.spec.data["a"].expose(), b"secret");
    assert_eq!(secret.spec.data["b"].expose(), b"c");
    let [bad] = loaded.findings.as_slice() else {
        panic!("{:?}", loaded.findings)
    };
    assert_eq!((bad.line, bad.finding.path.as_str()), (3, "data.a"));
    assert!(
        !format!("{loaded:?}").contains("%%%"),
        "values are not printed"
    );
}

#[test]
fn bombs_are_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse("x", &deep).has_errors());
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        laughs += &format!(
            "a{i}: &a{i} [{}]\n",
            vec![format!("*a{}", i - 1); 10].join(", ")
        );
    }
    assert!(parse("x", &laughs).has_errors());
}

proptest! {
    #[test]
    fn nothing_panics(text in "[ -~\n]{0,300}") {
        parse("x", &text);
    }

    #[test]
    fn a_damaged_document_does_not_panic(at in 0..UPSTREAM.len(), with in "[ -~\n]{0,8}", cut in 0usize..8) {
        let end = (at + cut).min(UPSTREAM.len());
        parse("x", &format!("{}{with}{}", &UPSTREAM[..at], &UPSTREAM[end..]));
    }
}

const KEYS: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: alice}\nstringData: {a: one}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: bob}\nstringData: {a: two}\n";
const GRANT: &str = "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: grant}\nspec: {from: [{group: sluice.dev, kind: Upstream, namespace: n}], to: [{group: '', kind: Secret}]}\n";

/// Names of the Secrets, each with its value, that go on when `now` can't be read as a whole after `before` ran.
fn held(before: &str, now: &str) -> Vec<(String, String)> {
    let held = parse("x.yaml", now).held(&parse("x.yaml", before));
    assert!(held.findings.is_empty() && held.resources.unreadable.is_empty());
    let secrets = held.resources.secrets.values();
    secrets
        .map(|s| {
            let value = s.spec.data["a"].expose_str().unwrap().to_owned();
            (s.meta.name.name.to_string(), value)
        })
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn a_key_that_is_gone_is_gone_whatever_else_is_broken() {
    let before = format!("{KEYS}---\n{UPSTREAM}");
    let (_, bob) = KEYS.split_once("---\n").unwrap();
    for broken in [
        "a: [",
        "kind: Upstream",
        "apiVersion: v2\nkind: Secret",
        "[alice-2, not-alice]: [",
    ] {
        let now = format!("{bob}---\n{broken}\n");
        assert_eq!(held(&before, &now), pairs(&[("bob", "two")]), "{broken}");
    }
    let refused = UPSTREAM.replace("model: m", "modle: m");
    let now = format!("{bob}---\n{refused}");
    assert_eq!(held(&before, &now), pairs(&[("bob", "two")]));
}

#[test]
fn a_key_that_is_changed_or_new_counts_whatever_else_is_broken() {
    let now = KEYS.replace("one", "three").replace("bob", "carol");
    let now = format!("{now}---\na: [");
    let expected = pairs(&[("alice", "three"), ("carol", "two")]);
    assert_eq!(held(KEYS, &now), expected);
}

#[test]
fn a_key_that_a_broken_document_may_be_stays_as_it_was() {
    for (was, is) in [
        ("metadata: {name: alice}", "metadata: {name: alice"),
        (
            "metadata: {name: alice}",
            "metadata: {name: alice, labels: 1}",
        ),
        ("metadata: {name: alice}", "metadata: {name: alice_}"),
        ("apiVersion: v1", "apiVersion: v2"),
        ("stringData: {a: one}", "data: {a: '?'}"),
    ] {
        let now = KEYS.replacen(was, is, 1);
        let expected = pairs(&[("alice", "one"), ("bob", "two")]);
        assert_eq!(held(KEYS, &now), expected, "{is}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_keeps_the_keys_that_stood_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, other) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    let (alice, bob) = KEYS.split_once("---\n").unwrap();
    fs::write(&mine, alice).unwrap();
    fs::write(&other, bob).unwrap();
    let files = [mine.clone(), other.clone()];
    let before = load(&files);
    fs::write(&mine, [0xff]).unwrap();
    fs::write(&other, "# nothing\n").unwrap();
    let held = load(&files).held(&before);
    let names: Vec<&str> = held.resources.secrets.keys().map(|n| &*n.name).collect();
    assert_eq!(names, ["alice"]);
}

#[test]
fn a_permission_that_is_gone_is_gone_and_the_rest_stays_as_it_was() {
    let before = parse("x.yaml", &format!("{UPSTREAM}---\n{GRANT}"));
    assert_eq!(before.resources.reference_grants.len(), 1);
    let changed = UPSTREAM.replace("model: m", "model: other");
    let held = parse("x.yaml", &format!("{changed}---\na: [")).held(&before);
    assert!(held.resources.reference_grants.is_empty());
    assert_eq!(held.resources.upstreams, before.resources.upstreams);
}

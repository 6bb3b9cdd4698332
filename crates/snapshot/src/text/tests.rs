use std::collections::BTreeMap;

use sluice_vocab::{Kind, ObjectRef, Origin};

use super::*;
use crate::model::{self, entry::Body};
use crate::{EntryKey, Sealer};

fn mk_text(body: Body) -> String {
    let origin = Origin {
        object: ObjectRef::new(Kind::Upstream, "n", "u"),
        generation: 1,
        path: "spec.ai".into(),
    };
    let sealed = Sealer::new(b"key").seal(&origin, body);
    render(&Snapshot::new(BTreeMap::from([(
        EntryKey::from("some/key"),
        sealed,
    )])))
}

#[test]
fn an_entry_says_where_it_is_from_and_what_is_set() {
    let text = mk_text(Body::Route(model::Route {
        listeners: vec!["listener/a".into(), "listener/b".into()],
        matches: vec![model::RouteMatch {
            path: Some(model::route_match::Path::Prefix(String::new())),
            method: "GET".into(),
            ..Default::default()
        }],
        backends: vec![model::Backend::default()],
        rule: 2,
        ..Default::default()
    }));
    let want = "\
some/key:
  from: Upstream n/u spec.ai
  listeners:
  - listener/a
  - listener/b
  matches:
  - {prefix: \"\", method: GET}
  backends:
  - {weight: 0}
  rule: 2
";
    assert_eq!(text, want);
}

#[test]
fn a_policy_shows_its_config() {
    let config = r#"{"request":{"rules":[{"name":"a"},{"name":"b: c"}],"status":403}}"#;
    let text = mk_text(Body::Policy(model::Policy {
        kind: "promptGuard".into(),
        revision: 1,
        config: config.into(),
    }));
    let want = "\
some/key:
  from: Upstream n/u spec.ai
  kind: promptGuard
  revision: 1
  config:
    request:
      rules:
      - {name: a}
      - {name: \"b: c\"}
      status: 403
";
    assert_eq!(text, want);
}

#[test]
fn of_what_is_secret_only_the_length_is_shown() {
    let value = b"sk-1".to_vec();
    let credential = mk_text(Body::Credential(model::Credential { value }));
    let certificate = mk_text(Body::Certificate(model::Certificate {
        chain: vec![b"chain".to_vec(), b"chain".to_vec()],
        key: b"sk-1".to_vec(),
    }));
    let key = mk_text(Body::ApiKey(model::ApiKey {
        set: "n/p".into(),
        caller: "alice".into(),
        digest: b"sk-1".to_vec(),
    }));
    for text in [&credential, &certificate, &key] {
        assert!(!text.contains("sk-1") && !text.contains("chain"), "{text}");
    }
    assert!(credential.ends_with("  bytes: 4\n"), "{credential}");
    assert!(
        certificate.ends_with("  certificates: 2\n"),
        "{certificate}"
    );
    assert!(key.ends_with("  set: n/p\n  caller: alice\n"), "{key}");
}

#[test]
fn what_cannot_be_decoded_is_told() {
    let sealed = Sealer::new(b"key").seal_bytes(bytes::Bytes::from_static(b"\xff"));
    let snapshot = Snapshot::new(BTreeMap::from([(EntryKey::from("some/key"), sealed)]));
    let text = render(&snapshot);
    assert!(
        text.starts_with("some/key:\n  error: \"entry some/key cannot"),
        "{text}"
    );
}

fn field(name: &str, value: &str) -> model::Field {
    model::Field {
        name: name.into(),
        value: value.into(),
    }
}

fn edits() -> Option<model::HeaderEdits> {
    Some(model::HeaderEdits {
        set: vec![field("x-a", "a")],
        add: vec![field("x-b", "b")],
        remove: vec!["x-c".into()],
    })
}

#[test]
fn every_field_of_a_listener_is_shown() {
    let text = mk_text(Body::Listener(model::Listener {
        name: "https".into(),
        port: 443,
        hostname: "*.example.com".into(),
        tls: Some(model::ListenerTls {
            certificates: vec!["certificate/a".into()],
        }),
    }));
    let want = "\
some/key:
  from: Upstream n/u spec.ai
  name: https
  port: 443
  hostname: \"*.example.com\"
  tls:
    certificates:
    - certificate/a
";
    assert_eq!(text, want);
    let without = mk_text(Body::Listener(model::Listener {
        tls: Some(model::ListenerTls::default()),
        ..Default::default()
    }));
    assert!(without.ends_with("  tls: {}\n"), "{without}");
}

#[test]
fn every_field_of_a_route_is_shown() {
    use model::{backend::Target, field_match::Value, route_match::Path};
    let matched = |name: &str, value| model::FieldMatch {
        name: name.into(),
        value: Some(value),
    };
    let to = |target| model::Backend {
        weight: 1,
        target: Some(target),
        request_headers: None,
    };
    let text = mk_text(Body::Route(model::Route {
        listeners: vec!["listener/a".into()],
        hostnames: vec!["a.example.com".into()],
        matches: vec![
            model::RouteMatch {
                path: Some(Path::Exact("/a".into())),
                headers: vec![matched("x-h", Value::Exact("true".into()))],
                query: vec![matched("q", Value::Regex("[0-9]+".into()))],
                method: "POST".into(),
            },
            model::RouteMatch {
                path: Some(Path::Regex("/b".into())),
                ..Default::default()
            },
        ],
        backends: vec![
            to(Target::Upstream("upstream/u".into())),
            to(Target::Invalid("no: such".into())),
            model::Backend {
                request_headers: edits(),
                ..to(Target::Service(model::Endpoint {
                    host: "h".into(),
                    port: 80,
                    no_proxy: true,
                    ..Default::default()
                }))
            },
        ],
        policies: vec!["policy/p".into()],
        request_headers: edits(),
        response_headers: edits(),
        rewrite: Some(model::Rewrite {
            hostname: "h".into(),
            path: Some(model::rewrite::Path::Prefix("/p".into())),
        }),
        redirect: Some(model::Redirect {
            scheme: "https".into(),
            hostname: "h".into(),
            port: 8443,
            status: 301,
            path: Some(model::redirect::Path::Full("/f".into())),
        }),
        created: 7,
        rank: "n/r".into(),
        rule: 2,
        request_timeout_ms: 3,
        backend_timeout_ms: 4,
        label: "n/r".into(),
        prompt_type: "chat".into(),
    }));
    let want = "\
some/key:
  from: Upstream n/u spec.ai
  listeners:
  - listener/a
  hostnames:
  - a.example.com
  matches:
  - {exact: /a, headers: [{name: x-h, exact: \"true\"}], query: [{name: q, regex: \"[0-9]+\"}], method: POST}
  - {regex: /b}
  backends:
  - {weight: 1, upstream: upstream/u}
  - {weight: 1, invalid: \"no: such\"}
  - {weight: 1, service: {host: h, port: 80, no_proxy: true}, request_headers: {set: [{name: x-a, value: a}], add: [{name: x-b, value: b}], remove: [x-c]}}
  policies:
  - policy/p
  request_headers:
    set:
    - {name: x-a, value: a}
    add:
    - {name: x-b, value: b}
    remove:
    - x-c
  response_headers:
    set:
    - {name: x-a, value: a}
    add:
    - {name: x-b, value: b}
    remove:
    - x-c
  rewrite: {hostname: h, prefix: /p}
  redirect: {scheme: https, hostname: h, port: 8443, status: 301, full: /f}
  created: 7
  rank: n/r
  rule: 2
  request_timeout_ms: 3
  backend_timeout_ms: 4
  label: n/r
  prompt_type: chat
";
    assert_eq!(text, want);
}

#[test]
fn every_field_of_a_provider_is_shown() {
    use model::{provider::Auth, upstream::Kind};
    let text = mk_text(Body::Upstream(model::Upstream {
        label: "n/u".into(),
        kind: Some(Kind::Provider(model::Provider {
            r#type: "openai".into(),
            endpoint: Some(model::Endpoint {
                host: "h".into(),
                port: 443,
                tls: true,
                ca_pem: "PEM\n".into(),
                server_name: "s".into(),
                proxy: "http://p".into(),
                no_proxy: true,
            }),
            path_prefix: Some(String::new()),
            model: "m".into(),
            auth: Some(Auth::Credential("credential/c".into())),
            apis: vec!["chat".into()],
            headers: vec![field("x-a", "a")],
            azure: Some(model::Azure {
                deployment: "d".into(),
                api_version: "2024-10-21".into(),
            }),
            vertex: Some(model::Vertex {
                project: "p".into(),
                location: "l".into(),
                publisher: "google".into(),
                api_version: "v1".into(),
            }),
            bedrock: Some(model::Bedrock { region: "r".into() }),
        })),
    }));
    let want = "\
some/key:
  from: Upstream n/u spec.ai
  label: n/u
  provider:
    type: openai
    endpoint: {host: h, port: 443, tls: true, ca_pem: \"PEM\\n\", server_name: s, proxy: http://p, no_proxy: true}
    path_prefix: \"\"
    model: m
    credential: credential/c
    apis:
    - chat
    headers:
    - {name: x-a, value: a}
    azure: {deployment: d, api_version: \"2024-10-21\"}
    vertex: {project: p, location: l, publisher: google, api_version: v1}
    bedrock: {region: r}
";
    assert_eq!(text, want);
    for (auth, line) in [
        (Auth::Passthrough(true), "passthrough: true"),
        (Auth::WorkloadIdentity(true), "workload_identity: true"),
    ] {
        let provider = model::Provider {
            auth: Some(auth),
            ..Default::default()
        };
        let text = mk_text(Body::Upstream(model::Upstream {
            label: String::new(),
            kind: Some(Kind::Provider(provider)),
        }));
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn every_field_of_a_map_of_models_is_shown() {
    use model::upstream::Kind;
    let mk = |kind| {
        mk_text(Body::Upstream(model::Upstream {
            label: "n/u".into(),
            kind: Some(kind),
        }))
    };
    let text = mk(Kind::Models(model::Models {
        models: vec![model::Model {
            name: "gpt-*".into(),
            upstream: "upstream/a".into(),
            model: "*".into(),
            description: "a, b".into(),
            listed: true,
            owner: "o".into(),
            provider: "openai".into(),
            rank: 3,
        }],
        default_upstream: "upstream/b".into(),
    }));
    let want = "\
some/key:
  from: Upstream n/u spec.ai
  label: n/u
  models:
  - {name: gpt-*, upstream: upstream/a, model: \"*\", description: \"a, b\", listed: true, owner: o, provider: openai, rank: 3}
  default_upstream: upstream/b
";
    assert_eq!(text, want);
    let empty = mk(Kind::Models(model::Models::default()));
    assert!(empty.ends_with("  models: []\n"), "{empty}");
    let invalid = mk(Kind::Invalid("why".into()));
    assert!(invalid.ends_with("  invalid: why\n"), "{invalid}");
}

/// The longest map that stands on one line has 100 characters.
#[test]
fn a_map_that_is_too_long_for_a_line_has_a_line_for_each_field() {
    let shown = |length: usize| {
        let provider = model::Provider {
            r#type: "openai".into(),
            model: "m".repeat(length),
            ..Default::default()
        };
        mk_text(Body::Upstream(model::Upstream {
            label: String::new(),
            kind: Some(model::upstream::Kind::Provider(provider)),
        }))
    };
    let short = 100 - "{type: openai, model: }".len();
    assert!(shown(short).contains("  provider: {type: openai, model: m"));
    assert!(shown(short + 1).contains("  provider:\n    type: openai\n    model: m"));
}

#[test]
fn what_yaml_would_read_as_something_else_stands_in_quotes() {
    for plain in [
        "a",
        "/a",
        "_a",
        "(a",
        "a b",
        "a:b",
        "a#b",
        "spec.rules[0]",
        "a, b",
        "nothing",
    ] {
        assert_eq!(scalar(plain), plain);
    }
    for other in [
        "", " a", "a ", "a:", "a: b", "a #b", "1", "1m", "-a", "*", "?a", "[a]", "{a}", "a\nb",
        "true", "False", "NULL", "yes", "No", "on", "OFF", "y", "N", "~", "é", "\"a\"",
    ] {
        let quoted = scalar(other);
        assert!(quoted.starts_with('"') && quoted.ends_with('"'), "{other}");
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), other);
    }
}

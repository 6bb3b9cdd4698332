//! Snapshots as YAML, for people and for golden files. Credentials are never in it.

mod entry;
mod yaml;

use crate::Snapshot;

pub use yaml::scalar;

use yaml::{Fields, Node};

/// Each entry with its key, where it came from, and its fields that say something. What a list holds has one line each.
pub fn render(snapshot: &Snapshot) -> String {
    let entries = snapshot.entries().iter().map(|(key, sealed)| {
        let fields = match sealed.decode(key) {
            Ok(entry) => entry::fields(&entry),
            Err(error) => Fields::default().always("error", Node::text(error)),
        };
        (key.to_string(), Node::Map(fields.0))
    });
    yaml::document(entries)
}

#[cfg(test)]
mod tests {
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
}

//! What people write, compiled.

use std::net::SocketAddr;
use std::sync::Arc;

use sluice_compiler::Settings;
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Sealer, Snapshot};
use sluice_vocab::{Kind, ObjectRef, Origin};

pub(crate) const INSTALL_KEY: &[u8] = b"of this installation";
/// The gateway's credential of the provider.
pub(crate) const PROVIDER_KEY: &str = "sk-of-the-provider";

/// A gateway on a port, with the double behind it. Each edition says another thing to the model.
pub(crate) fn mk_snapshot(port: u16, mock: SocketAddr, edition: &str) -> Arc<Snapshot> {
    let text = format!(
        r#"
apiVersion: sluice.dev/v1alpha1
kind: AIGateway
metadata:
  name: edge
  namespace: default
spec:
  listeners:
  - name: http
    port: {port}
  providers:
  - name: double
    providerType: openai
    baseURL: http://{mock}
    apiKeySecretRef:
      name: keys
      key: double
  defaultProvider: double
  policy:
    promptEnrichment:
      prepend:
      - role: system
        content: "edition {edition}"
---
apiVersion: v1
kind: Secret
metadata:
  name: keys
  namespace: default
stringData:
  double: {PROVIDER_KEY}
"#
    );
    let loaded = sluice_files::parse("test.yaml", &text);
    assert_eq!(loaded.findings, []);
    let compilation = sluice_compiler::compile(&loaded.resources, &Settings::new(INSTALL_KEY));
    let verdicts = compilation.verdicts.values();
    assert!(
        verdicts.flat_map(|v| &v.findings).next().is_none(),
        "{:?}",
        compilation.verdicts
    );
    Arc::new(compilation.releases.into_values().next().unwrap())
}

/// With one entry more, of a resource of generation 7.
pub(crate) fn with_entry(
    snapshot: &Snapshot,
    key: &str,
    object: ObjectRef,
    body: Body,
) -> Arc<Snapshot> {
    let mut entries = snapshot.entries().clone();
    let origin = Origin {
        object,
        generation: 7,
        path: "spec".into(),
    };
    entries.insert(
        EntryKey::from(key),
        Sealer::new(INSTALL_KEY).seal(&origin, body),
    );
    Arc::new(Snapshot::new(entries))
}

/// With a policy that no data plane knows, of a RoutePolicy `broken`.
pub(crate) fn with_unknown_policy(snapshot: &Snapshot) -> Arc<Snapshot> {
    let policy = model::Policy {
        kind: "magic".into(),
        revision: 1,
        config: "{}".into(),
    };
    let object = ObjectRef::new(Kind::RoutePolicy, "default", "broken");
    with_entry(
        snapshot,
        "policy/default/broken",
        object,
        Body::Policy(policy),
    )
}

/// With another listener, of a Gateway `other`.
pub(crate) fn with_listener(snapshot: &Snapshot, port: u16) -> Arc<Snapshot> {
    let listener = model::Listener {
        name: "other".into(),
        port: port.into(),
        ..Default::default()
    };
    let object = ObjectRef::new(Kind::Gateway, "default", "other");
    with_entry(snapshot, "listener/other", object, Body::Listener(listener))
}

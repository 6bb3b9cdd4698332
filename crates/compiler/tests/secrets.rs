//! What becomes of the values of Secrets on their way into a snapshot. Goldens don't show them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use sluice_compiler::{Compilation, Settings, compile};
use sluice_snapshot::model::provider::Auth;
use sluice_snapshot::model::upstream::Kind;
use sluice_snapshot::model::{self, entry::Body};

/// A Gateway, a route with a policy that asks for keys, and an Upstream with a credential.
const WORLD: &str = r"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: sluice
  listeners: [{name: http, port: 8080, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec:
  parentRefs: [{name: gw}]
  rules:
  - backendRefs: [{group: sluice.dev, kind: Upstream, name: u}]
    filters:
    - {type: ExtensionRef, extensionRef: {group: sluice.dev, kind: RoutePolicy, name: p}}
---
apiVersion: sluice.dev/v1alpha1
kind: RoutePolicy
metadata: {name: p, namespace: default}
spec:
  ai:
    authentication: {apiKeys: {secretSelector: {matchLabels: {kind: caller}}}}
---
apiVersion: sluice.dev/v1alpha1
kind: Upstream
metadata: {name: u, namespace: default}
spec:
  ai:
    openai: {authToken: {secretRef: {name: provider}}}
";

fn compiled(documents: &str) -> Compilation {
    let text = format!("{WORLD}---\n{documents}");
    let loaded = sluice_files::parse("in.yaml", &text);
    assert_eq!(loaded.findings, []);
    compile(&loaded.resources, &Settings::new(*b"key"))
}

fn bodies(compilation: &Compilation) -> Vec<Body> {
    let snapshots = compilation.releases.values();
    let entries = snapshots.flat_map(sluice_snapshot::Snapshot::entries);
    entries
        .map(|(key, sealed)| sealed.decode(key).unwrap().body.unwrap())
        .collect()
}

/// Caller and digest of each API key.
fn callers(data: &str) -> BTreeSet<(String, Vec<u8>)> {
    let alice = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: alice, namespace: default, labels: {{kind: caller}}}}\nstringData: {data}"
    );
    let keys = bodies(&compiled(&alice)).into_iter();
    let keys = keys.filter_map(|body| match body {
        Body::ApiKey(key) => Some((key.caller, key.digest)),
        _ => None,
    });
    keys.collect()
}

/// The Upstream's credential.
fn credential(data: &str) -> Option<String> {
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: provider, namespace: default}}\nstringData: {data}"
    );
    bodies(&compiled(&secret))
        .into_iter()
        .find_map(|body| match body {
            Body::Credential(c) => Some(String::from_utf8(c.value).unwrap()),
            _ => None,
        })
}

fn digest(key: &str) -> (String, Vec<u8>) {
    ("alice".to_owned(), Sha256::digest(key).to_vec())
}

#[test]
fn an_api_key_travels_as_the_digest_of_what_its_caller_sends() {
    let both = callers(r#"{old: sk-1, new: " sk-2\n"}"#);
    assert_eq!(both, [digest("sk-1"), digest("sk-2")].into());
}

#[test]
fn an_empty_value_is_no_api_key() {
    assert_eq!(callers(r#"{key: "", blank: " \n"}"#), BTreeSet::new());
}

#[test]
fn a_credential_is_what_stands_behind_bearer() {
    for (data, value) in [
        (r"{apiKey: sk-1}", "sk-1"),
        (r#"{apiKey: " sk-1\n"}"#, "sk-1"),
        (r#"{Authorization: "bearer  sk-1 "}"#, "sk-1"),
        (r"{apiKey: sk-2, Authorization: Bearer sk-1}", "sk-1"),
        (r"{apiKey: Basic sk-1}", "Basic sk-1"),
    ] {
        assert_eq!(credential(data).as_deref(), Some(value), "{data}");
    }
    assert_eq!(credential(r#"{apiKey: "Bearer "}"#), None);
}

/// Who knows Secrets by their names alone fetches those that were looked for.
#[test]
fn a_secret_that_no_grant_allows_is_not_even_looked_for() {
    let compilation = compiled(
        r"
apiVersion: sluice.dev/v1alpha1
kind: AIGateway
metadata: {name: ai, namespace: default}
spec:
  cloudProviderCredentials: {name: credentials, namespace: vault}
  largeLanguageModels:
    cloudHosted: [{identifier: a, model: m, aiCloudProvider: {name: Mistral}}]
---
apiVersion: sluice.dev/v1alpha1
kind: Upstream
metadata: {name: other, namespace: default}
spec:
  ai:
    openai: {authToken: {secretRef: {name: key, namespace: vault}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: https, namespace: default}
spec:
  gatewayClassName: sluice
  listeners:
  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: tls, namespace: vault}]}}
",
    );
    let asked: Vec<String> = compilation
        .secrets
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(asked, ["default/provider"]);
}

/// The credentials of all Upstreams, by the host that gets them.
fn by_host(compilation: &Compilation) -> Vec<(String, String)> {
    let bodies = compilation.releases.values().flat_map(|snapshot| {
        let entries = snapshot.entries();
        let value = move |key: &str| {
            let key = key.into();
            match entries[&key].decode(&key).unwrap().body.unwrap() {
                Body::Credential(c) => String::from_utf8(c.value).unwrap(),
                _ => panic!("{key} is no credential"),
            }
        };
        let upstreams = entries.iter().filter_map(|(key, sealed)| {
            match sealed.decode(key).unwrap().body.unwrap() {
                Body::Upstream(model::Upstream {
                    kind: Some(Kind::Provider(p)),
                    ..
                }) => Some(p),
                _ => None,
            }
        });
        upstreams.filter_map(move |p| match p.auth? {
            Auth::Credential(key) => Some((p.endpoint?.host, value(&key))),
            _ => None,
        })
    });
    bodies.collect()
}

/// `team` with identifier `a-b` and `team-a` with identifier `b` both want an Upstream `team-a-b`; the first keeps its name.
#[test]
fn a_key_in_an_ai_gateway_goes_to_no_upstream_of_the_same_name_that_another_made() {
    let gateway = |name: &str, identifier: &str, host: &str| {
        format!(
            "apiVersion: sluice.dev/v1alpha1
kind: AIGateway
metadata: {{name: {name}, namespace: default}}
spec:
  providers: [{{name: own, providerType: openai, baseURL: 'http://{host}:8000', apiKey: key-of-{name}}}]
  largeLanguageModels:
    cloudHosted: [{{identifier: {identifier}, model: m, aiCloudProvider: {{name: own}}}}]
"
        )
    };
    let (first, second) = (
        gateway("team", "a-b", "first"),
        gateway("team-a", "b", "second"),
    );
    let compilation = compiled(&format!("{first}---\n{second}"));
    let pairs = by_host(&compilation);
    let pairs: BTreeSet<_> = pairs.iter().map(|(h, k)| (&**h, &**k)).collect();
    let own = [("first", "key-of-team"), ("second", "key-of-team-a")];
    assert_eq!(pairs, own.into());
}

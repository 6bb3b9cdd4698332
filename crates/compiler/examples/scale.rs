//! How long thousands of routes and policies take to compile: `cargo run --release -p sluice-compiler --example scale`.
#![expect(clippy::disallowed_methods, reason = "it measures")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement at a terminal"
)]

use std::time::Instant;

use serde_json::{Value, json};
use sluice_compiler::resources::ResourceSet;
use sluice_compiler::{Settings, compile};
use sluice_vocab::{Kind, ObjectRef};

fn main() {
    for size in [1_000, 5_000] {
        let set = resources(size);
        let settings = Settings::new("key");
        let mut times: Vec<f64> = (0..9)
            .map(|_| {
                let began = Instant::now();
                let compilation = compile(&set, &settings);
                let ms = began.elapsed().as_secs_f64() * 1e3;
                assert_eq!(compilation.releases.len(), 1);
                ms
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{size} routes and policies: median {:.0} ms, at most {:.0} ms",
            times[4], times[8]
        );
    }
}

fn resources(size: usize) -> ResourceSet {
    let mut set = ResourceSet::default();
    let mut put = |kind: Kind, api: &str, name: &str, spec: Value| {
        let object = json!({
            "apiVersion": api, "kind": kind.as_str(),
            "metadata": { "namespace": "n", "name": name, "generation": 1 }, "spec": spec,
        });
        set.put(&ObjectRef::new(kind, "n", name), object).unwrap();
    };
    let (gateway_api, ours) = ("gateway.networking.k8s.io/v1", "sluice.dev/v1alpha1");
    let listener = json!({ "name": "http", "port": 80, "protocol": "HTTP" });
    let edge = json!({ "gatewayClassName": "sluice", "listeners": [listener] });
    put(Kind::Gateway, gateway_api, "edge", edge);
    put(
        Kind::Upstream,
        ours,
        "model",
        json!({ "ai": { "openai": { "model": "gpt-4o" } } }),
    );
    for i in 0..size {
        let name = format!("r{i}");
        let prompt = json!([{ "role": "SYSTEM", "content": format!("{i}") }]);
        let policy = json!({ "ai": { "promptEnrichment": { "prepend": prompt } } });
        put(Kind::RoutePolicy, ours, &name, policy);
        let reference = json!({ "group": "sluice.dev", "kind": "RoutePolicy", "name": name });
        let rule = json!({
            "matches": [{ "path": { "type": "PathPrefix", "value": format!("/{name}") } }],
            "filters": [{ "type": "ExtensionRef", "extensionRef": reference }],
            "backendRefs": [{ "group": "sluice.dev", "kind": "Upstream", "name": "model" }],
        });
        let route = json!({ "parentRefs": [{ "name": "edge" }], "rules": [rule] });
        put(Kind::HTTPRoute, gateway_api, &name, route);
    }
    set
}

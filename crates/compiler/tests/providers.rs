//! Providers stand in two crates that don't know each other: as code in `sluice_llm`, as fields in `sluice_crds`.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;

use sluice_crds::upstream::Ai;
use sluice_llm::provider::REGISTRY;

/// What an Upstream of the provider has to say besides.
fn needed(name: &str) -> &'static str {
    match name {
        "vertexAi" => "projectId: p, location: l",
        "bedrock" => "region: r",
        "azureOpenai" => "endpoint: h.example",
        _ => "",
    }
}

#[test]
fn every_provider_of_the_registry_is_a_field_of_spec_ai_and_the_other_way_round() {
    let code: BTreeSet<&str> = REGISTRY.iter().map(|p| p.name).collect();
    let fields: BTreeSet<&str> = Ai::PROVIDERS.iter().copied().collect();
    assert_eq!(
        code, fields,
        "left: REGISTRY in crates/llm/src/provider.rs; right: providers! in crds/src/upstream/ai.rs"
    );
}

#[test]
fn every_provider_can_be_written_in_an_upstream() {
    for name in Ai::PROVIDERS {
        let text = format!(
            "apiVersion: sluice.dev/v1alpha1\nkind: Upstream\nmetadata: {{name: u}}\nspec: {{ai: {{{name}: {{{}}}}}}}\n",
            needed(name)
        );
        let loaded = sluice_files::parse("in.yaml", &text);
        assert_eq!(loaded.findings, [], "{name}");
        let upstream = loaded.resources.upstreams.values().next().unwrap();
        let (ai, _) = upstream.spec.ai().unwrap();
        assert_eq!(ai.provider().map(|(found, _)| found), Some(*name));
    }
}

#[test]
fn two_providers_in_one_upstream_are_refused() {
    for name in &Ai::PROVIDERS[1..] {
        let text = format!(
            "apiVersion: sluice.dev/v1alpha1\nkind: Upstream\nmetadata: {{name: u}}\nspec: {{ai: {{openai: {{}}, {name}: {{{}}}}}}}\n",
            needed(name)
        );
        let loaded = sluice_files::parse("in.yaml", &text);
        assert!(loaded.has_errors(), "{name}");
        let message = &loaded.findings[0].finding.message;
        assert!(message.starts_with("exactly one of openai"), "{message}");
        assert!(message.contains(name), "{message}");
    }
}

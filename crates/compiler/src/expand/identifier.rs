//! Models that each have a path of their own.

use serde_json::{Number, Value};
use sluice_crds::ai_gateway::{CloudHosted, DefaultPromptParams, RESERVED_IDENTIFIERS};
use sluice_crds::gateway_api::httproutes::{
    HttpRouteParentRefs, HttpRouteRules, HttpRouteRulesBackendRefs, HttpRouteRulesFilters,
    HttpRouteRulesFiltersExtensionRef, HttpRouteRulesFiltersType, HttpRouteRulesMatches,
    HttpRouteRulesMatchesPath, HttpRouteRulesMatchesPathType, HttpRouteSpec,
};
use sluice_crds::upstream::{Ai, Entry, Models};
use sluice_crds::{GROUP, RoutePolicySpec, UpstreamRef, UpstreamSpec};
use sluice_policy::{enrichment, parameters, spec};
use sluice_vocab::{Finding, Reason};

use super::Expansion;

/// Annotation of an HTTPRoute: whether its requests hold `messages` (`chat`) or a `prompt` (`completions`).
pub(crate) const PROMPT_TYPE: &str = "sluice.dev/prompt-type";

impl<'a> Expansion<'a> {
    /// The models in the order of the spec, each with its place.
    pub(super) fn hosted(&self) -> impl Iterator<Item = (String, &'a CloudHosted)> + use<'a> {
        let hosted = self
            .spec
            .large_language_models
            .as_ref()
            .map(|l| l.cloud_hosted.as_slice())
            .unwrap_or_default();
        let hosted = hosted.iter().enumerate();
        hosted.map(|(i, hosted)| (format!("spec.largeLanguageModels.cloudHosted[{i}]"), hosted))
    }

    /// An Upstream, an HTTPRoute and, where there are defaults, a RoutePolicy for each.
    pub(super) fn identifiers(&mut self) {
        for (path, hosted) in self.hosted() {
            if RESERVED_IDENTIFIERS.contains(&hosted.identifier.as_str()) {
                let message = format!(
                    "{:?} is a path of the gateway itself: choose another identifier",
                    hosted.identifier
                );
                self.out.findings.push(Finding::error(
                    Reason::IdentifierConflict,
                    format!("{path}.identifier"),
                    message,
                ));
                continue;
            }
            let policy = self.identifier_policy(&path, hosted);
            let upstream = self.identifier_upstream(&path, hosted);
            self.identifier_route(&path, hosted, &upstream, policy.as_deref());
        }
    }

    /// What serves an identifier: an Upstream of its own, or the one that it refers to.
    pub(super) fn serves(&self, hosted: &CloudHosted) -> UpstreamRef {
        match &hosted.upstream_ref {
            Some(reference) if hosted.model.is_none() => reference.clone(),
            _ => UpstreamRef {
                name: self.identifier_name(&hosted.identifier),
                namespace: None,
            },
        }
    }

    fn identifier_upstream(&mut self, path: &str, hosted: &CloudHosted) -> UpstreamRef {
        let name = self.identifier_name(&hosted.identifier);
        if let Some(provider) = &hosted.ai_cloud_provider {
            match self.resolve(&provider.name) {
                Ok(provider) => {
                    self.provider_upstream(&name, path, provider, hosted.model.as_deref())
                }
                Err(finding) => {
                    self.out.invalid.insert(name, finding.message.clone());
                    self.out.findings.push(Finding {
                        path: format!("{path}.aiCloudProvider.name"),
                        ..finding
                    });
                }
            }
        } else if let (Some(upstream), Some(model)) = (&hosted.upstream_ref, &hosted.model) {
            let entry = Entry {
                name: "*".to_owned(),
                upstream: upstream.clone(),
                model: Some(model.clone()),
                description: None,
                listed: false,
                rank: 0,
            };
            let ai = Ai {
                models: Some(Models {
                    entries: vec![entry],
                    default: None,
                }),
                ..Ai::default()
            };
            let spec = UpstreamSpec {
                ai: Some(ai),
                options: None,
            };
            let upstream = self.generated(&name, path, hosted.identifier.as_str(), spec);
            self.out.upstreams.push(upstream);
        }
        self.serves(hosted)
    }

    fn identifier_route(
        &mut self,
        path: &str,
        hosted: &CloudHosted,
        upstream: &UpstreamRef,
        policy: Option<&str>,
    ) {
        let at = format!("/{}", hosted.identifier);
        let matches = [
            HttpRouteRulesMatchesPathType::Exact,
            HttpRouteRulesMatchesPathType::PathPrefix,
        ];
        let filters = policy.map(|name| HttpRouteRulesFilters {
            r#type: HttpRouteRulesFiltersType::ExtensionRef,
            extension_ref: Some(HttpRouteRulesFiltersExtensionRef {
                group: GROUP.to_owned(),
                kind: "RoutePolicy".to_owned(),
                name: name.to_owned(),
            }),
            ..Default::default()
        });
        let name = self.identifier_name(&hosted.identifier);
        let mut route = self.route(
            &name,
            path,
            matches.map(|kind| path_match(kind, &at)).to_vec(),
            upstream,
        );
        if let Some(rule) = route.object.spec.rules.iter_mut().flatten().next() {
            rule.filters = filters.map(|f| vec![f]);
        }
        if let Some(prompt_type) = hosted.prompt_type {
            route
                .object
                .meta
                .annotations
                .insert(PROMPT_TYPE.to_owned(), prompt_type.as_str().to_owned());
        }
        self.out.http_routes.push(route);
    }

    /// An HTTPRoute of the gateway with one rule.
    pub(super) fn route(
        &self,
        name: &str,
        path: &str,
        matches: Vec<HttpRouteRulesMatches>,
        upstream: &UpstreamRef,
    ) -> super::Generated<HttpRouteSpec> {
        let backend = HttpRouteRulesBackendRefs {
            group: Some(GROUP.to_owned()),
            kind: Some("Upstream".to_owned()),
            name: upstream.name.clone(),
            namespace: upstream.namespace.clone(),
            ..Default::default()
        };
        let rule = HttpRouteRules {
            matches: Some(matches),
            backend_refs: Some(vec![backend]),
            ..Default::default()
        };
        let parent = HttpRouteParentRefs {
            name: self.gateway_name(),
            ..Default::default()
        };
        let spec = HttpRouteSpec {
            parent_refs: Some(vec![parent]),
            rules: Some(vec![rule]),
            ..Default::default()
        };
        self.generated(
            name,
            path,
            format!("{}/{name}", self.meta.name.namespace),
            spec,
        )
    }

    fn identifier_policy(&mut self, path: &str, hosted: &CloudHosted) -> Option<String> {
        let defaults = hosted
            .default_prompt_params
            .as_ref()
            .map(fields)
            .unwrap_or_default();
        if hosted.default_prompts.is_empty() && defaults.is_empty() {
            return None;
        }
        let prompts = &hosted.default_prompts;
        let enrichment = enrichment::Spec {
            prepend: prompts.clone(),
            append: Vec::new(),
        };
        let ai = spec::Spec {
            prompt_enrichment: (!prompts.is_empty()).then_some(enrichment),
            defaults,
            ..spec::Spec::default()
        };
        let name = self.identifier_name(&hosted.identifier);
        let spec = RoutePolicySpec {
            target_refs: Vec::new(),
            ai: Some(ai),
            options: None,
        };
        let policy = self.generated(&name, path, hosted.identifier.as_str(), spec);
        self.out.route_policies.push(policy);
        Some(name)
    }
}

/// A match by path.
pub(super) fn path_match(
    kind: HttpRouteRulesMatchesPathType,
    value: &str,
) -> HttpRouteRulesMatches {
    let path = HttpRouteRulesMatchesPath {
        r#type: Some(kind),
        value: Some(value.to_owned()),
    };
    HttpRouteRulesMatches {
        path: Some(path),
        ..Default::default()
    }
}

/// The parameters in OpenAI's spelling.
fn fields(params: &DefaultPromptParams) -> Vec<parameters::Field> {
    let fields = [
        ("max_tokens", params.max_tokens.map(Value::from)),
        (
            "temperature",
            params.temperature.as_deref().and_then(number),
        ),
        ("top_k", params.top_k.map(Value::from)),
        ("top_p", params.top_p.as_deref().and_then(number)),
    ];
    let field = |(name, value): (&str, Option<Value>)| {
        Some(parameters::Field {
            field: name.to_owned(),
            value: value?,
        })
    };
    fields.into_iter().filter_map(field).collect()
}

/// A number written as a string; the schema lets nothing else in.
fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().ok().map(Value::from);
    whole.or_else(|| {
        text.parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
    })
}

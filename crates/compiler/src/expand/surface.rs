//! The standard paths, and the one Upstream behind them that chooses by the model's name.

use sluice_crds::gateway_api::httproutes::HttpRouteRulesMatchesPathType;
use sluice_crds::upstream::{Ai, Entry, Models};
use sluice_crds::{ProviderType, UpstreamRef, UpstreamSpec};
use sluice_vocab::Finding;

use super::Expansion;
use super::identifier::path_match;

/// Paths that clients of each format call.
const PREFIXES: [&str; 5] = ["/v1", "/v1beta", "/openai", "/anthropic", "/gemini"];
/// Alias for clients that leave the version out.
const MESSAGES: &str = "/messages";

/// `models` of the spec are looked at first, then identifiers, then `<provider>/<model>`.
const RANK_MODELS: i32 = 0;
const RANK_IDENTIFIERS: i32 = 2;
const RANK_PROVIDERS: i32 = 3;

impl Expansion<'_> {
    pub(super) fn surface(&mut self) {
        let mut entries = self.model_entries();
        entries.extend(self.identifier_entries());
        entries.extend(self.provider_entries());
        let default = self
            .spec
            .default_provider
            .as_deref()
            .map(|name| self.provider_ref(name, "spec.defaultProvider"));
        let name = self.surface_name();
        let ai = Ai {
            models: Some(Models { entries, default }),
            ..Ai::default()
        };
        let spec = UpstreamSpec {
            ai: Some(ai),
            options: None,
        };
        let upstream = self.generated(&name, "spec.models", self.meta.name.to_string(), spec);
        self.out.upstreams.push(upstream);

        let prefix = |path| path_match(HttpRouteRulesMatchesPathType::PathPrefix, path);
        let mut matches: Vec<_> = PREFIXES.into_iter().map(prefix).collect();
        matches.push(path_match(HttpRouteRulesMatchesPathType::Exact, MESSAGES));
        let route = self.route(
            &name,
            "",
            matches,
            &UpstreamRef {
                name: name.clone(),
                namespace: None,
            },
        );
        self.out.http_routes.push(route);
    }

    fn model_entries(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (i, model) in self.spec.models.iter().enumerate() {
            let upstream = match (&model.upstream_ref, &model.provider) {
                (Some(reference), _) => reference.clone(),
                (None, Some(name)) => {
                    self.provider_ref(name, &format!("spec.models[{i}].provider"))
                }
                (None, None) => continue,
            };
            entries.push(Entry {
                name: model.name.clone(),
                upstream,
                model: model.model.clone(),
                description: model.description.clone(),
                listed: true,
                rank: RANK_MODELS,
            });
        }
        entries
    }

    fn identifier_entries(&self) -> Vec<Entry> {
        let reserved =
            |identifier: &str| sluice_crds::ai_gateway::RESERVED_IDENTIFIERS.contains(&identifier);
        let hosted = self
            .hosted()
            .filter(|(_, hosted)| !reserved(&hosted.identifier));
        let entry = |(_, hosted): (String, &sluice_crds::ai_gateway::CloudHosted)| Entry {
            name: hosted.identifier.clone(),
            upstream: self.serves(hosted),
            model: None,
            description: None,
            listed: true,
            rank: RANK_IDENTIFIERS,
        };
        hosted.map(entry).collect()
    }

    /// `<provider>/<model>`, by the names of providers and, where it is clear which is meant, by their types.
    fn provider_entries(&self) -> Vec<Entry> {
        let known = self.known_providers();
        let mut names: Vec<(String, String)> = known
            .iter()
            .map(|p| (p.name().to_owned(), self.provider_name(p.name())))
            .collect();
        for kind in ProviderType::ALL {
            let is_name = names.iter().any(|(name, _)| name == kind.as_str());
            let provider = self.resolve(kind.as_str()).ok();
            let provider = provider.filter(|p| known.iter().any(|k| k.name() == p.name()));
            if let Some(provider) = provider.filter(|_| !is_name) {
                names.push((
                    kind.as_str().to_owned(),
                    self.provider_name(provider.name()),
                ));
            }
        }
        let entry = |(name, upstream): (String, String)| Entry {
            name: format!("{name}/*"),
            upstream: UpstreamRef {
                name: upstream,
                namespace: None,
            },
            model: Some("*".to_owned()),
            description: None,
            listed: false,
            rank: RANK_PROVIDERS,
        };
        names.into_iter().map(entry).collect()
    }

    /// The Upstream of a provider by its name; one that cannot be is marked invalid, so that only its models suffer.
    fn provider_ref(&mut self, name: &str, path: &str) -> UpstreamRef {
        let upstream = match self.resolve(name) {
            Ok(provider) => self.provider_name(provider.name()),
            Err(finding) => {
                let upstream = self.provider_name(name);
                self.out
                    .invalid
                    .insert(upstream.clone(), finding.message.clone());
                self.out.findings.push(Finding {
                    path: path.to_owned(),
                    ..finding
                });
                upstream
            }
        };
        UpstreamRef {
            name: upstream,
            namespace: None,
        }
    }
}

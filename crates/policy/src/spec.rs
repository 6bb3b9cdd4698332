//! The policies a user may write in one place: `RoutePolicy.spec.ai`, and `AIGateway.spec.policy`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_vocab::Finding;

use crate::config::{Compiled, Config, Scope};
use sluice_guard as guard;

use crate::{authentication, enrichment, fidelity, parameters, route_type, timeouts};

/// Policies for routes to AI upstreams.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Messages put before and after the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_enrichment: Option<enrichment::Spec>,
    /// Prompts that are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_guard: Option<guard::Spec>,
    /// Fields put into the request when it leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub defaults: Vec<parameters::Field>,
    /// Fields put into the request whatever it says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub overrides: Vec<parameters::Field>,
    /// Whether requests that don't say so are meant to stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_type: Option<route_type::RouteType>,
    /// What happens to a field of a request that the provider's format has no place for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<fidelity::Fidelity>,
    /// Who may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<authentication::Spec>,
    /// How long a request may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<timeouts::Spec>,
}

impl Spec {
    /// Compiles every policy that is there. `path` is where the spec stands, such as `spec.ai`.
    ///
    /// A security policy that is invalid is compiled all the same, so that a data plane that cannot realise it fails
    /// closed, and the finding says why.
    pub fn compile(&self, scope: &Scope<'_>, path: &str) -> (Vec<Compiled>, Vec<Finding>) {
        let mut configs = Vec::new();
        let mut findings = Vec::new();
        if let Some(spec) = &self.authentication {
            configs.push(Config::Authentication(
                spec.compile(scope.api_key_set.clone()),
            ));
        }
        if let Some(spec) = &self.timeouts {
            let (config, found) = spec.compile(&format!("{path}.timeouts"));
            configs.push(Config::Timeouts(config));
            findings.extend(found);
        }
        if let Some(spec) = &self.prompt_guard {
            let (config, found) = spec.compile(&format!("{path}.promptGuard"), scope.lookup);
            configs.extend(config.map(Config::Guard));
            findings.extend(found);
        }
        if let Some(spec) = &self.prompt_enrichment {
            let (config, found) = spec.compile(&format!("{path}.promptEnrichment"));
            configs.push(Config::Enrichment(config));
            findings.extend(found);
        }
        if !self.defaults.is_empty() || !self.overrides.is_empty() {
            let (config, found) = parameters::compile(&self.defaults, &self.overrides, path);
            configs.push(Config::Parameters(config));
            findings.extend(found);
        }
        if let Some(route_type) = self.route_type {
            configs.push(Config::RouteType(route_type));
        }
        if let Some(fidelity) = self.fidelity {
            configs.push(Config::Fidelity(fidelity));
        }
        (configs.iter().map(Config::encode).collect(), findings)
    }
}

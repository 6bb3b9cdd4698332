//! The RoutePolicy kind.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_policy::spec::Spec;

use crate::reference::NAME;
use crate::status::Status;

/// What happens to requests on their way. Attached by an HTTPRoute's ExtensionRef filter, or by `targetRefs`.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "sluice.dev",
    version = "v1alpha1",
    kind = "RoutePolicy",
    plural = "routepolicies",
    namespaced,
    status = "Status",
    shortname = "rp",
    category = "sluice",
    derive = "PartialEq",
    doc = "What happens to requests on their way. Attached by an HTTPRoute's ExtensionRef filter, or by targetRefs.",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [
    { "rule": "has(self.ai) != has(self.options)", "message": "exactly one of ai and options.ai has to be set" },
]))]
pub struct RoutePolicySpec {
    /// Objects of the same namespace that it applies to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub target_refs: Vec<TargetRef>,
    /// Policies for routes to AI upstreams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai: Option<Spec>,
    /// An older spelling: `options.ai` means `ai`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// An older spelling.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The same as `spec.ai`.
    pub ai: Spec,
}

/// What a policy applies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetRef {
    /// The target's group.
    #[schemars(length(max = 253), extend("enum" = ["gateway.networking.k8s.io"]))]
    pub group: String,
    /// The target's kind.
    pub kind: TargetKind,
    /// The target's name.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
    /// One listener of a Gateway, or one named rule of an HTTPRoute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub section_name: Option<String>,
}

/// The kinds that a policy may apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TargetKind {
    /// Every route of a Gateway.
    Gateway,
    /// Every rule of an HTTPRoute.
    HTTPRoute,
}

impl RoutePolicySpec {
    /// The policies, and the path that they stand at.
    pub fn ai(&self) -> Option<(&Spec, &'static str)> {
        let options = self.options.as_ref().map(|o| (&o.ai, "spec.options.ai"));
        self.ai.as_ref().map(|ai| (ai, "spec.ai")).or(options)
    }
}

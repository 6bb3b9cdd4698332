//! AIGateway is sugar: what it stands for, as the objects that a user could have written.

mod address;
mod identifier;
mod name;
mod provider;
mod surface;

pub(crate) use identifier::PROMPT_TYPE;

use std::collections::{BTreeMap, BTreeSet};

use sluice_crds::gateway_api::gateways::{GatewayListeners, GatewaySpec};
use sluice_crds::gateway_api::httproutes::HttpRouteSpec;
use sluice_crds::route_policy::{TargetKind, TargetRef};
use sluice_crds::{AIGatewaySpec, GATEWAY_GROUP, Inline, RoutePolicySpec, UpstreamSpec};
use sluice_policy::timeouts;
use sluice_vocab::{Finding, Kind, ObjectRef};

use crate::resources::{Meta, Object};

/// Label of every object that an AIGateway expanded into, with the AIGateway's name.
pub const LABEL: &str = "sluice.dev/aigateway";

/// An object that an AIGateway expanded into.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated<T> {
    /// The object, owned by the AIGateway. Never holds a credential.
    pub object: Object<T>,
    /// The AIGateway's field that it came from.
    pub path: String,
    /// What metrics and logs call it.
    pub label: String,
}

/// What an AIGateway stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Expanded {
    /// The Gateway, of the same name.
    pub gateway: Generated<GatewaySpec>,
    /// One per identifier, and one for the standard paths.
    pub http_routes: Vec<Generated<HttpRouteSpec>>,
    /// One per identifier and provider, and one that chooses by the model's name.
    pub upstreams: Vec<Generated<UpstreamSpec>>,
    /// One per identifier that has defaults, and one for the whole gateway.
    pub route_policies: Vec<Generated<RoutePolicySpec>>,
    /// Credentials written into the AIGateway, by the name of the Upstream that uses each. They stay out of the objects.
    pub inline: BTreeMap<String, Inline>,
    /// Upstreams that could not be made, each with the reason.
    pub invalid: BTreeMap<String, String>,
    /// What is wrong with the AIGateway.
    pub findings: Vec<Finding>,
}

/// Expands an AIGateway. `credential_keys` are the keys (not the values) of its `cloudProviderCredentials` Secret; none when that can't
/// be had.
pub fn expand(
    gateway: &Object<AIGatewaySpec>,
    credential_keys: Option<&BTreeSet<String>>,
) -> Expanded {
    let mut expansion = Expansion::new(gateway, credential_keys);
    expansion.providers();
    expansion.identifiers();
    expansion.surface();
    expansion.policy();
    expansion.out
}

/// An AIGateway being expanded.
struct Expansion<'a> {
    meta: &'a Meta,
    spec: &'a AIGatewaySpec,
    credential_keys: Option<&'a BTreeSet<String>>,
    out: Expanded,
}

impl<'a> Expansion<'a> {
    fn new(
        gateway: &'a Object<AIGatewaySpec>,
        credential_keys: Option<&'a BTreeSet<String>>,
    ) -> Self {
        let spec = &gateway.spec;
        let listeners = spec
            .listeners
            .iter()
            .map(|l| GatewayListeners {
                name: l.name(),
                port: l.port,
                protocol: "HTTP".to_owned(),
                hostname: l.hostname.clone(),
                ..Default::default()
            })
            .collect();
        let name = gateway.meta.name.name.to_string();
        let spec_of_gateway = GatewaySpec {
            gateway_class_name: spec.gateway_class_name.clone(),
            listeners,
            ..Default::default()
        };
        let object = Object {
            meta: owned(&gateway.meta, &name),
            spec: spec_of_gateway,
        };
        let out = Expanded {
            gateway: Generated {
                object,
                path: String::new(),
                label: gateway.meta.name.to_string(),
            },
            http_routes: Vec::new(),
            upstreams: Vec::new(),
            route_policies: Vec::new(),
            inline: BTreeMap::new(),
            invalid: BTreeMap::new(),
            findings: Vec::new(),
        };
        Self {
            meta: &gateway.meta,
            spec,
            credential_keys,
            out,
        }
    }

    fn generated<T>(
        &self,
        name: &str,
        path: impl Into<String>,
        label: impl Into<String>,
        spec: T,
    ) -> Generated<T> {
        Generated {
            object: Object {
                meta: owned(self.meta, name),
                spec,
            },
            path: path.into(),
            label: label.into(),
        }
    }

    /// The policies of the whole gateway, as a RoutePolicy on its Gateway.
    fn policy(&mut self) {
        let timeout = self
            .spec
            .timeout
            .map(|t| timeouts::Spec { request: Some(t) });
        if self.spec.policy.is_none() && timeout.is_none() {
            return;
        }
        let mut ai = self.spec.policy.clone().unwrap_or_default();
        ai.timeouts = ai.timeouts.or(timeout);
        if let Some(guard) = &mut ai.prompt_guard {
            guard.hide_credentials();
        }
        let name = self.gateway_name();
        let target = TargetRef {
            group: GATEWAY_GROUP.to_owned(),
            kind: TargetKind::Gateway,
            name: name.clone(),
            section_name: None,
        };
        let path = if self.spec.policy.is_some() {
            "spec.policy"
        } else {
            "spec.timeout"
        };
        let spec = RoutePolicySpec {
            target_refs: vec![target],
            ai: Some(ai),
            options: None,
        };
        let policy = self.generated(&name, path, self.meta.name.to_string(), spec);
        self.out.route_policies.push(policy);
    }
}

/// Metadata of an object that the AIGateway owns.
fn owned(parent: &Meta, name: &str) -> Meta {
    let owner = ObjectRef {
        kind: Kind::AIGateway,
        namespace: parent.name.namespace.clone(),
        name: parent.name.name.clone(),
    };
    let mut meta = Meta::named(parent.name.namespace.clone(), name);
    meta.generation = parent.generation;
    meta.created = parent.created;
    meta.owner = Some(owner);
    meta.labels
        .insert(LABEL.to_owned(), parent.name.name.to_string());
    meta.labels.insert(
        "app.kubernetes.io/managed-by".to_owned(),
        "sluice".to_owned(),
    );
    meta
}

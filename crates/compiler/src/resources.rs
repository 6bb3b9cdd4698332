//! Everything that is compiled, as one value.

mod ingest;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sluice_crds::gateway_api::gatewayclasses::GatewayClassSpec;
use sluice_crds::gateway_api::gateways::GatewaySpec;
use sluice_crds::gateway_api::httproutes::HttpRouteSpec;
use sluice_crds::gateway_api::referencegrants::ReferenceGrantSpec;
use sluice_crds::{AIGatewaySpec, RoutePolicySpec, UpstreamSpec};
use sluice_vocab::{Kind, ObjectRef, Secret};

/// Namespace (empty for cluster-wide kinds) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl Name {
    /// Joins the two.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What is looked at of an object's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Namespace and name.
    pub name: Name,
    /// `metadata.generation`.
    pub generation: i64,
    /// When it was created, in seconds since 1970; decides who wins a conflict.
    pub created: i64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its controller, when that is one of the kinds here.
    pub owner: Option<ObjectRef>,
}

impl Meta {
    /// With a name and nothing else.
    pub fn named(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            name: Name::new(namespace, name),
            generation: 0,
            created: 0,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owner: None,
        }
    }
}

/// An object: its metadata and its spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Object<T> {
    /// Its metadata.
    pub meta: Meta,
    /// Its spec, or its data.
    pub spec: T,
}

/// A Secret's data. Nothing prints it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SecretData {
    /// Values by key.
    pub data: BTreeMap<String, Secret>,
}

/// What is looked at of a Service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceSpec {
    /// The name that an `ExternalName` Service stands for.
    pub external_name: Option<String>,
    /// Its ports, each with the port to dial: the same, but for a headless Service, whose name stands for its pods, their port. None where
    /// that goes by a name.
    pub ports: BTreeMap<i32, Option<i32>>,
}

/// A Namespace has nothing but labels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NamespaceSpec;

/// Objects of a kind by name.
pub type Table<T> = BTreeMap<Name, Arc<Object<T>>>;

/// Everything that is compiled.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "each is the kind of its name")]
pub struct ResourceSet {
    pub ai_gateways: Table<AIGatewaySpec>,
    pub upstreams: Table<UpstreamSpec>,
    pub route_policies: Table<RoutePolicySpec>,
    pub gateway_classes: Table<GatewayClassSpec>,
    pub gateways: Table<GatewaySpec>,
    pub http_routes: Table<HttpRouteSpec>,
    pub reference_grants: Table<ReferenceGrantSpec>,
    pub services: Table<ServiceSpec>,
    pub secrets: Table<SecretData>,
    pub namespaces: Table<NamespaceSpec>,
    /// Objects that exist and could not be read, each with the reason.
    pub unreadable: BTreeMap<ObjectRef, String>,
}

impl ResourceSet {
    /// Whether an object exists and could not be read.
    pub(crate) fn is_unreadable(&self, kind: Kind, name: &Name) -> bool {
        let object = ObjectRef {
            kind,
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        self.unreadable.contains_key(&object)
    }

    /// What to tell whoever refers to an object that isn't there.
    pub(crate) fn missing(&self, kind: Kind, name: &Name) -> String {
        if self.is_unreadable(kind, name) {
            format!("{kind} {name} cannot be read: correct it first")
        } else {
            format!("{kind} {name} does not exist: create it, or correct the reference")
        }
    }
}

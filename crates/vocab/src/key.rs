//! Names of resources.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The kinds that Sluice reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `sluice.dev/AIGateway`.
    AIGateway,
    /// `sluice.dev/Upstream`.
    Upstream,
    /// `sluice.dev/RoutePolicy`.
    RoutePolicy,
    /// `gateway.networking.k8s.io/GatewayClass`.
    GatewayClass,
    /// `gateway.networking.k8s.io/Gateway`.
    Gateway,
    /// `gateway.networking.k8s.io/HTTPRoute`.
    HTTPRoute,
    /// `gateway.networking.k8s.io/ReferenceGrant`.
    ReferenceGrant,
    /// Core `Service`.
    Service,
    /// Core `Secret`.
    Secret,
    /// Core `ConfigMap`.
    ConfigMap,
    /// Core `Namespace`.
    Namespace,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Kind; 11] = [
        Kind::AIGateway,
        Kind::Upstream,
        Kind::RoutePolicy,
        Kind::GatewayClass,
        Kind::Gateway,
        Kind::HTTPRoute,
        Kind::ReferenceGrant,
        Kind::Service,
        Kind::Secret,
        Kind::ConfigMap,
        Kind::Namespace,
    ];

    /// The kind as YAML spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::AIGateway => "AIGateway",
            Kind::Upstream => "Upstream",
            Kind::RoutePolicy => "RoutePolicy",
            Kind::GatewayClass => "GatewayClass",
            Kind::Gateway => "Gateway",
            Kind::HTTPRoute => "HTTPRoute",
            Kind::ReferenceGrant => "ReferenceGrant",
            Kind::Service => "Service",
            Kind::Secret => "Secret",
            Kind::ConfigMap => "ConfigMap",
            Kind::Namespace => "Namespace",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a kind that Sluice reads.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a kind that Sluice reads")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Kind::ALL
            .into_iter()
            .find(|k| k.as_str() == s)
            .ok_or_else(|| UnknownKind(s.to_owned()))
    }
}

/// A resource by kind, namespace (empty for cluster-wide kinds) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty when the kind has none.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl ObjectRef {
    /// Names a resource.
    pub fn new(kind: Kind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// A Gateway, which owns one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayKey {
    /// The Gateway's namespace.
    pub namespace: Arc<str>,
    /// The Gateway's name.
    pub name: Arc<str>,
}

impl fmt::Display for GatewayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Where a compiled thing came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The resource.
    pub object: ObjectRef,
    /// Its `metadata.generation`.
    pub generation: i64,
    /// The field, as `spec.ai.openai`; empty for the whole.
    pub path: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string(), format!("{kind:?}"));
            assert_eq!(kind.as_str().parse::<Kind>().unwrap(), kind);
        }
        let error = "Pod".parse::<Kind>().unwrap_err();
        assert_eq!(error.to_string(), "\"Pod\" is not a kind that Sluice reads");
        assert!("gateway".parse::<Kind>().is_err());
    }

    #[test]
    fn objects_are_named_as_people_name_them() {
        let gateway = ObjectRef::new(Kind::Gateway, "team", "gw");
        assert_eq!(gateway.to_string(), "Gateway team/gw");
        let class = ObjectRef::new(Kind::GatewayClass, "", "sluice");
        assert_eq!(class.to_string(), "GatewayClass sluice");
        let key = GatewayKey {
            namespace: "team".into(),
            name: "gw".into(),
        };
        assert_eq!(key.to_string(), "team/gw");
    }
}

//! What a Gateway's workload depends on.

use std::collections::BTreeMap;

use sluice_crds::ai_gateway::DataPlane;
use sluice_crds::gateway_api::gateways::GatewaySpec;
use sluice_vocab::GatewayKey;

/// A listener's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerPort {
    /// The listener's name.
    pub name: String,
    /// The port that clients dial.
    pub port: i32,
    /// The protocol as the Gateway spells it: `HTTP`, `HTTPS`, ...
    pub protocol: String,
}

/// An address that the Gateway asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedAddress {
    /// `IPAddress` unless it says otherwise.
    pub kind: String,
    /// The address; left out, any of that kind will do.
    pub value: Option<String>,
}

/// What is to be known about a Gateway, to say what should carry its traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayFacts {
    /// Its namespace and name.
    pub key: GatewayKey,
    /// Its uid, for owner references.
    pub uid: String,
    /// Its GatewayClass.
    pub class: String,
    /// Its listeners, in order. Leave out what the compiler refused.
    pub listeners: Vec<ListenerPort>,
    /// `spec.infrastructure.labels`, for every object and the pods.
    pub labels: BTreeMap<String, String>,
    /// `spec.infrastructure.annotations`, for every object and the pods.
    pub annotations: BTreeMap<String, String>,
    /// `spec.addresses`.
    pub addresses: Vec<RequestedAddress>,
    /// `spec.dataPlane` of the AIGateway that made the Gateway; its `version` is the pinned one.
    pub data_plane: Option<DataPlane>,
}

impl GatewayFacts {
    /// Reads a Gateway.
    pub fn read(
        key: GatewayKey,
        uid: impl Into<String>,
        spec: &GatewaySpec,
        data_plane: Option<&DataPlane>,
    ) -> Self {
        let infrastructure = spec.infrastructure.as_ref();
        let listener = |l: &sluice_crds::gateway_api::gateways::GatewayListeners| ListenerPort {
            name: l.name.clone(),
            port: l.port,
            protocol: l.protocol.clone(),
        };
        let address = |a: &sluice_crds::gateway_api::gateways::GatewayAddresses| RequestedAddress {
            kind: a.r#type.clone().unwrap_or_else(|| "IPAddress".to_owned()),
            value: a.value.clone().filter(|v| !v.is_empty()),
        };
        Self {
            key,
            uid: uid.into(),
            class: spec.gateway_class_name.clone(),
            listeners: spec.listeners.iter().map(listener).collect(),
            labels: infrastructure
                .and_then(|i| i.labels.clone())
                .unwrap_or_default(),
            annotations: infrastructure
                .and_then(|i| i.annotations.clone())
                .unwrap_or_default(),
            addresses: spec.addresses.iter().flatten().map(address).collect(),
            data_plane: data_plane.cloned(),
        }
    }

    /// The version that its data planes are pinned to.
    pub fn pinned_version(&self) -> Option<&str> {
        self.data_plane.as_ref()?.version.as_deref()
    }
}

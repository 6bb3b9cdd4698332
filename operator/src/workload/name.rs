//! Names and labels.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use sha2::{Digest, Sha256};

use super::facts::GatewayFacts;
use super::image;
use super::settings::WorkloadSettings;

/// What a Service's name, and a label's value, may be long.
const MAX: usize = 63;

/// The name of a Gateway's objects: `<gateway>-<class>` (GEP-1762). Where that is no name for a Service, it is made one, with a hash of what
/// it should have been.
pub fn object_name(gateway: &GatewayFacts) -> String {
    let full = format!("{}-{}", gateway.key.name, gateway.class);
    let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts = full.starts_with(|c: char| c.is_ascii_lowercase());
    if starts && full.len() <= MAX && full.chars().all(label) && !full.ends_with('-') {
        return full;
    }
    let clean: String = full
        .chars()
        .map(|c| if label(c) { c } else { '-' })
        .collect();
    let clean = if starts { clean } else { format!("gw-{clean}") };
    shortened(&clean, &full)
}

/// The label with the class that an object was made for.
pub const CLASS_LABEL: &str = "gateway.networking.k8s.io/gateway-class-name";

/// A label's value for a name that may be longer than one.
pub fn label_value(name: &str) -> String {
    if name.len() <= MAX {
        name.to_owned()
    } else {
        shortened(name, name)
    }
}

fn shortened(text: &str, of: &str) -> String {
    let hash = digest(of.as_bytes());
    let kept: String = text.chars().take(MAX - 9).collect();
    format!("{}-{}", kept.trim_end_matches(['-', '.']), &hash[..8])
}

/// Sixteen hexadecimal digits that stand for some bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Labels that select the pods; they never change for a Deployment.
pub(super) fn selector_labels(gateway: &GatewayFacts) -> BTreeMap<String, String> {
    BTreeMap::from([
        (
            "app.kubernetes.io/instance".to_owned(),
            object_name(gateway),
        ),
        (
            "app.kubernetes.io/name".to_owned(),
            "sluice-dataplane".to_owned(),
        ),
    ])
}

pub(super) fn selector(gateway: &GatewayFacts) -> LabelSelector {
    LabelSelector {
        match_labels: Some(selector_labels(gateway)),
        ..Default::default()
    }
}

/// Labels of every object and pod. The Gateway's own come first, so that they can't take ours.
pub(super) fn labels(
    gateway: &GatewayFacts,
    settings: &WorkloadSettings,
) -> BTreeMap<String, String> {
    let mut labels = gateway.labels.clone();
    let mut set = |key: &str, value: String| labels.insert(key.to_owned(), value);
    set("app.kubernetes.io/component", "dataplane".to_owned());
    set(
        "app.kubernetes.io/managed-by",
        super::FIELD_MANAGER.to_owned(),
    );
    set("app.kubernetes.io/part-of", "sluice".to_owned());
    set(CLASS_LABEL, label_value(&gateway.class));
    set(
        "gateway.networking.k8s.io/gateway-name",
        label_value(&gateway.key.name),
    );
    if let Some(version) = image::version(&image::image(gateway, settings)) {
        set("app.kubernetes.io/version", version.to_owned());
    }
    labels.extend(selector_labels(gateway));
    labels
}

/// Metadata of an object that the Gateway owns.
pub(super) fn metadata(gateway: &GatewayFacts, settings: &WorkloadSettings) -> ObjectMeta {
    ObjectMeta {
        name: Some(object_name(gateway)),
        namespace: Some(gateway.key.namespace.to_string()),
        labels: Some(labels(gateway, settings)),
        annotations: (!gateway.annotations.is_empty()).then(|| gateway.annotations.clone()),
        owner_references: Some(vec![owner(gateway)]),
        ..Default::default()
    }
}

/// No `blockOwnerDeletion`: it would take the right to update finalizers of Gateways.
fn owner(gateway: &GatewayFacts) -> OwnerReference {
    OwnerReference {
        api_version: format!("{}/v1", sluice_crds::GATEWAY_GROUP),
        kind: "Gateway".to_owned(),
        name: gateway.key.name.to_string(),
        uid: gateway.uid.clone(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

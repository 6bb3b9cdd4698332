//! The pods: one container with nothing but the data plane.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, EnvVarSource,
    HTTPGetAction, KeyToPath, ObjectFieldSelector, PodSecurityContext, PodSpec, PodTemplateSpec,
    Probe, ProjectedVolumeSource, SeccompProfile, SecurityContext, ServiceAccountTokenProjection,
    TopologySpreadConstraint, Volume, VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts::GatewayFacts;
use super::image::image;
use super::name::{labels, object_name, selector};
use super::settings::WorkloadSettings;

/// Where data planes answer probes and give metrics.
pub const ADMIN_PORT: i32 = 19_001;
/// Where a data plane finds its token.
pub const TOKEN_FILE: &str = "/var/run/sluice/token/token";
/// Where a data plane finds the CA of the operators.
pub const CA_FILE: &str = "/var/run/sluice/ca/ca.crt";
/// Whom the tokens are meant for.
pub const TOKEN_AUDIENCE: &str = "sluice-operator";

const TOKEN_LIFETIME: i64 = 3600;
/// A user without a name or rights.
const USER: i64 = 65_532;
/// What a pod has beyond the drain: first it serves on until no one sends to it any more.
const GRACE: i64 = 15;

pub(super) fn template(gateway: &GatewayFacts, settings: &WorkloadSettings) -> PodTemplateSpec {
    // What the installation adds can take neither the Gateway's labels nor ours.
    let mut pod_labels = settings.defaults.pod_labels.clone();
    pod_labels.extend(labels(gateway, settings));
    let mut annotations = settings.defaults.pod_annotations.clone();
    annotations.extend(gateway.annotations.clone());
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(pod_labels),
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..Default::default()
        }),
        spec: Some(spec(gateway, settings)),
    }
}

fn spec(gateway: &GatewayFacts, settings: &WorkloadSettings) -> PodSpec {
    let defaults = &settings.defaults;
    let drain = i64::try_from(settings.drain().as_secs()).unwrap_or(i64::MAX - GRACE);
    PodSpec {
        service_account_name: Some(object_name(gateway)),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        image_pull_secrets: settings.pull_secrets(),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }),
        containers: vec![container(gateway, settings)],
        volumes: Some(volumes(gateway)),
        termination_grace_period_seconds: Some(drain + GRACE),
        topology_spread_constraints: Some(spread(gateway, settings)),
        affinity: defaults.affinity.clone(),
        node_selector: (!defaults.node_selector.is_empty()).then(|| defaults.node_selector.clone()),
        tolerations: (!defaults.tolerations.is_empty()).then(|| defaults.tolerations.clone()),
        priority_class_name: defaults.priority_class_name.clone(),
        ..Default::default()
    }
}

fn container(gateway: &GatewayFacts, settings: &WorkloadSettings) -> Container {
    Container {
        name: "dataplane".to_owned(),
        image: Some(image(gateway, settings)),
        image_pull_policy: settings.image_pull_policy.clone(),
        args: Some(vec![format!(
            "--drain={}",
            sluice_vocab::Duration::new(settings.drain())
        )]),
        env: Some(env(gateway, settings)),
        // Listeners' ports are not listed: they come and go without new pods, and a list would change nothing.
        ports: Some(vec![ContainerPort {
            name: Some("admin".to_owned()),
            container_port: ADMIN_PORT,
            protocol: Some("TCP".to_owned()),
            ..Default::default()
        }]),
        resources: Some(settings.resources(gateway)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                add: None,
            }),
            ..Default::default()
        }),
        // Not configured yet is no reason to be started again: it goes on trying for ten minutes.
        startup_probe: Some(probe("/readyz", 1, 600)),
        readiness_probe: Some(probe("/readyz", 5, 2)),
        liveness_probe: Some(probe("/healthz", 10, 6)),
        volume_mounts: Some(vec![mount("token", TOKEN_FILE), mount("ca", CA_FILE)]),
        ..Default::default()
    }
}

/// Ours, then those of the installation with other names: a name may stand once.
fn env(gateway: &GatewayFacts, settings: &WorkloadSettings) -> Vec<EnvVar> {
    let value = |name: &str, value: String| EnvVar {
        name: name.to_owned(),
        value: Some(value),
        ..Default::default()
    };
    let uid = ObjectFieldSelector {
        field_path: "metadata.uid".to_owned(),
        ..Default::default()
    };
    let mut env = vec![
        value("SLUICE_GATEWAY", gateway.key.to_string()),
        EnvVar {
            name: "SLUICE_INSTANCE".to_owned(),
            value_from: Some(EnvVarSource {
                field_ref: Some(uid),
                ..Default::default()
            }),
            ..Default::default()
        },
        value("SLUICE_OPERATOR", settings.operator.clone()),
    ];
    let allowed = &settings.defaults.egress_allow;
    if !allowed.is_empty() {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        env.push(value("SLUICE_EGRESS_ALLOW", allowed.join(",")));
    }
    for more in &settings.defaults.env {
        if !env.iter().any(|e| e.name == more.name) {
            env.push(more.clone());
        }
    }
    env
}

fn probe(path: &str, period: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("admin".to_owned()),
            ..Default::default()
        }),
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(2),
        ..Default::default()
    }
}

/// The folder of a file, from the volume of that name.
fn mount(volume: &str, file: &str) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: file
            .rsplit_once('/')
            .map_or(file, |(folder, _)| folder)
            .to_owned(),
        read_only: Some(true),
        ..Default::default()
    }
}

fn volumes(gateway: &GatewayFacts) -> Vec<Volume> {
    let token = ServiceAccountTokenProjection {
        audience: Some(TOKEN_AUDIENCE.to_owned()),
        expiration_seconds: Some(TOKEN_LIFETIME),
        path: "token".to_owned(),
    };
    let ca = KeyToPath {
        key: "ca.crt".to_owned(),
        path: "ca.crt".to_owned(),
        mode: None,
    };
    vec![
        Volume {
            name: "token".to_owned(),
            projected: Some(ProjectedVolumeSource {
                sources: Some(vec![VolumeProjection {
                    service_account_token: Some(token),
                    ..Default::default()
                }]),
                ..Default::default()
            }),
            ..Default::default()
        },
        Volume {
            name: "ca".to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: format!("{}-ca", object_name(gateway)),
                items: Some(vec![ca]),
                ..Default::default()
            }),
            ..Default::default()
        },
    ]
}

fn spread(gateway: &GatewayFacts, settings: &WorkloadSettings) -> Vec<TopologySpreadConstraint> {
    let own = &settings.defaults.topology_spread_constraints;
    let selected = |mut constraint: TopologySpreadConstraint| {
        // An installation can't know the labels of a Gateway's pods.
        constraint
            .label_selector
            .get_or_insert_with(|| selector(gateway));
        constraint
    };
    if !own.is_empty() {
        return own.iter().cloned().map(selected).collect();
    }
    vec![selected(TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..Default::default()
    })]
}

/// What the user of a Gateway says about its pods, other than how many.
pub(super) fn asked(gateway: &GatewayFacts) -> serde_json::Value {
    let own = gateway.data_plane.as_ref();
    let maps: [&BTreeMap<String, String>; 2] = [&gateway.labels, &gateway.annotations];
    serde_json::json!({
        "class": gateway.class,
        "infrastructure": maps,
        "resources": own.and_then(|d| d.resources.as_ref()),
        "version": gateway.pinned_version(),
    })
}

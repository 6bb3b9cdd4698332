//! How many pods, and how many of them may be missing.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget,
    ResourceMetricSource,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sluice_vocab::{Finding, Reason};

use super::facts::GatewayFacts;
use super::name::{metadata, object_name, selector};
use super::settings::{Scale, WorkloadSettings};

/// A pod that goes has streams to end, so pods go slowly.
const STABLE_SECONDS: i32 = 300;

pub(super) fn autoscaler(
    gateway: &GatewayFacts,
    settings: &WorkloadSettings,
    findings: &mut Vec<Finding>,
) -> Option<HorizontalPodAutoscaler> {
    let Scale::Automatic(autoscaling) = settings.scale(gateway) else {
        return None;
    };
    let is_reserved = |map: Option<std::collections::BTreeMap<_, _>>| {
        map.is_some_and(|quantities| quantities.contains_key("cpu"))
    };
    let resources = settings.resources(gateway);
    // A request that is left out is taken from the limit.
    if !is_reserved(resources.requests) && !is_reserved(resources.limits) {
        let message = "the autoscaler goes by the share of the requested CPU, and none is requested: \
                       set requests.cpu, or the number of pods never changes";
        findings.push(Finding::warning(
            Reason::NoEffect,
            "spec.dataPlane.autoscaling",
            message,
        ));
    }
    let target = MetricTarget {
        type_: "Utilization".to_owned(),
        average_utilization: Some(autoscaling.target_cpu_utilization_percentage),
        ..Default::default()
    };
    Some(HorizontalPodAutoscaler {
        metadata: metadata(gateway, settings),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: object_name(gateway),
            },
            min_replicas: Some(autoscaling.min_replicas),
            max_replicas: autoscaling.max_replicas,
            metrics: Some(vec![MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource {
                    name: "cpu".to_owned(),
                    target,
                }),
                ..Default::default()
            }]),
            behavior: Some(HorizontalPodAutoscalerBehavior {
                scale_down: Some(slowly()),
                scale_up: None,
            }),
        }),
        status: None,
    })
}

fn slowly() -> HPAScalingRules {
    let policy = |type_: &str, value| HPAScalingPolicy {
        type_: type_.to_owned(),
        value,
        period_seconds: 60,
    };
    HPAScalingRules {
        policies: Some(vec![policy("Pods", 1), policy("Percent", 10)]),
        stabilization_window_seconds: Some(STABLE_SECONDS),
        ..Default::default()
    }
}

/// A quarter, rounded up: a single pod may go, so that nodes can be emptied.
pub(super) fn disruption_budget(
    gateway: &GatewayFacts,
    settings: &WorkloadSettings,
) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: metadata(gateway, settings),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::String("25%".to_owned())),
            selector: Some(selector(gateway)),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..Default::default()
        }),
        status: None,
    }
}

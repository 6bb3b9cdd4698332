//! Golden cases: a Gateway and what an installation says in, the objects that carry its traffic out.
//!
//! Each folder below `tests/golden/workload` has an `in.yaml` and an `out.yaml`. `UPDATE_GOLDEN=1` writes `out.yaml` anew: read the
//! difference line by line.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sluice_crds::ai_gateway::DataPlane;
use sluice_crds::gateway_api::gateways::GatewaySpec;
use sluice_operator::workload::{
    Defaults, Desired, GatewayFacts, WorkloadSettings, desired, hand_over, held, object_name,
};
use sluice_vocab::{Finding, GatewayKey};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    /// The Gateway's name; `gw` when left out.
    name: Option<String>,
    /// The Gateway's spec.
    gateway: GatewaySpec,
    /// `spec.dataPlane` of the AIGateway.
    #[serde(default)]
    data_plane: Option<DataPlane>,
    /// What the installation says.
    #[serde(default)]
    defaults: Defaults,
    image: Option<String>,
    image_pull_policy: Option<String>,
    #[serde(default)]
    image_pull_secrets: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/workload")
}

fn cases() -> BTreeMap<String, Case> {
    let folders = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(folder.join("in.yaml")).unwrap();
        (
            name.clone(),
            serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}")),
        )
    };
    folders.map(read).collect()
}

fn facts(case: &Case) -> GatewayFacts {
    let name = case.name.clone().unwrap_or_else(|| "gw".to_owned());
    let key = GatewayKey {
        namespace: "team-a".into(),
        name: name.into(),
    };
    GatewayFacts::read(key, "4f0c", &case.gateway, case.data_plane.as_ref())
}

fn settings(case: &Case) -> WorkloadSettings {
    let image = case.image.as_deref().unwrap_or("sluice/dataplane:0.1.0");
    WorkloadSettings {
        image_pull_policy: case.image_pull_policy.clone(),
        image_pull_secrets: case.image_pull_secrets.clone(),
        defaults: case.defaults.clone(),
        ..WorkloadSettings::new(image, "sluice-operator.sluice-system.svc:18000")
    }
}

fn render(desired: &Desired) -> String {
    let mut out = String::from(
        "# Written by UPDATE_GOLDEN=1 cargo test -p sluice-operator --test workload\n",
    );
    let finding = |of: &str, f: &Finding| {
        format!(
            "# {of}: {} {} {}: {}\n",
            f.severity, f.reason, f.path, f.message
        )
    };
    out.extend(
        desired
            .gateway_findings
            .iter()
            .map(|f| finding("Gateway", f)),
    );
    out.extend(
        desired
            .ai_gateway_findings
            .iter()
            .map(|f| finding("AIGateway", f)),
    );
    let absent: Vec<&str> = desired
        .absent()
        .into_iter()
        .map(|kind| kind.as_str())
        .collect();
    if !absent.is_empty() {
        out += &format!("# absent: {}\n", absent.join(", "));
    }
    for object in &desired.objects {
        out += "---\n";
        out += serde_saphyr::to_string(&object.to_value().unwrap())
            .unwrap()
            .trim_end();
        out += "\n";
    }
    out
}

#[test]
fn every_case_gives_the_objects_that_were_written_down() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let text = render(&desired(&facts(&case), &settings(&case)));
        let out = root().join(&name).join("out.yaml");
        if update {
            fs::write(out, text).unwrap();
        } else if fs::read_to_string(out).unwrap_or_default() != text {
            wrong.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "these differ, run with UPDATE_GOLDEN=1 and read the difference: {wrong:?}"
    );
}

#[test]
fn objects_share_a_name_that_a_service_may_have_and_belong_to_the_gateway() {
    for (name, case) in cases() {
        let facts = facts(&case);
        for object in desired(&facts, &settings(&case)).objects {
            let meta = object.metadata();
            assert_eq!(object.name(), object_name(&facts), "{name}");
            assert!(object.name().len() <= 63, "{name}");
            assert_eq!(
                meta.owner_references.as_ref().unwrap()[0].uid,
                "4f0c",
                "{name}"
            );
            for (key, value) in meta.labels.iter().flatten() {
                assert!(value.len() <= 63, "{name}: {key}={value}");
            }
        }
    }
}

#[test]
fn long_names_that_begin_alike_stay_apart() {
    let of = |name: String| {
        let mut facts = facts(&cases()["minimal"]);
        facts.key.name = name.into();
        object_name(&facts)
    };
    assert_ne!(
        of(format!("{}1", "a".repeat(62))),
        of(format!("{}2", "a".repeat(62)))
    );
    assert_ne!(of("a.b".to_owned()), of("a-b".to_owned()));
    assert_eq!(of("a-b".to_owned()), "a-b-sluice");
}

#[test]
fn a_held_deployment_keeps_its_pods_and_takes_the_rest() {
    let case = &cases()["minimal"];
    let observed = desired(&facts(case), &settings(case))
        .deployment()
        .unwrap()
        .clone();
    let mut newer = settings(case);
    newer.image = "sluice/dataplane:0.2.0".to_owned();
    newer.defaults.replicas = Some(3);
    let wanted = desired(&facts(case), &newer).deployment().unwrap().clone();
    let held = held(&wanted, &observed);
    assert_ne!(
        wanted.spec.as_ref().unwrap().template,
        observed.spec.as_ref().unwrap().template
    );
    assert_eq!(
        held.spec.as_ref().unwrap().template,
        observed.spec.as_ref().unwrap().template
    );
    assert_eq!(held.spec.unwrap().replicas, Some(3));
    let annotation = sluice_operator::workload::REVISION;
    assert_eq!(
        held.metadata.annotations.unwrap()[annotation],
        observed.metadata.annotations.unwrap()[annotation]
    );
}

#[test]
fn listeners_come_and_go_without_new_pods() {
    let case = &cases()["minimal"];
    let mut facts = facts(case);
    let template = |facts: &GatewayFacts| {
        desired(facts, &settings(case))
            .deployment()
            .unwrap()
            .spec
            .clone()
            .unwrap()
            .template
    };
    let before = template(&facts);
    facts.listeners[0].port = 9090;
    assert_eq!(template(&facts), before);
}

#[test]
fn an_autoscaler_takes_over_from_the_number_that_we_applied() {
    let cases = cases();
    let mut observed = desired(&facts(&cases["sized"]), &settings(&cases["sized"]))
        .deployment()
        .unwrap()
        .clone();
    let automatic = desired(
        &facts(&cases["autoscaling"]),
        &settings(&cases["autoscaling"]),
    );
    let automatic = automatic.deployment().unwrap();
    assert_eq!(
        hand_over(automatic, &observed),
        None,
        "nobody knows who applied it"
    );
    observed.metadata.managed_fields = Some(
        serde_json::from_value(serde_json::json!([
            { "manager": "sluice-operator", "operation": "Apply", "fieldsV1": { "f:spec": { "f:replicas": {} } } }
        ]))
        .unwrap(),
    );
    assert_eq!(
        hand_over(automatic, &observed).unwrap()["spec"],
        serde_json::json!({ "replicas": 3 })
    );
    assert_eq!(hand_over(&observed, &observed), None, "it stays ours");
}

#[test]
fn what_the_chart_says_of_data_planes_is_understood() {
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../e2e/charts");
    let mut read = BTreeMap::new();
    for folder in fs::read_dir(charts)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let Ok(rendered) = fs::read_to_string(folder.join("out.yaml")) else {
            continue;
        };
        let (_, after) = rendered.split_once("SLUICE_DATAPLANE_DEFAULTS").unwrap();
        let value = after
            .lines()
            .nth(1)
            .unwrap()
            .trim()
            .strip_prefix("value: ")
            .unwrap();
        // A double-quoted scalar, in which the kubelet would expand `$(NAME)`.
        let json = serde_json::from_str::<String>(value)
            .unwrap()
            .replace("$$(", "$(");
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        read.insert(name, serde_json::from_str::<Defaults>(&json).unwrap());
    }
    let given = &read["data-planes"];
    assert_eq!(
        (
            given.replicas,
            given.autoscaling.as_ref().unwrap().max_replicas
        ),
        (Some(0), 20)
    );
    assert_eq!(given.drain.unwrap().to_string(), "1h30m");
    assert_eq!(given.env[1].value.as_deref(), Some("$(SLUICE_NAMESPACE)"));
    assert!(
        given.affinity.is_some()
            && given.tolerations.len() == 1
            && given.pod_labels["team"] == "search"
    );
    assert_eq!(read["defaults"].replicas, Some(1));
}

use std::collections::BTreeSet;

use http::Method;
use sluice_crds::gateway_api::gateways::GatewaySpec;
use tokio::task::JoinHandle;

use super::*;
use crate::api::{bounded, while_leading};
use crate::fake_api::{Call, FakeApi, Trouble};
use crate::leader;

/// The workloads of Gateways, while this replica leads.
struct WorkloadScene {
    api: FakeApi,
    lead: watch::Sender<Leadership>,
    running: JoinHandle<anyhow::Result<()>>,
    _bundle: watch::Sender<String>,
    _outputs: Outputs,
}

fn mk_facts(name: &str) -> GatewayFacts {
    let spec = json!({
        "gatewayClassName": "sluice",
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
    });
    let spec: GatewaySpec = serde_json::from_value(spec).unwrap();
    let key = GatewayKey {
        namespace: "n".into(),
        name: name.into(),
    };
    GatewayFacts::read(key, "uid", &spec, None)
}

fn deployment(name: &str) -> String {
    let name = crate::workload::object_name(&mk_facts(name));
    format!("/apis/apps/v1/namespaces/n/deployments/{name}")
}

/// A Deployment of ours that is there, with whoever set its number of pods.
fn mk_deployment(gateway: &str, scaled_by: &str) -> Value {
    let owner = json!({"apiVersion": "v1", "kind": "Gateway", "name": gateway, "uid": "uid", "controller": true});
    json!({
        "metadata": {
            "name": crate::workload::object_name(&mk_facts(gateway)),
            "namespace": "n",
            "generation": 4,
            "ownerReferences": [owner],
            "managedFields": [{"manager": scaled_by, "operation": "Update", "subresource": "scale",
                "fieldsV1": {"f:spec": {"f:replicas": {}}}}],
        },
        "spec": {"replicas": 3, "selector": {}, "template": {}},
    })
}

impl WorkloadScene {
    fn start(api: FakeApi, gateways: &[&str]) -> Self {
        let facts = gateways.iter().map(|name| mk_facts(name));
        let compiled = Compiled {
            facts: facts.map(|f| (f.key.clone(), f)).collect(),
            ..Compiled::default()
        };
        Self::start_with(api, compiled, Mirror::default())
    }

    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    fn start_with(api: FakeApi, compiled: Compiled, mirror: Mirror) -> Self {
        let (lead, leadership) = leader::channel();
        lead.send_modify(|lead| lead.mine_until = Some(now() + Duration::from_secs(36_000)));
        let metrics = Metrics::default();
        let client = while_leading(bounded(api.client(), metrics.clone()), leadership.clone());
        let (bundle_sender, bundle) = watch::channel("certificates".to_owned());
        let settings = WorkloadSettings::new("sluice/dataplane:1", "operator:18000");
        let newest = watch::Sender::default();
        let reach = Reach::default();
        let workloads = Workloads::new(client, &reach, settings, bundle, newest, metrics);
        let outputs = Outputs::default();
        outputs.compiled.send_replace(Some(Arc::new(compiled)));
        outputs.mirror.send_replace(Arc::new(mirror));
        let running = tokio::spawn(workloads.run(outputs.clone(), leadership));
        Self {
            api,
            lead,
            running,
            _bundle: bundle_sender,
            _outputs: outputs,
        }
    }

    /// Writes whose path ends so, after a long time.
    async fn writes_in_the_end(&self, path: &str) -> Vec<Call> {
        for _ in 0..300 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(!self.running.is_finished());
        let calls = self.api.calls(&Method::PATCH).into_iter();
        calls.filter(|c| c.path.ends_with(path)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_users_autoscaler_keeps_the_number_of_pods() {
    let api = FakeApi::default();
    let there = mk_deployment("g", "kube-controller-manager");
    api.put(&deployment("g"), there);
    let scene = WorkloadScene::start(api, &["g"]);
    let writes = scene.writes_in_the_end(&deployment("g")).await;
    assert!(!writes.is_empty());
    assert!(
        writes
            .iter()
            .all(|w| w.body["spec"].get("replicas").is_none())
    );
    let now = scene.api.get(&deployment("g")).unwrap();
    assert_eq!(now["spec"]["replicas"], 3);
}

#[tokio::test(start_paused = true)]
async fn who_set_what_is_judged_by_the_version_that_is_written_over() {
    let api = FakeApi::default();
    api.put(&deployment("g"), mk_deployment("g", FIELD_MANAGER));
    let version = api.get(&deployment("g")).unwrap()["metadata"]["resourceVersion"].clone();
    let scene = WorkloadScene::start(api, &["g"]);
    let writes = scene.writes_in_the_end(&deployment("g")).await;
    assert_eq!(writes[0].body["metadata"]["resourceVersion"], version);
    assert_eq!(writes[0].body["spec"]["replicas"], 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_never_answered_stops_no_other() {
    let api = FakeApi::default();
    let account = crate::workload::object_name(&mk_facts("a"));
    let path = format!("/serviceaccounts/{account}");
    api.trouble(Method::PATCH, &path, Trouble::Hang, 1_000);
    let scene = WorkloadScene::start(api, &["a", "b"]);
    for gateway in ["a", "b"] {
        assert!(
            !scene
                .writes_in_the_end(&deployment(gateway))
                .await
                .is_empty()
        );
    }
    let asked = scene.writes_in_the_end(&path).await;
    assert!(
        (2..60).contains(&asked.len()),
        "less and less often: {}",
        asked.len()
    );
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_written_later_and_what_is_written_only_once() {
    for trouble in [
        Trouble::Code(500),
        Trouble::Code(409),
        Trouble::Busy { retry_after: 20 },
    ] {
        let api = FakeApi::default();
        api.trouble(Method::PATCH, &deployment("g"), trouble, 1);
        let scene = WorkloadScene::start(api, &["g"]);
        scene.writes_in_the_end("").await;
        assert!(scene.api.get(&deployment("g")).is_some(), "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_made_after_the_lease_is_lost() {
    let api = FakeApi::default();
    api.trouble(Method::PATCH, "", Trouble::Hang, 1_000);
    let scene = WorkloadScene::start(api, &["a", "b"]);
    let before = scene.api.called(&Method::PATCH, 1).await.len();
    scene.lead.send_modify(|lead| lead.mine_until = None);
    assert_eq!(scene.writes_in_the_end("").await.len(), before);
}

/// How much was deleted of a Gateway without a release, by whether its user gave it to another controller and whose class it was made for.
async fn deleted(is_handed_over: bool, ours: &str) -> usize {
    let api = FakeApi::default();
    let mut there = mk_deployment("g", FIELD_MANAGER);
    there["metadata"]["uid"] = json!("d");
    there["metadata"]["labels"] = json!({
        "app.kubernetes.io/managed-by": FIELD_MANAGER,
        "gateway.networking.k8s.io/gateway-class-name": "sluice",
    });
    api.put(&deployment("g"), there);
    let gateway = ObjectRef::new(Kind::Gateway, "n", "g");
    let value = json!({
        "metadata": {"name": "g", "namespace": "n", "uid": "uid"},
        "spec": {"gatewayClassName": "other", "listeners": []},
    });
    let mut world = crate::world::World::default();
    let object = gateway.clone();
    world.apply(crate::watch::Change::Put(crate::watch::Seen {
        object,
        value,
    }));
    let compiled = Compiled {
        handed_over: is_handed_over.then_some(gateway).into_iter().collect(),
        classes: vec![(ObjectRef::new(Kind::GatewayClass, "", ours), 1)],
        ..Compiled::default()
    };
    let scene = WorkloadScene::start_with(api, compiled, world.mirror().clone());
    scene.writes_in_the_end("nothing").await;
    // The watch never tells that it is gone, so it is tried again.
    let deleted = scene.api.calls(&Method::DELETE).into_iter();
    let paths: BTreeSet<String> = deleted.map(|call| call.path).collect();
    paths.len()
}

#[tokio::test(start_paused = true)]
async fn what_carries_a_gateways_traffic_goes_only_when_its_user_gives_it_to_another_controller() {
    assert_eq!(deleted(true, "sluice").await, 1);
    assert_eq!(deleted(false, "sluice").await, 0, "nobody gave it away");
    assert_eq!(deleted(true, "mine").await, 0, "another installation's");
}

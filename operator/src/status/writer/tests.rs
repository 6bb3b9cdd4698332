use crate::api;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use sluice_compiler::Verdict;
use sluice_session::ServerSettings;
use tokio::task::JoinHandle;

use super::*;
use crate::fake_api::{Call, FakeApi, Trouble};
use crate::leader;
use crate::world::Live;

/// A writer that leads, and an API server that has Upstreams without a status.
struct StatusScene {
    api: FakeApi,
    outputs: Outputs,
    lead: watch::Sender<Leadership>,
    metrics: Metrics,
    running: JoinHandle<anyhow::Result<()>>,
    _feeds: Feeds,
}

/// What status depends on, of which nothing changes here.
#[derive(Default)]
struct Feeds {
    workloads: watch::Sender<Arc<Provisioned>>,
    projections: watch::Sender<Arc<Findings>>,
    bundle: watch::Sender<Option<String>>,
}

fn mk_object(i: usize) -> ObjectRef {
    ObjectRef::new(Kind::Upstream, "n", format!("u{i:02}"))
}

fn path(i: usize) -> String {
    let name = mk_object(i).name;
    format!("/apis/sluice.dev/v1alpha1/namespaces/n/upstreams/{name}")
}

impl StatusScene {
    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    fn start(api: FakeApi, count: usize) -> Self {
        let (lead, leadership) = leader::channel();
        lead.send_modify(|lead| {
            lead.mine_until = Some(crate::clock::now() + Duration::from_secs(36_000))
        });
        let metrics = Metrics::default();
        let bounded = api::bounded(api.client(), metrics.clone());
        let leading = api::while_leading(bounded.clone(), leadership.clone());
        let settings = ServerSettings {
            heartbeat: Duration::from_secs(5),
            patience: Duration::from_secs(60),
            install_key: sluice_vocab::Secret::new(b"k".to_vec()),
            software: "test".into(),
        };
        let fleet = Fleet::new(bounded, settings, leadership.clone(), metrics.clone());
        let feeds = Feeds::default();
        let sources = Sources {
            workloads: feeds.workloads.subscribe(),
            projections: feeds.projections.subscribe(),
            bundle: feeds.bundle.subscribe(),
        };
        let (events, _) = Events::new(leading.clone(), "pod");
        let writer = Writer::new(leading, fleet, "c", sources, events, metrics.clone());
        let outputs = Outputs::default();
        let mut compiled = Compiled::default();
        for i in 0..count {
            api.put(
                &path(i),
                json!({"metadata": {"uid": "uid", "generation": 1}}),
            );
            let verdicts = &mut compiled.compilation.verdicts;
            verdicts.insert(mk_object(i), Verdict::default());
        }
        let running = tokio::spawn(writer.run(outputs.clone(), leadership));
        let scene = Self {
            api,
            outputs,
            lead,
            metrics,
            running,
            _feeds: feeds,
        };
        scene.show(count);
        scene
            .outputs
            .compiled
            .send_replace(Some(Arc::new(compiled)));
        scene
    }

    /// Shows the writer what the API server has, as a watch would.
    fn show(&self, count: usize) {
        let live = |i| {
            let object = self.api.get(&path(i))?;
            let text = |field: &str| object["metadata"][field].as_str().unwrap().to_owned();
            let live = Live {
                uid: text("uid"),
                version: text("resourceVersion"),
                generation: 1,
                controller: String::new(),
                status: Arc::new(object.get("status").cloned().unwrap_or_default()),
            };
            Some((mk_object(i), Arc::new(live)))
        };
        let mirror: Mirror = (0..count).filter_map(live).collect();
        self.outputs.mirror.send_replace(Arc::new(mirror));
    }

    async fn writes(&self, count: usize) -> Vec<Call> {
        self.api.called(&Method::PATCH, count).await
    }

    /// All that came after a long time in which nothing else happened.
    async fn writes_in_the_end(&self) -> Vec<Call> {
        for _ in 0..600 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(!self.running.is_finished());
        self.api.calls(&Method::PATCH)
    }

    fn status(&self, i: usize) -> Option<Value> {
        self.api.get(&path(i))?.get("status").cloned()
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_never_answered_does_not_stop_the_others() {
    let api = FakeApi::default();
    api.trouble(
        Method::PATCH,
        &format!("{}/status", path(0)),
        Trouble::Hang,
        1_000,
    );
    let scene = StatusScene::start(api, 20);
    let writes = scene.writes(20).await;
    let while_it_waits = |call: &Call| call.at - writes[0].at < api::CALL_TIME;
    assert!(writes.iter().all(while_it_waits), "they go on beside it");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!((1..20).all(|i| scene.status(i).is_some()));
    assert_eq!(scene.status(0), None);
    scene.writes_in_the_end().await;
    let text = scene.metrics.text();
    let counted = r#"sluice_operator_unanswered_calls_total{method="PATCH"}"#;
    assert!(text.contains(counted), "{text}");
}

#[tokio::test(start_paused = true)]
async fn after_an_error_it_is_tried_again_until_it_works_and_then_no_more() {
    let api = FakeApi::default();
    api.trouble(Method::PATCH, "u00/status", Trouble::Code(500), 2);
    let scene = StatusScene::start(api, 1);
    assert_eq!(scene.writes_in_the_end().await.len(), 3);
    assert!(scene.status(0).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_busy_api_server_is_left_alone_for_as_long_as_it_asks() {
    let api = FakeApi::default();
    let busy = Trouble::Busy { retry_after: 90 };
    api.trouble(Method::PATCH, "u00/status", busy, 1);
    let scene = StatusScene::start(api, 1);
    let calls = scene.writes(2).await;
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn what_another_overtook_is_written_over_what_is_newer_and_not_before() {
    let api = FakeApi::default();
    api.trouble(Method::PATCH, "u00/status", Trouble::Code(409), 1);
    let scene = StatusScene::start(api, 1);
    scene.writes(1).await;
    assert_eq!(scene.writes_in_the_end().await.len(), 1);
    let mut newer = scene.api.get(&path(0)).unwrap();
    newer["status"] = json!({"phase": "of another"});
    scene.api.put(&path(0), newer);
    scene.show(1);
    scene.writes(2).await;
    assert_ne!(scene.status(0).unwrap()["phase"], "of another");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_is_no_failure() {
    let api = FakeApi::default();
    api.trouble(Method::PATCH, "u00/status", Trouble::Code(404), 1);
    let scene = StatusScene::start(api, 1);
    assert_eq!(scene.writes_in_the_end().await.len(), 1);
    assert!(!scene.metrics.text().contains(r#"outcome="failed""#));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_after_the_lease_is_lost() {
    let api = FakeApi::default();
    api.trouble(Method::PATCH, "/status", Trouble::Hang, 1_000);
    let scene = StatusScene::start(api, 20);
    let under_way = scene.writes(AT_ONCE).await.len();
    scene.lead.send_modify(|lead| lead.mine_until = None);
    assert_eq!(scene.writes_in_the_end().await.len(), under_way);
}

#[tokio::test(start_paused = true)]
async fn who_comes_to_lead_writes_what_there_is_to_write() {
    let scene = StatusScene::start(FakeApi::default(), 3);
    scene.lead.send_modify(|lead| lead.mine_until = None);
    assert!(scene.writes_in_the_end().await.is_empty());
    let until = crate::clock::now() + Duration::from_secs(3_600);
    scene.lead.send_modify(|lead| lead.mine_until = Some(until));
    scene.writes(3).await;
}

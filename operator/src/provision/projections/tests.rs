use http::Method;
use sluice_compiler::{Settings, compile};

use super::*;
use crate::fake_api::{FakeApi, Trouble};
use crate::leader;
use crate::watch::{Change, Seen as SeenObject};
use crate::world::World;

/// An AIGateway with one provider, as it was compiled; and an Upstream that it stood for once.
fn mk_outputs(ai_enabled: bool) -> Outputs {
    let mut world = World::new(Vec::new());
    let owner = json!([{"kind": "AIGateway", "name": "ai", "uid": "uid", "controller": true}]);
    let value = json!({
        "metadata": {"name": "ai-old", "namespace": "n", "uid": "old", "ownerReferences": owner},
        "spec": {"ai": {"openai": {}}},
    });
    let object = ObjectRef::new(Kind::Upstream, "n", "ai-old");
    world.apply(Change::Put(SeenObject { object, value }));
    let value = json!({
        "metadata": {"name": "ai", "namespace": "n", "uid": "uid", "generation": 1},
        "spec": {"providers": [{"name": "o", "providerType": "openai"}]},
    });
    let object = ObjectRef::new(Kind::AIGateway, "n", "ai");
    world.apply(Change::Put(SeenObject { object, value }));
    let mut settings = Settings::new(b"k");
    settings.ai_enabled = ai_enabled;
    let compiled = Compiled {
        compilation: compile(world.resources(), &settings),
        ..Compiled::default()
    };
    assert_eq!(compiled.compilation.expanded.len(), usize::from(ai_enabled));
    let outputs = Outputs::default();
    outputs
        .mirror
        .send_replace(Arc::new(world.mirror().clone()));
    outputs.compiled.send_replace(Some(Arc::new(compiled)));
    outputs
}

/// Paths that were written in the end, of a replica that leads for so long.
async fn written(api: &FakeApi, seconds: u64) -> BTreeSet<String> {
    run(api, seconds, mk_outputs(true)).await
}

async fn run(api: &FakeApi, seconds: u64, outputs: Outputs) -> BTreeSet<String> {
    let (lead, leadership) = leader::channel();
    lead.send_modify(|lead| lead.mine_until = Some(now() + Duration::from_secs(seconds)));
    let metrics = Metrics::default();
    let bounded = crate::api::bounded(api.client(), metrics.clone());
    let client = crate::api::while_leading(bounded, leadership.clone());
    let projections = Projections::new(client, watch::Sender::default(), metrics);
    let long = Duration::from_secs(300);
    let running = tokio::time::timeout(long, projections.run(outputs, leadership));
    assert!(running.await.is_err(), "it goes on");
    let paths = api.calls(&Method::PATCH).into_iter().map(|c| c.path);
    paths.filter(|path| api.get(path).is_some()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_ai_gateways_objects_are_made_whatever_the_first_of_them_meets() {
    let all = written(&FakeApi::default(), 600).await;
    assert!(all.len() >= 4, "{all:?}");
    for trouble in [
        Trouble::Code(409),
        Trouble::Code(500),
        Trouble::Busy { retry_after: 20 },
        Trouble::Hang,
    ] {
        let api = FakeApi::default();
        api.trouble(Method::PATCH, "/gateways/ai", trouble, 2);
        assert_eq!(written(&api, 600).await, all, "{trouble:?}");
    }
    let api = FakeApi::default();
    api.trouble(Method::GET, "/gateways/ai", Trouble::Hang, 1_000);
    let others = written(&api, 600).await;
    assert_eq!(
        others.len(),
        all.len() - 1,
        "the one that is never answered"
    );
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lead_shows_nothing() {
    let api = FakeApi::default();
    assert!(written(&api, 0).await.is_empty());
    assert!(api.calls(&Method::PATCH).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_an_ai_gateway_stands_for_no_more_is_deleted() {
    let api = FakeApi::default();
    run(&api, 600, mk_outputs(true)).await;
    let deleted = api.calls(&Method::DELETE);
    assert!(
        !deleted.is_empty()
            && deleted
                .iter()
                .all(|c| c.path.ends_with("/upstreams/ai-old"))
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_or_written_while_ai_resources_are_off() {
    let api = FakeApi::default();
    run(&api, 600, mk_outputs(false)).await;
    assert!(api.calls(&Method::DELETE).is_empty() && api.calls(&Method::PATCH).is_empty());
}

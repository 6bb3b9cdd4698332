use http::Method;
use sluice_compiler::{Settings, compile};

use super::*;
use crate::fake_api::{FakeApi, Trouble};
use crate::leader;
use crate::watch::{Change, Seen as SeenObject};
use crate::world::World;

/// An AIGateway with one provider, as it was compiled.
fn mk_outputs() -> Outputs {
    let mut world = World::new(Vec::new());
    let value = json!({
        "metadata": {"name": "ai", "namespace": "n", "uid": "uid", "generation": 1},
        "spec": {"providers": [{"name": "o", "providerType": "openai"}]},
    });
    let object = ObjectRef::new(Kind::AIGateway, "n", "ai");
    world.apply(Change::Put(SeenObject { object, value }));
    let mut settings = Settings::new(b"k");
    settings.ai_enabled = true;
    let compiled = Compiled {
        compilation: compile(world.resources(), &settings),
        ..Compiled::default()
    };
    assert_eq!(compiled.compilation.expanded.len(), 1);
    let outputs = Outputs::default();
    outputs
        .mirror
        .send_replace(Arc::new(world.mirror().clone()));
    outputs.compiled.send_replace(Some(Arc::new(compiled)));
    outputs
}

/// Paths that were written in the end, of a replica that leads for so long.
async fn written(api: &FakeApi, seconds: u64) -> BTreeSet<String> {
    let (lead, leadership) = leader::channel();
    lead.send_modify(|lead| lead.mine_until = Some(now() + Duration::from_secs(seconds)));
    let metrics = Metrics::default();
    let bounded = crate::api::bounded(api.client(), metrics.clone());
    let client = crate::api::while_leading(bounded, leadership.clone());
    let projections = Projections::new(client, watch::Sender::default(), metrics);
    let long = Duration::from_secs(300);
    let running = tokio::time::timeout(long, projections.run(mk_outputs(), leadership));
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

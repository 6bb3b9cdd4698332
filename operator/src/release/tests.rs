use http::Method;
use serde_json::{Value, json};
use sluice_compiler::Verdict;
use sluice_vocab::Kind;

use super::*;
use crate::api::bounded;
use crate::fake_api::{FakeApi, Trouble};
use crate::leader;

const SECRET: &str = "/api/v1/namespaces/n/secrets/s";

/// A Gateway whose only route leads to an Upstream with a credential.
fn mk_api() -> FakeApi {
    let api = FakeApi::default();
    let gateway_api = "/apis/gateway.networking.k8s.io/v1";
    let mk = |namespace: &str, name: &str, spec: Value| json!({"metadata": {"name": name, "namespace": namespace, "generation": 1}, "spec": spec});
    let class = mk(
        "",
        "sluice",
        json!({"controllerName": sluice_crds::CONTROLLER}),
    );
    api.put(&format!("{gateway_api}/gatewayclasses/sluice"), class);
    let listener = json!({"name": "http", "port": 80, "protocol": "HTTP"});
    let spec = json!({"gatewayClassName": "sluice", "listeners": [listener]});
    api.put(
        &format!("{gateway_api}/namespaces/n/gateways/g"),
        mk("n", "g", spec),
    );
    let backend = json!({"group": "sluice.dev", "kind": "Upstream", "name": "u"});
    let spec = json!({"parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [backend]}]});
    api.put(
        &format!("{gateway_api}/namespaces/n/httproutes/r"),
        mk("n", "r", spec),
    );
    let secret = json!({"authToken": {"secretRef": {"name": "s", "key": "token"}}});
    api.put(
        "/apis/sluice.dev/v1alpha1/namespaces/n/upstreams/u",
        mk("n", "u", json!({"ai": {"openai": secret}})),
    );
    let secret =
        json!({"metadata": {"name": "s", "namespace": "n"}, "data": {"token": "c2steA=="}});
    api.put(SECRET, secret);
    api
}

fn is_sound(compiled: &Compiled) -> bool {
    let upstream = ObjectRef::new(Kind::Upstream, "n", "u");
    let verdict = compiled.compilation.verdicts.get(&upstream);
    verdict.is_some_and(|verdict: &Verdict| verdict.findings.is_empty())
}

/// Runs the engine until it has published something that will do.
async fn publish(client: Client, mut is_enough: impl FnMut(&Compiled) -> bool) -> Arc<Compiled> {
    let (outputs, metrics) = (Outputs::default(), Metrics::default());
    let mut settings = Settings::new(b"k");
    settings.ai_enabled = true;
    let reach = Reach::default();
    let engine = Engine::new(client, reach, settings, outputs.clone(), metrics);
    let mut compiled = outputs.compiled.subscribe();
    let (_lead, leadership) = leader::channel();
    let found = compiled.wait_for(|c| c.as_ref().is_some_and(|c| is_enough(c)));
    tokio::select! {
        found = found => found.unwrap().clone().unwrap(),
        ended = engine.run(leadership) => panic!("{ended:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_at_once_is_in_the_first_compilation() {
    let compiled = publish(mk_api().client(), |_| true).await;
    assert!(is_sound(&compiled));
    assert_eq!(compiled.releases.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_never_answered_stops_no_configuration_but_its_own() {
    let api = mk_api();
    api.trouble(Method::GET, SECRET, Trouble::Hang, 1_000);
    let compiled = publish(api.client(), |_| true).await;
    assert_eq!(compiled.releases.len(), 1);
    assert!(!is_sound(&compiled));
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_got_when_the_api_server_answers_again() {
    for trouble in [
        Trouble::Hang,
        Trouble::Code(500),
        Trouble::Busy { retry_after: 30 },
    ] {
        let api = mk_api();
        api.trouble(Method::GET, SECRET, trouble, 2);
        let client = bounded(api.client(), Metrics::default());
        publish(client, is_sound).await;
        let gets = api.calls(&Method::GET);
        let times: Vec<_> = gets.iter().filter(|c| c.path == SECRET).collect();
        assert_eq!(times.len(), 3, "{trouble:?}");
        if let Trouble::Busy { retry_after } = trouble {
            assert!((times[2].at - times[1].at).as_secs() >= retry_after);
        }
    }
}

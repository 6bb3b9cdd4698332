use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use super::*;
use crate::fake_api::{FakeApi, Trouble};
use crate::leader;

const SECRET: &str = "/api/v1/namespaces/n/secrets/s";

async fn write(client: &Client) -> kube::Result<ConfigMap> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "n");
    let patch = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
    api.patch(
        "c",
        &PatchParams::apply("test").force(),
        &Patch::Apply(patch),
    )
    .await
}

async fn read(client: &Client) -> kube::Result<Secret> {
    let api: Api<Secret> = Api::namespaced(client.clone(), "n");
    api.get("s").await
}

fn why(error: kube::Error) -> CallError {
    let kube::Error::Service(error) = error else {
        panic!("{error:?}")
    };
    error.downcast_ref::<CallError>().unwrap().clone()
}

/// Leads for so long.
fn mk_lead(seconds: u64) -> (watch::Sender<Leadership>, watch::Receiver<Leadership>) {
    let (sender, receiver) = leader::channel();
    sender.send_modify(|lead| {
        lead.mine_until = Some(crate::clock::now() + Duration::from_secs(seconds))
    });
    (sender, receiver)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_answered_ends_and_is_counted() {
    let (api, metrics) = (FakeApi::default(), Metrics::default());
    let client = bounded(api.client(), metrics.clone());
    api.trouble(Method::GET, SECRET, Trouble::Hang, 1);
    api.trouble(Method::PATCH, "/c", Trouble::Hang, 1);
    let unanswered = read(&client).await.unwrap_err();
    assert_eq!(why(unanswered), CallError::Unanswered(Method::GET));
    let unanswered = write(&client).await.unwrap_err();
    assert_eq!(why(unanswered), CallError::Unanswered(Method::PATCH));
    let text = metrics.text();
    let line = r#"sluice_operator_unanswered_calls_total{method="PATCH"} 1"#;
    assert!(text.contains(line), "{text}");
    assert!(write(&client).await.is_ok(), "and the next one is answered");
}

#[tokio::test(start_paused = true)]
async fn a_busy_api_server_says_when_to_come_back() {
    let api = FakeApi::default();
    let client = bounded(api.client(), Metrics::default());
    api.trouble(Method::GET, SECRET, Trouble::Busy { retry_after: 7 }, 1);
    let busy = read(&client).await.unwrap_err();
    assert_eq!(asked_delay(&busy), Some(Duration::from_secs(7)));
    assert_eq!(api.calls(&Method::GET).len(), 1, "it is left alone");
    api.trouble(Method::GET, SECRET, Trouble::Code(500), 1);
    assert_eq!(asked_delay(&read(&client).await.unwrap_err()), None);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lead_reads_and_writes_nothing() {
    let api = FakeApi::default();
    api.put(SECRET, json!({"metadata": {"name": "s"}}));
    let (_lead, leadership) = leader::channel();
    let client = while_leading(api.client(), leadership);
    assert!(read(&client).await.is_ok());
    let refused = write(&client).await.unwrap_err();
    assert_eq!(why(refused), CallError::NotLeading);
    assert!(api.calls(&Method::PATCH).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_write_under_way_is_given_up_with_the_lease() {
    let api = FakeApi::default();
    api.trouble(Method::PATCH, "/c", Trouble::Hang, 1);
    let (lead, leadership) = mk_lead(600);
    let client = while_leading(api.client(), leadership);
    let lose = async {
        api.called(&Method::PATCH, 1).await;
        lead.send_modify(|lead| lead.mine_until = None);
    };
    let (outcome, ()) = tokio::join!(write(&client), lose);
    assert_eq!(why(outcome.unwrap_err()), CallError::NotLeading);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_nobody_renews_ends_by_itself() {
    let api = FakeApi::default();
    let (_lead, leadership) = mk_lead(10);
    let client = while_leading(api.client(), leadership);
    assert!(write(&client).await.is_ok());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(
        why(write(&client).await.unwrap_err()),
        CallError::NotLeading
    );
    assert_eq!(api.calls(&Method::PATCH).len(), 1);
}

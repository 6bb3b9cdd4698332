//! What is held of answers comes out of the memory for bodies, whoever is slow.

use http::Method;
use http_body_util::BodyExt;
use sluice_dataplane::Settings;

use crate::support::{Lab, Plan, chat_stream};

/// A question in another wire than its provider's, so that the answer has to be there as a whole.
const MESSAGES: &str = "/v1/messages";
const QUESTION: &str =
    r#"{"model":"gpt-4","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;

async fn lab(budget: usize) -> Lab {
    let settings = Settings {
        workers: 2,
        body_budget: budget,
        ..Settings::default()
    };
    Lab::with(&Plan::default(), settings).await
}

/// The fault by which an answer has so many bytes of text.
fn long(bytes: usize) -> String {
    format!("chunks=1;chunk-bytes={bytes}")
}

#[tokio::test]
async fn answers_that_don_t_fit_into_the_memory_are_refused() {
    const BUDGET: usize = 4 << 20;
    let lab = lab(BUDGET).await;
    let fault = long(6 << 20);
    let headers = [("x-mock-fault", fault.as_str())];
    let ask = || lab.post(MESSAGES, &headers, QUESTION);
    for answer in futures_util::future::join_all((0..4).map(|_| ask())).await {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["error"]["type"], "overloaded_error");
    }
    assert!(lab.shared.budget().peak() <= BUDGET);
    assert_eq!(lab.shared.budget().used(), 0);
}

#[tokio::test]
async fn an_answer_takes_its_memory_until_its_client_has_read_it() {
    const BUDGET: usize = 32 << 20;
    const LONG: usize = 6 << 20;
    let lab = lab(BUDGET).await;
    let fault = long(LONG);
    let mut client = lab.connect().await;
    let headers = [("x-mock-fault", fault.as_str())];
    let response = client
        .send(Method::POST, MESSAGES, &headers, QUESTION)
        .await;
    assert_eq!(response.status(), 200);
    // All of it has been translated, and none of it has been read.
    assert!(lab.shared.budget().used() >= LONG);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.len() > LONG);
    let mut second = lab.connect().await;
    let response = second
        .send(Method::POST, MESSAGES, &headers, QUESTION)
        .await;
    drop(response);
    second.vanish();
    while lab.shared.budget().used() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(lab.shared.budget().peak() <= BUDGET);
}

#[tokio::test]
async fn a_stream_whose_events_don_t_fit_into_the_memory_ends_with_an_error() {
    const BUDGET: usize = 1 << 20;
    let lab = lab(BUDGET).await;
    let fault = long(4 << 20);
    let headers = [("x-mock-fault", fault.as_str())];
    let answer = lab
        .post("/v1/chat/completions", &headers, chat_stream("gpt-4"))
        .await;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    assert!(text.len() < BUDGET);
    assert!(text.contains("\"no_memory\""), "{text}");
    assert!(lab.shared.budget().peak() <= BUDGET);
    assert_eq!(lab.shared.budget().used(), 0);
}

#[tokio::test]
async fn an_answer_that_is_only_read_aside_passes_whatever_memory_there_is() {
    let lab = lab(64 << 10).await;
    let fault = long(2 << 20);
    let headers = [("x-mock-fault", fault.as_str())];
    let answer = lab
        .post(
            "/v1/chat/completions",
            &headers,
            crate::support::chat("gpt-4"),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() > 2 << 20);
    assert!(lab.shared.budget().peak() <= 64 << 10);
    assert_eq!(lab.shared.budget().used(), 0);
}

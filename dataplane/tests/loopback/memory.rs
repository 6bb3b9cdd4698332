//! What is held of answers, and what is made of requests, comes out of the memory for bodies; it is shared fairly, whoever is slow.

use http::Method;
use http_body_util::BodyExt;
use sluice_dataplane::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

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
    const BUDGET: usize = 64 << 20;
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

/// A request over a connection from that address, as long as it is kept open.
async fn from(lab: &Lab, address: [u8; 4], head: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    let mut stream = socket.connect(lab.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn status(stream: &mut TcpStream) -> String {
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

#[tokio::test]
async fn what_is_made_of_a_body_comes_out_of_the_memory_too() {
    const BUDGET: usize = 16 << 20;
    let lab = lab(BUDGET).await;
    // Nothing of it is long, and every pair of braces becomes a message.
    let many = vec!["{}"; 100_000].join(",");
    let body = format!(r#"{{"model":"gpt-4","max_tokens":9,"messages":[{many}]}}"#);
    let answer = lab.post(MESSAGES, &[], body).await;
    assert_eq!(answer.status, 413);
    assert!(
        answer.text().contains("fewer messages"),
        "{}",
        answer.text()
    );
    assert_eq!(lab.mock.requests().len(), 0);
    assert!(lab.shared.budget().peak() <= BUDGET);
    assert_eq!(lab.shared.budget().used(), 0);
}

#[tokio::test]
async fn unfinished_bodies_of_one_address_keep_no_other_from_being_read() {
    const BUDGET: usize = 16 << 20;
    let lab = lab(BUDGET).await;
    let unfinished = " ".repeat(3 << 20);
    let head = format!(
        "POST {MESSAGES} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        unfinished.len() + 1
    );
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = from(&lab, [127, 0, 0, 1], &head).await;
        stream.write_all(unfinished.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    while lab.shared.budget().used() < 3 * unfinished.len() {
        tokio::task::yield_now().await;
    }
    let text = "word ".repeat(1 << 20);
    let body = format!(r#"{{"model":"gpt-4","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let whole = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut other = from(&lab, [127, 0, 0, 2], &whole).await;
    assert_eq!(status(&mut other).await, "200");
    // One of them had to yield, and was told so.
    let told = futures_util::future::select_all(slow.iter_mut().map(|s| Box::pin(status(s))));
    assert_eq!(told.await.0, "503");
    assert!(lab.shared.budget().peak() <= BUDGET);
}

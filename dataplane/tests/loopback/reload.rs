use http::Method;
use http_body_util::BodyExt;

use crate::support::{Lab, Plan, chat, chat_stream};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn fifty_edits_under_two_hundred_streams_break_none() {
    let lab = Lab::start(&Plan::default()).await;
    let mut streams = Vec::new();
    for _ in 0..200 {
        let mut client = lab.connect().await;
        let fault = [("x-mock-fault", "chunks=40;interval-ms=20")];
        let mut response = client
            .send(Method::POST, CHAT, &fault, chat_stream("gpt-4"))
            .await;
        response.body_mut().frame().await.unwrap().unwrap();
        streams.push((client, response));
    }
    for i in 0..50 {
        let policy = format!(r#"{{"prepend":[{{"role":"system","content":"edit {i}"}}]}}"#);
        lab.apply(&Plan {
            policies: vec![("promptEnrichment", policy)],
            ..Plan::default()
        });
        let answer = lab.post(CHAT, &[], chat("gpt-4")).await;
        assert!(
            answer.text().contains(&format!("edit {i}")),
            "{}",
            answer.text()
        );
    }
    for (client, response) in streams {
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body);
        assert!(
            text.contains("[DONE]") && !text.contains("\"error\""),
            "{text}"
        );
        drop(client);
    }
    let version = lab.gateway.version();
    lab.apply(&Plan::default());
    assert_ne!(lab.gateway.version(), version);
    assert!(lab.stop().await);
}

#[tokio::test]
async fn requests_in_flight_end_before_a_stop() {
    let lab = Lab::start(&Plan::default()).await;
    let mut client = lab.connect().await;
    let fault = [("x-mock-fault", "chunks=10;interval-ms=30")];
    let mut response = client
        .send(Method::POST, CHAT, &fault, chat_stream("gpt-4"))
        .await;
    response.body_mut().frame().await.unwrap().unwrap();
    let address = lab.address;
    let (drained, body) = tokio::join!(lab.stop(), response.into_body().collect());
    assert!(drained);
    assert!(String::from_utf8_lossy(&body.unwrap().to_bytes()).contains("[DONE]"));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

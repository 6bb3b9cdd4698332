use http::Method;
use http_body_util::BodyExt;

use crate::support::{Lab, Plan, chat, chat_stream};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_stream_is_the_provider_s_own() {
    let lab = Lab::start(&Plan::default()).await;
    let asked = r#"{"model":"gpt-4","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"é"}]}"#;
    let direct = crate::support::Client::connect(lab.mock.addr())
        .await
        .send(
            Method::POST,
            CHAT,
            &[
                ("authorization", "Bearer x"),
                ("content-type", "application/json"),
            ],
            asked,
        )
        .await;
    let direct = crate::support::Answer::read(direct).await.text();
    for fault in [
        "chunks=6",
        "chunks=6;split=1",
        "chunks=6;split=7",
        "chunks=6;crlf",
        "chunks=6;no-final-blank-line",
        "chunks=6;comments",
    ] {
        let through = lab.post(CHAT, &[("x-mock-fault", fault)], asked).await;
        assert_eq!(
            (through.status, through.header("content-type")),
            (200, "text/event-stream; charset=utf-8"),
            "{fault}"
        );
        assert!(through.text().contains("\"usage\":{"), "{fault}");
        assert!(
            !through.text().contains("\"error\""),
            "{fault}: {}",
            through.text()
        );
    }
    assert!(direct.contains("[DONE]"));
}

#[tokio::test]
async fn usage_is_asked_for_and_taken_out_again() {
    let lab = Lab::start(&Plan::default()).await;
    for fault in ["chunks=3", "chunks=3;split=1", "chunks=3;split=50"] {
        let answer = lab
            .post(CHAT, &[("x-mock-fault", fault)], chat_stream("gpt-4"))
            .await
            .text();
        assert!(
            answer.contains("[DONE]") && !answer.contains("\"usage\":{"),
            "{fault}: {answer}"
        );
    }
    assert!(
        String::from_utf8_lossy(&lab.mock.requests()[0].body)
            .ends_with(r#","stream_options":{"include_usage":true}}"#)
    );
    let metrics = lab.get("/metrics", &[]).await.text();
    assert!(
        metrics.contains("sluice_usage_missing_total 0"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_cut_stream_ends_in_an_error_and_never_cleanly() {
    let lab = Lab::start(&Plan::default()).await;
    let answer = lab
        .post(
            CHAT,
            &[("x-mock-fault", "chunks=9;cut=3")],
            chat_stream("gpt-4"),
        )
        .await
        .text();
    assert!(!answer.contains("[DONE]"), "{answer}");
    let last = answer.trim_end().rsplit("data: ").next().unwrap();
    let event: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(event["error"]["type"], "network");
    let anthropic = r#"{"model":"claude","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
    let answer = lab
        .post(
            "/v1/messages",
            &[("x-mock-fault", "chunks=9;cut=3")],
            anthropic,
        )
        .await
        .text();
    assert!(
        answer.contains("event: error\n") && !answer.contains("message_stop"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_cut_answer_is_broken_off() {
    let lab = Lab::start(&Plan::default()).await;
    let response = lab
        .connect()
        .await
        .send(
            Method::POST,
            CHAT,
            &[("x-mock-fault", "cut-bytes=40")],
            chat("gpt-4"),
        )
        .await;
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_the_upstream() {
    let lab = Lab::start(&Plan::default()).await;
    let mut client = lab.connect().await;
    let mut response = client
        .send(
            Method::POST,
            CHAT,
            &[("x-mock-fault", "stall=2")],
            chat_stream("gpt-4"),
        )
        .await;
    response.body_mut().frame().await.unwrap().unwrap();
    client.vanish();
    drop(response);
    lab.mock.cancelled(1).await;
    // Before the head as well.
    let mut client = lab.connect().await;
    let path = [("x-mock-fault", "delay-ms=60000")];
    tokio::select! {
        _ = client.send(Method::POST, CHAT, &path, chat("gpt-4")) => panic!("answered"),
        () = lab.mock.received(2) => {}
    }
    client.vanish();
    lab.mock.cancelled(2).await;
    assert!(lab.stop().await);
}

#[tokio::test]
async fn route_type_streams_what_does_not_say_so() {
    let plan = Plan {
        policies: vec![("routeType", "\"CHAT_STREAMING\"".into())],
        ..Plan::default()
    };
    let lab = Lab::start(&plan).await;
    let answer = lab.post(CHAT, &[], chat("gpt-4")).await;
    assert!(
        answer
            .header("content-type")
            .starts_with("text/event-stream")
    );
    let explicit = r#"{"model":"gpt-4","stream":false,"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(
        lab.post(CHAT, &[], explicit).await.header("content-type"),
        "application/json"
    );
    let gemini = r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}]}"#;
    let answer = lab
        .post("/v1beta/models/gemini-pro:generateContent", &[], gemini)
        .await;
    assert!(answer.text().starts_with("data: "), "{}", answer.text());
    assert!(
        lab.mock
            .requests()
            .last()
            .unwrap()
            .path
            .ends_with(":streamGenerateContent?alt=sse")
    );
}

#[tokio::test]
async fn a_stalled_stream_ends_in_an_error_after_its_pause() {
    let plan = Plan {
        policies: vec![("timeouts", r#"{"request":"300ms"}"#.into())],
        ..Plan::default()
    };
    let lab = Lab::start(&plan).await;
    let answer = lab
        .post(CHAT, &[("x-mock-fault", "stall=2")], chat_stream("gpt-4"))
        .await
        .text();
    assert!(
        answer.contains("\"type\":\"timeout\"") && !answer.contains("[DONE]"),
        "{answer}"
    );
    let slow = lab
        .post(CHAT, &[("x-mock-fault", "delay-ms=60000")], chat("gpt-4"))
        .await;
    assert_eq!(
        (slow.status, slow.header("x-sluice-error")),
        (504, "timeout")
    );
    // Longer than the timeout in all, but without a pause of that length.
    let paced = lab
        .post(
            CHAT,
            &[("x-mock-fault", "chunks=20;interval-ms=30")],
            chat_stream("gpt-4"),
        )
        .await
        .text();
    assert!(paced.contains("[DONE]"), "{paced}");
}

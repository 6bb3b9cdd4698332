use std::time::Duration;

use futures_util::FutureExt;
use http::Method;
use sluice_dataplane::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Lab, Plan, chat};

const CHAT: &str = "/v1/chat/completions";

fn of_size(mib: usize) -> String {
    let text = "x".repeat(mib << 20);
    format!(r#"{{"model":"gpt-4","messages":[{{"role":"user","content":"{text}"}}]}}"#)
}

#[tokio::test]
async fn thirty_mib_pass_and_thirty_three_are_refused_in_the_caller_s_format() {
    let lab = Lab::start(&Plan::default()).await;
    let fault = [("x-mock-fault", "text=ok")];
    assert_eq!(lab.post(CHAT, &fault, of_size(30)).await.status, 200);
    assert!(lab.mock.requests()[0].body.len() > 30 << 20);
    let answer = lab.post(CHAT, &[], of_size(33)).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (413, &"invalid_request".into())
    );
    let anthropic = lab.post("/v1/messages", &[], of_size(33)).await;
    assert_eq!(
        (anthropic.status, &anthropic.json()["error"]["type"]),
        (413, &"request_too_large".into())
    );
    assert_eq!(lab.shared.budget().used(), 0);
}

#[tokio::test]
async fn slow_clients_with_large_bodies_stay_within_the_budget() {
    let settings = Settings {
        workers: 2,
        body_budget: 16 << 20,
        ..Settings::default()
    };
    let lab = Lab::with(&Plan::default(), settings).await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let address = lab.address;
        clients.spawn(async move {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let body = of_size(1);
            let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-mock-fault: text=ok\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.unwrap();
            for piece in body.as_bytes().chunks(128 << 10) {
                if stream.write_all(piece).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let mut answer = Vec::new();
            // A refusal may be cut short by the reset that follows it, when the body was not read.
            let _ = stream.read_to_end(&mut answer).await;
            String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned()
        });
    }
    let mut ok = 0;
    while let Some(status) = clients.join_next().await {
        match status.unwrap().as_str() {
            "200" => ok += 1,
            "503" | "" => {}
            other => panic!("status {other}"),
        }
    }
    assert!(ok > 0);
    assert!(
        lab.shared.budget().peak() <= 16 << 20,
        "{}",
        lab.shared.budget().peak()
    );
    assert_eq!(lab.shared.budget().used(), 0);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_network_error() {
    let lab = Lab::start(&Plan::default()).await;
    let gone = ([127, 0, 0, 1], sluice_mock::free_port()).into();
    lab.gateway
        .apply(&crate::support::snapshot(&Plan::default(), gone));
    let answer = lab.post(CHAT, &[], chat("gpt-4")).await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-error")),
        (502, "network")
    );
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
}

#[tokio::test]
async fn kept_connections_are_used_again_and_dead_ones_are_not() {
    let lab = Lab::with(
        &Plan::default(),
        Settings {
            workers: 1,
            ..Settings::default()
        },
    )
    .await;
    for _ in 0..5 {
        assert_eq!(lab.post(CHAT, &[], chat("gpt-4")).await.status, 200);
    }
    let metrics = lab.get("/metrics", &[]).await.text();
    assert!(
        metrics.contains("sluice_upstream_connects_total 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn http2_clients_are_served_beside_each_other() {
    let lab = Lab::start(&Plan::default()).await;
    let stream = tokio::net::TcpStream::connect(lab.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io)
            .await
            .unwrap();
    tokio::spawn(connection);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut sender = sender.clone();
        calls.spawn(async move {
            let body = http_body_util::Full::new(bytes::Bytes::from(chat("gpt-4")));
            let request = http::Request::post(format!("http://gateway{CHAT}"))
                .header("content-type", "application/json")
                .body(body)
                .unwrap();
            sender.send_request(request).await.unwrap().status()
        });
    }
    while let Some(status) = calls.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
}

#[tokio::test]
async fn what_is_no_http_gets_no_further() {
    let lab = Lab::start(&Plan::default()).await;
    for text in [
        "\x16\x03\x01\0\0",
        "PRI * HTTP/2.0\r\n",
        "GET / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "P",
    ] {
        let mut stream = tokio::net::TcpStream::connect(lab.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.contains(" 200 "), "{text}");
    }
    assert_eq!(
        lab.connect()
            .await
            .send(Method::GET, "/health", &[], "")
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn a_compressed_request_is_read_and_sent_on_plain() {
    let lab = Lab::start(&Plan::default()).await;

    let text = r#"{"model":"gpt-4","messages":[{"role":"user","content":"hi"}]}"#;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    let answer = lab.post(CHAT, &[("content-encoding", "gzip")], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let request = &lab.mock.requests()[0];
    assert_eq!(
        (&request.body[..], request.header("content-encoding")),
        (text.as_bytes(), None)
    );
    assert_eq!(
        lab.post(CHAT, &[("content-encoding", "zstd")], "x")
            .await
            .status,
        415
    );
    assert_eq!(
        lab.post(CHAT, &[("content-encoding", "br")], "x")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_path_that_could_lead_elsewhere_is_refused() {
    let lab = Lab::start(&Plan::default()).await;
    for path in [
        "/v1/images/../files",
        "/v1/images/generations/../../files",
        "/service/%2e%2e/x",
        "/v1/..%2ffiles",
        "/v1/files",
    ] {
        let answer = lab
            .post(path, &[("content-type", "text/plain")], chat("gpt-4"))
            .await;
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.status
        );
    }
    assert_eq!(lab.mock.counts().received, 0);
}

#[tokio::test]
async fn a_bomb_stays_within_the_budget() {
    let settings = Settings {
        workers: 1,
        body_budget: 4 << 20,
        ..Settings::default()
    };
    let lab = Lab::with(&Plan::default(), settings).await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![b' '; 30 << 20]).unwrap();
    let answer = lab
        .post(
            CHAT,
            &[("content-encoding", "gzip")],
            encoder.finish().unwrap(),
        )
        .await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(lab.shared.budget().peak() <= 4 << 20);
    assert_eq!(lab.shared.budget().used(), 0);
}

#[tokio::test]
async fn an_announcement_alone_costs_nothing() {
    let lab = Lab::with(
        &Plan::default(),
        Settings {
            workers: 1,
            body_budget: 1 << 20,
            ..Settings::default()
        },
    )
    .await;
    let mut held = Vec::new();
    for _ in 0..50 {
        let mut stream = tokio::net::TcpStream::connect(lab.address).await.unwrap();
        let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 524288\r\n\r\n{{");
        stream.write_all(head.as_bytes()).await.unwrap();
        held.push(stream);
    }
    assert_eq!(lab.post(CHAT, &[], chat("gpt-4")).await.status, 200);
}

/// Sends bytes as they are, and gives all that comes.
async fn raw(lab: &Lab, head: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_service_gets_the_host_by_which_its_route_was_found() {
    let lab = Lab::start(&Plan::default()).await;
    let rest = "connection: close\r\ncontent-length: 0\r\n\r\n";
    let two = raw(
        &lab,
        &format!("GET /service/x HTTP/1.1\r\nhost: a\r\nhost: b\r\n{rest}"),
    )
    .await;
    assert!(
        two.starts_with("HTTP/1.1 400") && two.contains("ambiguous_host"),
        "{two}"
    );
    for method in ["TRACE", "CONNECT"] {
        let target = if method == "CONNECT" {
            "a:80"
        } else {
            "/service/x"
        };
        let answer = raw(
            &lab,
            &format!("{method} {target} HTTP/1.1\r\nhost: a\r\n{rest}"),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    }
    assert_eq!(lab.mock.counts().received, 0);
    raw(
        &lab,
        &format!("GET http://a.example/service/x HTTP/1.1\r\nhost: b.example\r\n{rest}"),
    )
    .await;
    let request = &lab.mock.requests()[0];
    assert_eq!(request.header("host"), Some("a.example"));
    assert_eq!(request.header("x-forwarded-host"), Some("a.example"));
}

#[tokio::test]
async fn a_path_is_matched_and_sent_in_its_one_spelling() {
    let lab = Lab::start(&Plan::default()).await;
    let rest = "connection: close\r\ncontent-length: 0\r\n\r\n";
    for path in ["//service/x", "/%73ervice/%78", "/service//x", "/service/x"] {
        raw(&lab, &format!("GET {path} HTTP/1.1\r\nhost: a\r\n{rest}")).await;
        let requests = lab.mock.requests();
        assert_eq!(requests.last().unwrap().path, "/x", "{path}");
    }
    let dots = raw(
        &lab,
        &format!("GET /service/%2e%2e/x HTTP/1.1\r\nhost: a\r\n{rest}"),
    )
    .await;
    assert!(dots.contains("path_not_resolved"), "{dots}");
}

#[tokio::test]
async fn who_calls_is_nobody_elses_business() {
    let lab = Lab::start(&Plan::default()).await;
    let headers = [
        ("x-forwarded-user", "jane"),
        ("x-auth-request-email", "jane@example.com"),
        ("x-amzn-oidc-data", "e30"),
        ("cf-access-jwt-assertion", "e30"),
        ("x-goog-iap-jwt-assertion", "e30"),
        ("x-sluice-caller", "jane"),
        ("x-own", "stays"),
    ];
    let path = format!(
        "{CHAT}?a=1&%6bey=mine&Key=mine&api_key=mine&access-token=mine;key=mine&API-Version=x&b=2;3;key=mine"
    );
    assert_eq!(lab.post(&path, &headers, chat("gpt-4")).await.status, 200);
    let request = &lab.mock.requests()[0];
    let left: Vec<_> = headers
        .iter()
        .filter(|(name, _)| request.header(name).is_some())
        .collect();
    assert_eq!(left, [&("x-own", "stays")]);
    assert_eq!(request.path, format!("{CHAT}?a=1&b=2;3"));
}

#[tokio::test]
async fn connections_that_say_nothing_leave_room_for_one_that_asks() {
    // The least there is.
    const SEATS: usize = 16;
    let settings = Settings {
        workers: 1,
        max_connections: SEATS,
        ..Settings::default()
    };
    let lab = Lab::with(&Plan::default(), settings).await;
    let mut working = lab.connect().await;
    let fault = [("x-mock-fault", "delay-ms=600000")];
    let mut unanswered = Box::pin(working.send(Method::POST, CHAT, &fault, chat("gpt-4")));
    while lab.mock.requests().is_empty() {
        assert!(unanswered.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    let mut silent = Vec::new();
    for _ in 0..SEATS * 2 {
        let mut stream = tokio::net::TcpStream::connect(lab.address).await.unwrap();
        // A head that never ends.
        stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(lab.post(CHAT, &[], chat("gpt-4")).await.status, 200);
    // Who has asked is not let go for it.
    assert!(unanswered.as_mut().now_or_never().is_none());
}

use sluice_snapshot::model::{backend::Target, entry::Body, upstream::Kind};

use crate::support::{Lab, PROVIDER_KEY, Plan, chat, snapshot_with};

#[tokio::test]
async fn each_format_reaches_its_own_provider_byte_for_byte() {
    let lab = Lab::start(&Plan::default()).await;
    let anthropic =
        r#"{"model":"claude", "max_tokens":9,"messages":[{"role":"user","content":"Hello!"}]}"#;
    let gemini = r#"{ "contents":[{"role":"user","parts":[{"text":"Hello!"}]}] }"#;
    for (path, body, seen, header, key) in [
        (
            "/v1/chat/completions",
            chat("gpt-4"),
            "/v1/chat/completions",
            "authorization",
            "Bearer provider-key",
        ),
        (
            "/openai/v1/chat/completions",
            chat("gpt-4"),
            "/v1/chat/completions",
            "authorization",
            "Bearer provider-key",
        ),
        (
            "/v1/messages?beta=true&key=mine",
            anthropic.into(),
            "/v1/messages?beta=true",
            "x-api-key",
            PROVIDER_KEY,
        ),
        (
            "/messages",
            anthropic.into(),
            "/v1/messages",
            "x-api-key",
            PROVIDER_KEY,
        ),
        (
            "/gemini/v1/models/gemini-pro:generateContent",
            gemini.into(),
            "/v1beta/models/gemini-pro:generateContent",
            "x-goog-api-key",
            PROVIDER_KEY,
        ),
    ] {
        lab.mock.clear();
        let answer = lab
            .post(
                path,
                &[("content-type", "application/json"), ("cookie", "secret=1")],
                body.clone(),
            )
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let request = &lab.mock.requests()[0];
        assert_eq!(
            (request.path.as_str(), &request.body[..]),
            (seen, body.as_bytes())
        );
        assert_eq!(request.header(header), Some(key));
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        assert_eq!(request.header("cookie"), None);
        assert!(answer.text().contains("Hello!"), "{}", answer.text());
        assert!(answer.header("x-request-id").starts_with("req-"));
    }
    assert!(lab.stop().await);
}

#[tokio::test]
async fn errors_are_in_the_caller_s_format() {
    let lab = Lab::start(&Plan::default()).await;
    let unknown = lab
        .post(
            "/v1/chat/completions",
            &[("x-request-id", "mine-1")],
            chat("nope"),
        )
        .await;
    assert_eq!(
        (
            unknown.status,
            unknown.header("x-sluice-error"),
            unknown.header("x-request-id")
        ),
        (404, "unknown_model", "mine-1")
    );
    assert_eq!(unknown.json()["error"]["type"], "unknown_model");
    assert_eq!(unknown.json()["error"]["request_id"], "mine-1");
    assert_eq!(unknown.header("x-should-retry"), "false");
    let anthropic = lab
        .post("/v1/messages", &[], r#"{"model":"nope","messages":[]}"#)
        .await;
    assert_eq!(
        (anthropic.status, &anthropic.json()["error"]["type"]),
        (404, &"not_found_error".into())
    );
    assert!(!anthropic.header("request-id").is_empty());
    let gemini = lab
        .post("/v1beta/models/nope:generateContent", &[], "{}")
        .await;
    assert_eq!(gemini.json()["error"]["status"], "NOT_FOUND");
    for (body, status) in [
        ("", 400),
        ("[1]", 400),
        ("{\"model\":7}", 400),
        ("{\"model\":\"a\",\"model\":\"b\"}", 400),
        ("{}", 404),
    ] {
        assert_eq!(
            lab.post("/v1/chat/completions", &[], body).await.status,
            status,
            "{body}"
        );
    }
    assert_eq!(lab.get("/v1/chat/completions", &[]).await.status, 405);
    assert_eq!(
        lab.get("/v1/responses", &[("upgrade", "websocket")])
            .await
            .status,
        426
    );
    assert_eq!(lab.get("/v1/nothing", &[]).await.status, 404);
}

#[tokio::test]
async fn an_upstream_s_error_passes_unmodified() {
    let lab = Lab::start(&Plan::default()).await;
    let answer = lab
        .post(
            "/v1/chat/completions",
            &[("x-mock-fault", "status=429;retry-after=2")],
            chat("gpt-4"),
        )
        .await;
    assert_eq!(
        (
            answer.status,
            answer.header("retry-after"),
            answer.header("x-sluice-error")
        ),
        (429, "2", "")
    );
    let invalid = lab
        .post("/v1/chat/completions", &[], r#"{"model":"gpt-4"}"#)
        .await;
    assert_eq!(invalid.status, 400);
    assert_eq!(lab.mock.counts().received, 2);
}

#[tokio::test]
async fn models_are_listed_in_each_shape() {
    let lab = Lab::start(&Plan::default()).await;
    let open_ai = lab.get("/v1/models", &[]).await.json();
    assert_eq!(open_ai["data"].as_array().unwrap().len(), 3);
    assert_eq!(open_ai["data"][0]["id"], "gpt-4");
    let anthropic = lab
        .get(
            "/v1/models?limit=1000",
            &[("anthropic-version", "2023-06-01")],
        )
        .await
        .json();
    assert_eq!(anthropic["data"][0]["type"], "model");
    assert_eq!(
        lab.get("/v1beta/models", &[]).await.json()["models"][0]["name"],
        "models/gpt-4"
    );
    assert_eq!(lab.get("/v1/models/gpt-4", &[]).await.json()["id"], "gpt-4");
    assert_eq!(lab.get("/v1/models/nope", &[]).await.status, 404);
}

#[tokio::test]
async fn health_and_metrics_are_served() {
    let lab = Lab::start(&Plan::default()).await;
    lab.post("/v1/chat/completions", &[], chat("gpt-4")).await;
    let health = lab.get("/health", &[]).await.json();
    assert_eq!(
        (&health["status"], &health["models"]),
        (&"healthy".into(), &3.into())
    );
    let metrics = lab.get("/metrics", &[]).await.text();
    for line in [
        "proxy_requests_total{format=\"openai\",model=\"gpt-4\",provider=\"openai\",status=\"200\"} 1",
        "proxy_active_requests{format=\"openai\",provider=\"openai\"} 0",
        "proxy_request_duration_seconds_count{format=\"openai\",model=\"gpt-4\",provider=\"openai\"} 1",
        "sluice_tokens_total{format=\"openai\",model=\"gpt-4\",provider=\"openai\",type=\"output\"}",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_stranger_s_model_names_make_no_series() {
    let lab = Lab::start(&Plan::default()).await;
    for i in 0..50 {
        lab.post("/v1/chat/completions", &[], chat(&format!("mock-{i}")))
            .await;
        lab.post("/v1/chat/completions", &[], chat(&format!("other-{i}")))
            .await;
    }
    let metrics = lab.get("/metrics", &[]).await.text();
    assert!(
        metrics
            .lines()
            .filter(|l| l.starts_with("proxy_requests_total"))
            .count()
            <= 6,
        "{metrics}"
    );
}

#[tokio::test]
async fn forms_pass_through_whole() {
    let lab = Lab::start(&Plan {
        models: vec![("whisper-1", "openai")],
        ..Plan::default()
    })
    .await;
    let body = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\0\x01\r\n--b--\r\n";
    let answer = lab
        .post(
            "/v1/audio/transcriptions",
            &[("content-type", "multipart/form-data; boundary=b")],
            body,
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let request = &lab.mock.requests()[0];
    assert_eq!(
        (&request.body[..], request.header("content-type")),
        (body.as_bytes(), Some("multipart/form-data; boundary=b"))
    );
}

/// An upstream that pins its model sends that one, whatever the form says, or where it says nothing.
#[tokio::test]
async fn no_form_leaves_a_pinned_model() {
    let lab = Lab::start(&Plan::default()).await;
    let pinned = snapshot_with(&Plan::default(), lab.mock.addr(), &|key, body| match body {
        Body::Upstream(upstream) if key == "upstream/openai" => {
            if let Some(Kind::Provider(provider)) = &mut upstream.kind {
                provider.model = "whisper-1".into();
            }
        }
        Body::Route(route) if key == "route/all" => {
            route.backends[0].target = Some(Target::Upstream("upstream/openai".into()));
        }
        _ => {}
    });
    assert_eq!(lab.gateway.apply(&pinned), []);
    let content_type = ("content-type", "multipart/form-data; boundary=b");
    let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nRIFF\0";
    let send = async |fields: &str| {
        let body = format!("{file}\r\n--b\r\n{fields}\r\n--b--\r\n");
        lab.post("/v1/audio/transcriptions", &[content_type], body)
            .await
    };
    let other = "Content-Disposition: form-data; name=\"model\"\r\n\r\ndear";
    let none = "Content-Disposition: form-data; name=\"prompt\"\r\n\r\nx";
    for fields in [other, none] {
        let answer = send(fields).await;
        assert_eq!(answer.status, 200, "{fields}: {}", answer.text());
        let requests = lab.mock.requests();
        let body = String::from_utf8_lossy(&requests.last().unwrap().body).into_owned();
        assert_eq!(body.matches("whisper-1").count(), 1, "{body}");
        assert!(!body.contains("dear"), "{body}");
    }
    let sent = lab.mock.requests().len();
    for fields in [
        format!("{other}\r\n--b\r\n{other}"),
        other.replace("model", "Model"),
        other.replace("model", "model[]"),
        other.replace("model", " model"),
        other.replace("\"model\"", "\"a\"; name=\"model\""),
        other.replace("\"model\"", "\"a\"; Name=model"),
        other.replace("\"model\"", "\"mod\\el\""),
        other.replace("\"model\"", "\"model\"; filename=\"\""),
        other.replace("name=\"model\"", "name*=utf-8''model"),
        other.replace("form-data; ", "form-data;\r\n "),
        other.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
        other.replace('\r', ""),
        format!("{none}\n--b\n{}", other.replace('\r', "")),
    ] {
        let answer = send(&fields).await;
        assert_eq!(answer.status, 400, "{fields:?}: {}", answer.text());
        assert!(answer.text().contains("invalid_form"), "{}", answer.text());
    }
    assert_eq!(lab.mock.requests().len(), sent);
}

#[tokio::test]
async fn services_get_the_request_as_it_is() {
    let lab = Lab::start(&Plan::default()).await;
    let answer = lab
        .post(
            "/service/v1/chat/completions",
            &[("authorization", "Bearer mine")],
            chat("any"),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let request = &lab.mock.requests()[0];
    assert_eq!(
        (request.path.as_str(), request.header("authorization")),
        ("/v1/chat/completions", Some("Bearer mine"))
    );
    assert_eq!(request.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.header("x-forwarded-host"), Some("gateway"));
}

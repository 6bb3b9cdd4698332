//! Guards that ask: a webhook in every mood, in both directions, plain and streamed, in every format.

use std::net::SocketAddr;

use sluice_dataplane::Settings;
use sluice_dataplane::access_log::AccessLog;

use super::webhook::{Mood, Webhook};
use super::{CHAT, Lines, SURFACES, crossings, guards};
use crate::support::{Lab, Plan};

const MAIL: &str = "john@example.com";
const TEXT: &str = "text=Mail%20john@example.com%20or%20else";
const MASK: Mood = Mood::Mask(MAIL, "[SOMEBODY]");
const MASKED: &str = "Mail [SOMEBODY] or else";

/// A guard with a webhook; `more` are further fields of it.
fn asking(side: &str, address: SocketAddr, more: &str) -> Plan {
    let (host, port) = (address.ip(), address.port());
    guards(&format!(
        r#"{{"{side}":{{"webhook":{{"host":"{host}","port":{port}{more}}}}}}}"#
    ))
}

#[tokio::test]
async fn prompts_are_masked_as_a_webhook_says_in_every_format() {
    let webhook = Webhook::start(MASK).await;
    let lab = Lab::start(&asking("request", webhook.address, "")).await;
    for surface in &SURFACES {
        let body = surface
            .body
            .replace("\"x\"", "\"I am john\\u0040example.com\"");
        let answer = lab.post(surface.path, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let sent = lab.mock.requests().pop().unwrap();
        let sent = String::from_utf8(sent.body.to_vec()).unwrap();
        assert!(sent.contains("I am [SOMEBODY]"), "{sent}");
        let question = webhook.asked().pop().unwrap();
        assert_eq!(
            (question.path.as_str(), question.texts()),
            ("/request", vec!["I am john@example.com"])
        );
        assert_eq!(
            (
                &question.messages()[0]["role"],
                &question.messages()[0]["kind"]
            ),
            (&"user".into(), &"User".into())
        );
    }
}

#[tokio::test]
async fn a_prompt_that_a_webhook_rejects_is_sent_to_nobody() {
    let webhook = Webhook::start(Mood::Reject("Hello", 451, "Not that, please")).await;
    let lab = Lab::start(&asking("request", webhook.address, "")).await;
    let answer = lab.post(CHAT, &[], crate::support::chat("gpt-4")).await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-error")),
        (451, "invalid_request")
    );
    assert!(answer.text().contains("Not that, please"), "{answer:?}");
    assert!(lab.mock.requests().is_empty());
}

#[tokio::test]
async fn what_a_template_puts_in_is_asked_about_as_the_prompt_is() {
    let enrichment = r#"{"prepend":[{"role":"system","template":"Team {{ headers.x-team }}, tier {{ metadata.tier }}."}]}"#;
    let with_template = |plan: Plan| Plan {
        policies: [plan.policies, vec![("promptEnrichment", enrichment.into())]].concat(),
        ..plan
    };
    let strict = Webhook::start(Mood::Reject("forbidden", 403, "Not that, please")).await;
    let lab = Lab::start(&with_template(asking("request", strict.address, ""))).await;
    for header in [
        ("x-team", "forbidden"),
        ("x-ai-route-metadata", r#"{"tier":"a forbidden one"}"#),
    ] {
        let answer = lab
            .post(CHAT, &[header], crate::support::chat("gpt-4"))
            .await;
        assert_eq!(answer.status, 403, "{header:?}: {}", answer.text());
    }
    assert!(lab.mock.requests().is_empty());

    let masking = Webhook::start(MASK).await;
    let lab = Lab::start(&with_template(asking("request", masking.address, ""))).await;
    let headers = [("x-team", "of john@example.com")];
    let answer = lab
        .post(CHAT, &headers, crate::support::chat("gpt-4"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = lab.mock.requests()[0].json();
    assert_eq!(sent["messages"][0]["content"], "Team of [SOMEBODY], tier .");
    assert_eq!(
        masking.asked()[0].texts(),
        ["Hello!", "of john@example.com"]
    );
}

#[tokio::test]
async fn answers_are_masked_as_a_webhook_says_whatever_the_provider_speaks() {
    let webhook = Webhook::start(MASK).await;
    let lab = Lab::start(&asking("response", webhook.address, "")).await;
    for (surface, path, body) in crossings() {
        let plain = lab
            .post(&path, &[("x-mock-fault", TEXT)], body.clone())
            .await;
        assert_eq!(plain.status, 200, "{path} {body}: {}", plain.text());
        assert_eq!((surface.text)(&plain.json()), MASKED, "{path} {body}");
        for cut in [
            "",
            ";split=1",
            ";split=9",
            ";crlf",
            ";comments",
            ";no-final-blank-line",
        ] {
            let fault = format!("{TEXT}{cut}");
            let streaming = body.replacen('{', "{\"stream\":true,", 1);
            let answer = lab
                .post(&path, &[("x-mock-fault", &fault)], streaming)
                .await
                .text();
            assert_eq!(
                surface.read(&answer),
                MASKED,
                "{path} {body} {cut}: {answer}"
            );
            assert!(
                !answer.contains(MAIL) && !answer.contains("\"error\":{"),
                "{path} {body} {cut}: {answer}"
            );
        }
    }
    assert!(
        webhook
            .asked()
            .iter()
            .all(|question| question.path == "/response")
    );
    let metrics = lab.get("/metrics", &[]).await.text();
    assert!(
        metrics.contains("sluice_streams_truncated_total 0"),
        "{metrics}"
    );
    assert!(
        metrics.contains("sluice_usage_missing_total 0"),
        "{metrics}"
    );
    let hits =
        r#"sluice_guard_hits_total{direction="response",rule="webhook",outcome="masked"} 140"#;
    assert!(metrics.contains(hits), "{metrics}");
}

#[tokio::test]
async fn what_a_webhook_lets_pass_passes_byte_for_byte() {
    let webhook = Webhook::start(Mood::Pass).await;
    let lab = Lab::start(&asking("response", webhook.address, "")).await;
    let bare = Lab::start(&Plan::default()).await;
    for surface in &SURFACES {
        for body in [surface.body.to_owned(), surface.streaming()] {
            let want = bare
                .post(surface.path, &[("x-mock-fault", TEXT)], body.clone())
                .await;
            let got = lab
                .post(surface.path, &[("x-mock-fault", TEXT)], body)
                .await;
            assert_eq!(got.text(), want.text());
        }
    }
}

#[tokio::test]
async fn a_stream_that_a_webhook_rejects_ends_in_its_client_s_format() {
    let webhook = Webhook::start(Mood::Reject("john", 403, "Not that, please")).await;
    let lab = Lab::start(&asking("response", webhook.address, "")).await;
    for surface in &SURFACES {
        let answer = lab
            .post(surface.path, &[("x-mock-fault", TEXT)], surface.streaming())
            .await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(
            text.contains("Not that, please") && !text.contains("john"),
            "{text}"
        );
        for clean_end in [
            "[DONE]",
            "message_stop",
            "finishReason",
            "response.completed",
        ] {
            assert!(!text.contains(clean_end), "{text}");
        }
        let plain = lab
            .post(surface.path, &[("x-mock-fault", TEXT)], surface.body)
            .await;
        assert_eq!(
            (plain.status, plain.header("x-sluice-error")),
            (403, "invalid_request")
        );
        assert!(
            plain.text().contains("Not that, please") && !plain.text().contains("john"),
            "{plain:?}"
        );
    }
}

#[tokio::test]
async fn a_long_stream_is_asked_about_in_segments_that_know_what_went_before() {
    let webhook = Webhook::start(Mood::Mask("needle", "[N]")).await;
    let lab = Lab::start(&asking("response", webhook.address, "")).await;
    let text: String = (0..400)
        .map(|i| format!("Sentence {i} has a needle in it. "))
        .collect();
    let fault = format!("text={}", text.replace(' ', "%20"));
    for surface in &SURFACES {
        let before = webhook.asked().len();
        let body = surface
            .streaming()
            .replace("\"max_tokens\":99", "\"max_tokens\":99999");
        let answer = lab
            .post(surface.path, &[("x-mock-fault", &fault)], body)
            .await
            .text();
        assert_eq!(
            surface.read(&answer),
            text.replace("needle", "[N]"),
            "{}",
            surface.path
        );
        let asked = webhook.asked();
        let deltas: Vec<_> = asked[before..]
            .iter()
            .filter(|q| q.texts()[0].len() < text.len())
            .collect();
        assert!(
            deltas.len() >= 3,
            "{}: {} segments",
            surface.path,
            deltas.len()
        );
        // What was passed on before, at most a KiB of it, is known to the next.
        for pair in deltas.windows(2) {
            assert!(pair[0].texts()[0].len() < (4 << 10) + 64);
            let known = pair[1].messages()[0]["before"].as_str().unwrap();
            let passed = pair[0].texts()[0].replace("needle", "[N]");
            assert!(
                known.len() <= 1 << 10 && passed.ends_with(&known[known.len() / 2..]),
                "{known}"
            );
        }
    }
}

#[tokio::test]
async fn nobody_else_waits_for_a_slow_webhook() {
    let mut webhook = Webhook::start(Mood::Silent).await;
    let settings = Settings {
        workers: 1,
        ..Settings::default()
    };
    let lab = Lab::with(&asking("response", webhook.address, ""), settings).await;
    let mut client = lab.connect().await;
    let response = client
        .send(
            http::Method::POST,
            CHAT,
            &[("x-mock-fault", TEXT)],
            SURFACES[0].streaming(),
        )
        .await;
    webhook.was_asked(1).await;
    // On the same worker, past the guard.
    let other = lab
        .post(
            "/service/v1/chat/completions",
            &[("authorization", "Bearer k")],
            crate::support::chat("m"),
        )
        .await;
    assert_eq!(other.status, 200, "{other:?}");
    webhook.set(MASK);
    let answer = crate::support::Answer::read(response).await.text();
    assert_eq!(SURFACES[0].read(&answer), MASKED, "{answer}");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let mut webhook = Webhook::start(Mood::Silent).await;
    let lab = Lab::start(&asking("response", webhook.address, "")).await;
    let mut client = lab.connect().await;
    let response = client
        .send(
            http::Method::POST,
            CHAT,
            &[("x-mock-fault", TEXT)],
            SURFACES[0].streaming(),
        )
        .await;
    webhook.was_asked(1).await;
    drop(response);
    client.vanish();
    assert!(lab.stop().await);
}

/// Each way not to answer.
const FAILURES: [(&str, Option<Mood>); 9] = [
    ("down", None),
    ("slow", Some(Mood::Silent)),
    ("status", Some(Mood::Say(500, r#"{"action":{}}"#))),
    ("no JSON", Some(Mood::Say(200, "<html>"))),
    ("empty", Some(Mood::Say(200, ""))),
    (
        "another contract",
        Some(Mood::Say(200, r#"{"action":{"reject":{"body":"no"}}}"#)),
    ),
    (
        "too few",
        Some(Mood::Say(
            200,
            r#"{"action":{"body":{"messages":[],"choices":[]}}}"#,
        )),
    ),
    ("too much", Some(Mood::Ramble)),
    ("cut", Some(Mood::Cut)),
];

#[tokio::test]
async fn what_happens_without_an_answer_the_policy_says() {
    for (name, mood) in FAILURES {
        let webhook = Webhook::start(mood.unwrap_or(Mood::Pass)).await;
        let address = if mood.is_some() {
            webhook.address
        } else {
            Webhook::down().await
        };
        let timeout = if mood == Some(Mood::Silent) {
            "50ms"
        } else {
            "20s"
        };
        for side in ["request", "response"] {
            for (mode, passes) in [("FailClosed", false), ("FailOpen", true)] {
                let more = format!(r#","timeout":"{timeout}","failureMode":"{mode}""#);
                let lab = Lab::start(&asking(side, address, &more)).await;
                for surface in &SURFACES[..if name == "down" { 5 } else { 1 }] {
                    let plain = lab
                        .post(surface.path, &[("x-mock-fault", TEXT)], surface.body)
                        .await;
                    let stream = lab
                        .post(surface.path, &[("x-mock-fault", TEXT)], surface.streaming())
                        .await;
                    let case = format!("{name} {side} {mode}: {plain:?} {stream:?}");
                    if passes {
                        assert!(plain.status == 200 && plain.text().contains(MAIL), "{case}");
                        assert!(surface.read(&stream.text()).contains(MAIL), "{case}");
                        continue;
                    }
                    assert_eq!(
                        (plain.status, plain.header("x-sluice-error")),
                        (503, "server_error"),
                        "{case}"
                    );
                    assert_eq!(
                        stream.status,
                        if side == "request" { 503 } else { 200 },
                        "{case}"
                    );
                    for text in [plain.text(), stream.text()] {
                        assert!(
                            text.contains("cannot be asked") && !text.contains("john"),
                            "{case}"
                        );
                        assert!(
                            !text.contains("webhook") && !text.contains("127.0.0.1"),
                            "{case}"
                        );
                    }
                    assert_eq!(lab.mock.requests().is_empty(), side == "request", "{case}");
                }
                let metrics = lab.get("/metrics", &[]).await.text();
                let outcome = if passes {
                    "failed_open"
                } else {
                    "failed_closed"
                };
                let hits = format!(r#"rule="webhook",outcome="{outcome}""#);
                assert!(
                    metrics.contains(&hits) && metrics.contains("sluice_guard_ask_seconds_count"),
                    "{metrics}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_audit_asks_and_changes_nothing() {
    for mood in [MASK, Mood::Reject("john", 403, "no"), Mood::Say(500, "")] {
        let webhook = Webhook::start(mood).await;
        let (host, port) = (webhook.address.ip(), webhook.address.port());
        let plan = guards(&format!(
            r#"{{"request":{{"mode":"Audit","webhook":{{"host":"{host}","port":{port}}}}},
                "response":{{"mode":"Audit","webhook":{{"host":"{host}","port":{port},"name":"after"}}}}}}"#
        ));
        let lab = Lab::start(&plan).await;
        let bare = Lab::start(&Plan::default()).await;
        for surface in &SURFACES {
            for body in [surface.body.to_owned(), surface.streaming()] {
                let body = body.replace("\"x\"", "\"john\"");
                let want = bare
                    .post(surface.path, &[("x-mock-fault", TEXT)], body.clone())
                    .await;
                let got = lab
                    .post(surface.path, &[("x-mock-fault", TEXT)], body)
                    .await;
                assert_eq!((got.status, got.text()), (200, want.text()));
            }
        }
        let outcome = if matches!(mood, Mood::Say(..)) {
            "failed_open"
        } else {
            "audited"
        };
        let metrics = lab.get("/metrics", &[]).await.text();
        let hits = format!(r#"{{direction="response",rule="after",outcome="{outcome}"}}"#);
        assert!(metrics.contains(&hits), "{metrics}");
    }
}

#[tokio::test]
async fn a_webhook_gets_the_headers_that_the_policy_names_and_no_credential() {
    let webhook = Webhook::start(Mood::Pass).await;
    let more = r#","forwardHeaders":["X-Tenant"]"#;
    for side in ["request", "response"] {
        let lab = Lab::start(&asking(side, webhook.address, more)).await;
        let headers = [
            ("x-tenant", "t1"),
            ("x-other", "o"),
            ("authorization", "Bearer mine"),
            ("x-request-id", "id-7"),
        ];
        let answer = lab
            .post(CHAT, &headers, crate::support::chat("gpt-4"))
            .await;
        assert_eq!(answer.status, 200);
        let headers = webhook.asked().pop().unwrap().headers;
        let header = |name: &str| headers.get(name).map(|v| v.to_str().unwrap());
        assert_eq!(
            (header("x-tenant"), header("x-request-id")),
            (Some("t1"), Some("id-7"))
        );
        assert_eq!(header("x-sluice-guard-version"), Some("1"));
        assert_eq!((header("x-other"), header("authorization")), (None, None));
    }
}

#[tokio::test]
async fn a_webhook_is_asked_about_what_patterns_let_pass_in_its_scopes_only() {
    let webhook = Webhook::start(Mood::Pass).await;
    let (host, port) = (webhook.address.ip(), webhook.address.port());
    let plan = guards(&format!(
        r#"{{"request":{{"action":"MASK","scopes":["User"],"regex":{{"builtins":["EMAIL"]}},"webhook":{{"host":"{host}","port":{port}}}}}}}"#
    ));
    let lab = Lab::start(&plan).await;
    let body = r#"{"model":"gpt-4","messages":[{"role":"system","content":"be nice"},{"role":"user","content":"I am john@example.com"},{"role":"assistant","content":"hi"}]}"#;
    assert_eq!(lab.post(CHAT, &[], body).await.status, 200);
    assert_eq!(webhook.asked().pop().unwrap().texts(), ["I am [EMAIL]"]);
    let body = r#"{"model":"gpt-4","messages":[{"role":"system","content":"be nice"}]}"#;
    assert_eq!(lab.post(CHAT, &[], body).await.status, 200);
    assert_eq!(webhook.asked().len(), 1);
}

#[tokio::test]
async fn the_log_says_who_was_asked_and_nothing_of_what() {
    let webhook = Webhook::start(Mood::Say(200, "john@example.com")).await;
    let lines = Lines::default();
    let log = AccessLog::to(lines.clone()).unwrap();
    let settings = Settings {
        workers: 1,
        ..Settings::default()
    };
    let lab = Lab::logged(
        &asking("response", webhook.address, r#","name":"my guard""#),
        settings,
        log,
    )
    .await;
    lab.post(CHAT, &[("x-mock-fault", TEXT)], SURFACES[0].body)
        .await;
    lab.post(CHAT, &[("x-mock-fault", TEXT)], SURFACES[0].streaming())
        .await;
    assert!(lab.stop().await);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        text.matches(r#""guard":"response my guard failed_closed""#)
            .count(),
        2,
        "{text}"
    );
    assert_eq!(
        text.matches("my guard: its answer is no JSON with an action")
            .count(),
        2,
        "{text}"
    );
    assert!(!text.contains("john"), "{text}");
}

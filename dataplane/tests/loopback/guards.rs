//! Guards on live traffic, in every format, plain and streamed, however the provider's bytes are cut.

mod ask;
mod moderation;
mod webhook;

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use sluice_dataplane::Settings;
use sluice_dataplane::access_log::AccessLog;
use sluice_guard as guard;

use crate::support::{Lab, Plan};

const CHAT: &str = "/v1/chat/completions";
const SECRETS: [&str; 4] = [
    "john@example.com",
    "4111 1111 1111 1111",
    "4111",
    "credit card",
];
/// What the doubles say.
const TEXT: &str =
    "text=Mail%20john@example.com%20or%20pay%204111%201111%201111%201111%20by%20credit%20card";
const MASKED: &str = "Mail [EMAIL] or pay [CREDIT_CARD] by [MASKED]";

/// A guard as a user writes it.
fn guards(yaml: &str) -> Plan {
    let spec: guard::Spec = serde_json::from_str(yaml).unwrap();
    let (config, findings) = spec.compile("spec.ai.promptGuard", &sluice_guard::Alone);
    assert_eq!(findings, []);
    let config = serde_json::to_string(&config.unwrap()).unwrap();
    let mut plan = Plan {
        policies: vec![("promptGuard", config)],
        ..Plan::default()
    };
    plan.models.push(("nova", "bedrock"));
    plan
}

fn masking() -> Plan {
    guards(
        r#"{"response":{"matches":["credit card"],"regex":{"builtins":["EMAIL","CREDIT_CARD"]}}}"#,
    )
}

/// Path, request, and how the text of an event or an answer is read.
struct Surface {
    path: &'static str,
    body: &'static str,
    text: fn(&Value) -> &Value,
    delta: fn(&Value) -> &Value,
}

const SURFACES: [Surface; 5] = [
    Surface {
        path: CHAT,
        body: r#"{"model":"gpt-4","messages":[{"role":"user","content":"x"}]}"#,
        text: |v| &v["choices"][0]["message"]["content"],
        delta: |v| &v["choices"][0]["delta"]["content"],
    },
    Surface {
        path: "/v1/completions",
        body: r#"{"model":"gpt-4","prompt":"x"}"#,
        text: |v| &v["choices"][0]["text"],
        delta: |v| &v["choices"][0]["text"],
    },
    Surface {
        path: "/v1/responses",
        body: r#"{"model":"gpt-4","input":"x"}"#,
        text: |v| &v["output"][0]["content"][0]["text"],
        delta: |v| {
            if v["type"] == "response.output_text.delta" {
                &v["delta"]
            } else {
                &Value::Null
            }
        },
    },
    Surface {
        path: "/v1/messages",
        body: r#"{"model":"claude","max_tokens":99,"messages":[{"role":"user","content":"x"}]}"#,
        text: |v| &v["content"][0]["text"],
        delta: |v| &v["delta"]["text"],
    },
    Surface {
        path: "/v1beta/models/gemini-pro:generateContent",
        body: r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}]}"#,
        text: |v| &v["candidates"][0]["content"]["parts"][0]["text"],
        delta: |v| &v["candidates"][0]["content"]["parts"][0]["text"],
    },
];

impl Surface {
    fn streaming(&self) -> String {
        self.body.replacen('{', "{\"stream\":true,", 1)
    }

    fn read(&self, stream: &str) -> String {
        let data = stream
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim);
        let events = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
        events
            .filter_map(|event| (self.delta)(&event).as_str().map(str::to_owned))
            .collect()
    }
}

fn has_secret(text: &str) -> bool {
    SECRETS.iter().any(|secret| text.contains(secret))
}

#[tokio::test]
async fn answers_are_masked_in_every_format() {
    let lab = Lab::start(&masking()).await;
    for surface in &SURFACES {
        let answer = lab
            .post(surface.path, &[("x-mock-fault", TEXT)], surface.body)
            .await;
        assert_eq!(answer.status, 200, "{}: {}", surface.path, answer.text());
        assert_eq!((surface.text)(&answer.json()), MASKED, "{}", surface.path);
        assert!(!has_secret(&answer.text()), "{}", answer.text());
    }
    let metrics = lab.get("/metrics", &[]).await.text();
    let hits = r#"sluice_guard_hits_total{direction="response",rule="EMAIL",outcome="masked"} 5"#;
    assert!(metrics.contains(hits), "{metrics}");
    assert!(
        !metrics.contains("sluice_usage_missing_total 5"),
        "{metrics}"
    );
}

#[tokio::test]
async fn streams_are_masked_in_every_format_however_they_are_cut() {
    let lab = Lab::start(&masking()).await;
    for surface in &SURFACES {
        for cut in [
            "",
            ";split=1",
            ";split=7",
            ";crlf",
            ";comments",
            ";no-final-blank-line",
        ] {
            let fault = format!("{TEXT}{cut}");
            let answer = lab
                .post(
                    surface.path,
                    &[("x-mock-fault", &fault)],
                    surface.streaming(),
                )
                .await;
            let text = answer.text();
            assert_eq!(
                surface.read(&text),
                MASKED,
                "{} {cut}: {text}",
                surface.path
            );
            assert!(
                !has_secret(&text) && !text.contains("\"error\":{"),
                "{} {cut}: {text}",
                surface.path
            );
        }
    }
    let metrics = lab.get("/metrics", &[]).await.text();
    assert!(
        metrics.contains("sluice_streams_truncated_total 0"),
        "{metrics}"
    );
    assert!(
        metrics.contains("sluice_usage_missing_total 0"),
        "{metrics}"
    );
}

/// Each client's format with each provider's.
fn crossings() -> impl Iterator<Item = (&'static Surface, String, String)> {
    SURFACES.iter().flat_map(|surface| {
        ["gpt-4", "claude", "gemini-pro", "nova"].map(|model| {
            let named = ["gpt-4", "claude", "gemini-pro"];
            let with = |text: &str| {
                named
                    .iter()
                    .fold(text.to_owned(), |text, name| text.replace(name, model))
            };
            (surface, with(surface.path), with(surface.body))
        })
    })
}

#[tokio::test]
async fn whatever_the_provider_speaks_its_answers_are_masked_in_the_client_s_format() {
    let lab = Lab::start(&masking()).await;
    for (surface, path, body) in crossings() {
        let plain = lab
            .post(&path, &[("x-mock-fault", TEXT)], body.clone())
            .await;
        assert_eq!(plain.status, 200, "{path} {body}: {}", plain.text());
        assert!(
            plain.text().contains(MASKED) && !has_secret(&plain.text()),
            "{path} {body}: {}",
            plain.text()
        );
        for cut in ["", ";split=1", ";split=9"] {
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
            assert!(!has_secret(&answer), "{path} {body} {cut}: {answer}");
        }
    }
}

/// Bedrock's frames are cut like any others, and its streams are looked at in the client's words.
#[tokio::test]
async fn a_stream_of_frames_is_masked_as_its_whole_text_would_be() {
    let plan = masking();
    let lab = Lab::start(&plan).await;
    let config: guard::Config = serde_json::from_str(&plan.policies[0].1).unwrap();
    let masks = guard::Guards::from(vec![
        guard::Guard::realise(&config.response.unwrap()).unwrap(),
    ]);
    let mut random = 7u64;
    let mut next = move |below: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    let words = [
        "so",
        "john@example.com",
        "4111 1111 1111 1111",
        "credit",
        "card",
        "credit card",
        "41",
        "a@b",
        "né",
        ".",
    ];
    for (surface, path, body) in
        crossings().filter(|(_, path, body)| format!("{path}{body}").contains("nova"))
    {
        for _ in 0..12 {
            let said: Vec<&str> = (0..1 + next(12))
                .map(|_| words[next(words.len())])
                .collect();
            let said = said.join([" ", "-", ""][next(3)]);
            let want = masks
                .mask(guard::Scope::Assistant, &said, &mut guard::Hits::default())
                .unwrap();
            let want = want.unwrap_or_else(|| said.clone());
            let encoded: String = said.bytes().map(|b| format!("%{b:02x}")).collect();
            let fault = format!("text={encoded};split={}", 1 + next(40));
            let streaming = body.replacen('{', "{\"stream\":true,", 1);
            let answer = lab
                .post(&path, &[("x-mock-fault", &fault)], streaming)
                .await
                .text();
            assert_eq!(surface.read(&answer), want, "{path} {said:?}: {answer}");
            assert!(
                !answer.contains("john@example.com") && !answer.contains("\"error\":{"),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn whatever_the_provider_speaks_a_rejection_ends_the_stream_in_the_client_s_format() {
    let plan = guards(
        r#"{"response":{"action":"REJECT","regex":{"builtins":["CREDIT_CARD"]},"customResponseMessage":"No cards here"}}"#,
    );
    let lab = Lab::start(&plan).await;
    for (surface, path, body) in crossings() {
        let streaming = body.replacen('{', "{\"stream\":true,", 1);
        let answer = lab
            .post(&path, &[("x-mock-fault", TEXT)], streaming)
            .await
            .text();
        assert!(
            answer.contains("No cards here") && !answer.contains("4111"),
            "{path} {body}: {answer}"
        );
        assert!(
            surface
                .read(&answer)
                .starts_with("Mail john@example.com or"),
            "{path} {body}: {answer}"
        );
    }
}

#[tokio::test]
async fn what_is_at_the_very_end_is_masked_and_what_looks_like_it_is_let_go() {
    let lab = Lab::start(&masking()).await;
    for (text, want) in [
        ("write%20to%20john@example.com", "write to [EMAIL]"),
        ("a%20credit%20", "a credit "),
        ("pay%204111%201111%201111%20111", "pay 4111 1111 1111 111"),
    ] {
        for surface in &SURFACES {
            let fault = format!("text={text}");
            let answer = lab
                .post(
                    surface.path,
                    &[("x-mock-fault", &fault)],
                    surface.streaming(),
                )
                .await;
            assert_eq!(
                surface.read(&answer.text()),
                want,
                "{}: {}",
                surface.path,
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn reasoning_is_masked_too() {
    let lab = Lab::start(&masking()).await;
    let body = r#"{"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"I am john@example.com"}]}"#;
    let answer = lab
        .post(CHAT, &[("x-mock-fault", "reasoning")], body)
        .await
        .text();
    assert!(
        !has_secret(&answer) && answer.contains("reasoning_content"),
        "{answer}"
    );
    let anthropic = r#"{"model":"claude","max_tokens":99,"stream":true,"messages":[{"role":"user","content":"I am john@example.com"}]}"#;
    let answer = lab
        .post("/v1/messages", &[("x-mock-fault", "reasoning")], anthropic)
        .await
        .text();
    assert!(
        !has_secret(&answer) && answer.contains("thinking_delta"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_stream_that_is_rejected_ends_in_its_client_s_format() {
    let plan = guards(
        r#"{"response":{"action":"REJECT","regex":{"builtins":["CREDIT_CARD"]},"customResponseMessage":"No cards here"}}"#,
    );
    let lab = Lab::start(&plan).await;
    for surface in &SURFACES {
        let fault = format!("{TEXT};split=20");
        let answer = lab
            .post(
                surface.path,
                &[("x-mock-fault", &fault)],
                surface.streaming(),
            )
            .await
            .text();
        assert_eq!(
            surface.read(&answer).trim_end(),
            "Mail john@example.com or pay",
            "{answer}"
        );
        assert!(
            answer.contains("No cards here") && !answer.contains("4111"),
            "{answer}"
        );
        for clean_end in [
            "[DONE]",
            "message_stop",
            "finishReason",
            "response.completed",
        ] {
            assert!(!answer.contains(clean_end), "{answer}");
        }
        let plain = lab
            .post(surface.path, &[("x-mock-fault", TEXT)], surface.body)
            .await;
        assert_eq!(
            (plain.status, plain.header("x-sluice-error")),
            (403, "invalid_request")
        );
        assert!(
            plain.text().contains("No cards here") && !plain.text().contains("4111"),
            "{plain:?}"
        );
    }
}

#[tokio::test]
async fn prompts_are_masked_before_the_provider_sees_them() {
    let plan = guards(
        r#"{"request":{"action":"MASK","matches":["credit card"],"regex":{"builtins":["EMAIL"]}}}"#,
    );
    let lab = Lab::start(&plan).await;
    for (path, body) in [
        (
            CHAT,
            r#"{"model":"gpt-4","messages":[{"role":"system","content":"credit card"},{"role":"user","content":[{"type":"text","text":"john\u0040example.com"}]}]}"#,
        ),
        (
            "/v1/responses",
            r#"{"model":"gpt-4","input":"john@example.com and a credit card"}"#,
        ),
        (
            "/v1/messages",
            r#"{"model":"claude","max_tokens":9,"system":"a credit card","messages":[{"role":"user","content":"john@example.com"}]}"#,
        ),
        (
            "/v1beta/models/gemini-pro:generateContent",
            r#"{"contents":[{"role":"user","parts":[{"text":"john@example.com, credit card"}]}]}"#,
        ),
    ] {
        let answer = lab.post(path, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let sent = lab.mock.requests().pop().unwrap();
        let sent = String::from_utf8(sent.body.to_vec()).unwrap();
        assert!(
            !has_secret(&sent) && sent.contains("[EMAIL]") && sent.contains("[MASKED]"),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn strangers_in_an_object_make_no_guard_blind() {
    let plan =
        guards(r#"{"request":{"matches":["SECRET-[0-9]+"]},"response":{"matches":["SECRET"]}}"#);
    let lab = Lab::start(&plan).await;
    let document =
        r#"{"role":"user","type":"text","media_type":"text/plain","data":"SECRET-1234"}"#;
    let twice = r#"{"type":"base64","type":"text","media_type":"text/plain","data":"SECRET-1234"}"#;
    for (source, status) in [(document, 403), (twice, 400)] {
        for model in ["gpt-4", "claude"] {
            let body = format!(
                r#"{{"model":"{model}","max_tokens":9,"messages":[{{"role":"user","content":[{{"type":"document","source":{source}}}]}}]}}"#
            );
            let answer = lab.post("/v1/messages", &[], body).await;
            assert_eq!(answer.status, status, "{model}: {}", answer.text());
            assert_eq!(lab.mock.counts().received, 0);
        }
    }
}

/// A form of these parts: a part's head behind `form-data; `, and its value.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, value) in parts {
        body.extend(format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n").bytes());
        body.extend(*value);
        body.extend(b"\r\n");
    }
    body.extend(b"--b--\r\n");
    body
}

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=b");
const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";

#[tokio::test]
async fn a_form_s_texts_are_looked_at_however_they_are_written() {
    let mut plan = guards(r#"{"request":{"matches":["SECRET-[0-9]+"]}}"#);
    plan.models.push(("whisper-1", "openai"));
    let lab = Lab::start(&plan).await;
    let file = ("name=\"file\"; filename=\"a.wav\"", &b"RIFF\xff\x00"[..]);
    let model = ("name=\"model\"", &b"whisper-1"[..]);
    let long = [&[b'x'; 5000][..], b"SECRET-1234"].concat();
    let wide: Vec<u8> = "SECRET-1234"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (prompt, status) in [
        (("name=\"prompt\"", &b"SECRET-1234"[..]), 403),
        (("name=prompt", b"SECRET-1234"), 403),
        (("Name=\"prompt\"", b"SECRET-1234"), 403),
        (("name=\"prompt[]\"", b"SECRET-1234"), 403),
        (("name=\"prompt\"; filename=\"\"", b"SECRET-1234"), 403),
        (("name=\"prompt\"; filename=\"a.txt\"", b"SECRET-1234"), 403),
        (("name=\"file\"; filename=\"SECRET-1234\"", b"RIFF"), 403),
        (("name=\"SECRET-1234\"", b"x"), 403),
        (("name=\"prompt\"", &long), 403),
        (("name=\"prompt\"", &[0xff, 0xfe, 0x53]), 400),
        (
            (
                "name=\"prompt\"\r\nContent-Type: text/plain; charset=utf-16",
                &wide,
            ),
            400,
        ),
        (
            (
                "name=\"prompt\"\r\nContent-Transfer-Encoding: quoted-printable",
                b"SECRET=2D1234",
            ),
            400,
        ),
        (("name=\"pro\\mpt\"", b"x"), 400),
    ] {
        let answer = lab
            .post(TRANSCRIPTIONS, &[FORM], form(&[file, model, prompt]))
            .await;
        assert_eq!(answer.status, status, "{prompt:?}: {}", answer.text());
        assert_eq!(lab.mock.counts().received, 0);
    }
    let fine = form(&[file, model, ("name=\"prompt\"", b"names")]);
    assert_eq!(lab.post(TRANSCRIPTIONS, &[FORM], fine).await.status, 200);
}

#[tokio::test]
async fn prompts_as_tokens_are_refused_in_every_spelling() {
    let lab = Lab::start(&guards(r#"{"request":{"matches":["secret"]}}"#)).await;
    for (path, body) in [
        (
            "/v1/completions",
            r#"{"model":"gpt-4","prompt":[[],[15339]]}"#,
        ),
        (
            "/v1/completions",
            r#"{"model":"gpt-4","prompt":[-0,15339]}"#,
        ),
        (
            "/v1/completions",
            r#"{"model":"gpt-4","prompt":"a","Prompt":[15339]}"#,
        ),
        (
            "/v1/completions",
            r#"{"model":"gpt-4","prompt":"a","prompt":[15339]}"#,
        ),
        (
            "/v1/completions",
            r#"{"model":"gpt-4","prompt":"a","prompt_token_ids":[15339]}"#,
        ),
        (
            "/v1/embeddings",
            r#"{"model":"gpt-4","input":["a",[15339]]}"#,
        ),
        (
            CHAT,
            r#"{"model":"gpt-4","messages":[],"prompt_token_ids":[15339]}"#,
        ),
    ] {
        let answer = lab.post(path, &[], body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert_eq!(lab.mock.counts().received, 0);
    }
}

#[tokio::test]
async fn no_field_hides_a_text_by_its_name() {
    let lab = Lab::start(&guards(r#"{"request":{"matches":["SECRET-[0-9]+"]}}"#)).await;
    let chat = |field: &str| {
        format!(r#"{{"model":"gpt-4","messages":[{{"role":"user","content":"a"}}],{field}}}"#)
    };
    for field in [
        r#""documents":[{"data":{"text":"SECRET-1"}}]"#,
        r#""documents":[{"id":"SECRET-1"}]"#,
        r#""chat_template_kwargs":{"role":"SECRET-1"}"#,
        r#""tools":[{"type":"mcp","server_description":"SECRET-1"}]"#,
        r#""tools":[{"type":"function","function":{"name":"f","input_examples":[{"id":"SECRET-1"}]}}]"#,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"SECRET-1":{}}}}}]"#,
        r#""Messages":[{"role":"SECRET-1"}]"#,
    ] {
        let answer = lab.post(CHAT, &[], chat(field)).await;
        assert_eq!(answer.status, 403, "{field}: {}", answer.text());
    }
    for message in [
        r#"{"role":"SECRET-1","content":"a"}"#,
        r#"{"role":"user","content":[{"type":"text","text":"a","id":"SECRET-1"}]}"#,
        r#"{"role":"assistant","tool_calls":[{"id":"SECRET-1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
        r#"{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"say SECRET-1"}}]}"#,
        r#"{"role":"tool","tool_call_id":"SECRET-1","content":"a"}"#,
        r#"{"role":"user","content":[{"type":"file","file":{"file_data":"data:text/plain;base64,U0VDUkVULTE="}}]}"#,
    ] {
        let body = format!(r#"{{"model":"gpt-4","messages":[{message}]}}"#);
        let answer = lab.post(CHAT, &[], body).await;
        assert_eq!(answer.status, 403, "{message}: {}", answer.text());
    }
    let body = r#"{"model":"gpt-4","prompt":{"id":"p","variables":{"type":"SECRET-1"}}}"#;
    assert_eq!(lab.post("/v1/responses", &[], body).await.status, 403);
    assert_eq!(lab.mock.counts().received, 0);
}

#[tokio::test]
async fn an_audit_changes_nothing_and_says_what_it_saw() {
    let plan = guards(
        r#"{"request":{"mode":"Audit","matches":["credit card"]},"response":{"mode":"Audit","regex":{"builtins":["EMAIL"]}}}"#,
    );
    let lab = Lab::start(&plan).await;
    let body = r#"{"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"credit card of john@example.com"}]}"#;
    let answer = lab.post(CHAT, &[], body).await;
    assert!(
        answer.status == 200
            && SURFACES[0]
                .read(&answer.text())
                .contains("john@example.com"),
        "{answer:?}"
    );
    let plain = lab
        .post(CHAT, &[("x-mock-fault", TEXT)], SURFACES[0].body)
        .await;
    assert!(plain.text().contains("john@example.com"), "{plain:?}");
    let metrics = lab.get("/metrics", &[]).await.text();
    for hit in [
        r#"sluice_guard_hits_total{direction="request",rule="request.matches[0]",outcome="audited"} 1"#,
        r#"sluice_guard_hits_total{direction="response",rule="EMAIL",outcome="audited"} 2"#,
    ] {
        assert!(metrics.contains(hit), "{metrics}");
    }
}

#[tokio::test]
async fn what_a_guard_cannot_read_does_not_pass() {
    let lab = Lab::start(&guards(
        r#"{"request":{"matches":["secret"]},"response":{"matches":["secret"]}}"#,
    ))
    .await;
    let tokens = r#"{"model":"gpt-4","prompt":[ [1820, 27] ]}"#;
    let refused = lab.post("/v1/completions", &[], tokens).await;
    assert_eq!((refused.status, lab.mock.counts().received), (400, 0));
    for fault in ["html502", "malformed=0"] {
        let answer = lab
            .post(CHAT, &[("x-mock-fault", fault)], SURFACES[0].body)
            .await;
        assert_eq!(answer.status, 502, "{fault}: {}", answer.text());
    }
}

/// On the one worker that there is, a body that takes long to look at is overtaken by one that came later.
#[tokio::test]
async fn a_body_that_is_made_to_be_slow_holds_nobody_else_up() {
    let plan = guards(
        r#"{"request":{"action":"MASK","regex":{"builtins":["PHONE_NUMBER","SSN","CREDIT_CARD","EMAIL"]}},"response":{"regex":{"builtins":["PHONE_NUMBER","CREDIT_CARD"]}}}"#,
    );
    let lab = Arc::new(
        Lab::with(
            &plan,
            Settings {
                workers: 1,
                ..Settings::default()
            },
        )
        .await,
    );
    let hostile = "4 ".repeat(1 << 20);
    let body = format!(
        r#"{{"model":"gpt-4","messages":[{{"role":"user","content":"{hostile} john@example.com"}}]}}"#
    );
    let (large, len) = (lab.clone(), body.len());
    let slow = tokio::spawn(async move { large.post(CHAT, &[], body).await.status });
    while lab.shared.budget().used() < len {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        assert_eq!(lab.post(CHAT, &[], SURFACES[0].body).await.status, 200);
    }
    assert!(!slow.is_finished());
    assert_eq!(slow.await.unwrap(), 200);
    let sent = lab.mock.requests().pop().unwrap();
    assert!(sent.body.len() > 1 << 21 && !has_secret(std::str::from_utf8(&sent.body).unwrap()));
    let fault = format!("{TEXT}{}", "%20word".repeat(14_000));
    let answer = lab
        .post(CHAT, &[("x-mock-fault", &fault)], SURFACES[0].body)
        .await
        .text();
    assert!(
        answer.len() > 1 << 16 && answer.contains("pay [CREDIT_CARD] by"),
        "{}",
        answer.len()
    );
}

/// A log that can be read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_the_rule_s_name_and_never_what_it_found() {
    let plan = guards(
        r#"{"request":{"regex":{"matches":[{"name":"no cards","pattern":"credit card \\d+"}]}},"response":{"regex":{"builtins":["EMAIL"]}}}"#,
    );
    let lines = Lines::default();
    let log = AccessLog::to(lines.clone()).unwrap();
    let lab = Lab::logged(
        &plan,
        Settings {
            workers: 1,
            ..Settings::default()
        },
        log,
    )
    .await;
    let refused =
        r#"{"model":"gpt-4","messages":[{"role":"user","content":"my credit card 4111"}]}"#;
    let refused = lab.post(CHAT, &[], refused).await;
    assert_eq!(refused.status, 403);
    assert!(
        !refused.text().contains("4111") && !refused.text().contains("no cards"),
        "{refused:?}"
    );
    lab.post(CHAT, &[("x-mock-fault", TEXT)], SURFACES[0].streaming())
        .await;
    assert!(lab.stop().await);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains(r#""guard":"request no cards rejected""#),
        "{text}"
    );
    assert!(
        text.contains(r#""guard":"response EMAIL masked""#),
        "{text}"
    );
    assert!(!has_secret(&text), "{text}");
}

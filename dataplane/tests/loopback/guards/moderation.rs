//! Guards that ask OpenAI's moderation.

use sluice_guard as guard;
use sluice_guard::{Alone, Lookup};
use sluice_vocab::{Finding, Inline, SecretRef, ServiceRef};

use super::{CHAT, SURFACES};
use crate::support::{Lab, PROVIDER_KEY, Plan, chat};

/// Knows the one credential that the lab has.
struct Keys;

impl Lookup for Keys {
    fn service(&self, reference: &ServiceRef) -> Result<guard::Address, Finding> {
        Alone.service(reference)
    }

    fn credential(&self, _: &SecretRef) -> Result<String, Finding> {
        Ok("credential/key".to_owned())
    }

    fn inline(&self, path: &str, value: &Inline) -> Result<String, Finding> {
        Alone.inline(path, value)
    }
}

/// The double is where its lab is, so that is started first.
async fn moderated(side: &str, more: &str) -> Lab {
    let lab = Lab::start(&Plan::default()).await;
    let (host, port) = (lab.mock.addr().ip(), lab.mock.addr().port());
    let spec = format!(
        r#"{{"{side}":{{"customResponseMessage":"Be nice","moderation":{{"openai":{{"authToken":{{"secretRef":{{"name":"s"}}}},"customHost":{{"host":"{host}","port":{port}}}}}}}{more}}}}}"#
    );
    let spec: guard::Spec = serde_json::from_str(&spec).unwrap();
    let (config, findings) = spec.compile("spec.ai.promptGuard", &Keys);
    assert_eq!(findings, []);
    let config = serde_json::to_string(&config.unwrap()).unwrap();
    lab.apply(&Plan {
        policies: vec![("promptGuard", config)],
        ..Plan::default()
    });
    lab
}

#[tokio::test]
async fn a_prompt_that_is_flagged_is_sent_to_no_model() {
    let lab = moderated("request", r#","customResponseStatus":400"#).await;
    for surface in &SURFACES {
        let fine = lab.post(surface.path, &[], surface.body).await;
        assert_eq!(fine.status, 200, "{}", fine.text());
        let before = lab.mock.requests().len();
        let flagged = lab
            .post(
                surface.path,
                &[],
                surface.body.replace("\"x\"", "\"I will kill you\""),
            )
            .await;
        assert_eq!(
            (flagged.status, flagged.header("x-sluice-error")),
            (400, "invalid_request")
        );
        assert!(
            flagged.text().contains("Be nice") && !flagged.text().contains("kill"),
            "{flagged:?}"
        );
        assert_eq!(
            lab.mock.requests().len(),
            before + 1,
            "only the moderation was asked"
        );
    }
    let asked = lab
        .mock
        .requests()
        .into_iter()
        .find(|r| r.path == "/v1/moderations")
        .unwrap();
    assert_eq!(
        asked.json(),
        serde_json::json!({"model": "omni-moderation-latest", "input": ["x"]})
    );
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {PROVIDER_KEY}").as_str())
    );
}

#[tokio::test]
async fn an_answer_that_is_flagged_reaches_nobody() {
    let lab = moderated("response", "").await;
    let fault = [("x-mock-fault", "text=I%20will%20kill%20you")];
    for surface in &SURFACES {
        let plain = lab.post(surface.path, &fault, surface.body).await;
        assert_eq!(
            (plain.status, plain.header("x-sluice-error")),
            (403, "invalid_request"),
            "{plain:?}"
        );
        let stream = lab
            .post(surface.path, &fault, surface.streaming())
            .await
            .text();
        for text in [plain.text(), stream] {
            assert!(text.contains("Be nice") && !text.contains("kill"), "{text}");
        }
        let fine = lab
            .post(surface.path, &[], surface.streaming())
            .await
            .text();
        assert!(!fine.contains("Be nice"), "{fine}");
    }
    let metrics = lab.get("/metrics", &[]).await.text();
    let hits = r#"sluice_guard_hits_total{direction="response",rule="moderation.openai",outcome="rejected"} 10"#;
    assert!(metrics.contains(hits), "{metrics}");
}

#[tokio::test]
async fn a_credential_that_is_too_old_is_not_used() {
    let lab = moderated("request", "").await;
    lab.shared.expire_credentials(true);
    let answer = lab.post(CHAT, &[], chat("gpt-4")).await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-error")),
        (503, "server_error")
    );
    assert!(lab.mock.requests().is_empty());
}

use crate::support::{Lab, Plan, chat};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn prompts_are_guarded_enriched_and_parametrised() {
    let plan = Plan {
        policies: vec![
            ("promptGuard", r#"{"request":{"rules":[{"name":"card","action":"REJECT","find":{"pattern":"(?i)credit card"}}],"scopes":["System","User"],"message":"Rejected due to inappropriate content","status":403}}"#.into()),
            ("promptEnrichment", r#"{"prepend":[{"role":"system","content":"French"}],"append":[{"role":"system","content":"kind"}]}"#.into()),
            ("parameters", r#"{"defaults":[{"field":"max_tokens","value":50}],"overrides":[{"field":"temperature","value":0}]}"#.into()),
        ],
        ..Plan::default()
    };
    let lab = Lab::start(&plan).await;
    let body = r#"{"model":"gpt-4","temperature":1,"messages":[{"role":"user","content":"my Credit Card"}]}"#;
    let refused = lab.post(CHAT, &[], body).await;
    assert_eq!(
        (refused.status, refused.header("x-sluice-error")),
        (403, "invalid_request")
    );
    assert_eq!(
        refused.json()["error"]["message"],
        "Rejected due to inappropriate content"
    );
    assert_eq!(lab.mock.counts().received, 0);
    assert_eq!(
        lab.post(CHAT, &[], body.replace("Card", "line"))
            .await
            .status,
        200
    );
    let sent = lab.mock.requests()[0].json();
    let roles: Vec<&str> = sent["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "system"]);
    assert_eq!(
        (&sent["max_tokens"], &sent["temperature"]),
        (&50.into(), &0.into())
    );
}

#[tokio::test]
async fn a_policy_that_this_data_plane_does_not_know_fails_closed() {
    let lab = Lab::start(&Plan::default()).await;
    let plan = Plan {
        policies: vec![("rayGun", "{}".into())],
        ..Plan::default()
    };
    let diagnostics = lab
        .gateway
        .apply(&crate::support::snapshot(&plan, lab.mock.addr()));
    assert!(
        diagnostics.iter().any(|d| d.message.contains("rayGun")),
        "{diagnostics:?}"
    );
    assert_eq!(lab.post(CHAT, &[], chat("gpt-4")).await.status, 500);
    assert_eq!(lab.mock.counts().received, 0);
}

#[tokio::test]
async fn templates_are_filled_from_the_request_and_guarded_like_it() {
    let plan = Plan {
        policies: vec![
            ("promptGuard", r#"{"request":{"rules":[{"name":"card","action":"MASK","find":{"pattern":"[0-9]{4}"}}],"scopes":["System","User"],"message":"no","status":403}}"#.into()),
            ("promptEnrichment", r#"{"prepend":[{"role":"developer","template":"Team {{ headers.X-Team | \"none\" }}, tier {{ metadata.tier }}."}]}"#.into()),
        ],
        ..Plan::default()
    };
    let lab = Lab::start(&plan).await;
    let said = |i: usize| lab.mock.requests()[i].json()["messages"][0].clone();
    let metadata = ("x-ai-route-metadata", r#"{"tier":"gold"}"#);
    assert_eq!(
        lab.post(CHAT, &[("x-team", "blue 1234"), metadata], chat("gpt-4"))
            .await
            .status,
        200
    );
    assert_eq!(said(0)["role"], "developer");
    let content = said(0)["content"].as_str().unwrap().to_owned();
    assert!(
        content.starts_with("Team blue ") && content.ends_with(", tier gold."),
        "{content}"
    );
    assert!(
        !content.contains("1234"),
        "what a caller puts into a header is masked as a prompt is: {content}"
    );
    let body = r#"{"model":"gpt-4","metadata":{"tier":"silver"},"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(lab.post(CHAT, &[], body).await.status, 200);
    assert_eq!(said(1)["content"], "Team none, tier silver.");
    let long = "x".repeat(2000);
    for (headers, why) in [
        (("x-team", long.as_str()), "longer than 1024 bytes"),
        (("x-ai-route-metadata", "tier=gold"), "no JSON object"),
        (
            ("x-ai-route-metadata", r#"{"tier":[]}"#),
            "no text, number or truth value",
        ),
    ] {
        let refused = lab.post(CHAT, &[headers], chat("gpt-4")).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains(why), "{}", refused.text());
    }
}

#[tokio::test]
async fn a_parameter_without_a_place_in_the_callers_format_is_named() {
    let parameters = r#"{"defaults":[{"field":"seed","value":1},{"field":"stop","value":"x"}]}"#;
    let plan = Plan {
        policies: vec![("parameters", parameters.into())],
        ..Plan::default()
    };
    let lab = Lab::start(&plan).await;
    let body = r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
    let answer = lab
        .post("/v1/messages", &[("anthropic-version", "2023-06-01")], body)
        .await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-dropped")),
        (200, "seed")
    );
    assert_eq!(
        lab.mock.requests()[0].json()["stop_sequences"],
        serde_json::json!(["x"])
    );
}

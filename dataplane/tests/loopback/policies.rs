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
    assert_eq!((refused.status, refused.header("x-sluice-error")), (403, "invalid_request"));
    assert_eq!(refused.json()["error"]["message"], "Rejected due to inappropriate content");
    assert_eq!(lab.mock.counts().received, 0);
    assert_eq!(lab.post(CHAT, &[], body.replace("Card", "line")).await.status, 200);
    let sent = lab.mock.requests()[0].json();
    let roles: Vec<&str> =
        sent["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "system"]);
    assert_eq!((&sent["max_tokens"], &sent["temperature"]), (&50.into(), &0.into()));
}

#[tokio::test]
async fn a_policy_that_this_data_plane_does_not_know_fails_closed() {
    let lab = Lab::start(&Plan::default()).await;
    let plan = Plan { policies: vec![("rayGun", "{}".into())], ..Plan::default() };
    let diagnostics = lab.gateway.apply(&crate::support::snapshot(&plan, lab.mock.addr()));
    assert!(diagnostics.iter().any(|d| d.message.contains("rayGun")), "{diagnostics:?}");
    assert_eq!(lab.post(CHAT, &[], chat("gpt-4")).await.status, 500);
    assert_eq!(lab.mock.counts().received, 0);
}

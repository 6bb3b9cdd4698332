use crate::support::{Lab, Plan, chat};

const CHAT: &str = "/v1/chat/completions";

fn mk_plan() -> Plan {
    Plan {
        policies: vec![(
            "authentication",
            r#"{"set":"set","headers":["x-team-key"]}"#.into(),
        )],
        api_keys: vec![("alice", "key-a"), ("bob", "key-b")],
        ..Plan::default()
    }
}

#[tokio::test]
async fn only_known_keys_pass_in_whatever_header() {
    let lab = Lab::start(&mk_plan()).await;
    for (name, value) in [
        ("authorization", "Bearer key-a"),
        ("x-api-key", "key-b"),
        ("x-goog-api-key", "key-a"),
        ("api-key", "key-a"),
        ("esa_aigw_auth", "Bearer key-a"),
        ("x-team-key", "key-a"),
    ] {
        assert_eq!(
            lab.post(CHAT, &[(name, value)], chat("gpt-4")).await.status,
            200,
            "{name}"
        );
    }
    for headers in [
        &[][..],
        &[("authorization", "Bearer key-c")],
        &[("authorization", "Bearer ")],
        &[("x-api-key", "KEY-A")],
    ] {
        let answer = lab.post(CHAT, headers, chat("gpt-4")).await;
        assert_eq!(
            (answer.status, answer.header("x-sluice-error")),
            (401, "auth"),
            "{headers:?}"
        );
    }
    let sent = lab.mock.requests();
    assert_eq!(sent.len(), 6);
    for request in sent {
        let text = format!("{:?}", request.headers);
        assert!(!text.contains("key-a") && !text.contains("key-b"), "{text}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_used_no_more() {
    let lab = Lab::start(&mk_plan()).await;
    let with_key = [("authorization", "Bearer key-a")];
    assert_eq!(lab.post(CHAT, &with_key, chat("gpt-4")).await.status, 200);
    lab.apply(&Plan {
        api_keys: vec![("bob", "key-b")],
        ..mk_plan()
    });
    assert_eq!(lab.post(CHAT, &with_key, chat("gpt-4")).await.status, 401);
}

#[tokio::test]
async fn a_passed_through_credential_is_shown_in_the_provider_s_way() {
    let lab = Lab::start(&Plan {
        passthrough: true,
        ..mk_plan()
    })
    .await;
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}]}"#;
    let path = "/v1beta/models/gemini-pro:generateContent";
    let answer = lab
        .post(
            path,
            &[
                ("esa_aigw_auth", "Bearer key-a"),
                ("authorization", "Bearer mine"),
            ],
            body,
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let request = &lab.mock.requests()[0];
    assert_eq!(
        (
            request.header("x-goog-api-key"),
            request.header("authorization")
        ),
        (Some("mine"), None)
    );
    let answer = lab
        .post(path, &[("authorization", "Bearer key-a")], body)
        .await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-error")),
        (401, "auth")
    );
}

#[tokio::test]
async fn a_key_that_is_sent_twice_is_taken_out_twice() {
    let lab = Lab::start(&Plan {
        passthrough: true,
        ..mk_plan()
    })
    .await;
    let twice = [("authorization", "Bearer key-a"), ("x-api-key", "key-a")];
    assert_eq!(lab.post(CHAT, &twice, chat("gpt-4")).await.status, 401);
    let beside = [
        ("authorization", "Bearer key-a"),
        ("x-api-key", "key-b"),
        ("api-key", "mine"),
    ];
    assert_eq!(
        lab.post(&format!("{CHAT}?key=key-b"), &beside, chat("gpt-4"))
            .await
            .status,
        200
    );
    let request = &lab.mock.requests()[0];
    assert_eq!(
        (request.header("authorization"), request.header("x-api-key")),
        (Some("Bearer mine"), None)
    );
    assert!(!request.path.contains("key-b"));
}

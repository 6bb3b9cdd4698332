//! Credentials that the gateway fetches: service accounts' keys, and the pod's own identity.

mod authority;

use std::io::Write as _;

use sluice_dataplane::access_log::AccessLog;
use sluice_dataplane::{IdentitySettings, Settings};
use sluice_snapshot::model::{self, entry::Body, provider::Auth, upstream::Kind};
use tempfile::NamedTempFile;

use crate::support::{Answer, Lab, Plan, chat, snapshot_with};
use authority::Authority;

const CHAT: &str = "/v1/chat/completions";

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// A lab in which one provider serves every model, and knows us in another way.
async fn lab(
    provider: &'static str,
    auth: Auth,
    credential: &str,
    variables: &[(&str, String)],
) -> Lab {
    let identity = IdentitySettings::from_env(|name| {
        variables
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.clone())
    });
    let settings = Settings {
        workers: 2,
        identity,
        ..Settings::default()
    };
    let plan = Plan {
        models: vec![("m", provider)],
        ..Plan::default()
    };
    let lab = Lab::logged(&plan, settings, AccessLog::off()).await;
    let edited = snapshot_with(&plan, lab.mock.addr(), &|key, body| match body {
        Body::Credential(c) if key == "credential/key" && !credential.is_empty() => {
            *c = model::Credential {
                value: credential.into(),
            };
        }
        Body::Upstream(model::Upstream {
            kind: Some(Kind::Provider(p)),
            ..
        }) if key == format!("upstream/{provider}") => {
            p.auth = Some(auth.clone());
        }
        _ => {}
    });
    assert_eq!(lab.gateway.apply(&edited), []);
    lab
}

fn key() -> Auth {
    Auth::Credential("credential/key".into())
}

async fn ask(lab: &Lab) -> Answer {
    lab.post(CHAT, &[], chat("m")).await
}

/// What the provider was shown last.
fn shown(lab: &Lab, header: &str) -> String {
    let requests = lab.mock.requests();
    requests
        .last()
        .unwrap()
        .headers
        .get(header)
        .map_or("", |v| v.to_str().unwrap())
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_accounts_key_is_exchanged_once_for_many_requests() {
    let authority = Authority::start().await;
    for provider in ["vertex-google", "vertex-anthropic"] {
        let lab = lab(provider, key(), &authority.service_account(), &[]).await;
        let before = authority.handed_out();
        let all = futures_util::future::join_all((0..20).map(|_| ask(&lab))).await;
        assert!(
            all.iter().all(|answer| answer.status == 200),
            "{:?}",
            all[0]
        );
        assert_eq!(authority.handed_out(), before + 1, "one exchange for all");
        assert_eq!(
            shown(&lab, "authorization"),
            format!("Bearer minted-{}", before + 1)
        );
        assert!(lab.stop().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_google_does_not_know_is_an_error_of_the_gateways() {
    let (authority, another) = (Authority::start().await, Authority::start().await);
    let theirs = another.address.to_string();
    let file = authority
        .service_account()
        .replace(&authority.address.to_string(), &theirs);
    let lab = lab("vertex-google", key(), &file, &[]).await;
    let answer = ask(&lab).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].clone()),
        (503, "no_provider_token".into())
    );
    assert!(
        !answer.text().contains("JWT"),
        "who was asked is nothing to the caller: {}",
        answer.text()
    );
    assert_eq!(lab.mock.counts().received, 0, "nothing was sent");
    ask(&lab).await;
    assert_eq!(
        another.asked().len(),
        1,
        "and it is not asked at every request"
    );
    assert!(lab.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pods_identity_on_google_cloud_is_the_metadata_servers() {
    let authority = Authority::start().await;
    let variables = [("GCE_METADATA_HOST", authority.address.to_string())];
    let lab = lab(
        "vertex-google",
        Auth::WorkloadIdentity(true),
        "",
        &variables,
    )
    .await;
    assert_eq!(ask(&lab).await.status, 200);
    assert_eq!(shown(&lab, "authorization"), "Bearer minted-1");
    assert!(lab.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pods_identity_may_be_another_that_google_trusts() {
    let authority = Authority::start().await;
    let at = authority.address;
    let token = file(r#"{"token":"a pod's token"}"#);
    let external = serde_json::json!({
        "type": "external_account", "audience": "//iam.googleapis.com/x", "token_url": format!("http://{at}/sts/token"),
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "service_account_impersonation_url": format!("http://{at}/impersonate"),
        "credential_source": {
            "file": token.path(), "format": { "type": "json", "subject_token_field_name": "token" },
        },
    })
    .to_string();
    let adc = file(&external);
    let variables = [(
        "GOOGLE_APPLICATION_CREDENTIALS",
        adc.path().display().to_string(),
    )];
    let pod = lab(
        "vertex-google",
        Auth::WorkloadIdentity(true),
        "",
        &variables,
    )
    .await;
    assert_eq!(ask(&pod).await.status, 200);
    assert_eq!(authority.asked(), ["/sts/token", "/impersonate"]);
    assert_eq!(shown(&pod, "authorization"), "Bearer minted-2");
    assert!(pod.stop().await);
    // The same from a Secret could read any file of the pod and send it anywhere.
    let secret = lab("vertex-google", key(), &external, &[]).await;
    assert_eq!(ask(&secret).await.status, 503);
    assert_eq!(authority.asked().len(), 2, "nobody was asked");
    assert!(secret.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_identity_signs_with_keys_of_its_role() {
    let authority = Authority::start().await;
    let token = file("a pod's token\n");
    let variables = [
        ("AWS_ROLE_ARN", "arn:role".to_owned()),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            token.path().display().to_string(),
        ),
        (
            "AWS_ENDPOINT_URL_STS",
            format!("http://{}/aws", authority.address),
        ),
    ];
    let lab = lab("bedrock", Auth::WorkloadIdentity(true), "", &variables).await;
    let answer = ask(&lab).await;
    assert_eq!(
        answer.status,
        200,
        "the double checks the signature: {}",
        answer.text()
    );
    assert_eq!(shown(&lab, "x-amz-security-token"), "minted-1");
    assert!(lab.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pods_agent_gives_keys_too() {
    let authority = Authority::start().await;
    let token = file("a pod's token");
    let variables = [
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            format!("http://{}/agent", authority.address),
        ),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token.path().display().to_string(),
        ),
    ];
    let lab = lab("bedrock", Auth::WorkloadIdentity(true), "", &variables).await;
    assert_eq!(ask(&lab).await.status, 200);
    assert_eq!(shown(&lab, "x-amz-security-token"), "minted-1");
    assert!(lab.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_without_an_identity_says_so_in_its_log_only() {
    let lab = lab("bedrock", Auth::WorkloadIdentity(true), "", &[]).await;
    let answer = ask(&lab).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.text().contains("AWS_"), "{}", answer.text());
    assert!(lab.stop().await);
}

//! What is asked of Google, and what its answers say.

use super::*;

const FILE: &str = r#"{
    "type": "service_account", "project_id": "p", "private_key_id": "k1",
    "private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "client_email": "sluice@p.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token"
}"#;

const EXTERNAL: &str = r#"{
    "type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/w/providers/p",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
    "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a:generateAccessToken",
    "credential_source": { "file": "/var/run/token", "format": { "type": "json", "subject_token_field_name": "id_token" } }
}"#;

fn why(file: &str) -> String {
    Key::parse(file.as_bytes()).unwrap_err().0
}

#[test]
fn a_service_account_asserts_who_it_is() {
    let Key::ServiceAccount(key) = Key::parse(FILE.as_bytes()).unwrap() else {
        panic!("another kind")
    };
    let assertion = key.assertion(1_700_000_000);
    let parts: Vec<serde_json::Value> = assertion
        .split('.')
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(
        parts[0],
        json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" })
    );
    assert_eq!(
        parts[1],
        json!({
            "iss": "sluice@p.iam.gserviceaccount.com", "aud": "https://oauth2.googleapis.com/token", "scope": SCOPE,
            "iat": 1_700_000_000, "exp": 1_700_003_600,
        })
    );
    let ask = key.ask("a.b", b"\xff\xfe");
    assert_eq!(
        ask.body.expose_str(),
        Some("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.__4")
    );
    assert!(!format!("{key:?}").contains("AAAA"), "a key is not printed");
}

#[test]
fn another_identity_is_exchanged_and_may_stand_for_a_service_account() {
    let Key::External(key) = Key::parse(EXTERNAL.as_bytes()).unwrap() else {
        panic!("another kind")
    };
    assert_eq!(key.source().token(r#"{"id_token":"eyJ"}"#).unwrap(), "eyJ");
    assert!(key.source().token("eyJ").is_err());
    let body = key.ask("eyJ").body;
    assert!(body.expose_str().unwrap().ends_with("subject_token=eyJ"));
    let token = answer(
        200,
        br#"{"access_token":"at","expires_in":3599,"token_type":"Bearer"}"#,
    )
    .unwrap();
    let ask = key.impersonate(&token).unwrap();
    assert_eq!(ask.headers[0].1.expose_str(), Some("Bearer at"));
    let now = unix("2026-11-21T10:00:00Z").unwrap();
    let body = br#"{"accessToken":"sa","expireTime":"2026-11-21T11:00:00Z"}"#;
    let token = impersonated(200, body, now).unwrap();
    assert_eq!(
        (token.credential.expose_str(), token.lifetime.as_secs()),
        (Some("sa"), 3600)
    );
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    assert!(why("{").contains("no file of Google credentials"));
    assert!(why(r#"{"type":"authorized_user"}"#).contains(r#"type "authorized_user""#));
    assert!(why(&FILE.replace("client_email", "mail")).contains("no client_email"));
    assert!(
        why(&FILE.replace("BEGIN PRIVATE", "BEGIN"))
            .contains("private_key of the Google credentials is no PEM")
    );
    assert!(
        why(&FILE.replace("https://", ""))
            .contains("token_uri of the Google credentials is no URL")
    );
    assert!(why(&EXTERNAL.replace("\"file\"", "\"url\"")).contains("names no file"));
    assert!(!why("{\"private_key\": \"secret").contains("secret"));
}

#[test]
fn refusals_keep_googles_words() {
    let body = br#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
    assert_eq!(
        answer(400, body).unwrap_err().0,
        "Google answered 400, invalid_grant: Invalid JWT Signature."
    );
    let body =
        br#"{"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED"}}"#;
    let denied = impersonated(403, body, 0).unwrap_err().0;
    assert_eq!(
        denied,
        "Google answered 403, PERMISSION_DENIED: Permission denied"
    );
    assert_eq!(
        answer(200, b"<html>").unwrap_err().0,
        "Google answered 200, no token in its answer"
    );
}

#[test]
fn lifetimes_are_kept_within_reason() {
    let token = |seconds: &str| {
        let body = format!(r#"{{"access_token":"a","expires_in":{seconds}}}"#);
        answer(200, body.as_bytes()).unwrap().lifetime.as_secs()
    };
    assert_eq!(
        (token("0"), token("3599"), token("99999999")),
        (60, 3599, 43_200)
    );
}

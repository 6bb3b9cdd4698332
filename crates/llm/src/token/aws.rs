//! AWS' keys that end: for a pod's web identity (STS, `AssumeRoleWithWebIdentity`), and from the agent of EKS Pod Identity or ECS
//! (AWS SDKs and Tools Reference Guide, "Container credential provider").

use serde::Deserialize;
use sluice_vocab::Secret;

use super::{Ask, NoToken, Token, lifetime, unix};

/// A role, and the identity that may take it.
#[derive(Debug, Clone, Copy)]
pub struct WebIdentity<'w> {
    /// `AWS_ROLE_ARN`.
    pub role: &'w str,
    /// `AWS_ROLE_SESSION_NAME`: shown in CloudTrail.
    pub session: &'w str,
    /// What `AWS_WEB_IDENTITY_TOKEN_FILE` holds.
    pub token: &'w str,
}

/// Asks STS. `endpoint` is `https://sts.<region>.amazonaws.com`, or what `AWS_ENDPOINT_URL_STS` says.
pub fn web_identity(endpoint: &str, identity: &WebIdentity<'_>) -> Ask {
    Ask::form(
        &format!("{}/", endpoint.trim_end_matches('/')),
        &[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", identity.role),
            ("RoleSessionName", identity.session),
            ("WebIdentityToken", identity.token.trim()),
        ],
    )
}

/// The public address of STS in a region; China has names of its own.
pub fn endpoint(region: &str) -> String {
    let tail = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://sts.{region}.amazonaws.com{tail}")
}

/// Asks the pod's agent, which `AWS_CONTAINER_CREDENTIALS_FULL_URI` names; the token is what
/// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` holds.
pub fn container(url: &str, token: Option<&str>) -> Ask {
    let headers = token
        .map(|token| ("authorization", Secret::new(token.trim())))
        .into_iter()
        .collect();
    Ask {
        method: "GET",
        url: url.to_owned(),
        headers,
        body: Secret::new(""),
    }
}

/// Reads STS' answer, which is XML; `now` in Unix seconds.
///
/// # Errors
///
/// With AWS' own words where it refused.
pub fn web_identity_answer(status: u16, body: &[u8], now: u64) -> Result<Token, NoToken> {
    let text = String::from_utf8_lossy(body);
    let names = [
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ];
    match names.map(|name| element(&text, name)) {
        [Some(id), Some(secret), Some(session), Some(end)] if status == 200 => {
            token([id, secret, session], end, now)
        }
        _ => Err(refused(
            status,
            element(&text, "Code"),
            element(&text, "Message"),
        )),
    }
}

/// Reads the agent's answer; `now` in Unix seconds.
///
/// # Errors
///
/// With the agent's own words where it refused.
pub fn container_answer(status: u16, body: &[u8], now: u64) -> Result<Token, NoToken> {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "PascalCase")]
    struct Answer<'a> {
        access_key_id: &'a str,
        secret_access_key: &'a str,
        token: &'a str,
        expiration: &'a str,
        #[serde(rename = "code")]
        code: Option<&'a str>,
        #[serde(rename = "message")]
        message: Option<&'a str>,
    }
    let answer: Answer<'_> = serde_json::from_slice(body).unwrap_or_default();
    let parts = [answer.access_key_id, answer.secret_access_key, answer.token];
    if status == 200 && parts.iter().all(|part| !part.is_empty()) {
        return token(parts, answer.expiration, now);
    }
    Err(refused(status, answer.code, answer.message))
}

fn token(parts: [&str; 3], end: &str, now: u64) -> Result<Token, NoToken> {
    let end = unix(end).ok_or_else(|| NoToken("AWS does not say when its keys end".to_owned()))?;
    Ok(Token {
        credential: Secret::new(parts.join(":")),
        lifetime: lifetime(end.saturating_sub(now)),
    })
}

/// The text of an element that has no children. What AWS writes there needs no escapes.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

fn refused(status: u16, code: Option<&str>, message: Option<&str>) -> NoToken {
    let code = code.unwrap_or("no keys in its answer");
    let short: String = message.unwrap_or_default().chars().take(200).collect();
    let colon = if short.is_empty() { "" } else { ": " };
    NoToken(format!("AWS answered {status}, {code}{colon}{short}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
        <SessionToken>FQoG</SessionToken><SecretAccessKey>wJalr/x+y=</SecretAccessKey>\
        <Expiration>2026-11-21T11:00:00Z</Expiration><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\
        </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

    #[test]
    fn a_role_is_asked_for_with_the_pods_token() {
        let identity = WebIdentity {
            role: "arn:aws:iam::1:role/r",
            session: "sluice",
            token: "eyJ.x\n",
        };
        let ask = web_identity(&endpoint("eu-central-1"), &identity);
        assert_eq!(ask.url, "https://sts.eu-central-1.amazonaws.com/");
        let body = ask.body.expose_str().unwrap();
        assert!(
            body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"),
            "{body}"
        );
        assert!(
            body.ends_with("WebIdentityToken=eyJ.x"),
            "the line's end is not part of it: {body}"
        );
        assert_eq!(
            endpoint("cn-north-1"),
            "https://sts.cn-north-1.amazonaws.com.cn"
        );
    }

    #[test]
    fn keys_are_what_a_signature_needs() {
        let now = unix("2026-11-21T10:00:00Z").unwrap();
        let token = web_identity_answer(200, ANSWER.as_bytes(), now).unwrap();
        assert_eq!(
            token.credential.expose_str(),
            Some("ASIAIOSFODNN7EXAMPLE:wJalr/x+y=:FQoG")
        );
        assert_eq!(token.lifetime.as_secs(), 3600);
        assert!(crate::sigv4::Keys::parse(&token.credential).is_some());
        let answer = r#"{"AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey":"s","Token":"t",
            "Expiration":"2026-11-21T10:30:00Z"}"#;
        let token = container_answer(200, answer.as_bytes(), now).unwrap();
        assert_eq!(
            token.credential.expose_str(),
            Some("ASIAIOSFODNN7EXAMPLE:s:t")
        );
        assert_eq!(token.lifetime.as_secs(), 1800);
    }

    #[test]
    fn a_refusal_keeps_the_words_of_aws() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
            <Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>";
        let NoToken(why) = web_identity_answer(403, body.as_bytes(), 0).unwrap_err();
        assert_eq!(
            why,
            "AWS answered 403, AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
        );
        let NoToken(why) = web_identity_answer(200, b"<html>", 0).unwrap_err();
        assert_eq!(why, "AWS answered 200, no keys in its answer");
        assert!(container_answer(200, b"not json", 0).is_err());
    }
}

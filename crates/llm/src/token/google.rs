//! Google's access tokens: from a service account's key (RFC 7523; Google's "Using OAuth 2.0 for Server to Server Applications"), from
//! the metadata server, and from another identity (Workload Identity Federation, AIP-4117).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use sluice_vocab::Secret;

use super::{Ask, NoToken, Token, lifetime, unix};

/// What a token may be used for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long an assertion holds, in seconds: the longest that Google takes.
const ASSERTION: u64 = 3600;

/// A file of credentials, as Google hands them out.
#[derive(Debug)]
pub enum Key {
    /// A service account with its private key.
    ServiceAccount(ServiceAccount),
    /// Another identity that Google trusts.
    External(External),
}

/// A service account's key.
#[derive(Debug)]
pub struct ServiceAccount {
    email: String,
    key_id: String,
    token_uri: String,
    /// PKCS #8, PEM.
    private_key: Secret,
}

/// An identity of somebody else's, exchanged for Google's.
#[derive(Debug)]
pub struct External {
    audience: String,
    subject_token_type: String,
    token_url: String,
    impersonation_url: Option<String>,
    source: Source,
}

/// Where the other identity's token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's path.
    pub file: String,
    /// The member that holds the token where the file is JSON.
    pub field: Option<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    token_uri: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    subject_token_type: String,
    #[serde(default)]
    token_url: String,
    service_account_impersonation_url: Option<String>,
    #[serde(default)]
    credential_source: CredentialSource,
}

#[derive(Deserialize, Default)]
struct CredentialSource {
    file: Option<String>,
    #[serde(default)]
    format: SourceFormat,
}

#[derive(Deserialize, Default)]
struct SourceFormat {
    #[serde(rename = "type", default)]
    kind: String,
    subject_token_field_name: Option<String>,
}

/// Whether a credential is a file of Google's rather than a token.
pub fn is_file(credential: &Secret) -> bool {
    credential.expose().trim_ascii_start().starts_with(b"{")
}

impl Key {
    /// Reads a file of credentials.
    ///
    /// # Errors
    ///
    /// For what is none, with the member that is missing and what to do instead.
    pub fn parse(file: &[u8]) -> Result<Self, NoToken> {
        let file: File = serde_json::from_slice(file)
            .map_err(|e| NoToken(format!("this is no file of Google credentials: line {}: it must be the JSON that Google Cloud hands out", e.line())))?;
        match file.kind.as_str() {
            "service_account" => ServiceAccount::new(file).map(Key::ServiceAccount),
            "external_account" => External::new(file).map(Key::External),
            kind => Err(NoToken(format!(
                "Google credentials of type {kind:?} are not supported: use a service account's key, or the pod's own identity with workloadIdentity"
            ))),
        }
    }
}

fn required(name: &str, value: String) -> Result<String, NoToken> {
    if value.is_empty() {
        return Err(NoToken(format!(
            "the Google credentials have no {name}: put the file there as it was handed out"
        )));
    }
    Ok(value)
}

fn url(name: &str, value: String) -> Result<String, NoToken> {
    let value = required(name, value)?;
    let is_url = value.starts_with("https://") || value.starts_with("http://");
    if is_url && value.parse::<http::Uri>().is_ok() {
        return Ok(value);
    }
    Err(NoToken(format!(
        "{name} of the Google credentials is no URL"
    )))
}

impl ServiceAccount {
    fn new(file: File) -> Result<Self, NoToken> {
        let private_key = required("private_key", file.private_key)?;
        if !private_key.contains("-----BEGIN PRIVATE KEY-----") {
            return Err(NoToken(
                "private_key of the Google credentials is no PEM: it begins with -----BEGIN PRIVATE KEY-----"
                    .to_owned(),
            ));
        }
        Ok(Self {
            email: required("client_email", file.client_email)?,
            key_id: file.private_key_id,
            token_uri: url("token_uri", file.token_uri)?,
            private_key: Secret::new(private_key),
        })
    }

    /// What signs.
    pub fn private_key(&self) -> &Secret {
        &self.private_key
    }

    /// What has to be signed with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 7518, `RS256`). `now` in Unix seconds.
    pub fn assertion(&self, now: u64) -> String {
        let mut head = json!({ "alg": "RS256", "typ": "JWT" });
        if !self.key_id.is_empty() {
            head["kid"] = self.key_id.as_str().into();
        }
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": now, "exp": now + ASSERTION,
        });
        format!(
            "{}.{}",
            encode(head.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        )
    }

    /// The request, with the signature of [`ServiceAccount::assertion`].
    pub fn ask(&self, assertion: &str, signature: &[u8]) -> Ask {
        let assertion = format!("{assertion}.{}", encode(signature));
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        Ask::form(
            &self.token_uri,
            &[("grant_type", grant), ("assertion", &assertion)],
        )
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl External {
    fn new(file: File) -> Result<Self, NoToken> {
        let CredentialSource { file: path, format } = file.credential_source;
        let Some(path) = path else {
            let message = "credential_source of the Google credentials names no file, and other sources are not supported: write the token to a file";
            return Err(NoToken(message.to_owned()));
        };
        let field = format
            .subject_token_field_name
            .filter(|_| format.kind == "json");
        Ok(Self {
            audience: required("audience", file.audience)?,
            subject_token_type: required("subject_token_type", file.subject_token_type)?,
            token_url: url("token_url", file.token_url)?,
            impersonation_url: file
                .service_account_impersonation_url
                .map(|value| url("service_account_impersonation_url", value))
                .transpose()?,
            source: Source { file: path, field },
        })
    }

    /// Where the other identity's token is.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Exchanges the other identity's token (RFC 8693).
    pub fn ask(&self, subject_token: &str) -> Ask {
        Ask::form(
            &self.token_url,
            &[
                (
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ),
                ("audience", &self.audience),
                ("scope", SCOPE),
                (
                    "requested_token_type",
                    "urn:ietf:params:oauth:token-type:access_token",
                ),
                ("subject_token_type", &self.subject_token_type),
                ("subject_token", subject_token),
            ],
        )
    }

    /// Asks for a service account's token, where the file says that the exchanged one is only good for that (IAM Service Account
    /// Credentials API, `generateAccessToken`). Its answer is read by [`impersonated`].
    pub fn impersonate(&self, token: &Token) -> Option<Ask> {
        let url = self.impersonation_url.clone()?;
        let bearer = [b"Bearer ", token.credential.expose()].concat();
        Some(Ask {
            method: "POST",
            url,
            headers: vec![
                ("authorization", Secret::new(bearer)),
                ("content-type", Secret::new("application/json")),
            ],
            body: Secret::new(json!({ "scope": [SCOPE], "lifetime": "3600s" }).to_string()),
        })
    }
}

impl Source {
    /// The token in the file.
    ///
    /// # Errors
    ///
    /// Where the file has none.
    pub fn token(&self, file: &str) -> Result<String, NoToken> {
        let Some(field) = &self.field else {
            return Ok(file.trim().to_owned());
        };
        let value: Option<serde_json::Value> = serde_json::from_str(file).ok();
        let token = value.as_ref().and_then(|v| v.get(field)?.as_str());
        token
            .map(str::to_owned)
            .ok_or_else(|| NoToken(format!("{} has no member {field:?}", self.file)))
    }
}

/// Asks the metadata server of a Google Cloud machine or pod ("About VM metadata"); `host` is `metadata.google.internal` or where
/// `GCE_METADATA_HOST` leads.
pub fn metadata(host: &str) -> Ask {
    Ask {
        method: "GET",
        url: format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token"),
        headers: vec![("metadata-flavor", Secret::new("Google"))],
        body: Secret::new(""),
    }
}

/// Reads the answer of a token endpoint (RFC 6749, sections 5.1 and 5.2).
///
/// # Errors
///
/// With the endpoint's own words where it refused.
pub fn answer(status: u16, body: &[u8]) -> Result<Token, NoToken> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Answer {
        access_token: String,
        expires_in: u64,
        error: serde_json::Value,
        error_description: String,
    }
    let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
    if !answer.access_token.is_empty() && status == 200 {
        return Ok(Token {
            credential: Secret::new(answer.access_token),
            lifetime: lifetime(answer.expires_in),
        });
    }
    Err(refused(status, &answer.error, &answer.error_description))
}

/// Reads the answer to [`External::impersonate`]; `now` in Unix seconds.
///
/// # Errors
///
/// With the endpoint's own words where it refused.
pub fn impersonated(status: u16, body: &[u8], now: u64) -> Result<Token, NoToken> {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Answer {
        access_token: String,
        expire_time: String,
        error: serde_json::Value,
    }
    let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
    match unix(&answer.expire_time) {
        Some(end) if !answer.access_token.is_empty() && status == 200 => Ok(Token {
            credential: Secret::new(answer.access_token),
            lifetime: lifetime(end.saturating_sub(now)),
        }),
        _ => Err(refused(status, &answer.error, "")),
    }
}

/// OAuth says a word and perhaps a sentence, Google's own APIs an object.
fn refused(status: u16, error: &serde_json::Value, description: &str) -> NoToken {
    let word = error
        .as_str()
        .or_else(|| error.get("status")?.as_str())
        .unwrap_or("no token in its answer");
    let sentence = error
        .get("message")
        .and_then(|m| m.as_str())
        .unwrap_or(description);
    let short: String = sentence.chars().take(200).collect();
    let colon = if short.is_empty() { "" } else { ": " };
    NoToken(format!("Google answered {status}, {word}{colon}{short}"))
}

#[cfg(test)]
mod tests;

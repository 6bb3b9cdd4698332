//! Who hands out tokens: Google's endpoint, its metadata server, AWS' STS and a pod's agent, as strict as they are.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The authority, and what it knows.
pub(super) struct Authority {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    key: KeyPair,
    handed_out: AtomicU32,
    /// Paths that were asked, in order.
    asked: Mutex<Vec<String>>,
}

impl Authority {
    pub(super) async fn start() -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let shared = Arc::new(Shared {
            key,
            handed_out: AtomicU32::new(0),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let here = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let here = here.clone();
                let serve = service_fn(move |request| {
                    let here = here.clone();
                    async move { Ok::<_, std::convert::Infallible>(here.answer(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), serve);
                tokio::spawn(connection);
            }
        });
        Self { address, shared }
    }

    /// The file of a service account whose key this one knows.
    pub(super) fn service_account(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.shared.key.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        json!({
            "type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": pem,
            "client_email": "sluice@p.iam.gserviceaccount.com", "token_uri": format!("http://{}/token", self.address),
        })
        .to_string()
    }

    /// How many credentials it gave.
    pub(super) fn handed_out(&self) -> u32 {
        self.shared.handed_out.load(Ordering::Relaxed)
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let path = parts.uri.path().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|v| v.to_str().ok())
                .unwrap_or("")
        };
        let fields = fields(&body);
        let field = |name: &str| {
            fields
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
                .unwrap_or_default()
        };
        let (status, text) = match path.as_str() {
            "/token" if self.is_right(&field("assertion"), header("host")) => (200, self.google()),
            "/token" => (400, refused("invalid_grant", "Invalid JWT Signature.")),
            "/computeMetadata/v1/instance/service-accounts/default/token"
                if header("metadata-flavor") == "Google" =>
            {
                (200, self.google())
            }
            "/sts/token" if field("subject_token") == "a pod's token" => (200, self.google()),
            "/impersonate" if header("authorization").starts_with("Bearer minted-") => {
                let text =
                    json!({ "accessToken": self.next(), "expireTime": "2999-01-01T00:00:00Z" });
                (200, text.to_string())
            }
            "/aws/"
                if field("WebIdentityToken") == "a pod's token"
                    && field("RoleArn") == "arn:role" =>
            {
                let keys = format!(
                    "<AccessKeyId>AKIAMOCKMOCKMOCKMOCK</AccessKeyId><SecretAccessKey>mock/secret+key</SecretAccessKey>\
                     <SessionToken>{}</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>",
                    self.next()
                );
                (
                    200,
                    format!(
                        "<AssumeRoleWithWebIdentityResponse>{keys}</AssumeRoleWithWebIdentityResponse>"
                    ),
                )
            }
            "/agent" if header("authorization") == "a pod's token" => {
                let keys = json!({
                    "AccessKeyId": "AKIAMOCKMOCKMOCKMOCK", "SecretAccessKey": "mock/secret+key",
                    "Token": self.next(), "Expiration": "2999-01-01T00:00:00Z",
                });
                (200, keys.to_string())
            }
            _ => (403, refused("access_denied", "")),
        };
        Response::builder()
            .status(status)
            .body(Full::new(text.into()))
            .unwrap()
    }

    fn next(&self) -> String {
        format!(
            "minted-{}",
            self.handed_out.fetch_add(1, Ordering::Relaxed) + 1
        )
    }

    fn google(&self) -> String {
        json!({ "access_token": self.next(), "expires_in": 3599, "token_type": "Bearer" })
            .to_string()
    }

    /// Whether an assertion is signed by the key, is meant for this endpoint, and holds now.
    fn is_right(&self, assertion: &str, host: &str) -> bool {
        let Some((signed, signature)) = assertion.rsplit_once('.') else {
            return false;
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key());
        let claims = signed
            .split('.')
            .nth(1)
            .map(|c| URL_SAFE_NO_PAD.decode(c).unwrap())
            .unwrap_or_default();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let (made, end) = (
            claims["iat"].as_u64().unwrap(),
            claims["exp"].as_u64().unwrap(),
        );
        key.verify(signed.as_bytes(), &signature).is_ok()
            && claims["aud"] == format!("http://{host}/token").as_str()
            && claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
            && made <= now
            && now < end
            && end - made <= 3600
    }
}

fn refused(error: &str, description: &str) -> String {
    json!({ "error": error, "error_description": description }).to_string()
}

/// Name and value of a form's fields.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    let unescape = |text: &str| {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            let hex = (byte == b'%').then(|| [bytes.next().unwrap(), bytes.next().unwrap()]);
            let escaped =
                hex.map(|hex| u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            out.push(escaped.unwrap_or(byte));
        }
        String::from_utf8(out).unwrap()
    };
    let text = std::str::from_utf8(body).unwrap_or("");
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(n, v)| (unescape(n), unescape(v)))
        .collect()
}

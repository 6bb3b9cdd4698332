//! Who calls: the pod of a token, and whether it belongs to the Gateway that it names.

use std::time::{Duration, SystemTime};

use crate::brief::brief;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, TokenReviewStatus};
use kube::Client;
use kube::api::{Api, PostParams};
use sluice_proto::AUDIENCE;
use sluice_vocab::GatewayKey;
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::metadata::MetadataMap;

/// A ServiceAccount's token is 1 to 2 KiB long.
const MAX_TOKEN: usize = 8 << 10;
/// So many tokens are reviewed at once; more wait.
const REVIEWS: usize = 16;
const REVIEW_TIME: Duration = Duration::from_secs(10);
/// A stream may last so long, whatever its token says.
const MAX_LIFE: Duration = Duration::from_secs(6 * 3_600);

/// A caller that the API server vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) namespace: String,
    pub(super) account: String,
    pub(super) pod_uid: String,
    pub(super) pod_name: String,
    /// How long the token is still good for.
    pub(super) life: Duration,
}

impl Peer {
    /// Whether it is a pod of that Gateway, and the one that it says.
    pub(super) fn is_of(&self, gateway: &GatewayKey, account: &str, instance: &str) -> bool {
        *self.namespace == *gateway.namespace && self.account == account && self.pod_uid == instance
    }
}

/// Asks the API server about tokens.
#[derive(Debug)]
pub(super) struct Gate {
    api: Api<TokenReview>,
    slots: Semaphore,
}

impl Gate {
    pub(super) fn new(client: Client) -> Self {
        Self {
            api: Api::all(client),
            slots: Semaphore::new(REVIEWS),
        }
    }

    /// The caller of a request.
    pub(super) async fn peer(&self, metadata: &MetadataMap) -> Result<Peer, Status> {
        let token = bearer(metadata)?;
        let review = TokenReview {
            spec: TokenReviewSpec {
                audiences: Some(vec![AUDIENCE.to_owned()]),
                token: Some(token.to_owned()),
            },
            ..TokenReview::default()
        };
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(Status::unavailable("stopping"));
        };
        let params = PostParams::default();
        let asked = self.api.create(&params, &review);
        let reviewed = tokio::time::timeout(REVIEW_TIME, asked).await;
        let review = reviewed
            .map_err(|_| Status::unavailable("the API server doesn't answer"))?
            .map_err(|error| {
                tracing::warn!(error = brief(&error), "a token can't be reviewed");
                Status::unavailable("the token can't be reviewed now")
            })?;
        let status = review
            .status
            .ok_or_else(|| Status::unavailable("the token was not reviewed"))?;
        judge(status, life(token, SystemTime::now()))
    }
}

fn bearer(metadata: &MetadataMap) -> Result<&str, Status> {
    let value = metadata.get("authorization").and_then(|v| v.to_str().ok());
    let token = value.and_then(|v| v.strip_prefix("Bearer ")).map(str::trim);
    match token {
        Some(token) if !token.is_empty() && token.len() <= MAX_TOKEN => Ok(token),
        _ => Err(Status::unauthenticated(
            "a ServiceAccount's token is missing: authorization: Bearer …",
        )),
    }
}

/// What a review says about the caller.
fn judge(status: TokenReviewStatus, life: Duration) -> Result<Peer, Status> {
    let is_meant = status.audiences.iter().flatten().any(|a| a == AUDIENCE);
    if !status.authenticated.unwrap_or(false) || !is_meant {
        return Err(Status::unauthenticated(
            "the token isn't valid for this audience",
        ));
    }
    let user = status.user.unwrap_or_default();
    let name = user.username.unwrap_or_default();
    let account = name
        .strip_prefix("system:serviceaccount:")
        .and_then(|n| n.split_once(':'));
    let (namespace, account) =
        account.ok_or_else(|| Status::permission_denied("the token is not a ServiceAccount's"))?;
    let extra = user.extra.unwrap_or_default();
    let text = |key: &str| {
        let values = extra.get(&format!("authentication.kubernetes.io/{key}"));
        values.and_then(|v| v.first()).cloned().unwrap_or_default()
    };
    let pod_uid = text("pod-uid");
    if pod_uid.is_empty() {
        return Err(Status::permission_denied("the token is not bound to a pod"));
    }
    Ok(Peer {
        namespace: namespace.to_owned(),
        account: account.to_owned(),
        pod_name: text("pod-name"),
        pod_uid,
        life,
    })
}

/// How long a token that was found valid is so, by its own words.
fn life(token: &str, now: SystemTime) -> Duration {
    let expires = expiry(token).map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at));
    let left = expires
        .and_then(|at| at.duration_since(now).ok())
        .unwrap_or(Duration::ZERO);
    left.clamp(Duration::from_secs(1), MAX_LIFE)
}

/// `exp` of a JWT's claims (RFC 7519, 4.1.4), in seconds since 1970.
fn expiry(token: &str) -> Option<u64> {
    use base64::Engine;
    let claims = token.split('.').nth(1)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(claims)
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.get("exp")?.as_u64()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::api::authentication::v1::UserInfo;

    use super::*;

    fn mk(user: &str, audience: &str, pod: Option<&str>) -> TokenReviewStatus {
        let extra = pod.map(|uid| {
            let pair = |key: &str, value: &str| {
                (
                    format!("authentication.kubernetes.io/{key}"),
                    vec![value.to_owned()],
                )
            };
            BTreeMap::from([pair("pod-uid", uid), pair("pod-name", "g-1")])
        });
        TokenReviewStatus {
            authenticated: Some(true),
            audiences: Some(vec![audience.to_owned()]),
            user: Some(UserInfo {
                username: Some(user.to_owned()),
                extra,
                ..UserInfo::default()
            }),
            error: None,
        }
    }

    fn mk_gateway(namespace: &str, name: &str) -> GatewayKey {
        GatewayKey {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    const LIFE: Duration = Duration::from_secs(60);

    #[test]
    fn a_pod_is_of_one_gateway_only() {
        let peer = judge(
            mk("system:serviceaccount:n:g-sluice", AUDIENCE, Some("u1")),
            LIFE,
        )
        .unwrap();
        assert!(peer.is_of(&mk_gateway("n", "g"), "g-sluice", "u1"));
        assert!(
            !peer.is_of(&mk_gateway("m", "g"), "g-sluice", "u1"),
            "another namespace"
        );
        assert!(
            !peer.is_of(&mk_gateway("n", "h"), "h-sluice", "u1"),
            "another Gateway"
        );
        assert!(
            !peer.is_of(&mk_gateway("n", "g"), "g-sluice", "u2"),
            "another pod"
        );
    }

    #[test]
    fn whom_the_api_server_does_not_vouch_for_is_refused() {
        let code = |status| judge(status, LIFE).unwrap_err().code();
        let good = mk("system:serviceaccount:n:a", AUDIENCE, Some("u"));
        assert_eq!(
            code(TokenReviewStatus {
                authenticated: Some(false),
                ..good.clone()
            }),
            tonic::Code::Unauthenticated
        );
        assert_eq!(
            code(TokenReviewStatus {
                audiences: None,
                ..good
            }),
            tonic::Code::Unauthenticated
        );
        assert_eq!(
            code(mk("system:serviceaccount:n:a", "other", Some("u"))),
            tonic::Code::Unauthenticated
        );
        assert_eq!(
            code(mk("jane", AUDIENCE, Some("u"))),
            tonic::Code::PermissionDenied
        );
        assert_eq!(
            code(mk("system:serviceaccount:n:a", AUDIENCE, None)),
            tonic::Code::PermissionDenied
        );
    }

    #[test]
    fn a_stream_ends_with_its_token() {
        use base64::Engine;
        let mk = |claims: &str| {
            let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
            format!("e30.{claims}.x")
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(life(&mk(r#"{"exp":1600}"#), now), Duration::from_secs(600));
        assert_eq!(life(&mk(r#"{"exp":999999999}"#), now), MAX_LIFE);
        assert_eq!(life(&mk("{}"), now), Duration::from_secs(1));
    }

    #[test]
    fn only_a_bearer_of_sane_length_is_looked_at() {
        let mk = |value: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("authorization", value.parse().unwrap());
            metadata
        };
        assert_eq!(bearer(&mk("Bearer abc")).unwrap(), "abc");
        assert!(bearer(&mk("Basic abc")).is_err());
        assert!(bearer(&mk("Bearer ")).is_err());
        assert!(bearer(&mk(&format!("Bearer {}", "x".repeat(MAX_TOKEN + 1)))).is_err());
        assert!(bearer(&MetadataMap::new()).is_err());
    }
}

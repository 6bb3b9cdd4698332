//! The token that says which pod this is.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sluice_vocab::Secret;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

/// A stream whose token ends soon is opened anew so long before, at most; a clock may be wrong by less.
const MARGIN: Duration = Duration::from_secs(60);

/// What the file held.
pub(super) struct Token {
    value: Secret,
    expires: Option<SystemTime>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token {path} cannot be read: {error}")]
    Read { path: String, error: std::io::Error },
    #[error("the token {path} is empty, or no text that can be sent")]
    Malformed { path: String },
}

impl Token {
    pub(super) fn read(path: &Path) -> Result<Self, TokenError> {
        let name = || path.display().to_string();
        let text = std::fs::read(path).map_err(|error| TokenError::Read {
            path: name(),
            error,
        })?;
        let value = Secret::new(text);
        let expires = value.expose_str().and_then(expiry);
        let token = Self {
            value: Secret::new(value.expose().trim_ascii()),
            expires,
        };
        if token.value.is_empty() || token.metadata().is_none() {
            return Err(TokenError::Malformed { path: name() });
        }
        Ok(token)
    }

    /// As a call carries it.
    pub(super) fn metadata(&self) -> Option<MetadataMap> {
        let text = Secret::new(format!("Bearer {}", self.value.expose_str()?));
        let mut value: MetadataValue<Ascii> = text.expose_str()?.parse().ok()?;
        value.set_sensitive(true);
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", value);
        Some(metadata)
    }

    /// How long a stream may last that was opened with it: until shortly before it expires. Without an end, where it has none.
    pub(super) fn lasts(&self, now: SystemTime, shortest: Duration) -> Option<Duration> {
        let left = self.expires?.duration_since(now).unwrap_or_default();
        Some((left - MARGIN.min(left / 5)).max(shortest))
    }
}

/// The `exp` of a JWT. Whether it is true is the operator's to find out.
fn expiry(token: &str) -> Option<SystemTime> {
    let claims = URL_SAFE_NO_PAD
        .decode(token.trim().split('.').nth(1)?)
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let seconds = claims
        .get("exp")?
        .as_f64()
        .filter(|s| (0.0..1e12).contains(s))?;
    UNIX_EPOCH.checked_add(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_token(claims: &str) -> Token {
        let text = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
        Token {
            expires: expiry(&text),
            value: Secret::new(text),
        }
    }

    #[test]
    fn a_stream_lasts_until_shortly_before_its_token_expires() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        for (claims, seconds) in [
            (r#"{"exp":4600}"#, Some(3540)),
            (r#"{"exp":1100}"#, Some(80)),
            (r#"{"exp":1001}"#, Some(10)),
            (r#"{"exp":7}"#, Some(10)),
            (r#"{"exp":"7"}"#, None),
            (r#"{}"#, None),
            ("no json", None),
        ] {
            let lasts = mk_token(claims).lasts(now, Duration::from_secs(10));
            assert_eq!(lasts, seconds.map(Duration::from_secs), "{claims}");
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let metadata = mk_token("{}").metadata().unwrap();
        assert!(!format!("{metadata:?}").contains("e30"), "{metadata:?}");
    }
}

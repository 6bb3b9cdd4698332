//! Credentials that end: what is asked of whom for a new one, and what the answer says. Sockets, clocks, files and signatures are the
//! caller's.
//!
//! ```text
//! key or identity --google, aws--> Ask --(somebody sends it)--> answer --google, aws--> Token
//! ```

pub mod aws;
pub mod google;

use std::fmt;
use std::time::Duration;

use sluice_vocab::Secret;

/// A request for a token.
pub struct Ask {
    /// Such as `POST`.
    pub method: &'static str,
    /// Absolute.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, Secret)>,
    /// Empty for none.
    pub body: Secret,
}

/// Neither headers nor bodies are for logs.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

impl Ask {
    fn form(url: &str, fields: &[(&str, &str)]) -> Self {
        Self {
            method: "POST",
            url: url.to_owned(),
            headers: vec![(
                "content-type",
                Secret::new("application/x-www-form-urlencoded"),
            )],
            body: Secret::new(form(fields)),
        }
    }
}

/// A credential that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// As an Upstream's Secret would hold it.
    pub credential: Secret,
    /// How long it holds, from the answer on.
    pub lifetime: Duration,
}

/// Why there is none. It never holds a part of a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoToken(pub String);

/// Shorter than this, a token would be asked for all the time; longer ones are asked for anew nevertheless.
const LIFETIMES: std::ops::RangeInclusive<u64> = 60..=12 * 3600;

fn lifetime(seconds: u64) -> Duration {
    Duration::from_secs(seconds.clamp(*LIFETIMES.start(), *LIFETIMES.end()))
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5.2); every other byte is escaped.
fn form(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        escape(name, &mut out);
        out.push('=');
        escape(value, &mut out);
    }
    out
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte as char)
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// Unix seconds of an RFC 3339 time, such as `2026-11-21T10:00:00Z`.
fn unix(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_escape_what_means_something() {
        assert_eq!(
            form(&[("a", "b c&d=é"), ("grant_type", "x:y")]),
            "a=b%20c%26d%3D%C3%A9&grant_type=x%3Ay"
        );
    }

    #[test]
    fn nothing_of_a_request_for_a_token_is_printed() {
        let ask = Ask::form("https://sts.example.com/", &[("token", "sk-123")]);
        assert_eq!(format!("{ask:?}"), "POST https://sts.example.com/");
    }
}

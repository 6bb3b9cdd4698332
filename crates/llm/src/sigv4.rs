//! AWS' signatures (IAM User Guide, "AWS Signature Version 4 for API requests"), with the time as an argument.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sluice_vocab::Secret;

/// Keys of an AWS account or role.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The access key's id.
    pub access: String,
    /// The secret access key.
    pub secret: Secret,
    /// The session's token, for keys that end.
    pub session: Option<Secret>,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'s> {
    /// Such as `POST`.
    pub method: &'s str,
    /// As the `host` header says it.
    pub host: &'s str,
    /// The path as it is sent.
    pub path: &'s str,
    /// The query as it is sent, without the question mark; has to be in order already.
    pub query: &'s str,
    /// The body.
    pub body: &'s [u8],
    /// Such as `eu-central-1`.
    pub region: &'s str,
    /// Such as `bedrock`.
    pub service: &'s str,
    /// Unix seconds.
    pub now: u64,
}

impl Keys {
    /// From `ID:SECRET`, or `ID:SECRET:SESSION`. `None` for what is neither, such as an API key.
    pub fn parse(credential: &Secret) -> Option<Self> {
        let text = std::str::from_utf8(credential.expose()).ok()?;
        let mut parts = text.splitn(3, ':');
        let (access, secret) = (parts.next()?, parts.next()?);
        let session = parts.next().filter(|s| !s.is_empty()).map(Secret::new);
        let is_id = access.len() >= 16
            && access
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        is_id.then(|| Self {
            access: access.to_owned(),
            secret: Secret::new(secret),
            session,
        })
    }
}

/// The headers that prove who asks: `x-amz-date`, `x-amz-security-token` where there is one, and `authorization`.
pub fn headers(signed: &Signed<'_>, keys: &Keys) -> Vec<(&'static str, String)> {
    let (date, time) = stamp(signed.now);
    let stamp = format!("{date}T{time}Z");
    let session = keys
        .session
        .as_ref()
        .and_then(|s| s.expose_str())
        .unwrap_or_default();
    let mut canonical = format!(
        "{}\n{}\n{}\nhost:{}\nx-amz-date:{stamp}\n",
        signed.method,
        path(signed.path),
        signed.query,
        signed.host
    );
    let mut names = "host;x-amz-date".to_owned();
    if !session.is_empty() {
        let _ = writeln!(canonical, "x-amz-security-token:{session}");
        names.push_str(";x-amz-security-token");
    }
    let _ = write!(
        canonical,
        "\n{names}\n{}",
        hex(&Sha256::digest(signed.body))
    );
    let scope = format!("{date}/{}/{}/aws4_request", signed.region, signed.service);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut key = mac(&[b"AWS4", keys.secret.expose()].concat(), date.as_bytes());
    for part in [signed.region, signed.service, "aws4_request"] {
        key = mac(&key, part.as_bytes());
    }
    let signature = hex(&mac(&key, to_sign.as_bytes()));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        keys.access
    );
    let mut all = vec![("x-amz-date", stamp), ("authorization", authorization)];
    if !session.is_empty() {
        all.push(("x-amz-security-token", session.to_owned()));
    }
    all
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// The path, encoded once more: all services but S3 want what was sent encoded again.
fn path(sent: &str) -> String {
    sent.bytes()
        .fold(String::with_capacity(sent.len()), |mut out, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                    out.push(char::from(byte))
                }
                _ => {
                    let _ = write!(out, "%{byte:02X}");
                }
            }
            out
        })
}

/// Date and time in UTC (the civil calendar from days, after Howard Hinnant's `civil_from_days`).
fn stamp(unix: u64) -> (String, String) {
    let (days, second) = (unix / 86_400, unix % 86_400);
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let date = format!("{year:04}{month:02}{day:02}");
    (
        date,
        format!(
            "{:02}{:02}{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_own_example_is_signed_as_aws_does() {
        // `get-vanilla` of AWS' signature test suite.
        let keys = Keys {
            access: "AKIDEXAMPLE".into(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: None,
        };
        let signed = Signed {
            method: "GET",
            host: "example.amazonaws.com",
            path: "/",
            query: "",
            body: b"",
            region: "us-east-1",
            service: "service",
            now: 1_440_938_160,
        };
        let headers = headers(&signed, &keys);
        assert_eq!(headers[0], ("x-amz-date", "20150830T123600Z".to_owned()));
        let want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
            SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert_eq!(headers[1].1, want);
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (unix, date, time) in [
            (0, "19700101", "000000"),
            (951_782_400, "20000229", "000000"),
            (1_709_164_799, "20240228", "235959"),
            (1_735_689_599, "20241231", "235959"),
        ] {
            assert_eq!(stamp(unix), (date.to_owned(), time.to_owned()));
        }
    }

    #[test]
    fn keys_are_told_from_api_keys() {
        assert!(Keys::parse(&Secret::new("AKIAIOSFODNN7EXAMPLE:wJalr/x+y")).is_some());
        assert!(
            Keys::parse(&Secret::new("AKIAIOSFODNN7EXAMPLE:wJalr:token"))
                .unwrap()
                .session
                .is_some()
        );
        assert!(Keys::parse(&Secret::new("ABSKQmVkcm9ja0FQSUtleQ==")).is_none());
        assert!(Keys::parse(&Secret::new("sk-x:y")).is_none());
    }

    #[test]
    fn an_encoded_path_is_encoded_once_more() {
        assert_eq!(path("/model/a.b%3A0/converse"), "/model/a.b%253A0/converse");
    }
}

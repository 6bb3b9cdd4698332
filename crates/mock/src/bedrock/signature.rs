//! AWS' signatures, checked the way the service does: from what arrived.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::reply::Call;

/// The only keys that the mock knows.
const ACCESS: &str = "AKIAMOCKMOCKMOCKMOCK";
const SECRET: &str = "mock/secret+key";

/// Whether the signature is that of this request by those keys.
pub(super) fn is_right(call: &Call<'_>, authorization: &str) -> bool {
    check(call, authorization).unwrap_or(false)
}

fn check(call: &Call<'_>, authorization: &str) -> Option<bool> {
    let mut fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?.split(", ");
    let credential = fields.next()?.strip_prefix("Credential=")?;
    let names = fields.next()?.strip_prefix("SignedHeaders=")?;
    let given = fields.next()?.strip_prefix("Signature=")?;
    let (access, scope) = credential.split_once('/')?;
    let parts: Vec<&str> = scope.split('/').collect();
    let [date, region, service, "aws4_request"] = parts[..] else {
        return None;
    };
    let signs = |name: &str| names.split(';').any(|n| n == name);
    let stamp = call.header("x-amz-date")?;
    if access != ACCESS
        || service != "bedrock"
        || !signs("host")
        || !signs("x-amz-date")
        || !stamp.starts_with(date)
    {
        return None;
    }
    if call.header("x-amz-security-token").is_some() && !signs("x-amz-security-token") {
        return None;
    }
    let mut canonical = format!("POST\n{}\n{}\n", encoded_again(call.path), call.query);
    for name in names.split(';') {
        let _ = writeln!(canonical, "{name}:{}", call.header(name)?.trim());
    }
    let _ = write!(canonical, "\n{names}\n{}", hex(&Sha256::digest(call.body)));
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let key = [region, service, "aws4_request"].into_iter().try_fold(
        mac(format!("AWS4{SECRET}").as_bytes(), date)?,
        |key, part| mac(&key, part),
    )?;
    Some(hex(&mac(&key, &to_sign)?) == given)
}

fn encoded_again(path: &str) -> String {
    path.chars()
        .map(|c| {
            if c == '%' {
                "%25".to_owned()
            } else {
                c.to_string()
            }
        })
        .collect()
}

fn mac(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

//! Base URLs of providers.

use sluice_crds::ProviderType;
use sluice_crds::upstream::{CustomHost, Tls};

/// A base URL in the parts of an Upstream.
#[derive(Debug, PartialEq)]
pub(super) struct Address {
    pub(super) custom_host: CustomHost,
    /// Unset for the provider's default.
    pub(super) path_prefix: Option<String>,
}

/// Reads a base URL, with or without the version at its end. `Err` says what is wrong.
pub(super) fn parse(url: &str, kind: ProviderType) -> Result<Address, String> {
    let wrong = |what: &str| format!("{url:?} {what}: write it as https://host[:port][/path]");
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| wrong("has no scheme"))?;
    let tls = match scheme {
        "https" => true,
        "http" => false,
        _ => return Err(wrong("is neither http nor https")),
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |i| rest.split_at(i));
    let (host, port) = split_port(authority).ok_or_else(|| wrong("has no valid host and port"))?;
    let port = port.unwrap_or(if tls { 443 } else { 80 });
    if !tls && port == 443 {
        return Err(wrong("is plain HTTP on port 443"));
    }
    let tls = (tls && port != 443).then(Tls::default);
    Ok(Address {
        custom_host: CustomHost {
            host: host.to_owned(),
            port,
            tls,
        },
        path_prefix: prefix(path, kind),
    })
}

fn split_port(authority: &str) -> Option<(&str, Option<i32>)> {
    let split = match authority.rfind(':') {
        Some(i) if !authority[i..].contains(']') => Some(i),
        _ => None,
    };
    let (host, port) = match split {
        Some(i) => (
            &authority[..i],
            Some(
                authority[i + 1..]
                    .parse()
                    .ok()
                    .filter(|p| (1..=65535).contains(p))?,
            ),
        ),
        None => (authority, None),
    };
    (!host.is_empty()).then_some((host, port))
}

/// The path up to and with the version, which is added where it is missing.
fn prefix(path: &str, kind: ProviderType) -> Option<String> {
    let path = path.trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_version = last
        .strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if path.is_empty() {
        None
    } else if is_version {
        Some(path.to_owned())
    } else if kind == ProviderType::Gemini {
        Some(format!("{path}/v1beta"))
    } else {
        Some(format!("{path}/v1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk(url: &str) -> (String, i32, bool, Option<String>) {
        let a = parse(url, ProviderType::OpenAi).unwrap();
        (
            a.custom_host.host,
            a.custom_host.port,
            a.custom_host.tls.is_some(),
            a.path_prefix,
        )
    }

    #[test]
    fn the_version_is_never_doubled() {
        assert_eq!(
            mk("https://api.openai.com"),
            ("api.openai.com".into(), 443, false, None)
        );
        assert_eq!(
            mk("https://api.openai.com/v1/"),
            ("api.openai.com".into(), 443, false, Some("/v1".into()))
        );
        assert_eq!(
            mk("http://10.0.0.1:8000/llm"),
            ("10.0.0.1".into(), 8000, false, Some("/llm/v1".into()))
        );
        assert_eq!(
            mk("https://h:8443/llm/v1"),
            ("h".into(), 8443, true, Some("/llm/v1".into()))
        );
        assert_eq!(mk("http://[::1]:80"), ("[::1]".into(), 80, false, None));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "api.openai.com",
            "ftp://x",
            "http://",
            "http://h:0",
            "http://h:x",
            "http://h:443",
            "https://:1",
        ] {
            assert!(parse(url, ProviderType::OpenAi).is_err(), "{url}");
        }
    }
}

//! Headers that do not go on: those of one connection, of the caller's person, and of another format.

use http::{HeaderMap, HeaderName, header};

use crate::stage::authn::CREDENTIAL_HEADERS;

/// Headers of one connection only (RFC 9110, section 7.6.1).
static HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers that say who and where the caller is, which a provider need not know.
static PRIVATE: [HeaderName; 6] = [
    header::HOST,
    header::COOKIE,
    header::FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("x-ai-route-metadata"),
];

/// Beginnings of headers in which proxies, meshes and identity-aware gateways say who the caller is.
const OF_PROXIES: [&str; 16] = [
    "x-forwarded-",
    "x-original-",
    "x-auth-request-",
    "x-amzn-oidc-",
    "x-amzn-trace-",
    "x-goog-iap-",
    "x-goog-authenticated-user-",
    "x-ms-client-principal",
    "x-ms-token-",
    "cf-access-",
    "cf-connecting-",
    "cf-ipcountry",
    "cf-ray",
    "cf-visitor",
    "x-envoy-",
    "x-sluice-",
];

/// Headers that say whose account is to pay.
const ACCOUNT: [&str; 3] = [
    "openai-organization",
    "openai-project",
    "x-goog-user-project",
];

/// Beginnings of headers that belong to a format.
const OF_A_FORMAT: [&str; 3] = ["anthropic-", "openai-", "x-goog-"];

/// Headers that the gateway itself gives a request.
const OWN: usize = 6;

/// Takes out what belongs to one connection, the `connection` header's own list included.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if !headers.keys().any(|name| HOP_BY_HOP.contains(name)) {
        return;
    }
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("").split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// What of a request's headers a provider is not shown, beside what no provider is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Withheld {
    /// Those of the caller's format: the provider has another.
    pub(super) format: bool,
    /// Those that say whose account is to pay: that is decided by who holds the credential.
    pub(super) account: bool,
}

/// The caller's headers that go on: not what is the caller's own, nor what was true of the body as it came.
pub(super) fn going_on(headers: &HeaderMap, withheld: Withheld) -> HeaderMap {
    let mut on = HeaderMap::with_capacity(headers.len() + OWN);
    for (name, value) in headers {
        if goes_on(name, withheld) {
            on.append(name, value.clone());
        }
    }
    on
}

fn goes_on(name: &HeaderName, withheld: Withheld) -> bool {
    let text = name.as_str();
    let is_private = CREDENTIAL_HEADERS.contains(name) || PRIVATE.contains(name);
    let is_of_the_body = name == header::CONTENT_LENGTH || name == header::EXPECT;
    let is_of_the_format = || OF_A_FORMAT.iter().any(|start| text.starts_with(start));
    let is_withheld = is_private
        || OF_PROXIES.iter().any(|start| text.starts_with(start))
        || is_of_the_body
        || withheld.format && is_of_the_format()
        || withheld.account && ACCOUNT.contains(&text);
    !is_withheld
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk(names: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append(*name, http::HeaderValue::from_static("v"));
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    const NOTHING: Withheld = Withheld {
        format: false,
        account: false,
    };

    #[test]
    fn what_is_the_callers_own_does_not_go_on() {
        let mut all = vec!["content-length", "expect", "x-own", "x-own"];
        all.extend(CREDENTIAL_HEADERS.iter().map(HeaderName::as_str));
        all.extend(PRIVATE.iter().map(HeaderName::as_str));
        all.extend([
            "x-forwarded-for",
            "x-forwarded-user",
            "x-forwarded-client-cert",
            "x-auth-request-email",
            "x-amzn-oidc-data",
            "x-goog-iap-jwt-assertion",
            "x-goog-authenticated-user-email",
            "x-ms-client-principal-name",
            "cf-access-jwt-assertion",
            "cf-connecting-ip",
            "x-sluice-anything",
        ]);
        assert_eq!(names(&going_on(&mk(&all), NOTHING)), ["x-own", "x-own"]);
    }

    #[test]
    fn what_belongs_to_a_format_goes_to_its_own_providers_only() {
        let all = mk(&["anthropic-beta", "openai-beta", "x-goog-api-client", "x-a"]);
        assert_eq!(going_on(&all, NOTHING).len(), 4);
        let withheld = Withheld {
            format: true,
            ..NOTHING
        };
        assert_eq!(names(&going_on(&all, withheld)), ["x-a"]);
    }

    #[test]
    fn who_pays_is_decided_by_who_holds_the_credential() {
        let all = mk(&[
            "openai-organization",
            "openai-project",
            "x-goog-user-project",
            "openai-beta",
        ]);
        assert_eq!(going_on(&all, NOTHING).len(), 4);
        let withheld = Withheld {
            account: true,
            ..NOTHING
        };
        assert_eq!(names(&going_on(&all, withheld)), ["openai-beta"]);
    }

    #[test]
    fn what_belongs_to_a_connection_ends_with_it() {
        let mut headers = mk(&["te", "upgrade", "keep-alive", "x-listed", "x-own"]);
        let listed = http::HeaderValue::from_static("close, X-Listed");
        headers.insert(header::CONNECTION, listed);
        remove_hop_by_hop(&mut headers);
        assert_eq!(names(&headers), ["x-own"]);
    }
}

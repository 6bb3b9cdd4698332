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
static PRIVATE: [HeaderName; 8] = [
    header::HOST,
    header::COOKIE,
    header::FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-ai-route-metadata"),
];

/// Takes out what belongs to one connection, the `connection` header's own list included.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("").split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed {
        headers.remove(name);
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Takes out what is the caller's own, and what was true of the body as it came.
pub(super) fn clean(headers: &mut HeaderMap) {
    for name in CREDENTIAL_HEADERS.iter().chain(&PRIVATE) {
        headers.remove(name);
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::EXPECT);
}

/// Takes out the headers of the caller's format.
pub(super) fn clean_foreign(headers: &mut HeaderMap) {
    let is_foreign = |name: &&HeaderName| {
        let name = name.as_str();
        ["anthropic-", "openai-", "x-goog-"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let foreign: Vec<_> = headers.keys().filter(is_foreign).cloned().collect();
    for name in foreign {
        headers.remove(name);
    }
}

/// Takes out whose account is to pay: that is decided by who holds the credential.
pub(super) fn clean_account(headers: &mut HeaderMap) {
    for name in [
        "openai-organization",
        "openai-project",
        "x-goog-user-project",
    ] {
        headers.remove(name);
    }
}

//! Paths as they are matched and sent: one spelling for what servers take for the same (RFC 3986, section 6.2.2.2; RFC 9110, section 4.2.3).
//!
//! A route's policies hang on its path. `/%61dmin` and `//admin` are `/admin` to most servers, so they have to be to the table too: escapes of
//! letters, digits and `-._~` are resolved, and slashes that follow one another are one. Other escapes stay as they are.

use http::Uri;
use http::uri::PathAndQuery;

/// Gives the address in its one spelling; `None` when that is how it came.
pub(super) fn normalised(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains('%') && !path.contains("//") {
        return None;
    }
    let mut text = normal(path);
    if text == path {
        return None;
    }
    if let Some(query) = uri.query() {
        text.push('?');
        text.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

fn normal(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let escaped = rest.strip_prefix('%').and_then(|r| r.get(..2));
        let byte = escaped
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(|b| b.is_ascii_alphanumeric() || b"-._~".contains(b)) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[3..];
            }
            None => {
                if c != '/' || !out.ends_with('/') {
                    out.push(c);
                }
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_take_for_one_path_is_one() {
        for (path, want) in [
            ("/%73vcauth/x", "/svcauth/x"),
            ("//svcauth///x//", "/svcauth/x/"),
            ("/a%2Fb%2f%20%25%41", "/a%2Fb%2f%20%25A"),
            ("/%2e%2E/x", "/../x"),
            ("/%zz%4", "/%zz%4"),
            ("/%2561", "/%2561"),
        ] {
            let uri: Uri = format!("http://host{path}?q=%61//b").parse().unwrap();
            let now = normalised(&uri).unwrap_or_else(|| uri.clone());
            assert_eq!(now.to_string(), format!("http://host{want}?q=%61//b"));
            assert_eq!(normalised(&now), None, "{path}");
        }
    }
}

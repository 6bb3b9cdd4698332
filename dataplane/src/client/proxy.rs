//! The URL of an HTTP proxy.

/// Host, port and `user:password` of a proxy's URL, such as `http://user:pw@proxy:3128`.
pub(crate) fn parse(url: &str) -> Option<(String, u16, Option<String>)> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    if rest.contains("://") {
        return None;
    }
    let rest = rest.split('/').next()?;
    let (login, address) = match rest.rsplit_once('@') {
        Some((login, address)) => (
            Some(sluice_llm::surface::percent_decode(login).into_owned()),
            address,
        ),
        None => (None, rest),
    };
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port.parse().ok()?),
        _ => (address, 3128),
    };
    (!host.is_empty()).then(|| (host.trim_matches(['[', ']']).to_owned(), port, login))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        assert_eq!(
            parse("http://u:p%40@proxy.example:8080/"),
            Some(("proxy.example".into(), 8080, Some("u:p@".into())))
        );
        assert_eq!(parse("proxy"), Some(("proxy".into(), 3128, None)));
        assert_eq!(parse("socks5://x"), None);
    }
}

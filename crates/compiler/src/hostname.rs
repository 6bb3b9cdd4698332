//! Host names of listeners and routes.

/// The host names that both a listener and a route take; `None` when they have nothing in common. Empty means any.
pub(crate) fn intersect(listener: &str, route: &[String]) -> Option<Vec<String>> {
    if route.is_empty() {
        return Some(if listener.is_empty() {
            Vec::new()
        } else {
            vec![listener.to_owned()]
        });
    }
    let common: Vec<String> = route
        .iter()
        .filter_map(|r| both(listener, &r.to_ascii_lowercase()))
        .collect();
    (!common.is_empty()).then_some(common)
}

/// The narrower of two names, when one contains the other.
fn both(a: &str, b: &str) -> Option<String> {
    let narrower = if contains(a, b) {
        b
    } else if contains(b, a) {
        a
    } else {
        return None;
    };
    Some(narrower.to_owned())
}

fn contains(wide: &str, narrow: &str) -> bool {
    match wide.strip_prefix('*') {
        _ if wide.is_empty() => true,
        None => wide == narrow,
        // `*.example.com` takes `a.example.com` and `*.a.example.com`, not `example.com`.
        Some(suffix) => narrow.ends_with(suffix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrower_name_wins() {
        let route = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let check = |listener: &str, names: &[&str]| intersect(listener, &route(names));
        assert_eq!(check("", &[]), Some(vec![]));
        assert_eq!(check("a.example.com", &[]), Some(route(&["a.example.com"])));
        assert_eq!(
            check("", &["A.example.com"]),
            Some(route(&["a.example.com"]))
        );
        assert_eq!(
            check("*.example.com", &["a.example.com", "b.org"]),
            Some(route(&["a.example.com"]))
        );
        assert_eq!(
            check("a.example.com", &["*.example.com"]),
            Some(route(&["a.example.com"]))
        );
        assert_eq!(
            check("*.example.com", &["*.b.example.com"]),
            Some(route(&["*.b.example.com"]))
        );
        assert_eq!(
            check("*.b.example.com", &["*.example.com"]),
            Some(route(&["*.b.example.com"]))
        );
        assert_eq!(
            check("*.example.com", &["*.example.com"]),
            Some(route(&["*.example.com"]))
        );
        assert_eq!(check("*.example.com", &["example.com"]), None);
        assert_eq!(check("*.example.com", &["not-example.com"]), None);
        assert_eq!(check("*.example.com", &["*.com.example"]), None);
        assert_eq!(check("a.example.com", &["b.example.com"]), None);
    }
}

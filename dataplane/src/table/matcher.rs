//! Which rule takes a request: host, path, method, headers and query, in Gateway API's order of precedence.

use std::collections::HashMap;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, Method};
use regex::Regex;

use super::Route;

/// The rules of one port.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    exact: HashMap<String, Paths>,
    /// Suffixes with their dot, the longest first.
    wildcard: Vec<(String, Paths)>,
    any: Paths,
}

#[derive(Debug, Default)]
struct Paths {
    exact: HashMap<String, Vec<Candidate>>,
    regex: Vec<(Regex, Candidate)>,
    /// Without a trailing slash; the empty one matches all.
    prefix: HashMap<String, Vec<Candidate>>,
    /// Length of the longest of them. What of a path is longer need not be looked up.
    longest: usize,
}

/// One match of a rule, without its path.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) method: Option<Method>,
    pub(crate) headers: Vec<(HeaderName, Value)>,
    pub(crate) query: Vec<(String, Value)>,
    /// Older rules first among equals.
    pub(crate) age: (i64, String, u32, usize),
    pub(crate) route: Arc<Route>,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Exact(String),
    /// Anchored at both ends.
    Regex(Regex),
}

#[derive(Debug, Clone)]
pub(crate) enum Path {
    Exact(String),
    Prefix(String),
    Regex(Regex),
}

/// A rule, and how much of the path its prefix took.
#[derive(Debug)]
pub(crate) struct Matched<'t> {
    pub(crate) route: &'t Arc<Route>,
    /// Length of the matched prefix; the whole path for exact and regex matches.
    pub(crate) taken: usize,
}

impl Value {
    fn matches(&self, text: &str) -> bool {
        match self {
            Value::Exact(want) => want == text,
            Value::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Candidate {
    fn precedence(&self) -> impl Ord + '_ {
        use std::cmp::Reverse;
        (
            self.method.is_none(),
            Reverse(self.headers.len()),
            Reverse(self.query.len()),
            &self.age,
        )
    }

    fn matches(&self, parts: &Parts) -> bool {
        self.method.as_ref().is_none_or(|m| *m == parts.method)
            && self.headers.iter().all(|(name, value)| {
                parts
                    .headers
                    .get(name)
                    .and_then(|v| v.to_str().ok())
                    .is_some_and(|v| value.matches(v))
            })
            && self.query.iter().all(|(name, value)| {
                query_value(parts.uri.query().unwrap_or(""), name)
                    .is_some_and(|v| value.matches(&v))
            })
    }
}

/// The first value of a query parameter, decoded.
pub(crate) fn query_value<'q>(query: &'q str, name: &str) -> Option<std::borrow::Cow<'q, str>> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| sluice_llm::surface::percent_decode(value))
    })
}

impl Paths {
    fn add(&mut self, path: &Path, candidate: Candidate) {
        match path {
            Path::Exact(text) => self.exact.entry(text.clone()).or_default().push(candidate),
            Path::Prefix(text) => {
                let text = text.trim_end_matches('/');
                self.longest = self.longest.max(text.len());
                let list = self.prefix.entry(text.to_owned()).or_default();
                list.push(candidate);
            }
            Path::Regex(regex) => self.regex.push((regex.clone(), candidate)),
        }
    }

    fn sort(&mut self) {
        for list in self.exact.values_mut().chain(self.prefix.values_mut()) {
            list.sort_by(|a, b| a.precedence().cmp(&b.precedence()));
        }
        self.regex.sort_by(|(a, x), (b, y)| {
            (std::cmp::Reverse(a.as_str().len()), x.precedence())
                .cmp(&(std::cmp::Reverse(b.as_str().len()), y.precedence()))
        });
    }

    fn find(&self, parts: &Parts) -> Option<Matched<'_>> {
        let path = parts.uri.path();
        let first = |list: &'_ [Candidate]| list.iter().position(|c| c.matches(parts));
        if let Some(list) = self.exact.get(path)
            && let Some(i) = first(list)
        {
            return Some(Matched {
                route: &list[i].route,
                taken: path.len(),
            });
        }
        if let Some((_, c)) = self
            .regex
            .iter()
            .find(|(r, c)| r.is_match(path) && c.matches(parts))
        {
            return Some(Matched {
                route: &c.route,
                taken: path.len(),
            });
        }
        if self.prefix.is_empty() {
            return None;
        }
        prefixes(path, self.longest).find_map(|prefix| {
            let list = self.prefix.get(prefix)?;
            let i = first(list)?;
            Some(Matched {
                route: &list[i].route,
                taken: prefix.len(),
            })
        })
    }
}

/// A path and what stands before each of its slashes, the longest first: what may be found under a prefix of at most so many bytes.
fn prefixes(path: &str, longest: usize) -> impl Iterator<Item = &str> {
    let whole = path.trim_end_matches('/');
    let first = match whole.as_bytes().get(..=longest) {
        // The slash behind the longest is where it may end.
        Some(window) => window
            .iter()
            .rposition(|b| *b == b'/')
            .map(|end| &whole[..end]),
        None => Some(whole),
    };
    std::iter::successors(first, |prefix| Some(&prefix[..prefix.rfind('/')?]))
}

impl Matcher {
    /// `hostname` is lower case; empty for any.
    pub(crate) fn add(&mut self, hostname: &str, path: &Path, candidate: Candidate) {
        let paths = match hostname.strip_prefix('*') {
            _ if hostname.is_empty() => &mut self.any,
            None => self.exact.entry(hostname.to_owned()).or_default(),
            Some(suffix) => match self.wildcard.iter().position(|(s, _)| s == suffix) {
                Some(i) => &mut self.wildcard[i].1,
                None => {
                    self.wildcard.push((suffix.to_owned(), Paths::default()));
                    let last = self.wildcard.len() - 1;
                    &mut self.wildcard[last].1
                }
            },
        };
        paths.add(path, candidate);
    }

    /// Call once when all is added.
    pub(crate) fn sort(&mut self) {
        self.exact
            .values_mut()
            .chain(self.wildcard.iter_mut().map(|(_, p)| p))
            .for_each(Paths::sort);
        self.any.sort();
        self.wildcard
            .sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
    }

    /// The rule for a request to `host` (with or without a port).
    pub(crate) fn find(&self, host: &str, parts: &Parts) -> Option<Matched<'_>> {
        if self.exact.is_empty() && self.wildcard.is_empty() {
            return self.any.find(parts);
        }
        let host = without_port(host).to_ascii_lowercase();
        let exact = self.exact.get(&host).and_then(|p| p.find(parts));
        let wildcard = || {
            self.wildcard
                .iter()
                .filter(|(s, _)| host.len() > s.len() && host.ends_with(s))
                .find_map(|(_, p)| p.find(parts))
        };
        exact.or_else(wildcard).or_else(|| self.any.find(parts))
    }
}

pub(super) fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if host[colon + 1..].bytes().all(|b| b.is_ascii_digit()) => &host[..colon],
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_route(label: &str) -> Arc<Route> {
        Arc::new(Route {
            label: label.into(),
            prompt_type: None,
            backends: Vec::new(),
            plan: Default::default(),
            request_headers: Default::default(),
            response_headers: Default::default(),
            rewrite: None,
            redirect: None,
        })
    }

    fn mk_candidate(label: &str) -> Candidate {
        Candidate {
            method: None,
            headers: vec![],
            query: vec![],
            age: (0, label.into(), 0, 0),
            route: mk_route(label),
        }
    }

    fn find(
        matcher: &Matcher,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Option<String> {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let host = parts.uri.host().unwrap_or("").to_owned();
        matcher
            .find(&host, &parts)
            .map(|m| m.route.label.to_string())
    }

    #[test]
    fn what_is_looked_up_of_a_path_does_not_grow_with_it() {
        let work = |path: &str| prefixes(path, 6).map(str::len).sum::<usize>();
        let path = |segments: usize| "/a".repeat(segments);
        assert_eq!(work(&path(3)), work(&path(30_000)));
        let looked_up = |path| prefixes(path, 6).collect::<Vec<_>>();
        assert_eq!(looked_up("/a/b/c/d/"), ["/a/b/c", "/a/b", "/a", ""]);
        assert_eq!(looked_up("/a/b/cd"), ["/a/b", "/a", ""]);
        assert_eq!(looked_up("/a/b/c"), ["/a/b/c", "/a/b", "/a", ""]);
        assert_eq!(looked_up("//"), [""]);
        assert_eq!(looked_up("/a-long-name"), [""]);
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let mut m = Matcher::default();
        let exact = |p: &str| Path::Exact(p.into());
        let prefix = |p: &str| Path::Prefix(p.into());
        m.add("", &prefix("/"), mk_candidate("all"));
        m.add("", &prefix("/v1"), mk_candidate("v1"));
        m.add("", &prefix("/v1/chat/"), mk_candidate("chat"));
        m.add("", &exact("/v1/chat"), mk_candidate("exact"));
        m.add(
            "",
            &Path::Regex(Regex::new("^(?:/v1/c.*)$").unwrap()),
            Candidate {
                method: Some(Method::PUT),
                ..mk_candidate("regex")
            },
        );
        m.add(
            "",
            &prefix("/v1"),
            Candidate {
                method: Some(Method::GET),
                ..mk_candidate("get")
            },
        );
        let header = vec![(HeaderName::from_static("x-a"), Value::Exact("1".into()))];
        m.add(
            "",
            &prefix("/v1"),
            Candidate {
                headers: header,
                ..mk_candidate("header")
            },
        );
        m.add(
            "",
            &prefix("/v1"),
            Candidate {
                query: vec![("q".into(), Value::Exact("a b".into()))],
                ..mk_candidate("query")
            },
        );
        m.add("a.example", &prefix("/"), mk_candidate("host"));
        m.add("*.example", &prefix("/"), mk_candidate("wildcard"));
        m.sort();
        for (method, uri, headers, want) in [
            ("POST", "/", &[][..], "all"),
            ("POST", "/v12", &[], "all"),
            ("POST", "/v1", &[], "v1"),
            ("POST", "/v1/", &[], "v1"),
            ("POST", "/v1/chat/x/y", &[], "chat"),
            ("POST", "/v1/chat", &[], "exact"),
            ("PUT", "/v1/cxx", &[], "regex"),
            ("GET", "/v1/x", &[("x-a", "1")], "get"),
            ("POST", "/v1/x", &[("x-a", "1")], "header"),
            ("POST", "/v1/x?b=1&q=a%20b", &[], "query"),
            ("POST", "http://A.example:80/v1", &[], "host"),
            ("POST", "http://b.example/v1", &[], "wildcard"),
            ("POST", "http://example/v1", &[], "v1"),
        ] {
            assert_eq!(
                find(&m, method, uri, headers).as_deref(),
                Some(want),
                "{method} {uri}"
            );
        }
    }
}

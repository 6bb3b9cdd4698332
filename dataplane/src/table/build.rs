//! Snapshot -> table. What can't be realised is poisoned and reported; the rest goes on.

mod listeners;
mod upstreams;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use regex::{Regex, RegexBuilder};
use sluice_llm::Wire;
use sluice_policy::Config;
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Snapshot};

use super::asker::Need;
use super::certificate::Certificate;
use super::matcher::{Candidate, Path, Value};
use super::plan::KeySets;
use super::{
    Backend, Destination, Edits, Listener, Matcher, PathEdit, Plan, Redirect, Rewrite, Route, Table,
};
use crate::standing::Standing;
use listeners::{Certificates, Listeners};
use upstreams::Upstreams;

/// Something of a snapshot that this data plane can't run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The entry.
    pub key: EntryKey,
    /// Where it was compiled from.
    pub origin: Option<model::Origin>,
    /// Why, in a sentence.
    pub message: String,
}

/// The snapshot's entries by kind.
#[derive(Default)]
struct Entries {
    listeners: Vec<(Listener, model::Listener)>,
    certificates: Certificates,
    routes: Vec<(EntryKey, Option<model::Origin>, model::Route)>,
    upstreams: HashMap<EntryKey, (Option<model::Origin>, model::Upstream)>,
    policies: HashMap<EntryKey, Result<Config, String>>,
    credentials: HashMap<EntryKey, sluice_vocab::Secret>,
    keys: KeySets,
}

/// Builds a table.
pub(crate) fn build(snapshot: &Snapshot, standing: &Standing) -> (Table, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut entries = sort(snapshot, &mut diagnostics);
    let listeners = std::mem::take(&mut entries.listeners);
    let mut listeners =
        Listeners::new(listeners, &entries.certificates, standing, &mut diagnostics);
    let mut upstreams = Upstreams::new(&entries.upstreams, &entries.credentials, standing);
    for (key, origin, route) in &entries.routes {
        let mut report = |message: String| {
            diagnostics.push(Diagnostic {
                key: key.clone(),
                origin: origin.clone(),
                message,
            })
        };
        let realised = realise(route, &entries, &mut upstreams, standing, &mut report);
        listeners.each(&route.listeners, |matcher| {
            attach(matcher, route, &realised, &mut report)
        });
    }
    diagnostics.append(&mut upstreams.diagnostics);
    let models = upstreams.listed();
    let (listeners, ports) = listeners.finish();
    (
        Table {
            version: snapshot.version(),
            listeners,
            ports,
            models,
        },
        diagnostics,
    )
}

fn sort(snapshot: &Snapshot, diagnostics: &mut Vec<Diagnostic>) -> Entries {
    let mut entries = Entries::default();
    let mut keys: HashMap<String, HashMap<[u8; 32], Arc<str>>> = HashMap::new();
    for (key, sealed) in snapshot.entries() {
        let entry = match sealed.decode(key) {
            Ok(entry) => entry,
            Err(error) => {
                diagnostics.push(Diagnostic {
                    key: key.clone(),
                    origin: None,
                    message: error.to_string(),
                });
                continue;
            }
        };
        let origin = entry.origin;
        match entry.body {
            Some(Body::Listener(l)) => match u16::try_from(l.port) {
                Ok(port) => entries.listeners.push((
                    Listener {
                        key: key.clone(),
                        origin,
                        port,
                    },
                    l,
                )),
                Err(_) => {
                    let message = format!("{} is no port", l.port);
                    diagnostics.push(Diagnostic {
                        key: key.clone(),
                        origin,
                        message,
                    });
                }
            },
            Some(Body::Route(r)) => entries.routes.push((key.clone(), origin, r)),
            Some(Body::Upstream(u)) => {
                entries.upstreams.insert(key.clone(), (origin, u));
            }
            Some(Body::Policy(p)) => {
                let config =
                    Config::decode(&p.kind, p.revision, &p.config).map_err(|e| e.to_string());
                if let Err(message) = &config {
                    diagnostics.push(Diagnostic {
                        key: key.clone(),
                        origin,
                        message: message.clone(),
                    });
                }
                entries.policies.insert(key.clone(), config);
            }
            Some(Body::Credential(c)) => {
                entries
                    .credentials
                    .insert(key.clone(), sluice_vocab::Secret::new(c.value));
            }
            Some(Body::Certificate(c)) => match Certificate::realise(&c) {
                Ok(certificate) => {
                    entries.certificates.insert(key.clone(), certificate);
                }
                Err(message) => diagnostics.push(Diagnostic {
                    key: key.clone(),
                    origin,
                    message,
                }),
            },
            Some(Body::ApiKey(k)) => match <[u8; 32]>::try_from(k.digest.as_slice()) {
                Ok(digest) => {
                    keys.entry(k.set)
                        .or_default()
                        .insert(digest, k.caller.into());
                }
                Err(_) => diagnostics.push(Diagnostic {
                    key: key.clone(),
                    origin,
                    message: "the digest is no SHA-256".to_owned(),
                }),
            },
            None => diagnostics.push(Diagnostic {
                key: key.clone(),
                origin,
                message: "this data plane does not know this kind of entry".to_owned(),
            }),
        }
    }
    entries.keys = keys
        .into_iter()
        .map(|(set, callers)| (set, Arc::new(callers)))
        .collect();
    entries
}

fn realise(
    route: &model::Route,
    entries: &Entries,
    upstreams: &mut Upstreams<'_>,
    standing: &Standing,
    report: &mut dyn FnMut(String),
) -> Arc<Route> {
    let need = Need {
        credentials: &entries.credentials,
        standing,
        workers: workers(),
    };
    let plan = plan(route, entries, &need, report);
    let mut sum = 0;
    let mut backends = Vec::with_capacity(route.backends.len());
    for backend in route.backends.iter().filter(|b| b.weight > 0) {
        sum += backend.weight;
        let destination = match &backend.target {
            Some(model::backend::Target::Upstream(key)) => {
                Destination::Ai(upstreams.get(&EntryKey::from(key.as_str())))
            }
            Some(model::backend::Target::Service(endpoint)) => {
                let pool =
                    upstreams::target(endpoint).and_then(|target| standing.pool(target, workers()));
                pool.map_or_else(|why| unusable(why, report), Destination::Service)
            }
            // Whoever compiled it has said so already.
            Some(model::backend::Target::Invalid(why)) => Destination::Invalid(why.as_str().into()),
            None => unusable(
                "this data plane does not know this kind of backend".into(),
                report,
            ),
        };
        let request_headers = edits(backend.request_headers.as_ref(), report);
        backends.push((
            sum,
            Backend {
                destination,
                request_headers,
            },
        ));
    }
    Arc::new(Route {
        label: route.label.as_str().into(),
        prompt_type: match route.prompt_type.as_str() {
            "chat" => Some(Wire::Chat),
            "completions" => Some(Wire::Completions),
            _ => None,
        },
        backends,
        plan,
        request_headers: edits(route.request_headers.as_ref(), report),
        response_headers: edits(route.response_headers.as_ref(), report),
        rewrite: route.rewrite.as_ref().map(|r| Rewrite {
            hostname: HeaderValue::from_str(&r.hostname)
                .ok()
                .filter(|h| !h.is_empty()),
            path: r.path.as_ref().map(|p| match p {
                model::rewrite::Path::Full(p) => PathEdit::Full(p.clone()),
                model::rewrite::Path::Prefix(p) => PathEdit::Prefix(p.clone()),
            }),
        }),
        redirect: route.redirect.as_ref().map(|r| Redirect {
            scheme: Some(r.scheme.clone()).filter(|s| !s.is_empty()),
            hostname: Some(r.hostname.clone()).filter(|s| !s.is_empty()),
            port: u16::try_from(r.port).ok().filter(|p| *p != 0),
            status: u16::try_from(r.status)
                .ok()
                .and_then(|s| StatusCode::from_u16(s).ok())
                .unwrap_or(StatusCode::FOUND),
            path: r.path.as_ref().map(|p| match p {
                model::redirect::Path::Full(p) => PathEdit::Full(p.clone()),
                model::redirect::Path::Prefix(p) => PathEdit::Prefix(p.clone()),
            }),
        }),
    })
}

fn unusable(why: String, report: &mut dyn FnMut(String)) -> Destination {
    let invalid = Destination::Invalid(why.as_str().into());
    report(why);
    invalid
}

/// Shards of a pool: one per worker, at most this many.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn plan(
    route: &model::Route,
    entries: &Entries,
    need: &Need<'_>,
    report: &mut dyn FnMut(String),
) -> Plan {
    let mut plan = Plan::default();
    for key in &route.policies {
        let added = match entries.policies.get(&EntryKey::from(key.as_str())) {
            Some(Ok(config)) => plan.add(config.clone(), &entries.keys, need),
            Some(Err(message)) => Err(message.clone()),
            None => Err(format!("policy {key} is not in the snapshot")),
        };
        if let Err(message) = added {
            report(message.clone());
            plan.poisoned = Some(message);
        }
    }
    let millis = [route.request_timeout_ms, route.backend_timeout_ms]
        .into_iter()
        .filter(|ms| *ms > 0)
        .min();
    plan.timeout = millis.map(Duration::from_millis).or(plan.timeout);
    plan
}

fn edits(edits: Option<&model::HeaderEdits>, report: &mut dyn FnMut(String)) -> Edits {
    let Some(edits) = edits else {
        return Edits::default();
    };
    let mut field = |f: &model::Field| match (
        HeaderName::try_from(f.name.as_str()),
        HeaderValue::try_from(f.value.as_str()),
    ) {
        (Ok(name), Ok(value)) => Some((name, value)),
        _ => {
            report(format!("{:?} is no valid header", f.name));
            None
        }
    };
    Edits {
        set: edits.set.iter().filter_map(&mut field).collect(),
        add: edits.add.iter().filter_map(&mut field).collect(),
        remove: edits
            .remove
            .iter()
            .filter_map(|n| HeaderName::try_from(n.as_str()).ok())
            .collect(),
    }
}

fn attach(
    matcher: &mut Matcher,
    route: &model::Route,
    realised: &Arc<Route>,
    report: &mut dyn FnMut(String),
) {
    let any = [String::new()];
    let hostnames = if route.hostnames.is_empty() {
        &any[..]
    } else {
        &route.hostnames
    };
    for (i, wanted) in route.matches.iter().enumerate() {
        match candidate(
            wanted,
            (route.created, route.rank.clone(), route.rule, i),
            realised,
        ) {
            Ok((path, candidate)) => hostnames
                .iter()
                .for_each(|h| matcher.add(h, &path, candidate.clone())),
            Err(message) => report(message),
        }
    }
}

fn candidate(
    wanted: &model::RouteMatch,
    age: (i64, String, u32, usize),
    route: &Arc<Route>,
) -> Result<(Path, Candidate), String> {
    let path = match &wanted.path {
        None => Path::Prefix(String::new()),
        Some(model::route_match::Path::Exact(p)) => Path::Exact(p.clone()),
        Some(model::route_match::Path::Prefix(p)) => Path::Prefix(p.clone()),
        Some(model::route_match::Path::Regex(p)) => Path::Regex(regex(p)?),
    };
    let value = |m: &model::FieldMatch| match &m.value {
        Some(model::field_match::Value::Regex(r)) => regex(r).map(Value::Regex),
        Some(model::field_match::Value::Exact(v)) => Ok(Value::Exact(v.clone())),
        None => Err(format!("the match of {} has no value", m.name)),
    };
    let mut headers = Vec::with_capacity(wanted.headers.len());
    for header in &wanted.headers {
        headers.push((
            HeaderName::try_from(header.name.as_str()).map_err(|e| e.to_string())?,
            value(header)?,
        ));
    }
    let mut query = Vec::with_capacity(wanted.query.len());
    for parameter in &wanted.query {
        query.push((parameter.name.clone(), value(parameter)?));
    }
    let method = if wanted.method.is_empty() {
        None
    } else {
        Some(Method::try_from(wanted.method.as_str()).map_err(|e| e.to_string())?)
    };
    Ok((
        path,
        Candidate {
            method,
            headers,
            query,
            age,
            route: route.clone(),
        },
    ))
}

/// A pattern that has to fit the whole text.
fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build()
        .map_err(|e| e.to_string())
}

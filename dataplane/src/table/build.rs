//! Snapshot -> table. What can't be realised is poisoned and reported; the rest goes on.

mod entries;
mod header;
mod listeners;
mod plan;
mod route;
mod upstreams;

use std::sync::Arc;

use http::{HeaderName, Method};
use regex::{Regex, RegexBuilder};
use sluice_snapshot::{EntryKey, Snapshot, model};

use super::matcher::{Candidate, Path, Value};
use super::{Matcher, Route, Table};
use crate::standing::Standing;
use entries::Entries;
use listeners::Listeners;
use route::realise;
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

/// Builds a table.
pub(crate) fn build(snapshot: &Snapshot, standing: &Standing) -> (Table, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut entries = Entries::of(snapshot, standing, &mut diagnostics);
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

/// Shards of a pool: one per worker, at most this many.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
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

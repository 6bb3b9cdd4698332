//! A route's entry -> the route: where it leads, and what is changed on the way there and back.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use sluice_llm::Wire;
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, redirect, rewrite};

use super::entries::Entries;
use super::header::{header, header_name};
use super::plan::plan;
use super::upstreams::{self, Upstreams};
use super::workers;
use crate::standing::Standing;
use crate::table::{Backend, Destination, Edits, PathEdit, Redirect, Rewrite, Route};

pub(super) fn realise(
    route: &model::Route,
    entries: &Entries,
    upstreams: &mut Upstreams<'_>,
    standing: &Standing,
    report: &mut dyn FnMut(String),
) -> Arc<Route> {
    let plan = plan(route, entries, standing, report);
    let mut sum = 0;
    let mut backends = Vec::with_capacity(route.backends.len());
    for backend in route.backends.iter().filter(|b| b.weight > 0) {
        sum += backend.weight;
        let backend = Backend {
            destination: destination(backend, upstreams, standing, report),
            request_headers: edits(backend.request_headers.as_ref(), report),
        };
        backends.push((sum, backend));
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
        rewrite: route.rewrite.as_ref().map(rewritten),
        redirect: route.redirect.as_ref().map(redirected),
    })
}

fn destination(
    backend: &model::Backend,
    upstreams: &mut Upstreams<'_>,
    standing: &Standing,
    report: &mut dyn FnMut(String),
) -> Destination {
    match &backend.target {
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
    }
}

fn unusable(why: String, report: &mut dyn FnMut(String)) -> Destination {
    let invalid = Destination::Invalid(why.as_str().into());
    report(why);
    invalid
}

fn rewritten(rewrite: &model::Rewrite) -> Rewrite {
    let hostname = HeaderValue::from_str(&rewrite.hostname);
    Rewrite {
        hostname: hostname.ok().filter(|h| !h.is_empty()),
        path: rewrite.path.as_ref().map(|path| match path {
            rewrite::Path::Full(p) => PathEdit::Full(p.clone()),
            rewrite::Path::Prefix(p) => PathEdit::Prefix(p.clone()),
        }),
    }
}

fn redirected(redirect: &model::Redirect) -> Redirect {
    let status = u16::try_from(redirect.status);
    let status = status.ok().and_then(|s| StatusCode::from_u16(s).ok());
    Redirect {
        scheme: Some(redirect.scheme.clone()).filter(|s| !s.is_empty()),
        hostname: Some(redirect.hostname.clone()).filter(|s| !s.is_empty()),
        port: u16::try_from(redirect.port).ok().filter(|p| *p != 0),
        status: status.unwrap_or(StatusCode::FOUND),
        path: redirect.path.as_ref().map(|path| match path {
            redirect::Path::Full(p) => PathEdit::Full(p.clone()),
            redirect::Path::Prefix(p) => PathEdit::Prefix(p.clone()),
        }),
    }
}

fn edits(edits: Option<&model::HeaderEdits>, report: &mut dyn FnMut(String)) -> Edits {
    let Some(edits) = edits else {
        return Edits::default();
    };
    let mut field = |f: &model::Field| header(f).map_err(&mut *report).ok();
    let set = edits.set.iter().filter_map(&mut field).collect();
    let add = edits.add.iter().filter_map(&mut field).collect();
    let mut name = |name: &String| header_name(name).map_err(&mut *report).ok();
    Edits {
        set,
        add,
        remove: edits.remove.iter().filter_map(&mut name).collect(),
    }
}

//! What a rule does to requests and answers.

use sluice_crds::GROUP;
use sluice_crds::gateway_api::httproutes::{
    HttpRouteRulesFilters, HttpRouteRulesFiltersExtensionRef,
    HttpRouteRulesFiltersRequestHeaderModifier, HttpRouteRulesFiltersRequestRedirect,
    HttpRouteRulesFiltersRequestRedirectScheme as Scheme,
    HttpRouteRulesFiltersResponseHeaderModifier, HttpRouteRulesFiltersType as Type,
    HttpRouteRulesFiltersUrlRewrite,
};
use sluice_snapshot::model::{self, redirect, rewrite};
use sluice_vocab::header::refusal;
use sluice_vocab::{Finding, Reason};

use super::Rule;
use crate::verdict::Verdicts;

/// Whether an extension is a RoutePolicy.
pub(super) fn is_policy(reference: &HttpRouteRulesFiltersExtensionRef) -> bool {
    reference.group == GROUP && reference.kind == "RoutePolicy"
}

impl Rule<'_> {
    /// Puts the filters into the route. Says why when one of them cannot be applied.
    pub(super) fn filters(
        &self,
        body: &mut model::Route,
        verdicts: &mut Verdicts,
    ) -> Option<String> {
        let mut broken = None;
        for (i, filter) in self.rule.filters.iter().flatten().enumerate() {
            let framing = framing(filter);
            if let Err(finding) = apply(filter, body) {
                verdicts.add(&self.at(&format!(".filters[{i}]")), finding.clone());
                broken = Some(finding.message);
            }
            for (field, why) in framing {
                broken = Some(why.clone());
                let finding = Finding::error(Reason::Invalid, "", why);
                verdicts.add(&self.at(&format!(".filters[{i}].{field}")), finding);
            }
        }
        broken
    }
}

fn apply(filter: &HttpRouteRulesFilters, body: &mut model::Route) -> Result<(), Finding> {
    match filter.r#type {
        Type::RequestHeaderModifier => {
            body.request_headers = filter.request_header_modifier.as_ref().map(request)
        }
        Type::ResponseHeaderModifier => {
            body.response_headers = filter.response_header_modifier.as_ref().map(response)
        }
        Type::UrlRewrite => body.rewrite = filter.url_rewrite.as_ref().map(rewrite_of),
        Type::RequestRedirect => body.redirect = filter.request_redirect.as_ref().map(redirect_of),
        Type::ExtensionRef => {
            let reference = filter.extension_ref.as_ref();
            if let Some(other) = reference.filter(|r| !is_policy(r)) {
                let message = format!(
                    "{}/{} is no kind of filter: use {GROUP}/RoutePolicy",
                    other.group, other.kind
                );
                return Err(Finding::error(Reason::InvalidKind, "", message));
            }
        }
        Type::RequestMirror => {
            let message = "filters of type RequestMirror arrive with a later version";
            return Err(Finding::error(Reason::UnsupportedValue, "", message));
        }
    }
    Ok(())
}

/// Headers that a filter may not touch: the field of each, and why.
fn framing(filter: &HttpRouteRulesFilters) -> Vec<(String, String)> {
    match filter.r#type {
        Type::RequestHeaderModifier => {
            let edits = filter.request_header_modifier.as_ref().map(request);
            refused("requestHeaderModifier", edits.as_ref())
        }
        Type::ResponseHeaderModifier => {
            let edits = filter.response_header_modifier.as_ref().map(response);
            refused("responseHeaderModifier", edits.as_ref())
        }
        Type::UrlRewrite | Type::RequestRedirect | Type::ExtensionRef | Type::RequestMirror => {
            Vec::new()
        }
    }
}

/// Headers of a modifier that nobody but the gateway may decide on: the field of each, and why.
pub(super) fn refused(at: &str, edits: Option<&model::HeaderEdits>) -> Vec<(String, String)> {
    let Some(edits) = edits else {
        return Vec::new();
    };
    let fields = |which: &'static str, fields: &[model::Field]| {
        let names = fields.iter().enumerate();
        let refused = |(i, field): (usize, &model::Field)| {
            Some((format!("{at}.{which}[{i}].name"), refusal(&field.name)?))
        };
        names.filter_map(refused).collect::<Vec<_>>()
    };
    let removed = edits.remove.iter().enumerate();
    let removed =
        removed.filter_map(|(i, name)| Some((format!("{at}.remove[{i}]"), refusal(name)?)));
    let mut all = fields("set", &edits.set);
    all.extend(fields("add", &edits.add));
    all.extend(removed);
    all
}

fn field(name: &str, value: &str) -> model::Field {
    model::Field {
        name: name.to_ascii_lowercase(),
        value: value.to_owned(),
    }
}

fn names(names: &Option<Vec<String>>) -> Vec<String> {
    names
        .iter()
        .flatten()
        .map(|n| n.to_ascii_lowercase())
        .collect()
}

fn request(edits: &HttpRouteRulesFiltersRequestHeaderModifier) -> model::HeaderEdits {
    model::HeaderEdits {
        set: edits
            .set
            .iter()
            .flatten()
            .map(|h| field(&h.name, &h.value))
            .collect(),
        add: edits
            .add
            .iter()
            .flatten()
            .map(|h| field(&h.name, &h.value))
            .collect(),
        remove: names(&edits.remove),
    }
}

fn response(edits: &HttpRouteRulesFiltersResponseHeaderModifier) -> model::HeaderEdits {
    model::HeaderEdits {
        set: edits
            .set
            .iter()
            .flatten()
            .map(|h| field(&h.name, &h.value))
            .collect(),
        add: edits
            .add
            .iter()
            .flatten()
            .map(|h| field(&h.name, &h.value))
            .collect(),
        remove: names(&edits.remove),
    }
}

fn rewrite_of(spec: &HttpRouteRulesFiltersUrlRewrite) -> model::Rewrite {
    let path =
        spec.path
            .as_ref()
            .and_then(|p| match (&p.replace_full_path, &p.replace_prefix_match) {
                (Some(full), _) => Some(rewrite::Path::Full(full.clone())),
                (None, Some(prefix)) => Some(rewrite::Path::Prefix(prefix.clone())),
                (None, None) => None,
            });
    model::Rewrite {
        hostname: spec.hostname.clone().unwrap_or_default(),
        path,
    }
}

fn redirect_of(spec: &HttpRouteRulesFiltersRequestRedirect) -> model::Redirect {
    let path =
        spec.path
            .as_ref()
            .and_then(|p| match (&p.replace_full_path, &p.replace_prefix_match) {
                (Some(full), _) => Some(redirect::Path::Full(full.clone())),
                (None, Some(prefix)) => Some(redirect::Path::Prefix(prefix.clone())),
                (None, None) => None,
            });
    let scheme = match spec.scheme {
        Some(Scheme::Http) => "http",
        Some(Scheme::Https) => "https",
        None => "",
    };
    model::Redirect {
        scheme: scheme.to_owned(),
        hostname: spec.hostname.clone().unwrap_or_default(),
        port: spec
            .port
            .and_then(|p| u32::try_from(p).ok())
            .unwrap_or_default(),
        status: spec
            .status_code
            .and_then(|s| u32::try_from(s).ok())
            .unwrap_or(302),
        path,
    }
}

//! What a rule matches.

use regex::Regex;
use sluice_crds::gateway_api::httproutes::{
    HttpRouteRulesMatches, HttpRouteRulesMatchesHeadersType as HeaderType,
    HttpRouteRulesMatchesPathType as PathType, HttpRouteRulesMatchesQueryParamsType as QueryType,
};
use sluice_snapshot::model::{self, field_match::Value, route_match::Path};
use sluice_vocab::{Finding, Reason};

use super::Rule;
use crate::verdict::Verdicts;

impl Rule<'_> {
    /// The rule's matches; one that cannot be is left out, and a rule without any left matches nothing.
    pub(super) fn matches(&self, verdicts: &mut Verdicts) -> Vec<model::RouteMatch> {
        let specs = self.rule.matches.as_deref().unwrap_or_default();
        if specs.is_empty() {
            return vec![model::RouteMatch {
                path: Some(Path::Prefix(String::new())),
                ..Default::default()
            }];
        }
        let mut matches = Vec::new();
        for (i, spec) in specs.iter().enumerate() {
            match compile(spec) {
                Ok(compiled) => matches.push(compiled),
                Err((field, finding)) => {
                    verdicts.add(&self.at(&format!(".matches[{i}].{field}")), finding)
                }
            }
        }
        matches
    }
}

fn compile(spec: &HttpRouteRulesMatches) -> Result<model::RouteMatch, (String, Finding)> {
    let mut compiled = model::RouteMatch {
        path: Some(path(spec)?),
        ..Default::default()
    };
    for (i, header) in spec.headers.iter().flatten().enumerate() {
        let is_regex = header.r#type == Some(HeaderType::RegularExpression);
        let value =
            value(is_regex, &header.value).map_err(|f| (format!("headers[{i}].value"), f))?;
        let name = header.name.to_ascii_lowercase();
        // Gateway API: of several entries with one name, the first counts.
        if !compiled.headers.iter().any(|h| h.name == name) {
            compiled.headers.push(model::FieldMatch {
                name,
                value: Some(value),
            });
        }
    }
    for (i, query) in spec.query_params.iter().flatten().enumerate() {
        let is_regex = query.r#type == Some(QueryType::RegularExpression);
        let value =
            value(is_regex, &query.value).map_err(|f| (format!("queryParams[{i}].value"), f))?;
        if !compiled.query.iter().any(|q| q.name == query.name) {
            compiled.query.push(model::FieldMatch {
                name: query.name.clone(),
                value: Some(value),
            });
        }
    }
    let method = spec
        .method
        .as_ref()
        .and_then(|m| serde_json::to_value(m).ok());
    compiled.method = method
        .as_ref()
        .and_then(|m| m.as_str())
        .unwrap_or_default()
        .to_owned();
    Ok(compiled)
}

fn path(spec: &HttpRouteRulesMatches) -> Result<Path, (String, Finding)> {
    let Some(path) = &spec.path else {
        return Ok(Path::Prefix(String::new()));
    };
    let value = path.value.as_deref().unwrap_or("/");
    Ok(match path.r#type {
        Some(PathType::Exact) => Path::Exact(value.to_owned()),
        None | Some(PathType::PathPrefix) => Path::Prefix(value.trim_end_matches('/').to_owned()),
        Some(PathType::RegularExpression) => {
            check(value).map_err(|f| ("path.value".to_owned(), f))?;
            Path::Regex(value.to_owned())
        }
    })
}

fn value(is_regex: bool, text: &str) -> Result<Value, Finding> {
    if !is_regex {
        return Ok(Value::Exact(text.to_owned()));
    }
    check(text)?;
    Ok(Value::Regex(text.to_owned()))
}

fn check(pattern: &str) -> Result<(), Finding> {
    match Regex::new(pattern) {
        Ok(_) => Ok(()),
        Err(_) => {
            let message = format!("{pattern:?} is not a regular expression in RE2 syntax");
            Err(Finding::error(Reason::UnsupportedValue, "", message))
        }
    }
}

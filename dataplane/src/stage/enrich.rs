//! Messages and parameters that the route adds.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};
use sluice_llm::enrich::{self, Message};
use sluice_llm::json::Draft;
use sluice_policy::enrichment::Line;
use sluice_policy::guard;
use sluice_policy::role::Role;
use sluice_policy::template::{LONGEST_VALUE, Variable};
use sluice_vocab::ErrorCode;

use super::ask::{Asked, AskedBody, malformed};
use super::guard::prompt_rejected;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Plan;

/// The header in which callers say what a request is about: a JSON object.
const METADATA: &str = "x-ai-route-metadata";

pub(crate) fn enrich<'u>(
    plan: &Plan,
    headers: &HeaderMap,
    mut asked: Asked<'u>,
    record: &mut Record,
) -> Result<Asked<'u>, Rejected> {
    if !plan.edits() || !asked.surface.operation.has_json_body() {
        return Ok(asked);
    }
    let AskedBody::Json(draft) = &mut asked.body else {
        return Ok(asked);
    };
    let (format, operation) = (asked.surface.format, asked.surface.operation);
    if !plan.prepend.is_empty() || !plan.append.is_empty() {
        let mut filling = Filling {
            plan,
            headers,
            draft,
            record,
            metadata: None,
        };
        let (before, after) = (filling.fill(&plan.prepend)?, filling.fill(&plan.append)?);
        enrich::messages(
            draft,
            format,
            operation,
            &messages(&before),
            &messages(&after),
        )
        .map_err(wrong)?;
    }
    if operation.streams() {
        for (over, fields) in [(false, &plan.defaults), (true, &plan.overrides)] {
            for (name, value) in fields {
                if !enrich::field(draft, format, operation, name, value, over).map_err(wrong)? {
                    asked.dropped.add(name.clone());
                }
            }
        }
    }
    Ok(asked)
}

/// Fills the places of templates from one request.
struct Filling<'f> {
    plan: &'f Plan,
    headers: &'f HeaderMap,
    draft: &'f Draft,
    record: &'f mut Record,
    /// Of the header and of the body, once one was asked for.
    metadata: Option<[serde_json::Value; 2]>,
}

impl Filling<'_> {
    fn fill<'l>(&mut self, lines: &'l [Line]) -> Result<Vec<(Role, Cow<'l, str>)>, Rejected> {
        lines
            .iter()
            .map(|line| {
                Ok((
                    line.role,
                    line.text.fill(|variable| self.value(variable, line.role))?,
                ))
            })
            .collect()
    }

    /// A value, as the route's guards let it pass: it is the caller's, as the prompt is.
    fn value(
        &mut self,
        variable: &Variable,
        role: Role,
    ) -> Result<Option<Cow<'static, str>>, Rejected> {
        let (value, what) = match variable {
            // Who calls was found out by the gateway itself.
            Variable::Caller => {
                return Ok(self
                    .record
                    .caller
                    .as_deref()
                    .map(|name| name.to_owned().into()));
            }
            Variable::Header(name) => (self.headers.get(name).map(text).transpose(), name),
            Variable::Metadata(key) => (self.metadata(key), key),
        };
        let refused = |why: &str| {
            let text = format!("{what} is put into the prompt by this route, and {why}");
            Rejection::new(Stage::Enrich, ErrorCode::InvalidVariable, text)
        };
        let Some(value) = value.map_err(refused)? else {
            return Ok(None);
        };
        if value.len() > LONGEST_VALUE {
            return Err(refused(&format!("is longer than {LONGEST_VALUE} bytes")));
        }
        let scope = match role {
            Role::System | Role::Developer => guard::Scope::System,
            Role::User => guard::Scope::User,
            Role::Assistant => guard::Scope::Assistant,
        };
        let masked = self
            .plan
            .request_guards
            .mask(scope, &value, &mut self.record.hits.request);
        Ok(Some(
            masked.map_err(prompt_rejected)?.unwrap_or(value).into(),
        ))
    }

    /// From the header, or else from the body's own `metadata`.
    fn metadata(&mut self, key: &str) -> Result<Option<String>, &'static str> {
        if self.metadata.is_none() {
            let header = match self.headers.get(METADATA) {
                Some(value) => serde_json::from_slice(value.as_bytes())
                    .ok()
                    .filter(serde_json::Value::is_object)
                    .ok_or("the header x-ai-route-metadata is no JSON object")?,
                None => serde_json::Value::Null,
            };
            let body = self.draft.original().get("metadata").ok().flatten();
            let body = body
                .and_then(|text| serde_json::from_slice(text).ok())
                .unwrap_or_default();
            self.metadata = Some([header, body]);
        }
        let found = self
            .metadata
            .iter()
            .flatten()
            .find_map(|object| object.get(key));
        Ok(match found {
            None | Some(serde_json::Value::Null) => None,
            Some(serde_json::Value::String(text)) => Some(text.clone()),
            Some(value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_))) => {
                Some(value.to_string())
            }
            Some(_) => return Err("is no text, number or truth value"),
        })
    }
}

fn text(value: &HeaderValue) -> Result<String, &'static str> {
    std::str::from_utf8(value.as_bytes())
        .map(str::to_owned)
        .map_err(|_| "is not UTF-8")
}

fn messages<'m>(lines: &'m [(Role, Cow<'m, str>)]) -> Vec<Message<'m>> {
    lines
        .iter()
        .map(|(role, content)| Message {
            role: role.as_str(),
            content,
        })
        .collect()
}

fn wrong(error: sluice_llm::json::ScanError) -> Rejected {
    let mut rejection = malformed(error);
    rejection.stage = Stage::Enrich;
    rejection
}

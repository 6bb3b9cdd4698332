//! Messages and parameters that the route adds: filled from what the caller says before the guards look at it, and put in afterwards.

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use sluice_guard::ask::Text;
use sluice_llm::enrich::{self, Message};
use sluice_llm::json::Draft;
use sluice_llm::text::{Kind, Part};
use sluice_policy::enrichment::Line;
use sluice_policy::role::Role;
use sluice_policy::template::{LONGEST_VALUE, Variable};
use sluice_vocab::ErrorCode;

use super::additions::{Additions, Filled, FilledPlace, texts};
use super::ask::{Asked, AskedBody, malformed};
use super::authn::Caller;
use super::guard::{Seen, Unseen};
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Plan;

/// The header in which callers say what a request is about: a JSON object.
const METADATA: &str = "x-ai-route-metadata";

/// A request that is ready to be sent to any provider. It does not change any more.
pub(crate) struct Prepared<'r> {
    pub(crate) asked: Asked<'r>,
    pub(crate) parts: Parts,
}

/// Fills what the route adds. Nothing of the result goes anywhere before guards have looked at it.
pub(crate) fn fill<'r>(
    plan: &'r Plan,
    caller: &Caller,
    headers: &HeaderMap,
    asked: Asked<'r>,
) -> Result<Unseen<'r>, Rejected> {
    let mut additions = Additions {
        before: Vec::new(),
        after: Vec::new(),
    };
    if let AskedBody::Json(draft) = &asked.body
        && asked.surface.operation.has_json_body()
    {
        let mut filling = Filling {
            caller,
            headers,
            draft,
            metadata: None,
        };
        additions.before = filling.messages(&plan.prepend)?;
        additions.after = filling.messages(&plan.append)?;
    }
    Ok(Unseen::new(asked, additions))
}

/// Puts in what the route adds.
pub(crate) fn add<'r>(plan: &Plan, seen: Seen<'r>, parts: Parts) -> Result<Prepared<'r>, Rejected> {
    let (mut asked, additions) = seen.into_parts();
    let (wire, operation) = (asked.surface.wire, asked.surface.operation);
    let AskedBody::Json(draft) = &mut asked.body else {
        return Ok(Prepared { asked, parts });
    };
    if plan.edits() && operation.has_json_body() {
        if !additions.before.is_empty() || !additions.after.is_empty() {
            let (before, after) = (texts(&additions.before), texts(&additions.after));
            let (before, after) = (messages(&before), messages(&after));
            enrich::messages(draft, (wire, operation), &before, &after).map_err(wrong)?;
        }
        for (over, fields) in [(false, &plan.defaults), (true, &plan.overrides)] {
            for (name, value) in fields.iter().filter(|_| operation.streams()) {
                if !enrich::field(draft, wire, name, value, over).map_err(wrong)? {
                    asked.dropped.add(name.clone());
                }
            }
        }
    }
    Ok(Prepared { asked, parts })
}

/// Fills the places of templates from one request.
struct Filling<'f> {
    caller: &'f Caller,
    headers: &'f HeaderMap,
    draft: &'f Draft,
    /// Of the header and of the body, once one was asked for.
    metadata: Option<[serde_json::Value; 2]>,
}

impl Filling<'_> {
    fn messages<'l>(&mut self, lines: &'l [Line]) -> Result<Vec<Filled<'l>>, Rejected> {
        lines.iter().map(|line| self.message(line)).collect()
    }

    fn message<'l>(&mut self, line: &'l Line) -> Result<Filled<'l>, Rejected> {
        let mut values = Vec::new();
        line.text.fill(|variable| {
            values.push(self.value(variable, line.role)?);
            Ok::<_, Rejected>(None)
        })?;
        Ok(Filled { line, values })
    }

    fn value(&mut self, variable: &Variable, role: Role) -> Result<FilledPlace, Rejected> {
        let (value, what) = match variable {
            // Who calls was found out by the gateway itself.
            Variable::Caller => {
                let name = self.caller.name().map(|name| name.to_string());
                return Ok(FilledPlace::Ours(name));
            }
            Variable::Header(name) => (self.headers.get(name).map(text).transpose(), name),
            Variable::Metadata(key) => (self.metadata(key), key),
        };
        let refused = |why: &str| {
            let text = format!("{what} is put into the prompt by this route, and {why}");
            Rejection::new(Stage::Enrich, ErrorCode::InvalidVariable, text)
        };
        let Some(value) = value.map_err(refused)? else {
            return Ok(FilledPlace::Ours(None));
        };
        if value.len() > LONGEST_VALUE {
            return Err(refused(&format!("is longer than {LONGEST_VALUE} bytes")));
        }
        let kind = match role {
            Role::System | Role::Developer => Kind::System,
            Role::User => Kind::User,
            Role::Assistant => Kind::Assistant,
        };
        let part = Part { kind, json: false };
        Ok(FilledPlace::Caller(Text::whole(part, &value)))
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

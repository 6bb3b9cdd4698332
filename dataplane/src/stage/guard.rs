//! Prompts and answers that are refused or masked.

mod answer;
mod stream;

use bytes::Bytes;
use http::StatusCode;
use sluice_llm::json::{Draft, Object};
use sluice_llm::text::{Kind, Masks, Part, TextError};
use sluice_policy::guard::{Looking, Refusal};
use sluice_vocab::ErrorType;

use super::ask::{Asked, AskedBody, malformed};
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Plan;

pub(crate) use answer::{Guarded, answer, attend, masked};
pub(crate) use stream::StreamGuard;

/// Looks at what the caller wrote, before the gateway adds anything of its own.
pub(crate) fn request(plan: &Plan, asked: &mut Asked<'_>, record: &mut Record) -> Result<(), Rejected> {
    if plan.request_guards.is_empty() {
        return Ok(());
    }
    let mut looking = Looking { guards: &plan.request_guards, hits: &mut record.hits.request };
    match &mut asked.body {
        AskedBody::Json(draft) => {
            let enforced = plan.request_guards.enforce();
            if enforced && ["prompt", "input"].iter().any(|field| has_tokens(draft.original(), field)) {
                let text = "this route takes prompts as text only, since its guards can't read tokens";
                return Err(Rejection::invalid(Stage::Guard, text).code("prompt_rejected"));
            }
            match looking.request(draft.original()) {
                Ok(changed) if changed.is_empty() => {}
                Ok(changed) => **draft = edited(draft, changed)?,
                // Who only watches stands in nobody's way.
                Err(TextError::Malformed(_)) if !enforced => {}
                Err(error) => return Err(refuse(error)),
            }
        }
        // A form is looked at whole: its text fields are prompts too. Sound and pictures can't be masked.
        AskedBody::Form(bytes, _) => {
            let text = String::from_utf8_lossy(bytes);
            let part = Part { kind: Kind::User, json: false };
            if looking.whole(part, &text).map_err(rejection)?.is_some() {
                let text = "the form has text that has to be masked, which is not possible in a form";
                return Err(Rejection::invalid(Stage::Guard, text).code("prompt_rejected"));
            }
        }
    }
    Ok(())
}

/// Whether a prompt is given as numbers of tokens.
fn has_tokens(object: &Object, field: &str) -> bool {
    let Ok(Some(value)) = object.get(field) else { return false };
    let inner = value.iter().find(|b| !matches!(b, b'[' | b' ' | b'\n' | b'\r' | b'\t'));
    value.first() == Some(&b'[') && inner.is_some_and(u8::is_ascii_digit)
}

/// The request as if it had come with these fields, so that later stages edit what was masked.
fn edited(draft: &Draft, changed: Vec<(String, Bytes)>) -> Result<Draft, Rejected> {
    let mut draft = draft.clone();
    for (field, value) in changed {
        draft.set(&field, value).map_err(malformed)?;
    }
    Object::scan(draft.finish().concat()).map(Draft::new).map_err(malformed)
}

fn refuse(error: TextError<Refusal>) -> Rejected {
    match error {
        TextError::Malformed(error) => malformed(error),
        TextError::Refused(refusal) => rejection(refusal),
    }
}

/// As a rejection: the rule's name is for the log, and what it found for nobody.
pub(crate) fn rejection(refusal: Refusal) -> Rejected {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::FORBIDDEN);
    let detail = match &refusal.rule {
        Some(rule) => format!("rule {rule}"),
        None => "a possible match is longer than what may be held back".to_owned(),
    };
    Rejection::new(Stage::Guard, ErrorType::InvalidRequest, status, refusal.message.to_string())
        .code("prompt_rejected")
        .detail(detail)
}

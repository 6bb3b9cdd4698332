//! Prompts and answers that are refused or masked.

mod answer;
mod ask;
mod large;
mod segments;
mod stream;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use sluice_llm::json::{Draft, Object};
use sluice_llm::multipart;
use sluice_llm::text::{Kind, Masks, Part, TextError};
use sluice_policy::guard::ask::{Text, texts};
use sluice_policy::guard::{Direction, Hits, Looking, Refusal};
use sluice_vocab::ErrorCode;

use super::ask::{Asked, AskedBody, malformed};
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Plan;

pub(crate) use answer::{Guarded, Looks, answer, attend, looked_at, masked};
pub(crate) use ask::About;
pub(crate) use segments::Held;
pub(crate) use stream::StreamGuard;

/// Looks at what the caller wrote, before the gateway adds anything of its own.
pub(crate) async fn request(
    plan: &Plan,
    asked: &mut Asked<'_>,
    headers: &HeaderMap,
    worker: usize,
    record: &mut Record,
) -> Result<(), Rejected> {
    if !plan.request_guards.is_empty() {
        look(plan, asked, record).await?;
    }
    if !plan.request_askers.is_empty() {
        inquire(plan, asked, headers, worker, record).await?;
    }
    Ok(())
}

/// What those who are asked about the answer are told, while the caller's headers are at hand.
pub(crate) fn about(
    plan: &Plan,
    headers: &HeaderMap,
    worker: usize,
    record: &Record,
) -> Option<About> {
    let askers = &plan.response_askers;
    (!askers.is_empty()).then(|| About::new(askers, headers, &record.id, worker))
}

/// Patterns and recognisers.
async fn look(plan: &Plan, asked: &mut Asked<'_>, record: &mut Record) -> Result<(), Rejected> {
    let shared = record.shared().clone();
    let (guards, hits) = (&plan.request_guards, &mut record.hits.request);
    match &mut asked.body {
        AskedBody::Json(draft) => {
            let enforced = plan.request_guards.enforce();
            if enforced {
                refuse_tokens(draft.original())?;
            }
            let object = draft.original();
            let result = if large::is_large(object.bytes().len()) {
                let (guards, object) = (guards.clone(), object.clone());
                large::apart(&shared, hits, move |hits| {
                    Looking {
                        guards: &guards,
                        hits,
                    }
                    .request(&object)
                })
                .await?
            } else {
                Looking { guards, hits }.request(object)
            };
            match result {
                Ok(changed) if changed.is_empty() => {}
                Ok(changed) => **draft = edited(draft, changed)?,
                // Who only watches stands in nobody's way.
                Err(TextError::Malformed(_)) if !enforced => {}
                Err(error) => return Err(refuse(error)),
            }
        }
        // A form is looked at whole: its text fields are prompts too. Sound and pictures can't be masked.
        AskedBody::Form(bytes, _) => {
            let (guards, bytes, bytes_len) = (guards.clone(), bytes.clone(), bytes.len());
            let whole = move |hits: &mut Hits| {
                let part = Part {
                    kind: Kind::User,
                    json: false,
                };
                Looking {
                    guards: &guards,
                    hits,
                }
                .whole(part, &String::from_utf8_lossy(&bytes))
            };
            let is_large = large::is_large(bytes_len);
            let masked = if is_large {
                large::apart(&shared, hits, whole).await?
            } else {
                whole(hits)
            };
            if masked.map_err(prompt_rejected)?.is_some() {
                return Err(masked_form());
            }
        }
    }
    Ok(())
}

/// Those who are asked.
async fn inquire(
    plan: &Plan,
    asked: &mut Asked<'_>,
    headers: &HeaderMap,
    worker: usize,
    record: &mut Record,
) -> Result<(), Rejected> {
    let enforced = plan
        .request_askers
        .iter()
        .any(|asker| asker.judge.enforces());
    let mut found = match &asked.body {
        AskedBody::Json(draft) => {
            if enforced {
                refuse_tokens(draft.original())?;
            }
            match texts::of_request(draft.original()) {
                Ok(found) => found,
                Err(error) if enforced => return Err(malformed(error)),
                Err(_) => return Ok(()),
            }
        }
        // Sound and pictures are no texts; what is written beside them is.
        AskedBody::Form(bytes, _) => prompt(headers, bytes),
    };
    let about = About::new(&plan.request_askers, headers, &record.id, worker);
    let shared = record.shared().clone();
    let hits = &mut record.hits.request;
    let old = found.clone();
    ask::ask(
        &shared,
        &plan.request_askers,
        &about,
        Direction::Request,
        &mut found,
        hits,
    )
    .await?;
    match &mut asked.body {
        AskedBody::Json(draft) => {
            let changed = texts::into_request(draft.original(), &found).map_err(malformed)?;
            if !changed.is_empty() {
                **draft = edited(draft, changed)?;
            }
        }
        AskedBody::Form(..) if found != old => return Err(masked_form()),
        AskedBody::Form(..) => {}
    }
    Ok(())
}

/// The text of a form.
fn prompt(headers: &HeaderMap, bytes: &Bytes) -> Vec<Text> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let part = Part {
        kind: Kind::User,
        json: false,
    };
    let found = multipart::field(content_type, bytes, "prompt")
        .ok()
        .flatten();
    found
        .map(|range| Text::whole(part, &String::from_utf8_lossy(&bytes[range])))
        .into_iter()
        .collect()
}

fn masked_form() -> Rejected {
    let text = "the form has text that has to be masked, which is not possible in a form";
    not_looked_at(text)
}

/// What no guard can look at, or do its work in, is refused as malformed: no policy chose a status for it.
fn not_looked_at(text: &'static str) -> Rejected {
    Rejection::new(Stage::Guard, ErrorCode::PromptRejected, text).status(StatusCode::BAD_REQUEST)
}

fn refuse_tokens(object: &Object) -> Result<(), Rejected> {
    if ["prompt", "input"]
        .iter()
        .any(|field| has_tokens(object, field))
    {
        let text = "this route takes prompts as text only, since its guards can't read tokens";
        return Err(not_looked_at(text));
    }
    Ok(())
}

/// Whether a prompt is given as numbers of tokens.
fn has_tokens(object: &Object, field: &str) -> bool {
    let Ok(Some(value)) = object.get(field) else {
        return false;
    };
    let inner = value
        .iter()
        .find(|b| !matches!(b, b'[' | b' ' | b'\n' | b'\r' | b'\t'));
    value.first() == Some(&b'[') && inner.is_some_and(u8::is_ascii_digit)
}

/// The request as if it had come with these fields, so that later stages edit what was masked.
fn edited(draft: &Draft, changed: Vec<(String, Bytes)>) -> Result<Draft, Rejected> {
    let mut draft = draft.clone();
    for (field, value) in changed {
        draft.set(&field, value).map_err(malformed)?;
    }
    Object::scan(draft.finish().concat())
        .map(Draft::new)
        .map_err(malformed)
}

fn refuse(error: TextError<Refusal>) -> Rejected {
    match error {
        TextError::Malformed(error) => malformed(error),
        TextError::Refused(refusal) => prompt_rejected(refusal),
    }
}

/// Of what the caller, or the route for it, says.
pub(crate) fn prompt_rejected(refusal: Refusal) -> Rejected {
    rejection(refusal, ErrorCode::PromptRejected)
}

/// Of what the provider says.
pub(crate) fn response_rejected(refusal: Refusal) -> Rejected {
    rejection(refusal, ErrorCode::ResponseRejected)
}

/// As a rejection: the rule's name is for the log, and what it found for nobody.
fn rejection(refusal: Refusal, code: ErrorCode) -> Rejected {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::FORBIDDEN);
    let detail = match &refusal.rule {
        Some(rule) => format!("rule {rule}"),
        None => "a possible match is longer than what may be held back".to_owned(),
    };
    Rejection::new(Stage::Guard, code, refusal.message.to_string())
        .status(status)
        .detail(detail)
}

//! Prompts that are refused or masked. What was not looked at is [`Unseen`], and goes no further than here; what was is [`Seen`].

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sluice_guard::ask::{Text, texts};
use sluice_guard::{Direction, Hits, Looking, Refusal};
use sluice_llm::json::{Draft, Object};
use sluice_llm::multipart;
use sluice_llm::text::{Kind, Masks, Part, TextError};
use sluice_vocab::ErrorCode;

use super::additions::Additions;
use super::ask::{Asked, AskedBody, malformed};
use crate::answer::Looks;
use crate::engine::is_large;
use crate::gateway::Shared;
use crate::inquiry::{About, Inquiry, ask};
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Plan;

/// A request as it was asked, with what its route adds of what the caller says: all of it is still to be looked at.
pub(crate) struct Unseen<'r> {
    asked: Asked<'r>,
    additions: Additions<'r>,
}

/// A request that the route's guards have let pass. Nobody else can make one.
pub(crate) struct Seen<'r> {
    asked: Asked<'r>,
    additions: Additions<'r>,
}

impl<'r> Unseen<'r> {
    pub(crate) fn new(asked: Asked<'r>, additions: Additions<'r>) -> Self {
        Self { asked, additions }
    }
}

impl<'r> Seen<'r> {
    /// What was asked, and what is to be added.
    pub(crate) fn into_parts(self) -> (Asked<'r>, Additions<'r>) {
        (self.asked, self.additions)
    }
}

/// Of whose request it is, for those who are asked.
#[derive(Clone, Copy)]
pub(crate) struct Whose<'w> {
    pub(crate) headers: &'w HeaderMap,
    pub(crate) id: &'w HeaderValue,
    /// The thread that asks.
    pub(crate) worker: usize,
}

/// Looks at what the caller says, wherever it is to stand in the prompt.
pub(crate) async fn request<'r>(
    shared: &Shared,
    plan: &Plan,
    mut unseen: Unseen<'r>,
    whose: Whose<'_>,
    hits: &mut Hits,
) -> Result<Seen<'r>, Rejected> {
    if !plan.request_guards.is_empty() {
        look(shared, plan, &mut unseen, hits).await?;
    }
    if !plan.request_askers.is_empty() {
        inquire(shared, plan, &mut unseen, whose, hits).await?;
    }
    let Unseen { asked, additions } = unseen;
    Ok(Seen { asked, additions })
}

/// What has to look at the answer. Those who are asked are told of the request while its headers are at hand.
pub(crate) fn looks(plan: &Plan, whose: Whose<'_>) -> Option<Looks> {
    let askers = &plan.response_askers;
    let inquiry = (!askers.is_empty()).then(|| {
        let about = About::new(askers, whose.headers, whose.id, whose.worker);
        Arc::new(Inquiry {
            askers: askers.clone(),
            about,
        })
    });
    let guards = plan.response_guards.clone();
    (!guards.is_empty() || inquiry.is_some()).then_some(Looks { guards, inquiry })
}

/// Patterns and recognisers.
async fn look(
    shared: &Shared,
    plan: &Plan,
    unseen: &mut Unseen<'_>,
    hits: &mut Hits,
) -> Result<(), Rejected> {
    let guards = &plan.request_guards;
    for value in unseen.additions.values() {
        let masked = guards.mask(value.part.kind.into(), &value.text, hits);
        if let Some(masked) = masked.map_err(refused)? {
            value.text = masked;
        }
    }
    match &mut unseen.asked.body {
        AskedBody::Json(draft) => {
            let enforced = guards.enforce();
            if enforced {
                refuse_tokens(draft.original())?;
            }
            let (guards, object) = (guards.clone(), draft.original().clone());
            let is_large = is_large(object.bytes().len());
            let look = move |hits: &mut Hits| {
                let guards = &guards;
                Looking { guards, hits }.request(&object)
            };
            match apart_if(is_large, shared, hits, look).await? {
                Ok(changed) if changed.is_empty() => {}
                Ok(changed) => **draft = edited(draft, changed)?,
                // Who only watches stands in nobody's way.
                Err(TextError::Malformed(_)) if !enforced => {}
                Err(TextError::Malformed(error)) => return Err(malformed(error)),
                Err(TextError::Refused(refusal)) => return Err(refused(refusal)),
            }
        }
        // A form is looked at whole: its text fields are prompts too. Sound and pictures can't be masked.
        AskedBody::Form(bytes, _) => {
            let (guards, bytes) = (guards.clone(), bytes.clone());
            let is_large = is_large(bytes.len());
            let look = move |hits: &mut Hits| {
                let guards = &guards;
                Looking { guards, hits }.whole(PROMPT, &String::from_utf8_lossy(&bytes))
            };
            let masked = apart_if(is_large, shared, hits, look).await?;
            if masked.map_err(refused)?.is_some() {
                return Err(masked_form());
            }
        }
    }
    Ok(())
}

/// Looks here, or apart where it may take long. Adds what was found.
async fn apart_if<T: Send + 'static>(
    is_large: bool,
    shared: &Shared,
    hits: &mut Hits,
    look: impl FnOnce(&mut Hits) -> T + Send + 'static,
) -> Result<T, Rejected> {
    if !is_large {
        return Ok(look(hits));
    }
    let looking = move || {
        let mut found = Hits::default();
        (look(&mut found), found)
    };
    let (looked, found) = shared.engine.apart(looking).await?;
    hits.extend(&found);
    Ok(looked)
}

/// Those who are asked, about the prompt and about what is to be added to it of what the caller says.
async fn inquire(
    shared: &Shared,
    plan: &Plan,
    unseen: &mut Unseen<'_>,
    whose: Whose<'_>,
    hits: &mut Hits,
) -> Result<(), Rejected> {
    let askers = &plan.request_askers;
    let enforced = askers.iter().any(|asker| asker.judge.enforces());
    let mut found = match &unseen.asked.body {
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
        AskedBody::Form(bytes, _) => prompt(whose.headers, bytes),
    };
    let own = found.len();
    found.extend(unseen.additions.values().map(|value| value.clone()));
    let old = found.clone();
    let about = About::new(askers, whose.headers, whose.id, whose.worker);
    ask(shared, askers, &about, Direction::Request, &mut found, hits).await?;
    let values = found.split_off(own);
    for (value, said) in unseen.additions.values().zip(values) {
        *value = said;
    }
    match &mut unseen.asked.body {
        AskedBody::Json(draft) => {
            let changed = texts::into_request(draft.original(), &found).map_err(malformed)?;
            if !changed.is_empty() {
                **draft = edited(draft, changed)?;
            }
        }
        AskedBody::Form(..) if found != old[..own] => return Err(masked_form()),
        AskedBody::Form(..) => {}
    }
    Ok(())
}

/// What a form's text is.
const PROMPT: Part = Part {
    kind: Kind::User,
    json: false,
};

/// The text of a form.
fn prompt(headers: &HeaderMap, bytes: &Bytes) -> Vec<Text> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let found = multipart::field(content_type, bytes, "prompt")
        .ok()
        .flatten();
    found
        .map(|range| Text::whole(PROMPT, &String::from_utf8_lossy(&bytes[range])))
        .into_iter()
        .collect()
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

fn refused(refusal: Refusal) -> Rejected {
    Rejection::by_guard(refusal, Direction::Request)
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

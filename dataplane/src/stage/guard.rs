//! Prompts that are refused or masked. What was not looked at is [`Unseen`], and goes no further than here; what was is [`Seen`].

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use sluice_guard::ask::{Text, texts};
use sluice_guard::{Direction, Hits, Looking, Refusal};
use sluice_llm::form::{Form, FormError};
use sluice_llm::json::{Draft, Object};
use sluice_llm::text::{Keys, Kind, Masks, Part, TextError, has_tokens};
use sluice_vocab::ErrorCode;

use super::additions::Additions;
use super::ask::{Asked, AskedBody, malformed, wrong_form};
use crate::answer::Looks;
use crate::budget::Share;
use crate::engine::is_large;
use crate::gateway::Shared;
use crate::inquiry::{About, Inquiry, ask};
use crate::party::Party;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::room::room;
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
    pub(crate) party: &'w Arc<Party>,
}

/// Looks at what the caller says, wherever it is to stand in the prompt.
pub(crate) async fn request<'r>(
    shared: &Shared,
    plan: &Plan,
    mut unseen: Unseen<'r>,
    whose: Whose<'_>,
    share: &Share,
    hits: &mut Hits,
) -> Result<Seen<'r>, Rejected> {
    if !plan.request_guards.is_empty() {
        let apart = Apart {
            shared,
            whose,
            share,
        };
        look(apart, plan, &mut unseen, hits).await?;
    }
    if !plan.request_askers.is_empty() {
        // Held until the last of them has answered.
        let _room = room(share, Stage::Guard, unseen.asked.body.bytes()).await?;
        inquire(shared, plan, &mut unseen, whose, hits).await?;
    }
    let Unseen { asked, additions } = unseen;
    Ok(Seen { asked, additions })
}

/// What has to look at the answer. Those who are asked are told of the request while its headers are at hand.
pub(crate) fn looks(plan: &Plan, whose: Whose<'_>) -> Option<Looks> {
    let askers = &plan.response_askers;
    let inquiry = (!askers.is_empty()).then(|| {
        let about = About::new(askers, whose);
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
    apart: Apart<'_>,
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
            let look = move |hits: &mut Hits| {
                let guards = &guards;
                Looking { guards, hits }.request(&object)
            };
            match apart.look(draft.original().bytes(), hits, look).await? {
                Ok(changed) if changed.is_empty() => {}
                Ok(changed) => **draft = edited(draft, changed)?,
                // Who only watches stands in nobody's way.
                Err(TextError::Malformed(_)) if !enforced => {}
                Err(TextError::Malformed(error)) => return Err(malformed(error)),
                Err(TextError::Refused(refusal)) => return Err(refused(refusal)),
            }
        }
        // Whatever is written in a form is a prompt. It can't be masked there.
        AskedBody::Form(bytes, form) => {
            let texts = match prompts(form, bytes) {
                Ok(texts) => texts,
                Err(_) if !guards.enforce() => return Ok(()),
                Err(error) => return Err(wrong_form(&error)),
            };
            let guards = guards.clone();
            let look = move |hits: &mut Hits| {
                let guards = &guards;
                let mut looking = Looking { guards, hits };
                texts.iter().try_fold(false, |masked, text| {
                    Ok(looking.whole(PROMPT, &text.text)?.is_some() | masked)
                })
            };
            let masked = apart.look(bytes, hits, look).await?;
            if masked.map_err(refused)? {
                return Err(masked_form());
            }
        }
    }
    Ok(())
}

/// What it takes to look at something apart.
struct Apart<'a> {
    shared: &'a Shared,
    whose: Whose<'a>,
    share: &'a Share,
}

impl Apart<'_> {
    /// Looks here, or apart where it may take long. Adds what was found.
    async fn look<T: Send + 'static>(
        &self,
        body: &[u8],
        hits: &mut Hits,
        look: impl FnOnce(&mut Hits) -> T + Send + 'static,
    ) -> Result<T, Rejected> {
        let room = room(self.share, Stage::Guard, body).await?;
        if !is_large(body.len()) {
            return Ok(look(hits));
        }
        let looking = move || {
            let mut found = Hits::default();
            (look(&mut found), found)
        };
        let engine = &self.shared.engine;
        let (looked, found) = engine.apart(self.whose.party, room, looking).await?;
        hits.extend(&found);
        Ok(looked)
    }
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
            let keys = if enforced { Keys::Once } else { Keys::Any };
            match texts::of_request(draft.original(), keys) {
                Ok(found) => found,
                Err(error) if enforced => return Err(malformed(error)),
                Err(_) => return Ok(()),
            }
        }
        // Sound and pictures are no texts; what is written beside them is.
        AskedBody::Form(bytes, form) => match prompts(form, bytes) {
            Ok(found) => found,
            Err(error) if enforced => return Err(wrong_form(&error)),
            Err(_) => return Ok(()),
        },
    };
    let own = found.len();
    found.extend(unseen.additions.values().map(|value| value.clone()));
    let form = matches!(unseen.asked.body, AskedBody::Form(..)).then(|| found[..own].to_vec());
    let about = About::new(askers, whose);
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
        AskedBody::Form(..) if form.is_some_and(|old| found != old) => return Err(masked_form()),
        AskedBody::Form(..) => {}
    }
    Ok(())
}

/// What a form's text is.
const PROMPT: Part = Part {
    kind: Kind::User,
    json: false,
};

/// The texts of a form.
fn prompts(form: &Form, bytes: &Bytes) -> Result<Vec<Text>, FormError> {
    let texts = form.texts(bytes)?;
    Ok(texts.iter().map(|text| Text::whole(PROMPT, text)).collect())
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

/// A prompt that is given as numbers of tokens can't be looked at.
fn refuse_tokens(object: &Object) -> Result<(), Rejected> {
    if has_tokens(object).map_err(malformed)? {
        let text = "this route takes prompts as text only, since its guards can't read tokens";
        return Err(not_looked_at(text));
    }
    Ok(())
}

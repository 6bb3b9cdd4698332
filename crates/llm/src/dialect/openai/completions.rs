//! OpenAI's older text completions (API reference, "Completions"), for clients that still speak them. A prompt is what a user says.

pub(crate) mod enrich;
pub(crate) mod stream;
pub(crate) mod table;

use serde_json::value::RawValue;

use super::chat::answer::usage;
use super::chat::decode::sampling;
use super::chat::{asks_nothing, finish_word};
use crate::answer::{Answer, Context};
use crate::conversation::{Content, Conversation, Part, Role};
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, object, parse};
use crate::wire::Wire;

/// Reads a request.
pub(crate) fn request<'a>(
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Invalid> {
    let mut fields = Fields::parse(body, "")?;
    let f = &mut fields;
    let mut c = Conversation::new(Wire::Completions);
    c.model = f.text("model", "")?.unwrap_or_default();
    c.stream = f.read("stream", "")?.unwrap_or(false);
    if let Some(mut options) = f.read::<Fields<'a>>("stream_options", "")? {
        c.include_usage = options
            .read("include_usage", "stream_options")?
            .unwrap_or(false);
    }
    // Here it is a number and not a switch.
    if let Some(raw) = f.take("logprobs")? {
        c.logprobs = parse(raw.get(), "logprobs")?;
    }
    sampling(f, &mut c)?;
    if let Some(value) = f
        .take("logit_bias")?
        .filter(|v| !asks_nothing("logit_bias", v.get()))
    {
        c.extras.push(("logit_bias", value));
    }
    let prompt = f
        .take("prompt")?
        .ok_or_else(|| Invalid::missing("prompt"))?;
    for (name, value) in fields.rest() {
        let is_default = matches!(
            (&*name, value.get()),
            ("best_of", "1") | ("echo", "false") | ("suffix", "\"\"")
        );
        if !is_default {
            dropped.add(name.into_owned());
        }
    }
    c.push(Role::User, vec![self::prompt(prompt)?]);
    Ok(c)
}

/// One prompt: a text, or a list with one. Tokens mean nothing to another model.
fn prompt(raw: &RawValue) -> Result<Part<'_>, Invalid> {
    if raw.get().starts_with('"') {
        return Ok(Part::text(parse::<Text<'_>>(raw.get(), "prompt")?.0));
    }
    match serde_json::from_str::<Vec<Text<'_>>>(raw.get()) {
        Ok(mut texts) if texts.len() == 1 => Ok(Part::text(texts.pop().unwrap_or_default().0)),
        Ok(_) => Err(Invalid::new(
            "prompt",
            "has several prompts, which can't be translated: send one at a time",
        )),
        Err(_) => Err(Invalid::new(
            "prompt",
            "must be a text: tokens mean nothing to another model",
        )),
    }
}

/// Writes an answer.
pub(crate) fn encode(answer: &Answer<'_>, context: &Context) -> Vec<u8> {
    object(|w| {
        if answer.id.is_empty() {
            w.put("id", &context.id("cmpl-"))
        } else {
            w.put("id", &answer.id)
        }
        w.put("object", "text_completion");
        w.key("created").bare(answer.created.unwrap_or(context.now));
        w.put(
            "model",
            if answer.model.is_empty() {
                &context.model
            } else {
                &answer.model
            },
        );
        w.key("choices").array(|w| {
            for choice in &answer.choices {
                let texts = choice.parts.iter().filter_map(|part| match &part.content {
                    Content::Text(text) | Content::Refusal(text) => Some(&**text),
                    _ => None,
                });
                w.object(|w| {
                    w.put("text", &texts.collect::<String>());
                    w.key("index").bare(choice.index);
                    w.key("logprobs").bare("null");
                    w.put("finish_reason", finish_word(choice.finish));
                });
            }
        });
        w.key("usage").object(|w| usage(w, &answer.usage));
    })
}

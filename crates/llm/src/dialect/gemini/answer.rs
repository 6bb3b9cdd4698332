//! A generateContent answer, read and written.

use super::decode::answer_part;
use super::{finish, finish_word};
use crate::answer::{Answer, Choice, Context};
use crate::conversation::{Content, Part};
use crate::dialect::anthropic::decode::arguments;
use crate::dialect::signature;
use crate::event::Finish;
use crate::json::{Fields, Invalid, Writer, object};
use crate::usage::fields::Usage;
use crate::usage::totals::Totals;

/// Reads an answer. A prompt that was blocked is an answer without text that a filter ended.
pub(crate) fn decode<'a>(body: &'a str, context: &Context) -> Result<Answer<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    let mut tally = Totals::default();
    if let Some(usage) = f.take("usageMetadata")? {
        tally.update(usage.get().as_bytes());
    }
    let blocked = match f.read::<Fields<'a>>("promptFeedback", "")? {
        Some(mut feedback) => feedback.take("blockReason")?.is_some(),
        None => false,
    };
    let mut choices = Vec::new();
    for (i, candidate) in f
        .read::<Vec<Fields<'a>>>("candidates", "")?
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        choices.push(choice(candidate, u32::try_from(i).unwrap_or(0), context)?);
    }
    if choices.is_empty() && !blocked {
        return Err(Invalid::missing("candidates"));
    }
    if choices.is_empty() {
        choices.push(Choice {
            index: 0,
            parts: Vec::new(),
            finish: Finish::Filter,
            stop_sequence: None,
        });
    }
    Ok(Answer {
        id: f.text("responseId", "")?.unwrap_or_default(),
        model: f.text("modelVersion", "")?.unwrap_or_default(),
        created: None,
        choices,
        usage: tally.usage(crate::dialect::gemini::usage::usage),
    })
}

fn choice<'a>(mut f: Fields<'a>, nth: u32, context: &Context) -> Result<Choice<'a>, Invalid> {
    let index = f.read("index", "candidates[]")?.unwrap_or(nth);
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut calls = 0;
    if let Some(mut content) = f.read::<Fields<'a>>("content", "candidates[]")? {
        for mut part in content
            .read::<Vec<Fields<'a>>>("parts", "candidates[].content")?
            .unwrap_or_default()
        {
            // Parts that only this format has are told to nobody else.
            let Ok(Some(mut content)) = answer_part(&mut part) else {
                continue;
            };
            if let Content::ToolCall(call) = &mut content {
                call.id = context.call_id(index, calls).into();
                calls += 1;
            }
            parts.push(content.into());
        }
    }
    let finish = match f
        .text("finishReason", "candidates[]")?
        .map(|word| finish(&word))
    {
        Some(Finish::Stop) | None if calls > 0 => Finish::Tools,
        other => other.unwrap_or(Finish::Stop),
    };
    Ok(Choice {
        index,
        parts,
        finish,
        stop_sequence: None,
    })
}

/// Writes an answer.
pub(crate) fn encode(answer: &Answer<'_>, context: &Context) -> Vec<u8> {
    object(|w| {
        w.key("candidates").array(|w| {
            for choice in &answer.choices {
                w.object(|w| {
                    w.key("content").object(|w| {
                        w.key("parts")
                            .array(|w| choice.parts.iter().for_each(|p| part(w, &p.content)));
                        w.put("role", "model");
                    });
                    w.put("finishReason", finish_word(choice.finish));
                    w.key("index").bare(choice.index);
                });
            }
        });
        w.key("usageMetadata").object(|w| usage(w, &answer.usage));
        w.put(
            "modelVersion",
            if answer.model.is_empty() {
                &context.model
            } else {
                &answer.model
            },
        );
        if answer.id.is_empty() {
            w.put("responseId", &context.id(""))
        } else {
            w.put("responseId", &answer.id)
        }
    })
}

/// One part of an answer. Calls keep their ids: the results come back with them, or in the same order.
pub(crate) fn part(w: &mut Writer<'_>, content: &Content<'_>) {
    match content {
        Content::Text(text) | Content::Refusal(text) => w.object(|w| w.put("text", text)),
        Content::Reasoning { text, signature } => w.object(|w| {
            w.put("text", text);
            w.key("thought").bare(true);
            w.put_some("thoughtSignature", signature.as_deref());
        }),
        Content::ToolCall(call) => w.object(|w| {
            w.key("functionCall").object(|w| {
                w.put(
                    "id",
                    &signature::join(call.id.as_ref().into(), call.signature.as_deref()),
                );
                w.put("name", &call.name);
                w.key("args").raw(&arguments(&call.arguments));
            });
        }),
        Content::Image(_)
        | Content::Audio(_)
        | Content::Document(_)
        | Content::ToolResult(_)
        | Content::Redacted(_) => {}
    }
}

/// `candidatesTokenCount` leaves out what was thought.
pub(crate) fn usage(w: &mut Writer<'_>, usage: &Usage) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    w.key("promptTokenCount").bare(input);
    w.key("candidatesTokenCount")
        .bare(output.saturating_sub(usage.reasoning.unwrap_or(0)));
    w.key("totalTokenCount").bare(input.saturating_add(output));
    w.put_bare("cachedContentTokenCount", usage.cached.filter(|n| *n > 0));
    w.put_bare("thoughtsTokenCount", usage.reasoning.filter(|n| *n > 0));
}

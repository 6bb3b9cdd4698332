//! A chat answer, read and written.

use std::borrow::Cow;

use super::{decode, finish, finish_word};
use crate::answer::{Answer, Choice, Context};
use crate::conversation::{Content, Part, ToolCall};
use crate::dialect::signature;
use crate::event::Finish;
use crate::json::{Fields, Invalid, Text, Writer, object, parse};
use crate::usage::fields::Usage;
use crate::usage::totals::Totals;

/// Reads an answer.
pub(crate) fn decode<'a>(body: &'a str, context: &Context) -> Result<Answer<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    let mut tally = Totals::default();
    if let Some(usage) = f.take("usage")? {
        tally.update(usage.get().as_bytes());
    }
    let mut choices = Vec::new();
    for (i, fields) in f
        .need::<Vec<Fields<'a>>>("choices", "")?
        .into_iter()
        .enumerate()
    {
        choices.push(choice(fields, u32::try_from(i).unwrap_or(0), context)?);
    }
    Ok(Answer {
        id: f.text("id", "")?.unwrap_or_default(),
        model: f.text("model", "")?.unwrap_or_default(),
        created: f.read("created", "").unwrap_or_default(),
        choices,
        usage: tally.usage(crate::dialect::openai::usage::usage),
    })
}

fn choice<'a>(mut f: Fields<'a>, nth: u32, context: &Context) -> Result<Choice<'a>, Invalid> {
    let index = f.read("index", "choices[]")?.unwrap_or(nth);
    let mut m: Fields<'a> = f.need("message", "choices[]")?;
    let mut parts = decode::thoughts(&mut m)?;
    parts.extend(decode::parts(
        m.take("content")?,
        "choices[].message",
        &mut Default::default(),
    )?);
    if let Some(text) = m
        .text("refusal", "choices[].message")?
        .filter(|t| !t.is_empty())
    {
        parts.push(Content::Refusal(text).into());
    }
    let calls: Vec<Fields<'a>> = m
        .read("tool_calls", "choices[].message")?
        .unwrap_or_default();
    let has_calls = !calls.is_empty();
    for (i, call) in calls.into_iter().enumerate() {
        let fallback = || context.call_id(index, u32::try_from(i).unwrap_or(0));
        parts.push(tool_call(call, fallback)?);
    }
    let word = f.text("finish_reason", "choices[]")?;
    let stop_sequence = stop_sequence(&mut f)?;
    let finish = match word.as_deref().map(finish) {
        // Some servers stop where they mean calls.
        Some(Finish::Stop) | None if has_calls => Finish::Tools,
        Some(Finish::Stop) if stop_sequence.is_some() => Finish::StopSequence,
        other => other.unwrap_or(Finish::Stop),
    };
    Ok(Choice {
        index,
        parts,
        finish,
        stop_sequence,
    })
}

/// vLLM's `stop_reason` and SGLang's `matched_stop`, where they are texts and not tokens.
fn stop_sequence<'a>(f: &mut Fields<'a>) -> Result<Option<Cow<'a, str>>, Invalid> {
    for name in ["stop_reason", "matched_stop"] {
        if let Some(raw) = f.take(name)?.filter(|raw| raw.get().starts_with('"')) {
            return Ok(Some(parse::<Text<'a>>(raw.get(), name)?.0));
        }
    }
    Ok(None)
}

fn tool_call<'a>(mut call: Fields<'a>, id: impl FnOnce() -> String) -> Result<Part<'a>, Invalid> {
    let path = "choices[].message.tool_calls[]";
    let mut function: Fields<'a> = call.need("function", path)?;
    let given = call.text("id", path)?.filter(|id| !id.is_empty());
    let arguments = match function.take("arguments")? {
        Some(raw) if raw.get().starts_with('"') => parse::<Text<'a>>(raw.get(), path)?.0,
        Some(raw) => raw.get().into(),
        None => "".into(),
    };
    let name = function.need_text("name", path)?;
    let id = given.unwrap_or_else(|| id().into());
    Ok(Content::ToolCall(ToolCall {
        id,
        name,
        arguments,
        signature: None,
    })
    .into())
}

/// Writes an answer.
pub(crate) fn encode(answer: &Answer<'_>, context: &Context) -> Vec<u8> {
    object(|w| {
        if answer.id.is_empty() {
            w.put("id", &context.id("chatcmpl-"))
        } else {
            w.put("id", &answer.id)
        }
        w.put("object", "chat.completion");
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
                w.object(|w| {
                    w.key("index").bare(choice.index);
                    w.key("message").object(|w| message(w, &choice.parts));
                    w.key("logprobs").bare("null");
                    w.put("finish_reason", finish_word(choice.finish));
                });
            }
        });
        w.key("usage").object(|w| usage(w, &answer.usage));
    })
}

fn message(w: &mut Writer<'_>, parts: &[Part<'_>]) {
    w.put("role", "assistant");
    let (mut text, mut refusal, mut thought) = (String::new(), String::new(), String::new());
    let mut has_proof = false;
    let mut has_text = false;
    for part in parts {
        match &part.content {
            Content::Text(t) => {
                has_text = true;
                text.push_str(t);
            }
            Content::Refusal(t) => refusal.push_str(t),
            Content::Reasoning { text, signature } => {
                thought.push_str(text);
                has_proof |= signature.is_some();
            }
            Content::Redacted(_) => has_proof = true,
            Content::Image(_)
            | Content::Audio(_)
            | Content::Document(_)
            | Content::ToolCall(_)
            | Content::ToolResult(_) => {}
        }
    }
    let calls: Vec<_> = parts
        .iter()
        .filter(|p| matches!(p.content, Content::ToolCall(_)))
        .collect();
    if has_text || (calls.is_empty() && refusal.is_empty()) {
        w.put("content", &text);
    } else {
        w.key("content").bare("null");
    }
    if refusal.is_empty() {
        w.key("refusal").bare("null")
    } else {
        w.put("refusal", &refusal)
    }
    w.key("annotations").array(|_| {});
    if !thought.is_empty() {
        w.put("reasoning_content", &thought);
    }
    if has_proof {
        w.key("thinking_blocks").array(|w| {
            parts
                .iter()
                .for_each(|part| thinking_block(w, &part.content))
        });
    }
    if !calls.is_empty() {
        w.key("tool_calls")
            .array(|w| calls.iter().for_each(|part| write_call(w, &part.content)));
    }
}

/// The extension in which signatures travel, as LiteLLM's clients know it.
pub(crate) fn thinking_block(w: &mut Writer<'_>, content: &Content<'_>) {
    match content {
        Content::Reasoning { text, signature } => w.object(|w| {
            w.put("type", "thinking");
            w.put("thinking", text);
            w.put_some("signature", signature.as_deref());
        }),
        Content::Redacted(data) => w.object(|w| {
            w.put("type", "redacted_thinking");
            w.put("data", data);
        }),
        _ => {}
    }
}

fn write_call(w: &mut Writer<'_>, content: &Content<'_>) {
    let Content::ToolCall(call) = content else {
        return;
    };
    w.object(|w| {
        w.put(
            "id",
            &signature::join(Cow::Borrowed(&call.id), call.signature.as_deref()),
        );
        w.put("type", "function");
        w.key("function").object(|w| {
            w.put("name", &call.name);
            w.put(
                "arguments",
                if call.arguments.is_empty() {
                    "{}"
                } else {
                    &call.arguments
                },
            );
        });
    });
}

/// `prompt_tokens` includes what was cached, `completion_tokens` what was thought.
pub(crate) fn usage(w: &mut Writer<'_>, usage: &Usage) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    w.key("prompt_tokens").bare(input);
    w.key("completion_tokens").bare(output);
    w.key("total_tokens").bare(input.saturating_add(output));
    w.key("prompt_tokens_details").object(|w| {
        w.key("cached_tokens").bare(usage.cached.unwrap_or(0));
        w.put_bare("cache_write_tokens", usage.cache_write);
    });
    w.key("completion_tokens_details").object(|w| {
        w.key("reasoning_tokens").bare(usage.reasoning.unwrap_or(0));
    });
}

//! A Responses answer, written.

use std::borrow::Cow;

use super::{seal_redacted, seal_signature, status};
use crate::answer::{Answer, Context};
use crate::conversation::{Content, Part};
use crate::dialect::signature;
use crate::event::Finish;
use crate::json::{Writer, object};
use crate::usage::fields::Usage;

/// What stands around the items, in whole answers and in streams.
#[derive(Debug)]
pub(crate) struct Head<'h> {
    pub(crate) id: &'h str,
    pub(crate) model: &'h str,
    pub(crate) created: u64,
}

/// Writes an answer: the first, where several were asked for.
pub(crate) fn encode(answer: &Answer<'_>, context: &Context) -> Vec<u8> {
    let id = if answer.id.is_empty() {
        context.id("resp_")
    } else {
        response_id(&answer.id)
    };
    let head = Head {
        id: &id,
        model: if answer.model.is_empty() {
            &context.model
        } else {
            &answer.model
        },
        created: answer.created.unwrap_or(context.now),
    };
    let choice = answer.choices.first();
    let finish = choice.map_or(Finish::Stop, |c| c.finish);
    let parts = choice.map(|c| c.parts.as_slice()).unwrap_or_default();
    object(|w| {
        response(w, &head, Some(finish), Some(&answer.usage), |w| {
            for (i, part) in parts.iter().enumerate() {
                item(w, part, &format!("{}_{i}", context.id("item_")));
            }
        });
    })
}

/// Responses' ids begin with `resp_`.
pub(crate) fn response_id(id: &str) -> String {
    if id.starts_with("resp_") {
        id.to_owned()
    } else {
        format!("resp_{id}")
    }
}

/// A response object's fields. Without a finish it is still in progress.
pub(crate) fn response(
    w: &mut Writer<'_>,
    head: &Head<'_>,
    finish: Option<Finish>,
    usage: Option<&Usage>,
    items: impl FnOnce(&mut Writer<'_>),
) {
    let (state, why) = finish.map_or(("in_progress", None), status);
    w.put("id", head.id);
    w.put("object", "response");
    w.key("created_at").bare(head.created);
    w.put("status", state);
    if state == "failed" {
        w.key("error").object(|w| {
            w.put("code", "server_error");
            w.put("message", "the provider could not finish the answer");
        });
    } else {
        w.key("error").bare("null");
    }
    match why {
        Some(why) => w.key("incomplete_details").object(|w| w.put("reason", why)),
        None => w.key("incomplete_details").bare("null"),
    }
    w.key("instructions").bare("null");
    w.key("max_output_tokens").bare("null");
    w.put("model", head.model);
    w.key("output").array(items);
    w.key("parallel_tool_calls").bare(true);
    w.key("previous_response_id").bare("null");
    w.key("reasoning").object(|w| {
        w.key("effort").bare("null");
        w.key("summary").bare("null");
    });
    // Nothing is kept here, whatever was asked.
    w.key("store").bare(false);
    w.key("temperature").bare("null");
    w.key("text")
        .object(|w| w.key("format").object(|w| w.put("type", "text")));
    w.put("tool_choice", "auto");
    w.key("tools").array(|_| {});
    w.key("top_p").bare("null");
    w.put("truncation", "disabled");
    match usage {
        Some(totals) => w.key("usage").object(|w| self::usage(w, totals)),
        None => w.key("usage").bare("null"),
    }
    w.key("user").bare("null");
    w.key("metadata").object(|_| {});
}

fn item(w: &mut Writer<'_>, part: &Part<'_>, id: &str) {
    match &part.content {
        Content::Text(text) => w.object(|w| message(w, id, Some((text, false)), "completed")),
        Content::Refusal(text) => w.object(|w| message(w, id, Some((text, true)), "completed")),
        Content::Reasoning { text, signature } => {
            w.object(|w| {
                reasoning(
                    w,
                    id,
                    text,
                    signature.as_deref().map(seal_signature).as_deref(),
                )
            });
        }
        Content::Redacted(data) => w.object(|w| reasoning(w, id, "", Some(&seal_redacted(data)))),
        Content::ToolCall(call) => {
            let call_id = signature::join(Cow::Borrowed(&call.id), call.signature.as_deref());
            let arguments = if call.arguments.is_empty() {
                "{}"
            } else {
                &call.arguments
            };
            w.object(|w| self::call(w, id, &call_id, &call.name, arguments, "completed"));
        }
        Content::Image(_) | Content::Audio(_) | Content::Document(_) | Content::ToolResult(_) => {}
    }
}

/// A message, whose one part is a text or a refusal.
pub(crate) fn message(w: &mut Writer<'_>, id: &str, said: Option<(&str, bool)>, status: &str) {
    w.put("id", id);
    w.put("type", "message");
    w.put("status", status);
    w.put("role", "assistant");
    w.key("content").array(|w| {
        if let Some((text, is_refusal)) = said {
            w.object(|w| part(w, text, is_refusal));
        }
    });
}

pub(crate) fn part(w: &mut Writer<'_>, text: &str, is_refusal: bool) {
    if is_refusal {
        w.put("type", "refusal");
        w.put("refusal", text);
        return;
    }
    w.put("type", "output_text");
    w.key("annotations").array(|_| {});
    w.key("logprobs").array(|_| {});
    w.put("text", text);
}

pub(crate) fn reasoning(w: &mut Writer<'_>, id: &str, text: &str, sealed: Option<&str>) {
    w.put("id", id);
    w.put("type", "reasoning");
    summary(w, text);
    w.put_some("encrypted_content", sealed);
}

/// What a model thought, as requests and answers have it.
pub(super) fn summary(w: &mut Writer<'_>, text: &str) {
    w.key("summary").array(|w| {
        if !text.is_empty() {
            w.object(|w| {
                w.put("type", "summary_text");
                w.put("text", text);
            });
        }
    });
}

pub(crate) fn call(
    w: &mut Writer<'_>,
    id: &str,
    call_id: &str,
    name: &str,
    arguments: &str,
    status: &str,
) {
    w.put("id", id);
    w.put("type", "function_call");
    w.put("status", status);
    w.put("arguments", arguments);
    w.put("call_id", call_id);
    w.put("name", name);
}

fn usage(w: &mut Writer<'_>, usage: &Usage) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    w.key("input_tokens").bare(input);
    w.key("input_tokens_details").object(|w| {
        w.key("cached_tokens").bare(usage.cached.unwrap_or(0));
        w.put_bare("cache_write_tokens", usage.cache_write);
    });
    w.key("output_tokens").bare(output);
    w.key("output_tokens_details")
        .object(|w| w.key("reasoning_tokens").bare(usage.reasoning.unwrap_or(0)));
    w.key("total_tokens").bare(input.saturating_add(output));
}

//! A Messages answer, read and written.

use std::borrow::Cow;

use super::decode::arguments;
use super::{finish, finish_word};
use crate::answer::{Answer, Choice, Context};
use crate::conversation::{Content, Part};
use crate::dialect::signature;
use crate::event::Finish;
use crate::json::{Fields, Invalid, Writer, object};
use crate::usage::fields::Usage;
use crate::usage::totals::Totals;

/// Reads an answer.
pub(crate) fn decode<'a>(body: &'a str) -> Result<Answer<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    let mut tally = Totals::default();
    if let Some(usage) = f.take("usage")? {
        tally.update(usage.get().as_bytes());
    }
    let mut parts = Vec::new();
    for block in f.need::<Vec<Fields<'a>>>("content", "")? {
        // Blocks that only this format has are told to nobody else.
        if let Ok(part) = super::decode::block(block, "content[]", &mut Default::default()) {
            parts.push(part);
        }
    }
    let finish = f
        .text("stop_reason", "")?
        .map_or(Finish::Stop, |word| finish(&word));
    let stop_sequence = f.text("stop_sequence", "")?;
    Ok(Answer {
        id: f.text("id", "")?.unwrap_or_default(),
        model: f.text("model", "")?.unwrap_or_default(),
        created: None,
        choices: vec![Choice {
            index: 0,
            parts,
            finish,
            stop_sequence,
        }],
        usage: tally.usage(crate::dialect::anthropic::usage::usage),
    })
}

/// Writes an answer: the first, where several were asked for.
pub(crate) fn encode(answer: &Answer<'_>, context: &Context) -> Vec<u8> {
    let choice = answer.choices.first();
    object(|w| {
        head(w, answer, context);
        w.key("content").array(|w| {
            choice
                .iter()
                .flat_map(|c| &c.parts)
                .for_each(|part| block(w, part));
        });
        w.put(
            "stop_reason",
            choice.map_or("end_turn", |c| finish_word(c.finish)),
        );
        match choice.and_then(|c| c.stop_sequence.as_deref()) {
            Some(text) => w.put("stop_sequence", text),
            None => w.key("stop_sequence").bare("null"),
        }
        w.key("usage").object(|w| usage(w, &answer.usage));
    })
}

fn head(w: &mut Writer<'_>, answer: &Answer<'_>, context: &Context) {
    if answer.id.is_empty() {
        w.put("id", &context.id("msg_"))
    } else {
        w.put("id", &answer.id)
    }
    w.put("type", "message");
    w.put("role", "assistant");
    w.put(
        "model",
        if answer.model.is_empty() {
            &context.model
        } else {
            &answer.model
        },
    );
}

fn block(w: &mut Writer<'_>, part: &Part<'_>) {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) => w.object(|w| {
            w.put("type", "text");
            w.put("text", text);
        }),
        Content::ToolCall(call) => w.object(|w| {
            w.put("type", "tool_use");
            w.put(
                "id",
                &signature::join(Cow::Borrowed(&call.id), call.signature.as_deref()),
            );
            w.put("name", &call.name);
            w.key("input").raw(&arguments(&call.arguments));
        }),
        Content::Reasoning { text, signature } => w.object(|w| {
            w.put("type", "thinking");
            w.put("thinking", text);
            w.put("signature", signature.as_deref().unwrap_or(""));
        }),
        Content::Redacted(data) => w.object(|w| {
            w.put("type", "redacted_thinking");
            w.put("data", data);
        }),
        Content::Image(_) | Content::Audio(_) | Content::Document(_) | Content::ToolResult(_) => {}
    }
}

/// `input_tokens` leaves out what the cache had part in.
pub(crate) fn usage(w: &mut Writer<'_>, usage: &Usage) {
    let (cached, written) = (usage.cached.unwrap_or(0), usage.cache_write.unwrap_or(0));
    let rest = usage
        .input
        .unwrap_or(0)
        .saturating_sub(cached)
        .saturating_sub(written);
    w.key("input_tokens").bare(rest);
    w.key("cache_creation_input_tokens").bare(written);
    w.key("cache_read_input_tokens").bare(cached);
    if let Some(hour) = usage.cache_write_hour {
        w.key("cache_creation").object(|w| {
            w.key("ephemeral_5m_input_tokens")
                .bare(written.saturating_sub(hour));
            w.key("ephemeral_1h_input_tokens").bare(hour);
        });
    }
    w.key("output_tokens").bare(usage.output.unwrap_or(0));
}

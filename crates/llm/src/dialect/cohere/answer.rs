//! An answer of Cohere's chat, read. Its citations have no place in any client's format: they point into documents by ids that only
//! this API knows.

use super::finish;
use crate::answer::{Answer, Choice, Context};
use crate::conversation::{Content, Part, ToolCall};
use crate::event::Finish;
use crate::json::{Fields, Invalid};
use crate::usage::totals::Totals;

/// Reads an answer.
pub(crate) fn decode<'a>(body: &'a str, context: &Context) -> Result<Answer<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    let mut tally = Totals::default();
    if let Some(usage) = f.take("usage")? {
        tally.update(usage.get().as_bytes());
    }
    let mut message: Fields<'a> = f.need("message", "")?;
    let (parts, has_calls) = parts(&mut message, context)?;
    let finish = match f.text("finish_reason", "")?.as_deref().map(finish) {
        Some(Finish::Stop) | None if has_calls => Finish::Tools,
        other => other.unwrap_or(Finish::Stop),
    };
    Ok(Answer {
        id: f.text("id", "")?.unwrap_or_default(),
        choices: vec![Choice {
            index: 0,
            parts,
            finish,
            stop_sequence: None,
        }],
        usage: tally.usage(crate::dialect::cohere::usage::usage),
        ..Answer::default()
    })
}

/// What was said, and whether functions are called. The plan for its calls is what the model says beside them.
fn parts<'a>(
    message: &mut Fields<'a>,
    context: &Context,
) -> Result<(Vec<Part<'a>>, bool), Invalid> {
    let path = "message.content[]";
    let mut parts = Vec::new();
    for mut block in message
        .read::<Vec<Fields<'a>>>("content", "message")?
        .unwrap_or_default()
    {
        if let Some(text) = block.text("thinking", path)?.filter(|t| !t.is_empty()) {
            parts.push(
                Content::Reasoning {
                    text,
                    signature: None,
                }
                .into(),
            );
        }
        if let Some(text) = block.text("text", path)? {
            parts.push(Part::text(text));
        }
    }
    if let Some(plan) = message
        .text("tool_plan", "message")?
        .filter(|t| !t.is_empty())
    {
        parts.push(Part::text(plan));
    }
    let path = "message.tool_calls[]";
    let calls: Vec<Fields<'a>> = message.read("tool_calls", "message")?.unwrap_or_default();
    let has_calls = !calls.is_empty();
    for (i, mut call) in calls.into_iter().enumerate() {
        let mut function: Fields<'a> = call.need("function", path)?;
        let id = call.text("id", path)?.filter(|id| !id.is_empty());
        parts.push(
            Content::ToolCall(ToolCall {
                id: id.unwrap_or_else(|| context.call_id(0, u32::try_from(i).unwrap_or(0)).into()),
                name: function.need_text("name", path)?,
                arguments: function.text("arguments", path)?.unwrap_or_default(),
                signature: None,
            })
            .into(),
        );
    }
    Ok((parts, has_calls))
}

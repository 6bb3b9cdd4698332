//! A Responses answer, read.

use super::{custom_arguments, seal_own};
use crate::answer::{Answer, Choice, Context};
use crate::conversation::{Content, Part, ToolCall};
use crate::event::Finish;
use crate::json::{Fields, Invalid};
use crate::usage::totals::Totals;

/// Reads an answer.
pub(crate) fn decode<'a>(body: &'a str, context: &Context) -> Result<Answer<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    if f.take("error")?.is_some() {
        return Err(Invalid::new("error", "says that there is no answer"));
    }
    let mut tally = Totals::default();
    if let Some(usage) = f.take("usage")? {
        tally.update(usage.get().as_bytes());
    }
    let (mut parts, mut calls) = (Vec::new(), 0);
    for item in f.need::<Vec<Fields<'a>>>("output", "")? {
        self::item(item, &mut parts, &mut calls, context)?;
    }
    Ok(Answer {
        id: f.text("id", "")?.unwrap_or_default(),
        model: f.text("model", "")?.unwrap_or_default(),
        created: f.read("created_at", "").unwrap_or_default(),
        choices: vec![Choice {
            index: 0,
            parts,
            finish: finish(&mut f, calls > 0)?,
            stop_sequence: None,
        }],
        usage: tally.usage(crate::dialect::openai::usage::usage),
    })
}

/// Why an answer is over: its status, and what it says of being incomplete.
pub(crate) fn finish(f: &mut Fields<'_>, has_calls: bool) -> Result<Finish, Invalid> {
    let why = f.read::<Fields<'_>>("incomplete_details", "")?;
    let why = why
        .map(|mut why| why.text("reason", "incomplete_details"))
        .transpose()?
        .flatten();
    Ok(match (f.text("status", "")?.as_deref(), why.as_deref()) {
        (_, Some("max_output_tokens")) => Finish::Length,
        (_, Some("content_filter")) => Finish::Filter,
        (Some("incomplete"), _) => Finish::Length,
        (Some("failed" | "cancelled"), _) => Finish::Error,
        _ if has_calls => Finish::Tools,
        _ => Finish::Stop,
    })
}

/// An item; those that only this format has are told to nobody else.
fn item<'a>(
    mut f: Fields<'a>,
    parts: &mut Vec<Part<'a>>,
    calls: &mut u32,
    context: &Context,
) -> Result<(), Invalid> {
    let path = "output[]";
    let kind = f.need_text("type", path)?;
    match &*kind {
        "message" => {
            for mut part in f
                .read::<Vec<Fields<'a>>>("content", path)?
                .unwrap_or_default()
            {
                if let Some(text) = part.text("text", "output[].content[]")? {
                    parts.push(Part::text(text));
                } else if let Some(text) = part.text("refusal", "output[].content[]")? {
                    parts.push(Content::Refusal(text).into());
                }
            }
        }
        "function_call" | "custom_tool_call" => {
            let id = f.text("call_id", path)?.filter(|id| !id.is_empty());
            let id = id.unwrap_or_else(|| context.call_id(0, *calls).into());
            let arguments = match f.text("input", path)? {
                Some(input) if kind == "custom_tool_call" => custom_arguments(&input).into(),
                _ => f.text("arguments", path)?.unwrap_or_default(),
            };
            let name = f.need_text("name", path)?;
            *calls += 1;
            parts.push(
                Content::ToolCall(ToolCall {
                    id,
                    name,
                    arguments,
                    signature: None,
                })
                .into(),
            );
        }
        "reasoning" => {
            let text = thought(&mut f)?;
            let sealed = f
                .text("encrypted_content", path)?
                .map(|sealed| seal_own(&sealed).into());
            if !text.is_empty() || sealed.is_some() {
                parts.push(
                    Content::Reasoning {
                        text: text.into(),
                        signature: sealed,
                    }
                    .into(),
                );
            }
        }
        _ => {}
    }
    Ok(())
}

/// A reasoning item's summary, or else the reasoning itself.
pub(crate) fn thought(f: &mut Fields<'_>) -> Result<String, Invalid> {
    for name in ["summary", "content"] {
        let mut texts = Vec::new();
        for mut piece in f
            .read::<Vec<Fields<'_>>>(name, "output[]")?
            .unwrap_or_default()
        {
            texts.extend(
                piece
                    .text("text", "output[].summary[]")?
                    .filter(|t| !t.is_empty()),
            );
        }
        if !texts.is_empty() {
            return Ok(texts.join("\n\n"));
        }
    }
    Ok(String::new())
}

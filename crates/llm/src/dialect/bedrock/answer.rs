//! A Converse answer, read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::finish;
use crate::answer::{Answer, Choice};
use crate::conversation::{Content, Part, ToolCall};
use crate::event::Finish;
use crate::json::{Fields, Invalid};
use crate::usage::fields::Usage;

/// `TokenUsage`: `inputTokens` leaves out what the cache had part in.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TokenUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    cache_details: Option<Vec<CacheDetail>>,
}

/// What was written to the cache to be kept for so long: `5m` or `1h`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CacheDetail {
    input_tokens: u64,
    ttl: String,
}

impl TokenUsage {
    pub(crate) fn totals(&self) -> Usage {
        let (read, written) = (self.cache_read_input_tokens, self.cache_write_input_tokens);
        let sum = |n: u64| {
            n.saturating_add(read.unwrap_or(0))
                .saturating_add(written.unwrap_or(0))
        };
        Usage {
            input: self.input_tokens.map(sum),
            cached: read,
            cache_write: written,
            cache_write_hour: self.cache_details.as_deref().map(|all| {
                all.iter()
                    .filter(|d| d.ttl == "1h")
                    .fold(0_u64, |n, d| n.saturating_add(d.input_tokens))
            }),
            output: self.output_tokens,
            reasoning: None,
        }
    }
}

/// Reads an answer.
pub(crate) fn decode<'a>(body: &'a str) -> Result<Answer<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    let usage = f
        .read::<TokenUsage>("usage", "")?
        .unwrap_or_default()
        .totals();
    let mut output: Fields<'a> = f.need("output", "")?;
    let mut message: Fields<'a> = output.need("message", "output")?;
    let mut parts = Vec::new();
    for mut block in message.need::<Vec<Fields<'a>>>("content", "output.message")? {
        parts.extend(self::block(&mut block)?.map(Part::from));
    }
    let finish = f
        .text("stopReason", "")?
        .map_or(Finish::Stop, |word| finish(&word));
    let choices = vec![Choice {
        index: 0,
        parts,
        finish,
        stop_sequence: None,
    }];
    Ok(Answer {
        choices,
        usage,
        ..Answer::default()
    })
}

/// A block; those that only this format has are told to nobody else.
fn block<'a>(f: &mut Fields<'a>) -> Result<Option<Content<'a>>, Invalid> {
    let path = "output.message.content[]";
    if let Some(text) = f.text("text", path)? {
        return Ok(Some(Content::Text(text)));
    }
    if let Some(mut call) = f.read::<Fields<'a>>("toolUse", path)? {
        let (id, name) = (
            call.need_text("toolUseId", path)?,
            call.need_text("name", path)?,
        );
        let arguments = call.take("input")?.map_or("{}", RawValue::get).into();
        return Ok(Some(Content::ToolCall(ToolCall {
            id,
            name,
            arguments,
            signature: None,
        })));
    }
    let Some(mut reasoning) = f.read::<Fields<'a>>("reasoningContent", path)? else {
        return Ok(None);
    };
    if let Some(data) = reasoning.text("redactedContent", path)? {
        return Ok(Some(Content::Redacted(data)));
    }
    let Some(mut text) = reasoning.read::<Fields<'a>>("reasoningText", path)? else {
        return Ok(None);
    };
    let signature = text.text("signature", path)?.filter(|s| !s.is_empty());
    Ok(Some(Content::Reasoning {
        text: text.text("text", path)?.unwrap_or_default(),
        signature,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Context;

    #[test]
    fn writes_to_the_cache_reach_anthropic_s_clients_by_how_long_they_are_kept() {
        let body = r#"{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":1,"totalTokens":154,"cacheWriteInputTokens":150,"cacheDetails":[{"ttl":"1h","inputTokens":50},{"ttl":"5m","inputTokens":100}]}}"#;
        let answer = decode(body).unwrap();
        assert_eq!(
            (answer.usage.input, answer.usage.cache_write_hour),
            (Some(153), Some(50))
        );
        let told = crate::dialect::anthropic::answer::encode(&answer, &Context::default());
        let told = String::from_utf8(told).unwrap();
        let want = r#""input_tokens":3,"cache_creation_input_tokens":150,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":50}"#;
        assert!(told.contains(want), "{told}");
    }
}

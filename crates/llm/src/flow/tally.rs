//! An answer of the caller's own wire: passed on as it is, and understood on the way.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{End, Frame, Out, Reading, WholeBody};
use crate::json::Object;
use crate::sse::Event;
use crate::usage::{self, Totals};
use crate::{Format, Operation};

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));
static USAGE_METADATA: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(b"\"usageMetadata\""));
static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"finish_reason\""));
static FINISH_GEMINI: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(b"\"finishReason\""));
static BLOCK_GEMINI: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"blockReason\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error\""));

/// Reads an answer of the caller's own wire as it passes.
#[derive(Debug)]
pub struct Tally {
    format: Format,
    operation: Operation,
    /// Whether the usage chunk was asked for by the gateway alone, and must not reach the client.
    strip_usage: bool,
    totals: Totals,
    end: End,
    /// Something came that can't be understood, so that nothing is known of what follows.
    is_blind: bool,
}

impl Tally {
    /// For an answer of this format; `strip_usage` takes OpenAI's usage-only chunk out again.
    pub fn new(format: Format, operation: Operation, strip_usage: bool) -> Self {
        Self {
            format,
            operation,
            strip_usage,
            totals: Totals::default(),
            end: End::Open,
            is_blind: false,
        }
    }

    /// Passes a frame on as it is, but for the chunk that nobody asked for.
    pub fn frame(&mut self, frame: Frame, out: Out<'_>) {
        match &frame {
            Frame::Event(event) => {
                if self.observe(event) {
                    return;
                }
            }
            Frame::Whole(whole) => self.observe_whole(whole),
            Frame::Unframed(_) => self.is_blind = true,
            Frame::Message(_) | Frame::Bytes(_) => {}
        }
        out(frame);
    }

    /// What was read so far.
    pub fn reading(&self) -> Reading<'_> {
        Reading {
            usage: self.totals.usage(self.format),
            end: (!self.is_blind).then_some(self.end),
            failure: None,
        }
    }

    /// A whole answer has ended with itself; an error has used nothing.
    fn observe_whole(&mut self, whole: &WholeBody) {
        self.end = End::Complete;
        if !whole.is_success() || !self.operation.has_json_body() {
            return;
        }
        if let Ok(object) = Object::scan(whole.body.clone())
            && let Ok(Some(usage)) = object.get(usage::field(self.format))
        {
            self.totals.update(usage);
        }
    }

    /// Reads one event; true when it must not reach the client.
    fn observe(&mut self, event: &Event) -> bool {
        let Some(data) = event.data() else {
            return false;
        };
        let data: &[u8] = &data;
        // Most events have nothing to tell; only where a key is seen is the event taken apart, and the key believed where its
        // format has it: what a caller wrote is echoed elsewhere.
        let object = if self.may_tell(data) {
            Object::scan(Bytes::copy_from_slice(data)).ok()
        } else {
            None
        };
        let used = object.as_ref().and_then(|object| self.usage_of(object));
        if let Some(value) = &used {
            self.totals.update(value);
        }
        self.observe_end(event, data, object.as_ref());
        self.strip_usage && used.is_some() && object.as_ref().is_some_and(is_usage_only)
    }

    fn may_tell(&self, data: &[u8]) -> bool {
        if self.format == Format::Gemini {
            return [&USAGE_METADATA, &FINISH_GEMINI, &BLOCK_GEMINI, &ERROR]
                .iter()
                .any(|f| f.find(data).is_some());
        }
        let usage = match USAGE.find(data) {
            None => false,
            // OpenAI's chunks all say `"usage":null` but the last.
            Some(at) => {
                !value_after(data, &USAGE, 7).is_some_and(|v| v.starts_with(b"null"))
                    || USAGE.find(&data[at + 7..]).is_some()
            }
        };
        usage || (self.format == Format::OpenAi && ERROR.find(data).is_some())
    }

    /// The usage, where the format has it.
    fn usage_of(&self, object: &Object) -> Option<Bytes> {
        let within = |outer: &str| {
            Object::scan(object.get_bytes(outer).ok()??)
                .ok()?
                .get_bytes("usage")
                .ok()?
        };
        let found = match (self.format, self.operation) {
            (Format::OpenAi, Operation::Responses) => within("response"),
            (Format::Anthropic, _) => object
                .get_bytes("usage")
                .ok()?
                .or_else(|| within("message")),
            (Format::OpenAi | Format::Gemini | Format::Bedrock | Format::Cohere, _) => {
                object.get_bytes(usage::field(self.format)).ok()?
            }
        };
        found.filter(|value| value.first() == Some(&b'{'))
    }

    fn observe_end(&mut self, event: &Event, data: &[u8], object: Option<&Object>) {
        let failed = object.is_some_and(|o| o.has("error"));
        let end = match (self.format, self.operation) {
            (Format::OpenAi, Operation::Responses) => {
                match event.name().unwrap_or_else(|| type_of(data)) {
                    b"response.completed" | b"response.incomplete" => End::Complete,
                    b"response.failed" | b"error" => End::Failed,
                    _ => return,
                }
            }
            (Format::OpenAi, _) if data == b"[DONE]" => End::Complete,
            (Format::OpenAi, Operation::Media) if !failed => End::Complete,
            (Format::OpenAi, _) if failed => End::Failed,
            (Format::OpenAi, _) => match value_after(data, &FINISH, 15) {
                Some([b'"', ..]) => End::Complete,
                _ => return,
            },
            (Format::Anthropic, _) => match event.name().unwrap_or_else(|| type_of(data)) {
                b"message_stop" => End::Complete,
                b"error" => End::Failed,
                _ => return,
            },
            (Format::Gemini, _) if failed => End::Failed,
            (Format::Gemini, _) if object.is_some() && gemini_has_ended(data) => End::Complete,
            // Nobody gets Bedrock's streams or Cohere's as they are.
            (Format::Gemini | Format::Bedrock | Format::Cohere, _) => return,
        };
        if self.end != End::Failed {
            self.end = end;
        }
    }
}

/// OpenAI's last chunk: `choices` is empty.
fn is_usage_only(object: &Object) -> bool {
    let choices = object.get("choices").ok().flatten();
    choices
        .and_then(|c| c.strip_prefix(b"["))
        .is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b']'))
}

/// Whether a candidate has a reason to have ended, or the prompt was blocked.
fn gemini_has_ended(data: &[u8]) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Response {
        candidates: Vec<Candidate>,
        prompt_feedback: Feedback,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Candidate {
        finish_reason: Option<IgnoredAny>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Feedback {
        block_reason: Option<IgnoredAny>,
    }
    let Ok(response) = serde_json::from_slice::<Response>(data) else {
        return false;
    };
    response.prompt_feedback.block_reason.is_some()
        || response
            .candidates
            .iter()
            .any(|c| c.finish_reason.is_some())
}

/// What follows the colon after a key. Inside a JSON string the key's quotes would be escaped, so it isn't found there.
fn value_after<'a>(data: &'a [u8], key: &Finder<'_>, len: usize) -> Option<&'a [u8]> {
    let mut from = 0;
    loop {
        let at = from + key.find(&data[from..])? + len;
        if let Some(rest) = data[at..].trim_ascii_start().strip_prefix(b":") {
            return Some(rest.trim_ascii_start());
        }
        from = at;
    }
}

/// The event's type where the `event` line was left out.
fn type_of(data: &[u8]) -> &[u8] {
    static TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"type\""));
    let value = value_after(data, &TYPE, 6).and_then(|v| v.strip_prefix(b"\""));
    value.map_or(&[], |v| &v[..memchr::memchr(b'"', v).unwrap_or(v.len())])
}

#[cfg(test)]
mod tests;

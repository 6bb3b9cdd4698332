//! The turns of a request.

use std::borrow::Cow;

use super::cache;
use crate::conversation::{
    Content, Conversation, Media, Param, Part, Role, Source, ToolCall, ToolResult,
};
use crate::dialect::openai::chat::NO_THOUGHT;
use crate::dropped::Dropped;
use crate::json::{Invalid, Writer};
use crate::request::target::Target;

/// Writes the turns.
pub(super) fn write(
    w: &mut Writer<'_>,
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let mut out = Messages { c, target, dropped };
    if !c.system.is_empty() {
        out.message(w, "system", &c.system)?;
    }
    for message in &c.messages {
        match message.role {
            Role::System => out.message(w, "system", &message.parts)?,
            Role::User => out.user(w, &message.parts)?,
            Role::Assistant => out.assistant(w, &message.parts)?,
        }
    }
    Ok(())
}

struct Messages<'c, 'd> {
    c: &'c Conversation<'c>,
    target: &'c Target<'c>,
    dropped: &'d mut Dropped,
}

impl Messages<'_, '_> {
    fn message(
        &mut self,
        w: &mut Writer<'_>,
        role: &str,
        parts: &[Part<'_>],
    ) -> Result<(), Invalid> {
        let mut result = Ok(());
        w.object(|w| {
            w.put("role", role);
            w.key("content");
            result = self.content(w, parts);
        });
        result
    }

    /// Results of tools are messages of their own, before what the user says beside them.
    fn user(&mut self, w: &mut Writer<'_>, parts: &[Part<'_>]) -> Result<(), Invalid> {
        let mut rest: Vec<Part<'_>> = Vec::new();
        for part in parts {
            match &part.content {
                Content::ToolResult(result) => rest.extend(self.result(w, result)),
                _ => rest.push(part.clone()),
            }
        }
        if rest.is_empty() {
            Ok(())
        } else {
            self.message(w, "user", &rest)
        }
    }

    /// Writes a result's text, and gives the pictures in it, which only users may send.
    fn result<'p>(&mut self, w: &mut Writer<'_>, result: &ToolResult<'p>) -> Vec<Part<'p>> {
        let is_text = |part: &&Part<'_>| matches!(part.content, Content::Text(_));
        let texts: Vec<&str> = result.content.iter().filter_map(text).collect();
        if result.is_error {
            self.dropped.add(Param::IsError.name(self.c.wire));
        }
        w.object(|w| {
            w.put("role", "tool");
            w.put("tool_call_id", &self.id(&result.id));
            w.put("content", &texts.join("\n"));
        });
        result
            .content
            .iter()
            .filter(|p| !is_text(p))
            .cloned()
            .collect()
    }

    fn assistant(&mut self, w: &mut Writer<'_>, parts: &[Part<'_>]) -> Result<(), Invalid> {
        let said: Vec<Part<'_>> = parts
            .iter()
            .filter(|p| matches!(p.content, Content::Text(_)))
            .cloned()
            .collect();
        let calls: Vec<&ToolCall<'_>> = parts.iter().filter_map(call).collect();
        let refused: String = parts.iter().filter_map(refusal).collect();
        let thought: String = parts.iter().filter_map(reasoning).collect();
        if said.is_empty() && calls.is_empty() && refused.is_empty() {
            // Nothing but thoughts: some refuse a message that says nothing.
            self.thought(None, parts);
            return Ok(());
        }
        let mut result = Ok(());
        w.object(|w| {
            w.put("role", "assistant");
            w.key("content");
            if said.is_empty() {
                w.bare("null");
            } else {
                result = self.content(w, &said);
            }
            if !refused.is_empty() {
                w.put("refusal", &refused);
            }
            let takes_back = self.target.provider.quirks.chat.reasoning_history;
            let is_off = self.c.reasoning.is_some_and(|r| r.is_off());
            if takes_back && !thought.is_empty() {
                w.put("reasoning_content", &thought);
            } else if takes_back && !calls.is_empty() && !is_off {
                w.put("reasoning_content", NO_THOUGHT);
            } else {
                self.thought(Some(&thought), parts);
            }
            if !calls.is_empty() {
                w.key("tool_calls").array(|w| {
                    calls
                        .iter()
                        .for_each(|call| w.object(|w| self.call(w, call)))
                });
            }
        });
        result
    }

    /// Notes thoughts that go no further.
    fn thought(&mut self, text: Option<&str>, parts: &[Part<'_>]) {
        let hidden = parts
            .iter()
            .any(|p| matches!(p.content, Content::Redacted(_) | Content::Reasoning { .. }));
        if hidden || text.is_some_and(|t| !t.is_empty()) {
            self.dropped.add(Param::ReasoningHistory.name(self.c.wire));
        }
    }

    fn call(&self, w: &mut Writer<'_>, call: &ToolCall<'_>) {
        w.put("id", &self.id(&call.id));
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
    }

    /// Mistral's ids are nine letters and digits: others are hashed to that, the same each time.
    fn id<'i>(&self, id: &'i str) -> Cow<'i, str> {
        let fits = id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if !self.target.provider.quirks.chat.short_ids || fits {
            return Cow::Borrowed(id);
        }
        // FNV-1a, in base 36.
        let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        });
        let digits = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(9);
        for _ in 0..9 {
            text.push(char::from(digits[usize::try_from(hash % 36).unwrap_or(0)]));
            hash /= 36;
        }
        text.into()
    }

    fn content(&mut self, w: &mut Writer<'_>, parts: &[Part<'_>]) -> Result<(), Invalid> {
        let quirks = &self.target.provider.quirks;
        let plain = parts.iter().all(|p| {
            matches!(p.content, Content::Text(_)) && (p.cache.is_none() || !quirks.cache_control)
        });
        if plain && (parts.len() <= 1 || !quirks.chat.text_parts) {
            let texts: Vec<&str> = parts.iter().filter_map(text).collect();
            w.str(&texts.join("\n\n"));
            return Ok(());
        }
        let mut result = Ok(());
        w.array(|w| {
            for part in parts {
                let mut one = Ok(());
                w.object(|w| {
                    one = self.part(w, &part.content);
                    cache(w, part.cache, self.target);
                });
                if one.is_err() {
                    result = one;
                    return;
                }
            }
        });
        result
    }

    fn part(&self, w: &mut Writer<'_>, content: &Content<'_>) -> Result<(), Invalid> {
        let path = "messages[].content[]";
        match content {
            Content::Text(text) => {
                w.put("type", "text");
                w.put("text", text);
            }
            Content::Image(_) if !self.target.provider.quirks.chat.pictures => {
                return Err(self.target.refuse(path, "a picture"));
            }
            Content::Image(media) => {
                let url = media
                    .to_url()
                    .ok_or_else(|| self.target.refuse(path, "a picture by its file id"))?;
                w.put("type", "image_url");
                w.key("image_url").object(|w| {
                    w.put("url", &url);
                    w.put_some("detail", media.detail.as_deref());
                });
            }
            Content::Audio(media) => self.audio(w, media)?,
            Content::Document(media) => self.document(w, media)?,
            Content::ToolCall(_)
            | Content::ToolResult(_)
            | Content::Reasoning { .. }
            | Content::Redacted(_)
            | Content::Refusal(_) => {
                return Err(Invalid::new(path, "is of a kind that its role can't have"));
            }
        }
        Ok(())
    }

    fn audio(&self, w: &mut Writer<'_>, media: &Media<'_>) -> Result<(), Invalid> {
        let Source::Data { media_type, data } = &media.source else {
            return Err(self
                .target
                .refuse("messages[].content[]", "sound by its URL"));
        };
        let format = match media_type.strip_prefix("audio/").unwrap_or(media_type) {
            "wav" | "x-wav" | "wave" => "wav",
            "mp3" | "mpeg" => "mp3",
            other => other,
        };
        w.put("type", "input_audio");
        w.key("input_audio").object(|w| {
            w.put("data", data);
            w.put("format", format);
        });
        Ok(())
    }

    fn document(&self, w: &mut Writer<'_>, media: &Media<'_>) -> Result<(), Invalid> {
        if let Source::Text(text) = &media.source {
            w.put("type", "text");
            w.put("text", text);
            return Ok(());
        }
        let Source::Data { .. } = &media.source else {
            return Err(self
                .target
                .refuse("messages[].content[]", "a document by its URL or file id"));
        };
        w.put("type", "file");
        w.key("file").object(|w| {
            w.put("filename", media.name.as_deref().unwrap_or("document.pdf"));
            w.put_some("file_data", media.to_url().as_deref());
        });
        Ok(())
    }
}

pub(crate) fn text<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    if let Content::Text(text) = &part.content {
        Some(text)
    } else {
        None
    }
}

fn call<'p, 'a>(part: &'p Part<'a>) -> Option<&'p ToolCall<'a>> {
    if let Content::ToolCall(call) = &part.content {
        Some(call)
    } else {
        None
    }
}

fn refusal<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    if let Content::Refusal(text) = &part.content {
        Some(text)
    } else {
        None
    }
}

fn reasoning<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    if let Content::Reasoning { text, .. } = &part.content {
        Some(text)
    } else {
        None
    }
}

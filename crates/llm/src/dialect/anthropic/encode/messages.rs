//! The turns of a request.

use super::{Body, cache, safe_id};
use crate::conversation::{Content, Media, Param, Part, Role, Source, ToolResult};
use crate::dialect::anthropic::decode::arguments;
use crate::json::{Invalid, Writer};

impl Body<'_, '_> {
    /// Turns in a row by one speaker become one: with instructions taken out of the middle there may be some.
    pub(super) fn messages(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let turns = self.c.turns();
        let last = turns.len().saturating_sub(1);
        for (i, (role, mut parts)) in turns.into_iter().enumerate() {
            // Results of tools come first, right after their calls.
            parts.sort_by_key(|p| !matches!(p.content, Content::ToolResult(_)));
            if role == Role::Assistant {
                self.note_unsigned(&mut parts);
            }
            if parts.is_empty() {
                continue;
            }
            let mut result = Ok(());
            w.object(|w| {
                w.put(
                    "role",
                    if role == Role::Assistant {
                        "assistant"
                    } else {
                        "user"
                    },
                );
                w.key("content");
                result = self.content(w, &parts, i == last && role == Role::Assistant);
            });
            result?;
        }
        Ok(())
    }

    /// What was thought elsewhere carries no proof that this provider takes.
    fn note_unsigned(&mut self, parts: &mut Vec<&Part<'_>>) {
        let before = parts.len();
        parts.retain(|p| !p.is_unproven());
        if parts.len() < before {
            self.drop_param(Param::ReasoningHistory);
        }
    }

    fn content(
        &mut self,
        w: &mut Writer<'_>,
        parts: &[&Part<'_>],
        is_prefill: bool,
    ) -> Result<(), Invalid> {
        if let [
            Part {
                content: Content::Text(text),
                cache: None,
            },
        ] = parts
        {
            // An answer that is to be gone on with may not end in white space.
            w.str(if is_prefill { text.trim_end() } else { text });
            return Ok(());
        }
        let mut result = Ok(());
        w.array(|w| {
            for part in parts {
                if result.is_ok() {
                    result = self.part(w, part);
                }
            }
        });
        result
    }

    pub(super) fn part(&mut self, w: &mut Writer<'_>, part: &Part<'_>) -> Result<(), Invalid> {
        let mut result = Ok(());
        w.object(|w| {
            match &part.content {
                Content::Text(text) | Content::Refusal(text) => {
                    w.put("type", "text");
                    w.put("text", text);
                }
                Content::Image(media) => {
                    w.put("type", "image");
                    result = self.source(w, media, "image/");
                }
                Content::Document(media) => {
                    w.put("type", "document");
                    result = self.source(w, media, "");
                    w.put_some("title", media.name.as_deref());
                }
                Content::Audio(_) => {
                    result = Err(self.target.refuse("messages[].content[]", "sound"))
                }
                Content::ToolCall(call) => {
                    w.put("type", "tool_use");
                    w.put("id", &safe_id(&call.id));
                    w.put("name", &call.name);
                    w.key("input").raw(&arguments(&call.arguments));
                }
                Content::ToolResult(tool) => result = self.result(w, tool),
                Content::Reasoning { text, signature } => {
                    w.put("type", "thinking");
                    w.put("thinking", text);
                    w.put("signature", signature.as_deref().unwrap_or(""));
                }
                Content::Redacted(data) => {
                    w.put("type", "redacted_thinking");
                    w.put("data", data);
                }
            }
            cache(w, part.cache);
        });
        result
    }

    fn result(&mut self, w: &mut Writer<'_>, tool: &ToolResult<'_>) -> Result<(), Invalid> {
        w.put("type", "tool_result");
        w.put("tool_use_id", &safe_id(&tool.id));
        let parts: Vec<&Part<'_>> = tool.content.iter().filter(|p| !p.is_blank()).collect();
        if !parts.is_empty() {
            w.key("content");
            self.content(w, &parts, false)?;
        }
        w.put_bare("is_error", Some(true).filter(|_| tool.is_error));
        Ok(())
    }

    fn source(&self, w: &mut Writer<'_>, media: &Media<'_>, kind: &str) -> Result<(), Invalid> {
        let path = "messages[].content[]";
        match &media.source {
            Source::Data { media_type, .. } if !media_type.starts_with(kind) => {
                return Err(self
                    .target
                    .refuse(path, &format!("{media_type:?} as a picture")));
            }
            Source::Url { .. } if !self.target.provider.quirks.media_urls => {
                let what = "a picture or document by its URL: send the bytes, as base64";
                return Err(self.target.refuse(path, what));
            }
            Source::File(_) => {
                return Err(self
                    .target
                    .refuse(path, "another provider's file by its id"));
            }
            Source::Data { .. } | Source::Url { .. } | Source::Text(_) => {}
        }
        w.key("source").object(|w| match &media.source {
            Source::Data { media_type, data } => {
                w.put("type", "base64");
                w.put("media_type", media_type);
                w.put("data", data);
            }
            Source::Url { url, .. } => {
                w.put("type", "url");
                w.put("url", url);
            }
            Source::Text(text) => {
                w.put("type", "text");
                w.put("media_type", "text/plain");
                w.put("data", text);
            }
            Source::File(id) => w.put("file_id", id),
        });
        Ok(())
    }
}

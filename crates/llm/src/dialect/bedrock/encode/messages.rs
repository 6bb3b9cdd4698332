//! The turns of a request.

use std::borrow::Cow;

use super::{Body, cache};
use crate::conversation::{Content, Media, Param, Role, Source, ToolResult};
use crate::dialect::anthropic::decode::arguments;
use crate::dialect::anthropic::encode::safe_id;
use crate::json::{Fields, Invalid, Writer};

/// Longest id of a call (API reference, `ToolUseBlock`).
const MAX_ID: usize = 64;

impl Body<'_, '_> {
    /// Turns in a row by one speaker become one: the API refuses others.
    pub(super) fn messages(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let turns = self.c.turns();
        for (role, mut parts) in turns {
            parts.sort_by_key(|p| !matches!(p.content, Content::ToolResult(_)));
            let before = parts.len();
            parts.retain(|p| !p.is_unproven());
            if parts.len() < before {
                self.drop_param(Param::ReasoningHistory);
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
                w.key("content").array(|w| {
                    for part in parts {
                        if result.is_ok() {
                            w.object(|w| result = self.part(w, &part.content));
                            cache(w, part.cache);
                        }
                    }
                });
            });
            result?;
        }
        Ok(())
    }

    fn part(&mut self, w: &mut Writer<'_>, content: &Content<'_>) -> Result<(), Invalid> {
        let mut result = Ok(());
        match content {
            Content::Text(text) | Content::Refusal(text) => w.put("text", text),
            Content::Image(media) => {
                w.key("image")
                    .object(|w| result = self.media(w, media, "image/"));
            }
            Content::Document(media) => {
                self.documents += 1;
                w.key("document")
                    .object(|w| result = self.media(w, media, "application/"));
            }
            Content::Audio(_) => return Err(self.target.refuse("messages[].content[]", "sound")),
            Content::ToolCall(call) => w.key("toolUse").object(|w| {
                w.put("toolUseId", &id(&call.id));
                w.put("name", &call.name);
                w.key("input").raw(&arguments(&call.arguments));
            }),
            Content::ToolResult(tool) => {
                w.key("toolResult")
                    .object(|w| result = self.result(w, tool));
            }
            Content::Reasoning { text, signature } => w.key("reasoningContent").object(|w| {
                w.key("reasoningText").object(|w| {
                    w.put("text", text);
                    w.put_some("signature", signature.as_deref());
                });
            }),
            Content::Redacted(data) => {
                w.key("reasoningContent")
                    .object(|w| w.put("redactedContent", data));
            }
        }
        result
    }

    fn result(&mut self, w: &mut Writer<'_>, tool: &ToolResult<'_>) -> Result<(), Invalid> {
        w.put("toolUseId", &id(&tool.id));
        let mut result = Ok(());
        w.key("content").array(|w| {
            for part in tool.content.iter().filter(|p| !p.is_blank()) {
                w.object(|w| match &part.content {
                    Content::Text(text) if Fields::parse(text, "").is_ok() => {
                        w.key("json").raw(text.trim())
                    }
                    other => {
                        let written = self.part(w, other);
                        result = std::mem::replace(&mut result, Ok(())).and(written);
                    }
                });
            }
        });
        w.put_some("status", Some("error").filter(|_| tool.is_error));
        result
    }

    fn media(&mut self, w: &mut Writer<'_>, media: &Media<'_>, kind: &str) -> Result<(), Invalid> {
        let path = "messages[].content[]";
        if let Source::Text(text) = &media.source {
            return Err(self.target.refuse(
                path,
                &format!(
                    "a document as text ({} bytes): send it as a text",
                    text.len()
                ),
            ));
        }
        let Source::Data { media_type, data } = &media.source else {
            let what = "a picture or document by its URL or file id: send the bytes, as base64";
            return Err(self.target.refuse(path, what));
        };
        let format = match media_type
            .strip_prefix(kind)
            .or(media_type.strip_prefix("text/"))
        {
            Some("plain") => "txt",
            Some("markdown") => "md",
            Some("msword") => "doc",
            Some("vnd.openxmlformats-officedocument.wordprocessingml.document") => "docx",
            Some("vnd.ms-excel") => "xls",
            Some("vnd.openxmlformats-officedocument.spreadsheetml.sheet") => "xlsx",
            Some(format) => format,
            None => return Err(self.target.refuse(path, &format!("{media_type:?}"))),
        };
        w.put("format", format);
        if kind != "image/" {
            w.put("name", &self.document_name(media.name.as_deref()));
        }
        w.key("source").object(|w| w.put("bytes", data));
        Ok(())
    }

    /// Letters, digits, blanks, hyphens and brackets, and not twice the same (API reference, `DocumentBlock`).
    fn document_name(&self, name: Option<&str>) -> String {
        let name = name.unwrap_or("document");
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let keep = |c: char| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '(' | ')' | '[' | ']') {
                c
            } else {
                '-'
            }
        };
        let safe: String = stem.chars().take(180).map(keep).collect();
        format!("{safe}-{}", self.documents)
    }
}

fn id(id: &str) -> Cow<'_, str> {
    match safe_id(id) {
        Cow::Borrowed(text) => text.get(..MAX_ID).unwrap_or(text).into(),
        Cow::Owned(mut text) => {
            text.truncate(MAX_ID);
            text.into()
        }
    }
}

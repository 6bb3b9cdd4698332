//! The items of a request.

use super::Body;
use crate::conversation::{Content, Media, Param, Part, Role, Source, ToolResult};
use crate::dialect::openai::responses::answer::summary;
use crate::dialect::openai::responses::opened;
use crate::json::{Invalid, Writer};
use crate::wire::Wire;

const PATH: &str = "messages[].content[]";

impl Body<'_, '_> {
    pub(super) fn input(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        for message in &self.c.messages {
            let parts: Vec<&Part<'_>> = message.parts.iter().filter(|p| !p.is_blank()).collect();
            match message.role {
                Role::System => self.message(w, "developer", &parts)?,
                Role::User => self.user(w, &parts)?,
                Role::Assistant => self.assistant(w, &parts),
            }
        }
        Ok(())
    }

    /// Results of calls are items of their own, before what is said beside them.
    fn user(&mut self, w: &mut Writer<'_>, parts: &[&Part<'_>]) -> Result<(), Invalid> {
        let mut rest = Vec::new();
        for part in parts {
            match &part.content {
                Content::ToolResult(result) => self.result(w, result)?,
                _ => rest.push(*part),
            }
        }
        self.message(w, "user", &rest)
    }

    fn message(
        &mut self,
        w: &mut Writer<'_>,
        role: &str,
        parts: &[&Part<'_>],
    ) -> Result<(), Invalid> {
        if parts.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        w.object(|w| {
            w.put("type", "message");
            w.put("role", role);
            w.key("content").array(|w| result = self.contents(w, parts));
        });
        result
    }

    fn contents(&self, w: &mut Writer<'_>, parts: &[&Part<'_>]) -> Result<(), Invalid> {
        for part in parts {
            let mut result = Ok(());
            w.object(|w| result = self.content(w, &part.content));
            result?;
        }
        Ok(())
    }

    fn content(&self, w: &mut Writer<'_>, content: &Content<'_>) -> Result<(), Invalid> {
        match content {
            Content::Text(text) => {
                w.put("type", "input_text");
                w.put("text", text);
            }
            Content::Image(media) => {
                w.put("type", "input_image");
                match &media.source {
                    Source::File(id) => self.file_id(w, id, "a picture by its file id")?,
                    _ => w.put_some("image_url", media.to_url().as_deref()),
                }
                w.put("detail", media.detail.as_deref().unwrap_or("auto"));
            }
            Content::Document(media) => self.document(w, media)?,
            Content::Audio(_) => return Err(self.target.refuse(PATH, "sound in Responses")),
            _ => return Err(Invalid::new(PATH, "is of a kind that its role can't have")),
        }
        Ok(())
    }

    fn document(&self, w: &mut Writer<'_>, media: &Media<'_>) -> Result<(), Invalid> {
        match &media.source {
            Source::Text(text) => {
                w.put("type", "input_text");
                w.put("text", text);
            }
            Source::Data { .. } => {
                w.put("type", "input_file");
                w.put("filename", media.name.as_deref().unwrap_or("document.pdf"));
                w.put_some("file_data", media.to_url().as_deref());
            }
            Source::Url { url, .. } => {
                w.put("type", "input_file");
                w.put("file_url", url);
            }
            Source::File(id) => {
                w.put("type", "input_file");
                self.file_id(w, id, "a document by its file id")?;
            }
        }
        Ok(())
    }

    /// Only OpenAI's own callers have OpenAI's files.
    fn file_id(&self, w: &mut Writer<'_>, id: &str, what: &str) -> Result<(), Invalid> {
        if self.c.wire != Wire::Chat {
            return Err(self.target.refuse(PATH, what));
        }
        w.put("file_id", id);
        Ok(())
    }

    fn result(&mut self, w: &mut Writer<'_>, tool: &ToolResult<'_>) -> Result<(), Invalid> {
        if tool.is_error {
            self.drop_param(Param::IsError);
        }
        let parts: Vec<&Part<'_>> = tool.content.iter().filter(|p| !p.is_blank()).collect();
        let mut result = Ok(());
        w.object(|w| {
            w.put("type", "function_call_output");
            w.put("call_id", &tool.id);
            match parts.as_slice() {
                [] => w.put("output", ""),
                [
                    Part {
                        content: Content::Text(text),
                        ..
                    },
                ] => w.put("output", text),
                parts => w.key("output").array(|w| result = self.contents(w, parts)),
            }
        });
        result
    }

    /// In the order in which it was said.
    fn assistant(&mut self, w: &mut Writer<'_>, parts: &[&Part<'_>]) {
        for part in parts {
            match &part.content {
                Content::Text(text) => said(w, "output_text", "text", text),
                Content::Refusal(text) => said(w, "refusal", "refusal", text),
                Content::ToolCall(call) => w.object(|w| {
                    w.put("type", "function_call");
                    w.put("call_id", &call.id);
                    w.put("name", &call.name);
                    w.put(
                        "arguments",
                        if call.arguments.is_empty() {
                            "{}"
                        } else {
                            &call.arguments
                        },
                    );
                }),
                Content::Reasoning { text, signature } => {
                    match signature.as_deref().and_then(opened) {
                        Some(sealed) => w.object(|w| {
                            w.put("type", "reasoning");
                            summary(w, text);
                            w.put("encrypted_content", sealed);
                        }),
                        // What another provider thought, or what nobody can prove.
                        None => self.drop_param(Param::ReasoningHistory),
                    }
                }
                Content::Redacted(_) => self.drop_param(Param::ReasoningHistory),
                Content::Image(_)
                | Content::Audio(_)
                | Content::Document(_)
                | Content::ToolResult(_) => {
                    self.dropped.add(PATH);
                }
            }
        }
    }
}

fn said(w: &mut Writer<'_>, kind: &str, field: &str, text: &str) {
    w.object(|w| {
        w.put("type", "message");
        w.put("role", "assistant");
        w.key("content").array(|w| {
            w.object(|w| {
                w.put("type", kind);
                w.put(field, text);
            });
        });
    });
}

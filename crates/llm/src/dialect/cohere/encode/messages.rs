//! The turns of a request, and the documents in them.

use super::{Body, reasons};
use crate::conversation::{Content, Media, Param, Part, Role, Source, ToolCall, ToolResult};
use crate::json::{Invalid, Writer};

const PATH: &str = "messages[].content[]";

impl Body<'_, '_> {
    /// Writes `documents` and `messages`. Documents stand beside the messages, where the model cites them; not where the answer has a
    /// shape, which the API refuses beside them: there they are texts.
    pub(super) fn conversation(&mut self, w: &mut Writer<'_>, apart: bool) -> Result<(), Invalid> {
        let turns = self.c.turns();
        let documents: Vec<&Media<'_>> = turns
            .iter()
            .filter(|(role, _)| apart && *role == Role::User)
            .flat_map(|(_, parts)| parts)
            .filter_map(|part| document(&part.content))
            .collect();
        if !documents.is_empty() {
            w.key("documents").array(|w| {
                documents
                    .iter()
                    .for_each(|media| w.object(|w| data(w, media)))
            });
        }
        let mut result = Ok(());
        w.key("messages").array(|w| {
            result = self.system(w);
            for (role, parts) in turns {
                if result.is_ok() {
                    result = match role {
                        Role::Assistant => self.assistant(w, &parts),
                        Role::System | Role::User => self.user(w, &parts, apart),
                    };
                }
            }
        });
        result
    }

    /// Instructions come first, those from the middle of the conversation included.
    fn system(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let mut texts = Vec::new();
        for part in self.c.instructions() {
            let Content::Text(text) = &part.content else {
                return Err(self
                    .target
                    .refuse(PATH, "anything but text in its instructions"));
            };
            texts.push(&**text);
        }
        if self.c.messages.iter().any(|m| m.role == Role::System) {
            self.drop_param(Param::SystemOrder);
        }
        if !texts.is_empty() {
            w.object(|w| {
                w.put("role", "system");
                w.put("content", &texts.join("\n\n"));
            });
        }
        Ok(())
    }

    /// Results of tools are messages of their own, right after their calls; pictures in them are for users to send.
    fn user(
        &mut self,
        w: &mut Writer<'_>,
        parts: &[&Part<'_>],
        apart: bool,
    ) -> Result<(), Invalid> {
        let mut rest: Vec<&Part<'_>> = Vec::new();
        for part in parts {
            match &part.content {
                Content::ToolResult(result) => {
                    self.result(w, result)?;
                    let stays = |p: &&Part<'_>| {
                        text(&p.content).is_none() && document(&p.content).is_none()
                    };
                    rest.extend(result.content.iter().filter(stays));
                }
                content if apart && document(content).is_some() => {}
                _ => rest.push(part),
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        w.object(|w| {
            w.put("role", "user");
            w.key("content");
            if let [
                Part {
                    content: Content::Text(text),
                    ..
                },
            ] = rest.as_slice()
            {
                return w.str(text);
            }
            w.array(|w| {
                for part in rest {
                    if result.is_ok() {
                        w.object(|w| result = self.part(w, &part.content));
                    }
                }
            });
        });
        result
    }

    fn part(&self, w: &mut Writer<'_>, content: &Content<'_>) -> Result<(), Invalid> {
        if let Some(text) = text(content).or_else(|| document(content).map(body)) {
            w.put("type", "text");
            w.put("text", text);
            return Ok(());
        }
        match content {
            Content::Image(media) => {
                let url = media
                    .to_url()
                    .ok_or_else(|| self.target.refuse(PATH, "a picture by its file id"))?;
                w.put("type", "image_url");
                w.key("image_url").object(|w| {
                    w.put("url", &url);
                    w.put_some("detail", media.detail.as_deref());
                });
                Ok(())
            }
            Content::Document(_) => Err(self.target.refuse(PATH, "a document that is no text")),
            Content::Audio(_) => Err(self.target.refuse(PATH, "sound")),
            _ => Err(Invalid::new(PATH, "is of a kind that its role can't have")),
        }
    }

    fn result(&mut self, w: &mut Writer<'_>, result: &ToolResult<'_>) -> Result<(), Invalid> {
        if result.is_error {
            self.drop_param(Param::IsError);
        }
        let said = result.content.iter().map(|p| &p.content);
        let said: Vec<_> = said
            .filter(|c| text(c).is_some() || document(c).is_some())
            .collect();
        w.object(|w| {
            w.put("role", "tool");
            w.put("tool_call_id", &result.id);
            w.key("content");
            match said.as_slice() {
                [] => w.str(""),
                [Content::Text(text)] => w.str(text),
                _ => w.array(|w| {
                    for content in &said {
                        w.object(|w| match document(content) {
                            Some(media) => {
                                w.put("type", "document");
                                w.key("document").object(|w| data(w, media));
                            }
                            None => {
                                w.put("type", "text");
                                w.put("text", text(content).unwrap_or_default());
                            }
                        });
                    }
                }),
            }
        });
        Ok(())
    }

    /// What is said beside calls is the plan for them.
    fn assistant(&mut self, w: &mut Writer<'_>, parts: &[&Part<'_>]) -> Result<(), Invalid> {
        let said: Vec<&str> = parts.iter().filter_map(|p| text(&p.content)).collect();
        let calls: Vec<&ToolCall<'_>> = parts.iter().filter_map(|p| call(&p.content)).collect();
        let thoughts = self.thoughts(parts);
        if said.is_empty() && calls.is_empty() && thoughts.is_empty() {
            return Ok(());
        }
        w.object(|w| {
            w.put("role", "assistant");
            let plan = said.join("");
            let said = if calls.is_empty() {
                said.as_slice()
            } else {
                &[]
            };
            match (thoughts.as_slice(), said) {
                ([], []) => {}
                ([], [text]) => w.put("content", text),
                _ => w.key("content").array(|w| {
                    thoughts.iter().for_each(|text| block(w, "thinking", text));
                    said.iter().for_each(|text| block(w, "text", text));
                }),
            }
            if calls.is_empty() {
                return;
            }
            if !plan.is_empty() {
                w.put("tool_plan", &plan);
            }
            w.key("tool_calls").array(|w| {
                for call in &calls {
                    w.object(|w| {
                        w.put("id", &call.id);
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
                    });
                }
            });
        });
        Ok(())
    }

    /// What was thought goes back to models that think; proofs are other vendors' and mean nothing here.
    fn thoughts<'p>(&mut self, parts: &[&'p Part<'_>]) -> Vec<&'p str> {
        let (mut thoughts, mut lost) = (Vec::new(), false);
        for part in parts {
            match &part.content {
                Content::Reasoning { text, .. } if !text.is_empty() => thoughts.push(&**text),
                Content::Reasoning { .. } | Content::Redacted(_) => lost = true,
                _ => {}
            }
        }
        if !reasons(&self.c.model) {
            lost |= !thoughts.is_empty();
            thoughts.clear();
        }
        if lost {
            self.drop_param(Param::ReasoningHistory);
        }
        thoughts
    }
}

fn block(w: &mut Writer<'_>, kind: &str, text: &str) {
    w.object(|w| {
        w.put("type", kind);
        w.put(kind, text);
    });
}

fn text<'p>(content: &'p Content<'_>) -> Option<&'p str> {
    if let Content::Text(text) | Content::Refusal(text) = content {
        Some(text)
    } else {
        None
    }
}

fn call<'p, 'a>(content: &'p Content<'a>) -> Option<&'p ToolCall<'a>> {
    if let Content::ToolCall(call) = content {
        Some(call)
    } else {
        None
    }
}

/// A document that is text.
fn document<'p, 'a>(content: &'p Content<'a>) -> Option<&'p Media<'a>> {
    match content {
        Content::Document(media) if matches!(media.source, Source::Text(_)) => Some(media),
        _ => None,
    }
}

fn body<'p>(media: &'p Media<'_>) -> &'p str {
    if let Source::Text(text) = &media.source {
        text
    } else {
        ""
    }
}

/// `{data}`, with the title and the text.
fn data(w: &mut Writer<'_>, media: &Media<'_>) {
    w.key("data").object(|w| {
        w.put_some("title", media.name.as_deref());
        w.put("text", body(media));
    });
}

//! A generateContent request, written.

use crate::Operation;
use crate::conversation::{
    Content, Conversation, Effort, Media, Output, Param, Part, Role, Source, ToolChoice, ToolResult,
};
use crate::dialect::anthropic::decode::arguments;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Writer, object};
use crate::request::target::{Target, note, note_extras};

/// Writes a request: instructions, tools and parameters first, contents last. The model stands in the path.
pub(crate) fn request(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    let mut failed = None;
    let mut out = Body {
        c,
        target,
        dropped,
        wants_signature: false,
    };
    let mut write = |w: &mut Writer<'_>| failed = out.write(w).err();
    let body = match target.operation {
        // Only the whole request lets instructions and tools be counted (API reference, `models.countTokens`). Vertex takes
        // them as they are.
        Operation::CountTokens if target.provider.name == "gemini" => object(|w| {
            w.key("generateContentRequest").object(|w| {
                w.put("model", &format!("models/{}", c.model));
                write(w);
            });
        }),
        _ => object(write),
    };
    failed.map_or(Ok(body), Err)
}

struct Body<'c, 'd> {
    c: &'c Conversation<'c>,
    target: &'c Target<'c>,
    dropped: &'d mut Dropped,
    /// The next call is the first of its turn, and its signature is looked for.
    wants_signature: bool,
}

impl Body<'_, '_> {
    fn drop_param(&mut self, param: Param) {
        self.dropped.add(param.name(self.c.wire));
    }

    fn write(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        self.system(w)?;
        self.tools(w);
        if self.target.operation != Operation::CountTokens {
            self.config(w);
        }
        let mut result = Ok(());
        w.key("contents").array(|w| result = self.contents(w));
        result
    }

    /// Instructions, those from the middle of the conversation included: the format has one place for them.
    fn system(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let all = self.c.instructions();
        if self.c.messages.iter().any(|m| m.role == Role::System) {
            self.drop_param(Param::SystemOrder);
        }
        if all.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        w.key("systemInstruction").object(|w| {
            w.key("parts").array(|w| {
                for part in all {
                    if result.is_ok() {
                        result = self.part(w, part, 0);
                    }
                }
            });
        });
        result
    }

    fn tools(&mut self, w: &mut Writer<'_>) {
        if self.c.tools.is_empty() {
            return;
        }
        w.key("tools").array(|w| {
            w.object(|w| {
                w.key("functionDeclarations").array(|w| {
                    for tool in &self.c.tools {
                        w.object(|w| {
                            w.put("name", &tool.name);
                            w.put_some("description", tool.description.as_deref());
                            // The schema as it is: `parameters` would take a subset only.
                            if let Some(schema) = &tool.schema {
                                w.key("parametersJsonSchema").raw(schema);
                            }
                        });
                    }
                });
            });
        });
        note(self.c, self.dropped, &[Param::Strict, Param::ParallelTools]);
        let (mode, names) = match &self.c.tool_choice {
            None => return,
            Some(ToolChoice::Auto) => ("AUTO", Vec::new()),
            Some(ToolChoice::None) => ("NONE", Vec::new()),
            Some(ToolChoice::Any) => ("ANY", Vec::new()),
            Some(ToolChoice::Named(name)) => ("ANY", vec![name]),
            Some(ToolChoice::Allowed(names)) => ("ANY", names.iter().collect()),
        };
        w.key("toolConfig").object(|w| {
            w.key("functionCallingConfig").object(|w| {
                w.put("mode", mode);
                if !names.is_empty() {
                    w.key("allowedFunctionNames")
                        .array(|w| names.iter().for_each(|name| w.str(name)));
                }
            });
        });
    }

    fn config(&mut self, w: &mut Writer<'_>) {
        let c = self.c;
        let mut config = Vec::new();
        let mut inner = Writer::new(&mut config);
        inner.object(|w| {
            w.put_bare("temperature", c.temperature.as_ref());
            w.put_bare("topP", c.top_p.as_ref());
            w.put_bare("topK", c.top_k.as_ref());
            w.put_bare("candidateCount", c.choices);
            w.put_bare("maxOutputTokens", c.max_tokens);
            if !c.stop.is_empty() {
                w.key("stopSequences")
                    .array(|w| c.stop.iter().for_each(|s| w.str(s)));
            }
            w.put_bare("presencePenalty", c.presence_penalty.as_ref());
            w.put_bare("frequencyPenalty", c.frequency_penalty.as_ref());
            w.put_bare("seed", c.seed.as_ref());
            if let Some(top) = c.logprobs {
                w.key("responseLogprobs").bare(true);
                w.put_bare("logprobs", Some(top).filter(|n| *n > 0));
            }
            if c.output != Output::Text {
                w.put("responseMimeType", "application/json");
            }
            if let Output::Schema { schema, .. } = &c.output {
                w.key("responseJsonSchema").raw(schema);
            }
            self.thinking(w);
        });
        if config != b"{}" {
            w.key("generationConfig")
                .raw(&String::from_utf8_lossy(&config));
        }
        note(c, self.dropped, &[Param::User, Param::Cache]);
        note_extras(c, self.dropped);
    }

    /// Levels from Gemini 3 on, budgets before (API guide, "Thinking").
    fn thinking(&self, w: &mut Writer<'_>) {
        let Some(reasoning) = self.c.reasoning else {
            return;
        };
        w.key("thinkingConfig").object(|w| {
            if generation(&self.c.model) >= 3 && reasoning.budget.is_none() {
                let level = match reasoning.effort() {
                    None => None,
                    Some(Effort::None | Effort::Minimal | Effort::Low) => Some("low"),
                    Some(Effort::Medium) => Some("medium"),
                    Some(Effort::High | Effort::XHigh | Effort::Max) => Some("high"),
                };
                w.put_some("thinkingLevel", level);
            } else {
                w.put_bare("thinkingBudget", reasoning.budget());
            }
            w.key("includeThoughts")
                .bare(!reasoning.is_off() && reasoning.show != Some(false));
        });
    }

    /// Turns in a row by one speaker become one.
    fn contents(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let mut turns: Vec<(Role, Vec<(usize, &Part<'_>)>)> =
            Vec::with_capacity(self.c.messages.len());
        for (i, message) in self
            .c
            .messages
            .iter()
            .enumerate()
            .filter(|(_, m)| m.role != Role::System)
        {
            let parts = message
                .parts
                .iter()
                .filter(|p| !p.is_blank())
                .map(|p| (i, p));
            match turns.last_mut() {
                Some((role, all)) if *role == message.role => all.extend(parts),
                _ => turns.push((message.role, parts.collect())),
            }
        }
        for (role, mut parts) in turns {
            let before = parts.len();
            parts.retain(|(_, p)| {
                !matches!(p.content, Content::Reasoning { .. } | Content::Redacted(_))
            });
            if parts.len() < before {
                self.drop_param(Param::ReasoningHistory);
            }
            if parts.is_empty() {
                continue;
            }
            self.wants_signature = generation(&self.c.model) >= 3;
            let mut result = Ok(());
            w.object(|w| {
                w.put(
                    "role",
                    if role == Role::Assistant {
                        "model"
                    } else {
                        "user"
                    },
                );
                w.key("parts").array(|w| {
                    for (i, part) in parts {
                        if result.is_ok() {
                            result = self.part(w, part, i);
                        }
                    }
                });
            });
            result?;
        }
        Ok(())
    }

    fn part(&mut self, w: &mut Writer<'_>, part: &Part<'_>, message: usize) -> Result<(), Invalid> {
        let mut result = Ok(());
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => w.object(|w| w.put("text", text)),
            Content::Image(media) | Content::Audio(media) | Content::Document(media) => {
                w.object(|w| result = self.media(w, media));
            }
            Content::ToolCall(call) => w.object(|w| {
                // From Gemini 3 on a turn is refused whose first call has no signature; other models' calls have none.
                let unsigned = std::mem::take(&mut self.wants_signature).then_some(UNSIGNED);
                w.key("functionCall").object(|w| {
                    w.put("name", &call.name);
                    w.key("args").raw(&arguments(&call.arguments));
                });
                let signature = call.signature.as_deref();
                w.put_some("thoughtSignature", signature.or(unsigned));
            }),
            Content::ToolResult(tool) => return self.result(w, tool, message),
            Content::Reasoning { .. } | Content::Redacted(_) => {}
        }
        result
    }

    fn result(
        &mut self,
        w: &mut Writer<'_>,
        tool: &ToolResult<'_>,
        message: usize,
    ) -> Result<(), Invalid> {
        let Some(name) = self.c.called_name(tool, message) else {
            let path = "messages[].tool_call_id";
            return Err(Invalid::new(
                path,
                "belongs to no call in the conversation, and this provider wants the function's name",
            ));
        };
        let texts: Vec<&str> = tool
            .content
            .iter()
            .filter_map(crate::dialect::openai::chat::encode::text)
            .collect();
        let said = texts.join("\n");
        w.object(|w| {
            w.key("functionResponse").object(|w| {
                w.put("name", name);
                w.key("response");
                if !tool.is_error && Fields::parse(&said, "").is_ok() {
                    w.raw(said.trim());
                } else {
                    w.object(|w| w.put(if tool.is_error { "error" } else { "output" }, &said));
                }
            });
        });
        for part in &tool.content {
            if !matches!(part.content, Content::Text(_)) {
                self.part(w, part, message)?;
            }
        }
        Ok(())
    }

    fn media(&self, w: &mut Writer<'_>, media: &Media<'_>) -> Result<(), Invalid> {
        let path = "messages[].content[]";
        match &media.source {
            Source::Data { media_type, data } => w.key("inlineData").object(|w| {
                w.put("mimeType", media_type);
                w.put("data", data);
            }),
            Source::Url { media_type, url } if is_google_s(url) => w.key("fileData").object(|w| {
                w.put_some("mimeType", media_type.as_deref());
                w.put("fileUri", url);
            }),
            Source::Url { .. } => {
                return Err(self.target.refuse(
                    path,
                    "a picture or document by its URL: send the bytes, as base64",
                ));
            }
            Source::Text(text) => w.put("text", text),
            Source::File(_) => {
                return Err(self
                    .target
                    .refuse(path, "another provider's file by its id"));
            }
        }
        Ok(())
    }
}

/// Which Gemini it is; 0 for what is none by its name.
fn generation(model: &str) -> u32 {
    let Some(at) = model.find("gemini-") else {
        return 0;
    };
    let digits: String = model[at + 7..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(0)
}

/// Says that a call was not made by this model (API guide, "Thought signatures").
const UNSIGNED: &str = "skip_thought_signature_validator";

/// What Google fetches itself: its storage, files given to it, and YouTube.
fn is_google_s(url: &str) -> bool {
    [
        "gs://",
        "https://generativelanguage.googleapis.com/",
        "https://www.youtube.com/",
        "https://youtu.be/",
    ]
    .iter()
    .any(|prefix| url.starts_with(prefix))
}

//! The turns of a request.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::asks_nothing;
use super::cache;
use crate::conversation::{Content, Conversation, Media, Part, Role, Source, ToolCall, ToolResult};
use crate::dialect::signature;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, parse};

pub(super) fn message<'a>(
    mut m: Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let path = "messages[]";
    let role = m.need_text("role", path)?;
    let content = m.take("content")?;
    match &*role {
        "system" | "developer" => {
            let parts = parts(content, path, dropped)?;
            if c.messages.is_empty() {
                c.system.extend(parts)
            } else {
                c.push(Role::System, parts)
            }
        }
        "user" => c.push(Role::User, parts(content, path, dropped)?),
        "tool" => {
            let (id, _) = signature::split(m.need_text("tool_call_id", path)?);
            let result = ToolResult {
                id,
                name: None,
                content: parts(content, path, dropped)?,
                is_error: false,
            };
            c.push(Role::User, vec![Content::ToolResult(result).into()]);
        }
        "assistant" => {
            let parts = assistant(&mut m, content, dropped)?;
            c.push(Role::Assistant, parts);
        }
        other => {
            return Err(Invalid::new(
                "messages[].role",
                format!("{other:?} can't be translated"),
            ));
        }
    }
    for (name, value) in m.rest() {
        if !asks_nothing(&name, value.get()) {
            dropped.add(format!("messages[].{name}"));
        }
    }
    Ok(())
}

fn assistant<'a>(
    m: &mut Fields<'a>,
    content: Option<&'a RawValue>,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let path = "messages[]";
    let mut all = thoughts(m)?;
    all.extend(parts(content, path, dropped)?);
    if let Some(text) = m.text("refusal", path)?.filter(|t| !t.is_empty()) {
        all.push(Content::Refusal(text).into());
    }
    if m.take("function_call")?.is_some() {
        return Err(Invalid::new(
            "messages[].function_call",
            "is an older form that is not translated: write tool_calls",
        ));
    }
    for mut call in m
        .read::<Vec<Fields<'a>>>("tool_calls", path)?
        .unwrap_or_default()
    {
        let path = "messages[].tool_calls[]";
        let mut function: Fields<'a> = call.need("function", path)?;
        let (id, signature) = signature::split(call.need_text("id", path)?);
        let arguments = match function.take("arguments")? {
            // Some servers, and those who quote them, have an object here.
            Some(raw) if raw.get().starts_with('{') => Cow::Borrowed(raw.get()),
            Some(raw) => {
                parse::<Text<'a>>(raw.get(), "messages[].tool_calls[].function.arguments")?.0
            }
            None => Cow::Borrowed(""),
        };
        let name = function.need_text("name", "messages[].tool_calls[].function")?;
        all.push(
            Content::ToolCall(ToolCall {
                id,
                name,
                arguments,
                signature,
            })
            .into(),
        );
    }
    Ok(all)
}

/// What compatible servers and gateways call reasoning: `thinking_blocks` with signatures, else `reasoning_content` or `reasoning`.
pub(crate) fn thoughts<'a>(m: &mut Fields<'a>) -> Result<Vec<Part<'a>>, Invalid> {
    let path = "messages[]";
    let plain = m.text("reasoning_content", path)?;
    let newer = match m.take("reasoning")? {
        Some(raw) if raw.get().starts_with('"') => {
            Some(parse::<Text<'a>>(raw.get(), "messages[].reasoning")?.0)
        }
        _ => None,
    };
    let mut all = Vec::new();
    for mut block in m
        .read::<Vec<Fields<'a>>>("thinking_blocks", path)?
        .unwrap_or_default()
    {
        let path = "messages[].thinking_blocks[]";
        if let Some(data) = block.text("data", path)? {
            all.push(Content::Redacted(data).into());
        } else {
            let text = block.text("thinking", path)?.unwrap_or_default();
            all.push(
                Content::Reasoning {
                    text,
                    signature: block.text("signature", path)?,
                }
                .into(),
            );
        }
    }
    if all.is_empty()
        && let Some(text) = plain.or(newer).filter(|t| !t.is_empty())
    {
        all.push(
            Content::Reasoning {
                text,
                signature: None,
            }
            .into(),
        );
    }
    Ok(all)
}

/// A content: a string, or a list of parts.
pub(crate) fn parts<'a>(
    content: Option<&'a RawValue>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    let path = format!("{path}.content");
    if content.get().starts_with('"') {
        let text = parse::<Text<'a>>(content.get(), &path)?.0;
        return Ok(if text.is_empty() {
            Vec::new()
        } else {
            vec![Part::text(text)]
        });
    }
    let list: Vec<Fields<'a>> = parse(content.get(), &path)?;
    let path = format!("{path}[]");
    list.into_iter().map(|f| part(f, &path, dropped)).collect()
}

fn part<'a>(mut f: Fields<'a>, path: &str, dropped: &mut Dropped) -> Result<Part<'a>, Invalid> {
    let kind = f.need_text("type", path)?;
    let content = match &*kind {
        "text" | "input_text" | "output_text" => Content::Text(f.need_text("text", path)?),
        "refusal" => Content::Refusal(f.need_text("refusal", path)?),
        "image_url" => {
            #[derive(Deserialize)]
            struct Image<'a> {
                #[serde(borrow)]
                url: Text<'a>,
                #[serde(borrow)]
                detail: Option<Text<'a>>,
            }
            let image: Image<'a> = f.need("image_url", path)?;
            Content::Image(Media {
                detail: image.detail.map(|d| d.0),
                ..Media::from_url(image.url.0)
            })
        }
        "input_audio" => {
            let mut audio: Fields<'a> = f.need("input_audio", path)?;
            let format = audio.need_text("format", path)?;
            let media_type = format!("audio/{format}").into();
            let source = Source::Data {
                media_type,
                data: audio.need_text("data", path)?,
            };
            Content::Audio(Media {
                source,
                name: None,
                detail: None,
            })
        }
        "file" => Content::Document(file(f.need("file", path)?, path)?),
        // Mistral's.
        "thinking" => Content::Reasoning {
            text: mistral_thinking(&mut f, path)?,
            signature: f.text("signature", path)?,
        },
        other => {
            return Err(Invalid::new(
                format!("{path}.type"),
                format!("{other:?} can't be translated"),
            ));
        }
    };
    let cache = cache(&mut f, path)?;
    f.rest()
        .filter(|(name, v)| !asks_nothing(name, v.get()))
        .for_each(|(name, _)| dropped.add(format!("{path}.{name}")));
    Ok(Part { content, cache })
}

fn mistral_thinking<'a>(f: &mut Fields<'a>, path: &str) -> Result<Cow<'a, str>, Invalid> {
    f.take("closed")?;
    let Some(raw) = f.take("thinking")? else {
        return Ok("".into());
    };
    if raw.get().starts_with('"') {
        return Ok(parse::<Text<'a>>(raw.get(), path)?.0);
    }
    let mut text = String::new();
    for mut chunk in parse::<Vec<Fields<'a>>>(raw.get(), path)? {
        text.push_str(&chunk.text("text", path)?.unwrap_or_default());
    }
    Ok(text.into())
}

fn file<'a>(mut f: Fields<'a>, path: &str) -> Result<Media<'a>, Invalid> {
    let name = f.text("filename", path)?;
    if let Some(data) = f.text("file_data", path)? {
        let media = Media::from_url(data);
        let source = match media.source {
            Source::Url { url, .. } => Source::Data {
                media_type: "application/pdf".into(),
                data: url,
            },
            other => other,
        };
        return Ok(Media {
            source,
            name,
            detail: None,
        });
    }
    Ok(Media {
        source: Source::File(f.need_text("file_id", path)?),
        name,
        detail: None,
    })
}

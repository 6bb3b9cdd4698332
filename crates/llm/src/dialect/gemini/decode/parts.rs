//! The turns of a request, and the parts of an answer.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{read, text};
use crate::conversation::{Content, Media, Part, Source, ToolCall, ToolResult};
use crate::dialect::signature;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, join, parse};

/// Ids for calls that have none: this format matches results to calls by name and order.
#[derive(Default)]
pub(super) struct Ids {
    count: u32,
    /// Calls without a result: function and id.
    open: Vec<(String, String)>,
}

impl Ids {
    fn call(&mut self, name: &str, given: Option<Cow<'_, str>>) -> String {
        self.count += 1;
        let id = given.map_or_else(|| format!("call_{}", self.count), Cow::into_owned);
        self.open.push((name.to_owned(), id.clone()));
        id
    }

    fn result(&mut self, name: &str, given: Option<Cow<'_, str>>) -> String {
        let is_it = |(open, id): &(String, String)| {
            given.as_ref().map_or(open == name, |given| id == given)
        };
        match self.open.iter().position(is_it) {
            Some(at) => self.open.remove(at).1,
            None => given.map_or_else(|| format!("call_of_{name}"), Cow::into_owned),
        }
    }
}

pub(super) fn instruction<'a>(
    raw: &'a RawValue,
    ids: &mut Ids,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let path = "systemInstruction";
    if raw.get().starts_with('"') {
        return Ok(vec![Part::text(parse::<Text<'a>>(raw.get(), path)?.0)]);
    }
    let mut content = Fields::parse(raw.get(), path)?;
    content.take("role")?;
    parts(&mut content, path, ids, dropped)
}

pub(super) fn parts<'a>(
    content: &mut Fields<'a>,
    path: &str,
    ids: &mut Ids,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let Some(raw) = content.take("parts")? else {
        return Ok(Vec::new());
    };
    let list = match raw.get().as_bytes().first() {
        Some(b'{') => vec![parse(raw.get(), path)?],
        _ => parse::<Vec<Fields<'a>>>(raw.get(), &join(path, "parts"))?,
    };
    let path = format!("{path}.parts[]");
    let mut parts = Vec::with_capacity(list.len());
    for mut f in list {
        if let Some(content) = part(&mut f, &path, ids)? {
            parts.push(content.into());
        }
        f.rest()
            .for_each(|(name, _)| dropped.add(format!("{path}.{name}")));
    }
    Ok(parts)
}

/// One part of an answer: ids that are missing are for the caller to make.
pub(crate) fn answer_part<'a>(f: &mut Fields<'a>) -> Result<Option<Content<'a>>, Invalid> {
    part(f, "candidates[].content.parts[]", &mut Ids::default())
}

fn part<'a>(f: &mut Fields<'a>, path: &str, ids: &mut Ids) -> Result<Option<Content<'a>>, Invalid> {
    let signature = text(f, "thoughtSignature", "thought_signature", path)?;
    let is_thought = f.read("thought", path)?.unwrap_or(false);
    if let Some(text) = f.text("text", path)? {
        return Ok(Some(match is_thought {
            true => Content::Reasoning { text, signature },
            false => Content::Text(text),
        }));
    }
    if let Some(call) = read::<Fields<'a>>(f, "functionCall", "function_call", path)? {
        return self::call(call, signature, path, ids).map(Some);
    }
    if let Some(response) = read::<Fields<'a>>(f, "functionResponse", "function_response", path)? {
        return self::response(response, path, ids).map(Some);
    }
    if let Some(mut data) = read::<Fields<'a>>(f, "inlineData", "inline_data", path)? {
        let media_type = text(&mut data, "mimeType", "mime_type", path)?.unwrap_or_default();
        let source = Source::Data {
            media_type: media_type.clone(),
            data: data.need_text("data", path)?,
        };
        let name = text(&mut data, "displayName", "display_name", path)?;
        return Ok(Some(medium(&media_type, source, name)));
    }
    if let Some(mut data) = read::<Fields<'a>>(f, "fileData", "file_data", path)? {
        let media_type = text(&mut data, "mimeType", "mime_type", path)?;
        let url = text(&mut data, "fileUri", "file_uri", path)?.unwrap_or_default();
        let kind = media_type.clone().unwrap_or_default();
        return Ok(Some(medium(&kind, Source::Url { media_type, url }, None)));
    }
    for name in [
        "executableCode",
        "codeExecutionResult",
        "executable_code",
        "code_execution_result",
    ] {
        if f.has(name) {
            return Err(Invalid::new(
                join(path, name),
                "exists in this format only, and can't be translated",
            ));
        }
    }
    Ok(None)
}

fn call<'a>(
    mut f: Fields<'a>,
    signature: Option<Cow<'a, str>>,
    path: &str,
    ids: &mut Ids,
) -> Result<Content<'a>, Invalid> {
    let path = format!("{path}.functionCall");
    let name = f.need_text("name", &path)?;
    let (given, in_id) = match f.text("id", &path)? {
        Some(id) => {
            let (id, signature) = signature::split(id);
            (Some(id), signature)
        }
        None => (None, None),
    };
    let id = ids.call(&name, given).into();
    let arguments = f.take("args")?.map_or("{}", RawValue::get).into();
    Ok(Content::ToolCall(ToolCall {
        id,
        name,
        arguments,
        signature: signature.or(in_id),
    }))
}

fn response<'a>(mut f: Fields<'a>, path: &str, ids: &mut Ids) -> Result<Content<'a>, Invalid> {
    let path = format!("{path}.functionResponse");
    let name = f.need_text("name", &path)?;
    let given = f.text("id", &path)?.map(|id| signature::split(id).0);
    let id = ids.result(&name, given).into();
    let raw = f.take("response")?.map_or("{}", RawValue::get);
    let (said, is_error) = said(raw);
    let content = vec![Part::text(said)];
    Ok(Content::ToolResult(ToolResult {
        id,
        name: Some(name),
        content,
        is_error,
    }))
}

/// What a function said. A text alone under the name that Google suggests is that text (API reference, `FunctionResponse`).
fn said(raw: &str) -> (Cow<'_, str>, bool) {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Said<'a> {
        #[serde(borrow)]
        output: Option<Text<'a>>,
        #[serde(borrow)]
        result: Option<Text<'a>>,
        #[serde(borrow)]
        error: Option<Text<'a>>,
    }
    match serde_json::from_str::<Said<'_>>(raw) {
        Ok(Said {
            output: Some(text),
            result: None,
            error: None,
        })
        | Ok(Said {
            output: None,
            result: Some(text),
            error: None,
        }) => (text.0, false),
        Ok(Said {
            output: None,
            result: None,
            error: Some(text),
        }) => (text.0, true),
        _ => (raw.into(), false),
    }
}

fn medium<'a>(media_type: &str, source: Source<'a>, name: Option<Cow<'a, str>>) -> Content<'a> {
    let media = Media {
        source,
        name,
        detail: None,
    };
    if media_type.starts_with("image/") {
        Content::Image(media)
    } else if media_type.starts_with("audio/") {
        Content::Audio(media)
    } else {
        Content::Document(media)
    }
}

//! Which format and operation a path asks for.

use std::borrow::Cow;

use crate::{Format, Operation};

/// What a path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface<'a> {
    /// Shape of the request and of its answer.
    pub format: Format,
    /// What is asked for.
    pub operation: Operation,
    /// The model, where the path names it.
    pub model: Option<Cow<'a, str>>,
    /// Whether the path itself asks for a stream.
    pub stream: Option<bool>,
    /// The path below the version, such as `chat/completions` or `images/generations`.
    pub rest: &'a str,
}

/// Reads a path without its query. `None` when no API of the three formats has it.
///
/// OpenAI's below `/v1` and `/openai/v1`; Anthropic's below `/v1` and `/anthropic/v1`, and `/messages`; Gemini's below
/// `/v1beta` and `/v1`, alone and below `/gemini`.
pub fn parse(path: &str) -> Option<Surface<'_>> {
    let (namespace, rest) = namespace(path);
    if namespace.is_none() && rest == "messages" {
        return messages(rest);
    }
    let (version, rest) = rest.split_once('/')?;
    let gemini =
        matches!(namespace, None | Some(Format::Gemini)) && matches!(version, "v1beta" | "v1");
    if gemini && let Some(found) = generate(rest) {
        return Some(found);
    }
    match namespace {
        Some(Format::Gemini) => (gemini && rest == "models").then(|| models(Format::Gemini, rest)),
        Some(Format::Anthropic) if version == "v1" => {
            messages(rest).or_else(|| listing(Format::Anthropic, rest))
        }
        Some(Format::OpenAi) if version == "v1" => open_ai(rest),
        None if version == "v1" => messages(rest).or_else(|| open_ai(rest)),
        None if version == "v1beta" => listing(Format::Gemini, rest),
        _ => None,
    }
}

/// Reads a path below a base URL that leaves the version out, such as `/chat/completions`.
pub fn parse_below_version(path: &str) -> Option<Surface<'_>> {
    let rest = path.strip_prefix('/')?;
    generate(rest)
        .or_else(|| messages(rest))
        .or_else(|| open_ai(rest))
}

fn namespace(path: &str) -> (Option<Format>, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    for format in Format::ALL {
        if let Some(rest) = path
            .strip_prefix(format.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
        {
            return (Some(format), rest);
        }
    }
    (None, path)
}

fn plain(format: Format, operation: Operation, rest: &str) -> Surface<'_> {
    Surface {
        format,
        operation,
        model: None,
        stream: None,
        rest,
    }
}

fn models(format: Format, rest: &str) -> Surface<'_> {
    plain(format, Operation::Models, rest)
}

fn listing(format: Format, rest: &str) -> Option<Surface<'_>> {
    if rest == "models" {
        return Some(models(format, rest));
    }
    let id = rest.strip_prefix("models/").filter(|id| !id.is_empty())?;
    Some(Surface {
        model: Some(percent_decode(id)),
        ..models(format, rest)
    })
}

fn messages(rest: &str) -> Option<Surface<'_>> {
    match rest {
        "messages" => Some(plain(Format::Anthropic, Operation::Chat, rest)),
        "messages/count_tokens" => Some(plain(Format::Anthropic, Operation::CountTokens, rest)),
        _ => None,
    }
}

/// A list, and not a prefix: what follows one could lead elsewhere (`images/../files`).
const MEDIA: [&str; 6] = [
    "images/generations",
    "images/edits",
    "images/variations",
    "audio/speech",
    "audio/transcriptions",
    "audio/translations",
];

fn open_ai(rest: &str) -> Option<Surface<'_>> {
    let operation = match rest {
        "chat/completions" => Operation::Chat,
        "completions" => Operation::Completions,
        "responses" => Operation::Responses,
        "embeddings" => Operation::Embeddings,
        _ if MEDIA.contains(&rest) => Operation::Media,
        _ => return listing(Format::OpenAi, rest),
    };
    Some(plain(Format::OpenAi, operation, rest))
}

fn generate(rest: &str) -> Option<Surface<'_>> {
    let (model, verb) = rest.strip_prefix("models/")?.rsplit_once(':')?;
    let (operation, stream) = match verb {
        "generateContent" => (Operation::Chat, None),
        "streamGenerateContent" => (Operation::Chat, Some(true)),
        "countTokens" => (Operation::CountTokens, None),
        "embedContent" | "batchEmbedContents" => (Operation::Embeddings, None),
        _ => return None,
    };
    (!model.is_empty()).then(|| Surface {
        format: Format::Gemini,
        operation,
        model: Some(percent_decode(model)),
        stream,
        rest,
    })
}

/// Decodes `%XX`; what is no valid escape, or no UTF-8 afterwards, stays as it is.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok());
        match hex
            .and_then(|h| u8::from_str_radix(h, 16).ok())
            .filter(|_| bytes[i] == b'%')
        {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_design_is_known() {
        use Format::{Anthropic, Gemini, OpenAi};
        use Operation::{Chat, Completions, CountTokens, Embeddings, Media, Models, Responses};
        for (path, format, operation, model, stream) in [
            ("/v1/chat/completions", OpenAi, Chat, None, None),
            ("/openai/v1/chat/completions", OpenAi, Chat, None, None),
            ("/v1/completions", OpenAi, Completions, None, None),
            ("/v1/responses", OpenAi, Responses, None, None),
            ("/openai/v1/embeddings", OpenAi, Embeddings, None, None),
            ("/v1/models", OpenAi, Models, None, None),
            ("/v1/models/gpt-4", OpenAi, Models, Some("gpt-4"), None),
            ("/v1/images/generations", OpenAi, Media, None, None),
            ("/v1/audio/transcriptions", OpenAi, Media, None, None),
            ("/v1/messages", Anthropic, Chat, None, None),
            ("/messages", Anthropic, Chat, None, None),
            ("/anthropic/v1/messages", Anthropic, Chat, None, None),
            (
                "/anthropic/v1/messages/count_tokens",
                Anthropic,
                CountTokens,
                None,
                None,
            ),
            ("/anthropic/v1/models", Anthropic, Models, None, None),
            (
                "/v1beta/models/gemini-1.5-pro:generateContent",
                Gemini,
                Chat,
                Some("gemini-1.5-pro"),
                None,
            ),
            (
                "/v1/models/gemini-1.5-pro:generateContent",
                Gemini,
                Chat,
                Some("gemini-1.5-pro"),
                None,
            ),
            (
                "/gemini/v1/models/a:streamGenerateContent",
                Gemini,
                Chat,
                Some("a"),
                Some(true),
            ),
            (
                "/gemini/v1beta/models/a:countTokens",
                Gemini,
                CountTokens,
                Some("a"),
                None,
            ),
            (
                "/gemini/v1beta/models/team%2Fa:embedContent",
                Gemini,
                Embeddings,
                Some("team/a"),
                None,
            ),
            ("/v1beta/models", Gemini, Models, None, None),
            ("/gemini/v1beta/models", Gemini, Models, None, None),
        ] {
            let found = parse(path).unwrap_or_else(|| panic!("{path} is not known"));
            assert_eq!(
                (
                    found.format,
                    found.operation,
                    found.model.as_deref(),
                    found.stream
                ),
                (format, operation, model, stream),
                "{path}"
            );
        }
    }

    #[test]
    fn other_paths_are_none() {
        for path in [
            "",
            "/",
            "/v1",
            "/v1/",
            "/v2/chat/completions",
            "/v1/messages/x",
            "/anthropic/v1/responses",
            "/v1/models/",
            "/v1/images/../files",
            "/v1/audio/",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}

//! Which wire and operation a path asks for.

pub(crate) mod found;

pub(crate) use found::percent_decode_bytes;
pub use found::{Surface, percent_decode};

use crate::Format;
use crate::dialect::{self, Family};
use crate::{Operation, Wire};
use found::plain;

/// Reads a path without its query. `None` when no API of the three formats has it.
///
/// OpenAI's below `/v1` and `/openai/v1`; Anthropic's below `/v1` and `/anthropic/v1`, and `/messages`; Gemini's below
/// `/v1beta` and `/v1`, alone and below `/gemini`.
pub fn parse(path: &str) -> Option<Surface<'_>> {
    let (namespace, rest) = namespace(path);
    if namespace.is_none()
        && let Some(found) = families().find_map(|family| (family.bare_path)(rest))
    {
        return Some(found);
    }
    let (version, rest) = rest.split_once('/')?;
    let has_version = |family: &&Family| family.versions.contains(&version);
    if let Some(format) = namespace {
        let family = Some(dialect::family(format)).filter(has_version)?;
        return (family.path)(rest).or_else(|| listing(format, rest));
    }
    families()
        .filter(has_version)
        .find_map(|family| (family.path)(rest))
        .or_else(|| {
            let family = families().find(|family| family.lists_at == Some(version))?;
            listing(family.format, rest)
        })
}

/// Reads a path below a base URL that leaves the version out, such as `/chat/completions`.
pub fn parse_below_version(path: &str) -> Option<Surface<'_>> {
    let rest = path.strip_prefix('/')?;
    families()
        .find_map(|family| (family.path)(rest))
        .or_else(|| listing(Format::OpenAi, rest))
}

/// Those whose clients may call without saying which they are: what says most of itself is tried first.
fn families() -> impl Iterator<Item = &'static Family> {
    [Format::Gemini, Format::Anthropic, Format::OpenAi]
        .into_iter()
        .map(dialect::family)
}

/// That of a provider that speaks this wire.
pub fn of_provider(wire: Wire, operation: Operation) -> Surface<'static> {
    let dialect = dialect::of(wire);
    let rest = match operation {
        Operation::CountTokens => dialect.count_path,
        _ => dialect.path,
    };
    plain(wire, operation, rest)
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

fn listing(format: Format, rest: &str) -> Option<Surface<'_>> {
    let models = plain(Wire::first_of(format), Operation::Models, rest);
    if rest == "models" {
        return Some(models);
    }
    let id = rest.strip_prefix("models/").filter(|id| !id.is_empty())?;
    Some(Surface {
        model: Some(percent_decode(id)),
        ..models
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_design_is_known() {
        use Format::{Anthropic, Gemini, OpenAi};
        use Operation::{Chat, CountTokens, Embeddings, Media, Models};
        for (path, format, operation, model, stream) in [
            ("/v1/chat/completions", OpenAi, Chat, None, None),
            ("/openai/v1/chat/completions", OpenAi, Chat, None, None),
            ("/v1/completions", OpenAi, Chat, None, None),
            ("/v1/responses", OpenAi, Chat, None, None),
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
                    found.format(),
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
    fn openai_s_conversations_are_told_apart() {
        for (path, wire) in [
            ("/v1/chat/completions", Wire::Chat),
            ("/v1/completions", Wire::Completions),
            ("/openai/v1/responses", Wire::Responses),
        ] {
            let found = parse(path).unwrap();
            assert_eq!((found.wire, found.operation), (wire, Operation::Chat));
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

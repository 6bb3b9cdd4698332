//! Which provider's which operation a path means.

use http::{HeaderMap, Method};

use crate::fault::percent_decode;

/// Whose manners to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    OpenAi,
    Azure,
    Mistral,
    DeepSeek,
    Qwen,
    Anthropic,
    /// Anthropic's models on Vertex AI.
    VertexAnthropic,
    Gemini,
    Vertex,
    Bedrock,
    /// A guardrail webhook.
    Guardrail,
    Cohere,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Chat,
    Completions,
    Embeddings,
    Responses,
    Images,
    Moderations,
    Transcriptions,
    /// All models, or the one named.
    Models(Option<String>),
    Messages,
    /// The same as a stream, where the path says so.
    StreamMessages,
    CountTokens,
    Generate,
    StreamGenerate,
    CountContent,
    Embed,
    BatchEmbed,
    /// Vertex AI's vectors.
    Predict,
    Converse,
    ConverseStream,
    /// A model of Bedrock's by its own body.
    Invoke,
    /// A guardrail's questions.
    GuardPrompt,
    GuardAnswer,
    /// Nothing that the provider has: method and path.
    Nothing(String),
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) format: Format,
    pub(crate) verb: Verb,
    /// The model or deployment in the path.
    pub(crate) model: Option<String>,
}

/// The target of a path; without one, the format in which to say so.
pub(crate) fn route(method: &Method, path: &str, headers: &HeaderMap) -> Result<Target, Format> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let found = match parts.as_slice() {
        ["openai", "deployments", deployment, rest @ ..] => {
            openai(Format::Azure, rest).map(|t| Target {
                model: Some(percent_decode(deployment)),
                ..t
            })
        }
        ["openai", "v1", rest @ ..] | ["openai", rest @ ..] => openai(Format::Azure, rest),
        ["mistral", "v1", rest @ ..] => openai(Format::Mistral, rest),
        ["deepseek", "v1", rest @ ..] => openai(Format::DeepSeek, rest),
        ["compatible-mode", "v1", rest @ ..] => openai(Format::Qwen, rest),
        ["compatibility", "v1", rest @ ..] => openai(Format::OpenAi, rest),
        ["v1" | "v1beta1", "projects", _, "locations", _, rest @ ..] => vertex(rest),
        ["model", id, "converse"] => Some(bedrock(id, Verb::Converse)),
        ["model", id, "converse-stream"] => Some(bedrock(id, Verb::ConverseStream)),
        ["model", id, "invoke"] => Some(bedrock(id, Verb::Invoke)),
        ["v1" | "v1beta", "models", operation] if operation.contains(':') => {
            gemini(Format::Gemini, operation)
        }
        ["request"] => Some(Target {
            format: Format::Guardrail,
            verb: Verb::GuardPrompt,
            model: None,
        }),
        ["response"] => Some(Target {
            format: Format::Guardrail,
            verb: Verb::GuardAnswer,
            model: None,
        }),
        ["v2", "chat"] => Some(Target {
            format: Format::Cohere,
            verb: Verb::Chat,
            model: None,
        }),
        ["v2", "embed"] => Some(Target {
            format: Format::Cohere,
            verb: Verb::Embed,
            model: None,
        }),
        ["v1beta", "models", id @ ..] => Some(models(Format::Gemini, id)),
        ["v1", "models", id @ ..] if headers.contains_key("anthropic-version") => {
            Some(models(Format::Anthropic, id))
        }
        ["v1", "models", id @ ..] if headers.contains_key("x-goog-api-key") => {
            Some(models(Format::Gemini, id))
        }
        ["v1", "messages"] => Some(Target {
            format: Format::Anthropic,
            verb: Verb::Messages,
            model: None,
        }),
        ["v1", "messages", "count_tokens"] => Some(Target {
            format: Format::Anthropic,
            verb: Verb::CountTokens,
            model: None,
        }),
        ["v1", rest @ ..] => openai(Format::OpenAi, rest),
        _ => None,
    };
    let reads = |verb: &Verb| matches!(verb, Verb::Models(_));
    found
        .filter(|t| {
            if reads(&t.verb) {
                *method == Method::GET
            } else {
                *method == Method::POST
            }
        })
        .ok_or_else(|| format_of(&parts, headers))
}

fn format_of(parts: &[&str], headers: &HeaderMap) -> Format {
    match parts {
        ["openai", ..] => Format::Azure,
        ["mistral", ..] => Format::Mistral,
        ["deepseek", ..] => Format::DeepSeek,
        ["compatible-mode", ..] => Format::Qwen,
        ["v1", "messages", ..] => Format::Anthropic,
        ["v1beta", ..] => Format::Gemini,
        ["v1" | "v1beta1", "projects", ..] => Format::Vertex,
        ["model", ..] => Format::Bedrock,
        ["v2", ..] => Format::Cohere,
        _ if headers.contains_key("anthropic-version") => Format::Anthropic,
        _ => Format::OpenAi,
    }
}

fn models(format: Format, id: &[&str]) -> Target {
    let id = (!id.is_empty()).then(|| percent_decode(&id.join("/")));
    Target {
        format,
        verb: Verb::Models(id),
        model: None,
    }
}

fn openai(format: Format, rest: &[&str]) -> Option<Target> {
    let verb = match rest {
        ["chat", "completions"] => Verb::Chat,
        ["completions"] => Verb::Completions,
        ["embeddings"] => Verb::Embeddings,
        ["responses"] => Verb::Responses,
        ["images", "generations"] => Verb::Images,
        ["moderations"] => Verb::Moderations,
        ["audio", "transcriptions" | "translations"] => Verb::Transcriptions,
        ["models", id @ ..] => return Some(models(format, id)),
        _ => return None,
    };
    Some(Target {
        format,
        verb,
        model: None,
    })
}

fn bedrock(id: &str, verb: Verb) -> Target {
    Target {
        format: Format::Bedrock,
        verb,
        model: Some(percent_decode(id)),
    }
}

fn vertex(rest: &[&str]) -> Option<Target> {
    match rest {
        ["publishers", "anthropic", "models", operation] => {
            let operation = percent_decode(operation);
            let (model, verb) = operation.rsplit_once(':')?;
            let verb = match (model, verb) {
                ("count-tokens", "rawPredict") => Verb::CountTokens,
                (_, "rawPredict") => Verb::Messages,
                (_, "streamRawPredict") => Verb::StreamMessages,
                _ => return None,
            };
            Some(Target {
                format: Format::VertexAnthropic,
                verb,
                model: Some(model.to_owned()),
            })
        }
        ["publishers", "google", "models", operation] => gemini(Format::Vertex, operation),
        ["endpoints", "openapi", "chat", "completions"] => {
            openai(Format::OpenAi, &["chat", "completions"])
        }
        _ => None,
    }
}

fn gemini(format: Format, operation: &str) -> Option<Target> {
    let operation = percent_decode(operation);
    let (model, verb) = operation.rsplit_once(':')?;
    let verb = match verb {
        "generateContent" => Verb::Generate,
        "streamGenerateContent" => Verb::StreamGenerate,
        "countTokens" => Verb::CountContent,
        "predict" if format == Format::Vertex => Verb::Predict,
        // The Gemini API's alone.
        "embedContent" if format == Format::Gemini => Verb::Embed,
        "batchEmbedContents" if format == Format::Gemini => Verb::BatchEmbed,
        _ => return None,
    };
    Some(Target {
        format,
        verb,
        model: Some(model.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_route(path: &str) -> Option<(Format, Verb, Option<String>)> {
        route(&Method::POST, path, &HeaderMap::new())
            .ok()
            .map(|t| (t.format, t.verb, t.model))
    }

    #[test]
    fn paths_lead_to_their_provider() {
        assert_eq!(
            mk_route("/v1/chat/completions"),
            Some((Format::OpenAi, Verb::Chat, None))
        );
        assert_eq!(
            mk_route("/openai/deployments/my-gpt/chat/completions"),
            Some((Format::Azure, Verb::Chat, Some("my-gpt".into())))
        );
        assert_eq!(
            mk_route("/v1/messages/count_tokens"),
            Some((Format::Anthropic, Verb::CountTokens, None))
        );
        assert_eq!(
            mk_route("/v1beta/models/mock-cut%3D1:streamGenerateContent"),
            Some((
                Format::Gemini,
                Verb::StreamGenerate,
                Some("mock-cut=1".into())
            ))
        );
        assert_eq!(
            mk_route("/v1/projects/p/locations/l/publishers/google/models/g:generateContent"),
            Some((Format::Vertex, Verb::Generate, Some("g".into())))
        );
        assert_eq!(mk_route("/v1/chat"), None);
        assert_eq!(mk_route("/v1/models"), None, "models are read with GET");
    }
}

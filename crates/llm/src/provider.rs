//! Providers: which format each speaks, where it listens, how a credential is shown. One file each.

mod anthropic;
mod azure;
mod bedrock;
mod cohere;
mod deepseek;
mod gemini;
mod mistral;
mod openai;
mod qwen;
mod vertex;

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};
use sluice_vocab::Secret;

use crate::dialect::openai::chat::Manners;
use crate::surface::found::Surface;
use crate::wire::Wire;
use crate::{Format, Operation};

/// Every provider.
pub const REGISTRY: &[&Provider] = &[
    &openai::PROVIDER,
    &azure::PROVIDER,
    &anthropic::PROVIDER,
    &gemini::PROVIDER,
    &vertex::PROVIDER,
    &mistral::PROVIDER,
    &cohere::PROVIDER,
    &deepseek::PROVIDER,
    &qwen::PROVIDER,
    &bedrock::PROVIDER,
];

/// The provider of a type, as `spec.ai` of an Upstream names it.
pub fn by_type(name: &str) -> Option<&'static Provider> {
    REGISTRY.iter().copied().find(|p| p.name == name)
}

/// The provider of a type, where whose model it is decides what it speaks.
pub fn by_publisher(name: &str, publisher: &str) -> Option<&'static Provider> {
    let vertex = name == vertex::ANTHROPIC.name && publisher.eq_ignore_ascii_case("anthropic");
    if vertex {
        Some(&vertex::ANTHROPIC)
    } else {
        by_type(name)
    }
}

/// A kind of provider.
#[derive(Debug)]
pub struct Provider {
    /// As `spec.ai` of an Upstream names it.
    pub name: &'static str,
    /// As AIGateway resources and environment variables may call it too.
    pub aliases: &'static [&'static str],
    /// OpenTelemetry's `gen_ai.provider.name`.
    pub otel_name: &'static str,
    /// What it speaks.
    pub format: Format,
    /// The wires that it speaks; what comes in another is translated into the first.
    pub wires: &'static [Wire],
    /// Its public host; empty where there is none, as for Azure. `{location}` stands for Vertex' region.
    pub host: &'static str,
    /// What comes before the paths in [`Provider::path`], unless the user says otherwise.
    pub prefix: &'static str,
    /// The path of an operation, without the prefix.
    path: fn(&Settings, &Surface<'_>, model: &str, stream: bool) -> Option<String>,
    /// Where the credential goes.
    pub credential: CredentialHeader,
    /// Ways in which it differs from its format.
    pub quirks: Quirks,
}

/// The header that carries a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialHeader {
    /// `authorization: Bearer …`.
    Bearer,
    /// A header of its own.
    Plain(&'static str),
}

/// Ways in which a provider differs from its format.
#[derive(Debug, Clone, Copy)]
pub struct Quirks {
    /// How it wants to be written to in OpenAI's format.
    pub chat: Manners,
    /// Whether it fetches pictures and documents by their URLs.
    pub media_urls: bool,
    /// Whether it takes markers of the prompt cache in OpenAI's format.
    pub cache_control: bool,
    /// Anthropic's models elsewhere: the version that has to stand in the body.
    pub anthropic_version: Option<&'static str>,
    /// Headers that it wants when the caller sends none of that name.
    pub headers: &'static [(&'static str, &'static str)],
    /// Whether the model stands in the path, not in the body.
    pub model_in_path: bool,
}

impl Quirks {
    /// None at all.
    pub const NONE: Quirks = Quirks {
        chat: Manners::OPEN_AI,
        media_urls: true,
        cache_control: false,
        anthropic_version: None,
        headers: &[],
        model_in_path: false,
    };
}

/// What an Upstream says of its provider beyond the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Instead of [`Provider::prefix`].
    pub prefix: Option<String>,
    /// Azure: the deployment.
    pub deployment: String,
    /// Azure and Vertex: the API's version.
    pub api_version: String,
    /// Vertex: the project.
    pub project: String,
    /// Vertex and Bedrock: the region.
    pub location: String,
    /// Vertex: whose model it is.
    pub publisher: String,
    /// Instead of [`Provider::wires`]; empty for these.
    pub wires: Vec<Wire>,
}

impl Provider {
    /// What a conversation is sent in that came in `client`, whatever the model: the same where it can be.
    pub fn wire(&self, client: Wire) -> Option<Wire> {
        self.wires
            .iter()
            .find(|wire| **wire == client)
            .or(self.wires.first())
            .copied()
    }

    /// What a conversation with a model is sent in. Some of OpenAI's newer models have Responses alone.
    pub fn wire_for(&self, settings: &Settings, client: Wire, model: &str) -> Option<Wire> {
        if !settings.wires.is_empty() {
            return settings
                .wires
                .iter()
                .find(|wire| **wire == client)
                .or(settings.wires.first())
                .copied();
        }
        if self.wires.contains(&Wire::Responses) && openai::has_responses_alone(model) {
            return Some(Wire::Responses);
        }
        self.wire(client)
    }

    /// Path and query of an operation. `None` when the provider doesn't have it.
    pub fn path(
        &self,
        settings: &Settings,
        surface: &Surface<'_>,
        model: &str,
        stream: bool,
    ) -> Option<String> {
        let path = (self.path)(settings, surface, model, stream)?;
        let prefix = settings
            .prefix
            .as_deref()
            .unwrap_or(self.prefix)
            .trim_end_matches('/');
        Some(format!("{prefix}/{path}"))
    }

    /// What stands in the body's `model` instead of the model's name: Azure's deployment, where the path has no place for it.
    pub fn deployment<'s>(&self, settings: &'s Settings, wire: Wire) -> Option<&'s str> {
        let is_in_path =
            wire != Wire::Responses && !matches!(settings.api_version.as_str(), "v1" | "preview");
        let name = settings.deployment.as_str();
        (self.quirks.chat.own_names && !is_in_path && !name.is_empty()).then_some(name)
    }

    /// The public host.
    pub fn public_host(&self, settings: &Settings) -> Option<String> {
        match self.host {
            "" => None,
            host if settings.location == "global" => Some(host.replace("{location}-", "")),
            // Vertex' multi-regions have names of another form (Google's documentation, "Multi-region endpoints").
            _ if self.name == "vertexAi" && matches!(&*settings.location, "us" | "eu") => Some(
                format!("aiplatform.{}.rep.googleapis.com", settings.location),
            ),
            host => Some(host.replace("{location}", &settings.location)),
        }
    }

    /// Shows a credential in the provider's way. False when it can't stand in a header.
    pub fn authorize(&self, headers: &mut HeaderMap, credential: &Secret) -> bool {
        let (name, value) = match self.credential {
            CredentialHeader::Bearer => (
                AUTHORIZATION,
                HeaderValue::from_bytes(&[b"Bearer ".as_slice(), credential.expose()].concat()),
            ),
            CredentialHeader::Plain(name) => (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(credential.expose()),
            ),
        };
        let Ok(mut value) = value else { return false };
        value.set_sensitive(true);
        headers.insert(name, value);
        true
    }

    /// Whether the path depends on the model or on the request, so that it can't be made once.
    pub fn path_varies(&self, operation: Operation) -> bool {
        self.quirks.model_in_path || operation == Operation::Media || operation == Operation::Models
    }
}

/// Paths of OpenAI's format, below the version.
fn open_ai_path(_: &Settings, surface: &Surface<'_>, _: &str, _: bool) -> Option<String> {
    (surface.format() == Format::OpenAi).then(|| surface.rest.to_owned())
}

/// One element of a path: what could end or leave it is encoded.
fn path_element(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'@' | b'.' => {
                out.push(byte as char)
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    if matches!(out.as_str(), "." | "..") {
        out.replace('.', "%2E")
    } else {
        out
    }
}

/// Gemini's verbs, for both of Google's APIs.
fn google_verb(surface: &Surface<'_>, stream: bool) -> Option<&'static str> {
    Some(match (surface.operation, stream) {
        (Operation::Chat, false) => "generateContent",
        (Operation::Chat, true) => "streamGenerateContent?alt=sse",
        (Operation::CountTokens, _) => "countTokens",
        (Operation::Embeddings, _) if surface.rest == "predict" => "predict",
        (Operation::Embeddings, _) if surface.rest.ends_with("batchEmbedContents") => {
            "batchEmbedContents"
        }
        (Operation::Embeddings, _) => "embedContent",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface;

    fn path(
        name: &str,
        settings: &Settings,
        asked: &str,
        model: &str,
        stream: bool,
    ) -> Option<String> {
        by_type(name)
            .unwrap()
            .path(settings, &surface::parse(asked).unwrap(), model, stream)
    }

    #[test]
    fn paths_are_the_providers_own() {
        let none = Settings::default();
        let azure = Settings {
            deployment: "d".into(),
            api_version: "2024-02-15-preview".into(),
            ..none.clone()
        };
        let azure_v1 = Settings {
            deployment: "d".into(),
            api_version: "v1".into(),
            ..none.clone()
        };
        let vertex = Settings {
            project: "p".into(),
            location: "us-central1".into(),
            publisher: "google".into(),
            api_version: "v1".into(),
            ..none.clone()
        };
        let chat = "/v1/chat/completions";
        for (name, settings, asked, stream, want) in [
            ("openai", &none, chat, false, "/v1/chat/completions"),
            (
                "openai",
                &none,
                "/v1/images/generations",
                false,
                "/v1/images/generations",
            ),
            (
                "azureOpenai",
                &azure,
                chat,
                false,
                "/openai/deployments/d/chat/completions?api-version=2024-02-15-preview",
            ),
            (
                "azureOpenai",
                &azure,
                "/v1/responses",
                true,
                "/openai/responses?api-version=2024-02-15-preview",
            ),
            (
                "azureOpenai",
                &azure_v1,
                chat,
                false,
                "/openai/v1/chat/completions",
            ),
            ("anthropic", &none, "/messages", true, "/v1/messages"),
            (
                "gemini",
                &none,
                "/v1/models/x:generateContent",
                false,
                "/v1beta/models/m:generateContent",
            ),
            (
                "gemini",
                &none,
                "/v1/models/x:generateContent",
                true,
                "/v1beta/models/m:streamGenerateContent?alt=sse",
            ),
            (
                "vertexAi",
                &vertex,
                "/v1/models/x:countTokens",
                false,
                "/v1/projects/p/locations/us-central1/publishers/google/models/m:countTokens",
            ),
            (
                "qwen",
                &none,
                chat,
                false,
                "/compatible-mode/v1/chat/completions",
            ),
            ("deepseek", &none, chat, false, "/v1/chat/completions"),
            ("mistral", &none, "/v1/embeddings", false, "/v1/embeddings"),
        ] {
            assert_eq!(
                path(name, settings, asked, "m", stream).as_deref(),
                Some(want),
                "{name}"
            );
        }
        assert_eq!(path("openai", &none, "/messages", "m", false), None);
    }

    #[test]
    fn a_model_name_can_t_leave_its_place_in_the_path() {
        let none = Settings::default();
        for (model, want) in [
            ("x/../../y", "x%2F..%2F..%2Fy"),
            ("a?alt=b#c", "a%3Falt%3Db%23c"),
            ("..", "%2E%2E"),
            ("a%2Fb", "a%252Fb"),
        ] {
            let got = path(
                "gemini",
                &none,
                "/v1/models/x:generateContent",
                model,
                false,
            );
            assert_eq!(got, Some(format!("/v1beta/models/{want}:generateContent")));
        }
    }

    #[test]
    fn credentials_go_where_each_provider_looks() {
        for (name, header, value) in [
            ("openai", "authorization", "Bearer k"),
            ("azureOpenai", "api-key", "k"),
            ("anthropic", "x-api-key", "k"),
            ("gemini", "x-goog-api-key", "k"),
            ("vertexAi", "authorization", "Bearer k"),
        ] {
            let mut headers = HeaderMap::new();
            assert!(
                by_type(name)
                    .unwrap()
                    .authorize(&mut headers, &Secret::new("k"))
            );
            assert_eq!(headers[header], value);
            assert!(headers[header].is_sensitive());
            assert!(
                !by_type(name)
                    .unwrap()
                    .authorize(&mut headers, &Secret::new("k\n"))
            );
        }
    }
}

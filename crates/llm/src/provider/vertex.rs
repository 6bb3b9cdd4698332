//! Vertex AI: Google's own models, and Anthropic's.

use super::{CredentialHeader, Provider, Quirks, Settings, google_verb, path_element};
use crate::surface::found::Surface;
use crate::wire::Wire;
use crate::{Format, Operation};

pub(super) static PROVIDER: Provider = Provider {
    name: "vertexAi",
    aliases: &["vertex", "vertex_ai"],
    otel_name: "gcp.vertex_ai",
    format: Format::Gemini,
    wires: &[Wire::Generate],
    host: "{location}-aiplatform.googleapis.com",
    prefix: "",
    path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks {
        model_in_path: true,
        ..Quirks::NONE
    },
};

/// Anthropic's models on Vertex AI (Google's documentation, "Use Anthropic's Claude models"): the model stands in the path, the
/// version in the body.
pub(super) static ANTHROPIC: Provider = Provider {
    name: "vertexAi",
    aliases: &[],
    otel_name: "gcp.vertex_ai",
    format: Format::Anthropic,
    wires: &[Wire::Messages],
    host: "{location}-aiplatform.googleapis.com",
    prefix: "",
    path: anthropic_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks {
        media_urls: false,
        anthropic_version: Some("vertex-2023-10-16"),
        model_in_path: true,
        ..Quirks::NONE
    },
};

fn anthropic_path(
    settings: &Settings,
    surface: &Surface<'_>,
    model: &str,
    stream: bool,
) -> Option<String> {
    let verb = match (surface.format(), surface.operation) {
        (Format::Anthropic, Operation::Chat) if stream => {
            format!("{}:streamRawPredict", path_element(model))
        }
        (Format::Anthropic, Operation::Chat) => format!("{}:rawPredict", path_element(model)),
        // The model stands in the body here.
        (Format::Anthropic, Operation::CountTokens) => "count-tokens:rawPredict".to_owned(),
        _ => return None,
    };
    Some(format!("{}/{verb}", models(settings, "anthropic")))
}

fn models(settings: &Settings, publisher: &str) -> String {
    let version = if settings.api_version.is_empty() {
        "v1"
    } else {
        &settings.api_version
    };
    format!(
        "{}/projects/{}/locations/{}/publishers/{}/models",
        path_element(version),
        path_element(&settings.project),
        path_element(&settings.location),
        path_element(publisher),
    )
}

fn path(settings: &Settings, surface: &Surface<'_>, model: &str, stream: bool) -> Option<String> {
    if surface.format() != Format::Gemini {
        return None;
    }
    let publisher = if settings.publisher.is_empty() {
        "google"
    } else {
        &settings.publisher
    };
    let verb = google_verb(surface, stream)?;
    Some(format!(
        "{}/{}:{verb}",
        models(settings, publisher),
        path_element(model)
    ))
}

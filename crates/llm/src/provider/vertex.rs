//! Vertex AI with Google's own models and a token as it stands.

use super::{CredentialHeader, Provider, Quirks, Settings, google_verb, path_element};
use crate::Format;
use crate::surface::Surface;

pub(super) static PROVIDER: Provider = Provider {
    name: "vertexAi",
    aliases: &["vertex", "vertex_ai"],
    otel_name: "gcp.vertex_ai",
    format: Format::Gemini,
    host: "{location}-aiplatform.googleapis.com",
    prefix: "",
    path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks { model_in_path: true, ..Quirks::NONE },
};

fn path(settings: &Settings, surface: &Surface<'_>, model: &str, stream: bool) -> Option<String> {
    if surface.format != Format::Gemini {
        return None;
    }
    let version = if settings.api_version.is_empty() { "v1" } else { &settings.api_version };
    let publisher = if settings.publisher.is_empty() { "google" } else { &settings.publisher };
    Some(format!(
        "{}/projects/{}/locations/{}/publishers/{}/models/{}:{}",
        path_element(version),
        path_element(&settings.project),
        path_element(&settings.location),
        path_element(publisher),
        path_element(model),
        google_verb(surface, stream)?,
    ))
}

//! Azure OpenAI, classic: the deployment in the path decides the model.

use super::{CredentialHeader, Provider, Quirks, Settings, path_element};
use crate::Format;
use crate::surface::Surface;
use crate::wire::Wire;

pub(super) static PROVIDER: Provider = Provider {
    name: "azureOpenai",
    aliases: &["azure", "azure_openai"],
    otel_name: "azure.ai.openai",
    format: Format::OpenAi,
    wires: &[Wire::Chat, Wire::Responses, Wire::Completions],
    host: "",
    prefix: "/openai",
    path,
    credential: CredentialHeader::Plain("api-key"),
    quirks: Quirks { model_in_path: true, ..Quirks::NONE },
};

/// The version of the API when none is given: the newest that Azure calls generally available.
const API_VERSION: &str = "2024-10-21";

fn path(settings: &Settings, surface: &Surface<'_>, model: &str, _: bool) -> Option<String> {
    if surface.format != Format::OpenAi {
        return None;
    }
    let version = if settings.api_version.is_empty() { API_VERSION } else { &settings.api_version };
    let deployment = if settings.deployment.is_empty() { model } else { &settings.deployment };
    Some(format!("deployments/{}/{}?api-version={}", path_element(deployment), surface.rest, version))
}

//! Azure OpenAI: with a dated version of its API the deployment in the path decides the model, with `v1` that in the body.

use super::{CredentialHeader, Provider, Quirks, Settings, path_element};
use crate::surface::Surface;
use crate::wire::Wire;
use crate::{Format, Operation};

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
    // The v1 API has OpenAI's own paths, with the deployment as the model in the body; previews of it are asked for by that word.
    match settings.api_version.as_str() {
        "v1" => return Some(format!("v1/{}", surface.rest)),
        "preview" => return Some(format!("v1/{}?api-version=preview", surface.rest)),
        _ => {}
    }
    let version = if settings.api_version.is_empty() { API_VERSION } else { &settings.api_version };
    if surface.operation == Operation::Responses {
        // Of dated versions this one has no deployment in its path.
        return Some(format!("responses?api-version={version}"));
    }
    let deployment = if settings.deployment.is_empty() { model } else { &settings.deployment };
    Some(format!("deployments/{}/{}?api-version={version}", path_element(deployment), surface.rest))
}

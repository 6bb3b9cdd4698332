//! Azure OpenAI: with a dated version of its API the deployment in the path decides the model, with `v1` that in the body.

use super::{CredentialHeader, Provider, Quirks, Settings, path_element};
use crate::dialect::openai::chat::Manners;
use crate::surface::found::Surface;
use crate::{Format, Wire};

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
    quirks: Quirks {
        chat: Manners {
            own_names: true,
            ..Manners::OPEN_AI
        },
        model_in_path: true,
        ..Quirks::NONE
    },
};

/// The version of the API when none is given: the newest that Azure calls generally available.
const API_VERSION: &str = "2024-10-21";

fn path(settings: &Settings, surface: &Surface<'_>, model: &str, _: bool) -> Option<String> {
    if surface.format() != Format::OpenAi {
        return None;
    }
    // The v1 API has OpenAI's own paths, with the deployment as the model in the body; previews of it are asked for by that word.
    match settings.api_version.as_str() {
        "v1" => return Some(format!("v1/{}", surface.rest)),
        "preview" => return Some(format!("v1/{}?api-version=preview", surface.rest)),
        _ => {}
    }
    let version = if settings.api_version.is_empty() {
        API_VERSION
    } else {
        &settings.api_version
    };
    if surface.wire == Wire::Responses {
        // Of dated versions this one has no deployment in its path.
        return Some(format!("responses?api-version={version}"));
    }
    let deployment = if settings.deployment.is_empty() {
        model
    } else {
        &settings.deployment
    };
    Some(format!(
        "deployments/{}/{}?api-version={version}",
        path_element(deployment),
        surface.rest
    ))
}

#[cfg(test)]
mod tests {
    use super::PROVIDER;
    use crate::dropped::Dropped;
    use crate::request::{self, Target};
    use crate::{Operation, Wire, provider};

    #[test]
    fn a_deployment_whose_name_says_nothing_is_asked_as_newer_models_are() {
        for (provider, model, field) in [
            (&PROVIDER, "my-deployment", "max_completion_tokens"),
            (&PROVIDER, "gpt-4o-eu", "max_tokens"),
            (&PROVIDER, "o3", "max_completion_tokens"),
            // Compatible servers know the older name.
            (
                provider::by_type("openai").unwrap(),
                "my-model",
                "max_tokens",
            ),
        ] {
            let body = format!(
                r#"{{"model":"{model}","max_tokens":9,"messages":[{{"role":"user","content":"a"}}]}}"#
            );
            let mut dropped = Dropped::default();
            let asked = request::decode(Wire::Messages, &body, &mut dropped).unwrap();
            let target = Target {
                wire: Wire::Chat,
                provider,
                operation: Operation::Chat,
            };
            let sent = request::encode(&asked, &target, &mut dropped).unwrap();
            let sent: serde_json::Value = serde_json::from_slice(&sent).unwrap();
            assert_eq!(sent[field], 9, "{model}: {sent}");
        }
    }
}

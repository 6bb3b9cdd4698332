//! The Gemini API.

use super::{CredentialHeader, Provider, Quirks, Settings, google_verb, path_element};
use crate::surface::found::Surface;
use crate::wire::Wire;
use crate::{Format, Operation};

pub(super) static PROVIDER: Provider = Provider {
    name: "gemini",
    aliases: &["google"],
    otel_name: "gcp.gemini",
    format: Format::Gemini,
    wires: &[Wire::Generate],
    host: "generativelanguage.googleapis.com",
    prefix: "/v1beta",
    path,
    credential: CredentialHeader::Plain("x-goog-api-key"),
    quirks: Quirks {
        model_in_path: true,
        ..Quirks::NONE
    },
};

fn path(_: &Settings, surface: &Surface<'_>, model: &str, stream: bool) -> Option<String> {
    if surface.format() != Format::Gemini {
        return None;
    }
    if surface.operation == Operation::Models {
        return Some(surface.rest.to_owned());
    }
    Some(format!(
        "models/{}:{}",
        path_element(model),
        google_verb(surface, stream)?
    ))
}

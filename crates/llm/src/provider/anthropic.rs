//! Anthropic.

use super::{CredentialHeader, Provider, Quirks, Settings};
use crate::Format;
use crate::surface::found::Surface;
use crate::wire::Wire;

pub(super) static PROVIDER: Provider = Provider {
    name: "anthropic",
    aliases: &["claude"],
    otel_name: "anthropic",
    format: Format::Anthropic,
    wires: &[Wire::Messages],
    host: "api.anthropic.com",
    prefix: "/v1",
    path,
    credential: CredentialHeader::Plain("x-api-key"),
    quirks: Quirks {
        headers: &[("anthropic-version", "2023-06-01")],
        ..Quirks::NONE
    },
};

fn path(_: &Settings, surface: &Surface<'_>, _: &str, _: bool) -> Option<String> {
    (surface.format() == Format::Anthropic).then(|| surface.rest.to_owned())
}

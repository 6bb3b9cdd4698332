//! Cohere by its own API, for callers of every format.
//!
//! It has a second one with OpenAI's paths, in which chat requests could pass byte for byte. That one knows less: no budget of thought,
//! no plan beside calls, no documents. With one wire for everybody the same model behaves the same whoever calls it, and what can't be
//! carried is named. Who wants the other one declares it as an `openai` provider with Cohere's host and the prefix
//! `/compatibility/v1`.

use super::{CredentialHeader, Provider, Quirks, Settings};
use crate::surface::found::Surface;
use crate::wire::Wire;
use crate::{Format, Operation};

pub(super) static PROVIDER: Provider = Provider {
    name: "cohere",
    aliases: &[],
    otel_name: "cohere",
    format: Format::Cohere,
    wires: &[Wire::Cohere],
    host: "api.cohere.com",
    prefix: "/v2",
    path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks::NONE,
};

fn path(_: &Settings, surface: &Surface<'_>, _: &str, _: bool) -> Option<String> {
    match (surface.format(), surface.operation) {
        (Format::Cohere, Operation::Chat) => Some("chat".to_owned()),
        (Format::Cohere, Operation::Embeddings) => Some("embed".to_owned()),
        _ => None,
    }
}

//! Cohere by its OpenAI-compatible API.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;
use crate::format::chat::Manners;
use crate::wire::Wire;

pub(super) static PROVIDER: Provider = Provider {
    name: "cohere",
    aliases: &[],
    otel_name: "cohere",
    format: Format::OpenAi,
    wires: &[Wire::Chat],
    host: "api.cohere.com",
    prefix: "/compatibility/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks {
        chat: Manners { completion_tokens: false, extras: false, ..Manners::OPEN_AI },
        ..Quirks::NONE
    },
};

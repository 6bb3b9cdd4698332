//! Cohere by its OpenAI-compatible API.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;

pub(super) static PROVIDER: Provider = Provider {
    name: "cohere",
    aliases: &[],
    otel_name: "cohere",
    format: Format::OpenAi,
    host: "api.cohere.com",
    prefix: "/compatibility/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks::NONE,
};

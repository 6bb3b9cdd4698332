//! Mistral: OpenAI's shape, refusing fields that it doesn't know; usage comes in the last chunk unasked.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;

pub(super) static PROVIDER: Provider = Provider {
    name: "mistral",
    aliases: &[],
    otel_name: "mistral_ai",
    format: Format::OpenAi,
    host: "api.mistral.ai",
    prefix: "/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks { stream_options: false, ..Quirks::NONE },
};

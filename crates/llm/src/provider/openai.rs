//! OpenAI, and every server that speaks its format.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;
use crate::wire::Wire;

pub(super) static PROVIDER: Provider = Provider {
    name: "openai",
    aliases: &[],
    otel_name: "openai",
    format: Format::OpenAi,
    wires: &[Wire::Chat, Wire::Responses, Wire::Completions],
    host: "api.openai.com",
    prefix: "/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks::NONE,
};

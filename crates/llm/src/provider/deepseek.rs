//! DeepSeek: OpenAI's shape, with `reasoning_content`.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;

pub(super) static PROVIDER: Provider = Provider {
    name: "deepseek",
    aliases: &[],
    otel_name: "deepseek",
    format: Format::OpenAi,
    host: "api.deepseek.com",
    prefix: "/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks::NONE,
};

//! DeepSeek: OpenAI's shape, with `reasoning_content`, which it wants back beside calls (API guide, "Thinking Mode"); without pictures and
//! schemas of answers.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;
use crate::dialect::openai::chat::{Manners, Thinking};
use crate::wire::Wire;

pub(super) static PROVIDER: Provider = Provider {
    name: "deepseek",
    aliases: &[],
    otel_name: "deepseek",
    format: Format::OpenAi,
    wires: &[Wire::Chat],
    host: "api.deepseek.com",
    prefix: "/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks {
        chat: Manners {
            completion_tokens: false,
            text_parts: false,
            reasoning_history: true,
            schemas: false,
            pictures: false,
            extras: false,
            thinking: Thinking::Switch,
            developer: false,
            ..Manners::OPEN_AI
        },
        ..Quirks::NONE
    },
};

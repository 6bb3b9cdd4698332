//! Alibaba Cloud Model Studio in its OpenAI-compatible mode.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;
use crate::dialect::openai::chat::{Manners, Thinking};
use crate::wire::Wire;

pub(super) static PROVIDER: Provider = Provider {
    name: "qwen",
    aliases: &["dashscope"],
    otel_name: "alibaba_cloud.model_studio",
    format: Format::OpenAi,
    wires: &[Wire::Chat],
    host: "dashscope-intl.aliyuncs.com",
    prefix: "/compatible-mode/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks {
        chat: Manners {
            completion_tokens: false,
            top_k: true,
            extras: false,
            thinking: Thinking::Budget,
            developer: false,
            ..Manners::OPEN_AI
        },
        cache_control: true,
        ..Quirks::NONE
    },
};

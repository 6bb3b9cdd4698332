//! Alibaba Cloud Model Studio in its OpenAI-compatible mode.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;

pub(super) static PROVIDER: Provider = Provider {
    name: "qwen",
    aliases: &["dashscope"],
    otel_name: "alibaba_cloud.model_studio",
    format: Format::OpenAi,
    host: "dashscope-intl.aliyuncs.com",
    prefix: "/compatible-mode/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks::NONE,
};

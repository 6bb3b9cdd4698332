//! Amazon Bedrock by its Converse API, for models of every vendor there. The credential is an API key, or keys that sign.

use super::{CredentialHeader, Provider, Quirks, Settings, path_element};
use crate::surface::found::Surface;
use crate::wire::Wire;
use crate::{Format, Operation};

pub(super) static PROVIDER: Provider = Provider {
    name: "bedrock",
    aliases: &["aws", "aws_bedrock"],
    otel_name: "aws.bedrock",
    format: Format::Bedrock,
    wires: &[Wire::Converse],
    host: "bedrock-runtime.{location}.amazonaws.com",
    prefix: "",
    path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks {
        media_urls: false,
        model_in_path: true,
        ..Quirks::NONE
    },
};

fn path(_: &Settings, surface: &Surface<'_>, model: &str, stream: bool) -> Option<String> {
    let verb = match (surface.format(), surface.operation) {
        (Format::Bedrock, Operation::Chat) if stream => "converse-stream",
        (Format::Bedrock, Operation::Chat) => "converse",
        // Converse has no vectors: each vendor's models take their own bodies.
        (Format::Bedrock, Operation::Embeddings) => "invoke",
        _ => return None,
    };
    Some(format!("model/{}/{verb}", path_element(model)))
}

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

/// Models that chat completions refuse (models overview: "Responses API only"). By the names that OpenAI gives them: other servers of
/// this format call theirs otherwise, or put their vendor before.
pub(super) fn has_responses_alone(model: &str) -> bool {
    let is_own = |prefix: &str| {
        model
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let (gpt, o) = (
        is_own("gpt-") && !model.starts_with("gpt-4") && !model.starts_with("gpt-3"),
        is_own("o"),
    );
    let has = |word: &str| model.split('-').any(|part| part == word);
    (gpt && (has("codex") || has("pro")))
        || (o && (has("pro") || model.contains("-deep-research")))
        || model.starts_with("codex-mini")
        || model.starts_with("computer-use-preview")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Settings;
    use crate::wire::Wire;

    #[test]
    fn a_server_that_says_what_it_has_is_sent_nothing_else() {
        let settings = Settings {
            wires: vec![Wire::Chat],
            ..Settings::default()
        };
        for client in [
            Wire::Responses,
            Wire::Completions,
            Wire::Messages,
            Wire::Chat,
        ] {
            assert_eq!(
                PROVIDER.wire_for(&settings, client, "gpt-5-pro"),
                Some(Wire::Chat)
            );
        }
        let settings = Settings {
            wires: vec![Wire::Chat, Wire::Responses],
            ..Settings::default()
        };
        assert_eq!(
            PROVIDER.wire_for(&settings, Wire::Responses, "m"),
            Some(Wire::Responses)
        );
        assert_eq!(
            PROVIDER.wire_for(&settings, Wire::Completions, "m"),
            Some(Wire::Chat)
        );
    }

    #[test]
    fn models_that_chat_refuses_are_sent_responses_by_everybody() {
        let none = Settings::default();
        for (model, wire) in [
            ("gpt-5.1-codex-max", Wire::Responses),
            ("gpt-5-pro-2025-10-06", Wire::Responses),
            ("o1-pro", Wire::Responses),
            ("o4-mini-deep-research-2025-06-26", Wire::Responses),
            ("codex-mini-latest", Wire::Responses),
            ("gpt-5.1", Wire::Chat),
            ("gpt-4o", Wire::Chat),
            ("o3", Wire::Chat),
            // Other servers' names.
            ("openai/gpt-5-codex", Wire::Chat),
            ("gpt-oss-pro", Wire::Chat),
            ("qwen-codex-pro", Wire::Chat),
        ] {
            for client in [Wire::Chat, Wire::Messages, Wire::Generate] {
                assert_eq!(
                    PROVIDER.wire_for(&none, client, model),
                    Some(wire),
                    "{model}"
                );
            }
            assert_eq!(
                PROVIDER.wire_for(&none, Wire::Responses, model),
                Some(Wire::Responses)
            );
        }
        let mistral = crate::provider::by_type("mistral")
            .and_then(|p| p.wire_for(&none, Wire::Messages, "gpt-5-pro"));
        assert_eq!(mistral, Some(Wire::Chat));
    }
}

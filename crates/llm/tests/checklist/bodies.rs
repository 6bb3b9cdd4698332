//! Requests: what must not change, and what must always be the same.

use bytes::Bytes;
use serde_json::Value;
use sluice_llm::dialect::openai::chat::adapt;
use sluice_llm::dropped::Dropped;
use sluice_llm::json::{Draft, Invalid, Object};
use sluice_llm::request::{self, Target};
use sluice_llm::{Operation, Wire, provider};

use crate::heard::inputs;

/// What a provider is sent.
pub(crate) fn sent(client: Wire, body: &str, name: &str) -> Vec<u8> {
    written(client, body, name).unwrap()
}

/// What a provider is sent, unless it can't be given it.
fn written(client: Wire, body: &str, name: &str) -> Result<Vec<u8>, Invalid> {
    let provider = provider::by_type(name).unwrap();
    let target = Target {
        wire: provider.wire(client).unwrap(),
        provider,
        operation: Operation::Chat,
    };
    let mut dropped = Dropped::default();
    let conversation = request::decode(client, body, &mut dropped).unwrap();
    request::encode(&conversation, &target, &mut dropped)
}

pub(crate) fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn t18_a_body_that_nobody_edits_goes_out_byte_for_byte() {
    let odd = "{ \"b\" : 1.0e+2 ,\r\n\t\"a\":\"\\u00e9\\/\",\"a2\":[ 1 , {} ], \"messages\":[{\"content\":\"x\" , \"role\":\"user\"}]  }\n";
    let mut bodies: Vec<Vec<u8>> = inputs("requests", "in.json")
        .into_iter()
        .map(|(_, _, body)| body)
        .collect();
    bodies.push(odd.as_bytes().to_vec());
    for body in bodies {
        let whole = || Object::scan(Bytes::from(body.clone())).unwrap();
        assert_eq!(Draft::new(whole()).finish().concat(), body);
        // Nor does looking it through for OpenAI itself change anything.
        let (mut draft, mut dropped) = (Draft::new(whole()), Dropped::default());
        let open_ai = provider::by_type("openai").unwrap();
        assert!(!open_ai.quirks.chat.differ());
        adapt::adapt(&mut draft, &open_ai.quirks.chat, &mut dropped).unwrap();
        assert_eq!(
            (draft.finish().concat(), dropped.is_empty()),
            (Bytes::from(body.clone()), true)
        );
        // And the model alone changes where only the model is another.
        let mut draft = Draft::new(whole());
        if draft.has("model") {
            draft.set("model", "\"other\"").unwrap();
            let edited = draft.finish().concat();
            assert_eq!(
                edited.iter().filter(|b| **b == b'{').count(),
                body.iter().filter(|b| **b == b'{').count()
            );
            assert_eq!(value(&edited)["model"], "other");
        }
    }
}

#[test]
fn t19_the_same_request_is_written_alike_a_thousand_times_with_its_messages_last() {
    for (client, name, body) in inputs("requests", "in.json") {
        if !name.contains("everything") && !name.contains("claude_code") && !name.contains("codex")
        {
            continue;
        }
        let body = String::from_utf8(body).unwrap();
        for provider in provider::REGISTRY {
            if provider.wire(client) == Some(client) {
                continue;
            }
            // DeepSeek takes no pictures.
            let Ok(first) = written(client, &body, provider.name) else {
                assert_eq!(provider.name, "deepseek", "{name}");
                continue;
            };
            (0..1000).for_each(|_| {
                assert_eq!(
                    sent(client, &body, provider.name),
                    first,
                    "{}",
                    provider.name
                )
            });
            // What prompt caches look at first is what changes least.
            let object = Object::scan(Bytes::from(first)).unwrap();
            let last = object.names().last().unwrap();
            assert!(
                matches!(last.as_str(), "messages" | "contents" | "input"),
                "{}: {last}",
                provider.name
            );
        }
    }
}

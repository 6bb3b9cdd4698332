//! Calls of functions.

use serde_json::{Value, json};
use sluice_llm::event::Finish;
use sluice_llm::{Wire, translate};

use crate::bodies::{sent, value};
use crate::heard::{context, hear, input, through};

#[test]
fn t7_parallel_calls_between_texts_keep_their_numbers_their_pieces_and_their_order() {
    let stream = input("streams/chat/interleaved_tools_and_text/in.sse");
    let want = [
        ("call_a".to_owned(), "f".to_owned(), "{\"a\":1}".to_owned()),
        ("call_b".to_owned(), "g".to_owned(), "{\"b\":2}".to_owned()),
    ];
    let heard = hear(Wire::Chat, &stream);
    assert_eq!(
        (heard.calls.as_slice(), heard.text.as_str()),
        (&want[..], "Calling. After.")
    );
    assert_eq!(heard.finish, Some(Finish::Tools));
    for to in [Wire::Messages, Wire::Responses, Wire::Generate] {
        let told = hear(to, &through(Wire::Chat, to, &[&stream]));
        let mut calls = told.calls.clone();
        calls.sort();
        for (call, want) in calls.iter().zip(&want) {
            assert_eq!((&call.1, &call.2), (&want.1, &want.2), "{to:?}");
            // Google's own ids are not told: few of its models give any.
            assert!(
                to == Wire::Generate || call.0 == want.0,
                "{to:?}: {}",
                call.0
            );
        }
        assert_eq!(calls.len(), want.len(), "{to:?}");
        assert_eq!(
            (told.text.as_str(), told.finish, told.end),
            ("Calling. After.", Some(Finish::Tools), Some(Ok(())))
        );
        assert!(
            told.order.starts_with('t') && told.order.contains('c'),
            "{to:?}: {}",
            told.order
        );
    }
}

fn history(arguments: &str) -> Value {
    let function = json!({"name": "f", "arguments": arguments});
    let call = json!({"id": "call_1", "type": "function", "function": function});
    json!({"model": "m", "tools": [{"type": "function", "function": {"name": "f"}}], "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "r"},
    ]})
}

#[test]
fn t8_arguments_that_are_empty_invalid_or_foreign_reach_every_provider() {
    for (arguments, object) in [
        ("", json!({})),
        ("{}", json!({})),
        ("{\"a\": \"é日本🐧\"}", json!({"a": "é日本🐧"})),
        // Kept as a text: a model wrote it, and it shall see what it wrote.
        ("{\"a\": ", json!({"arguments": "{\"a\":"})),
        ("[1]", json!({"arguments": "[1]"})),
    ] {
        let body = history(arguments).to_string();
        let anthropic = value(&sent(Wire::Chat, &body, "anthropic"));
        assert_eq!(
            anthropic["messages"][1]["content"][0]["input"], object,
            "{arguments}"
        );
        let gemini = value(&sent(Wire::Chat, &body, "gemini"));
        assert_eq!(
            gemini["contents"][1]["parts"][0]["functionCall"]["args"], object,
            "{arguments}"
        );
        let bedrock = value(&sent(Wire::Chat, &body, "bedrock"));
        assert_eq!(
            bedrock["messages"][1]["content"][0]["toolUse"]["input"], object,
            "{arguments}"
        );
        // Where arguments are a text, it is the very same.
        let text = if arguments.is_empty() {
            "{}"
        } else {
            arguments
        };
        for provider in ["deepseek", "cohere"] {
            let from = json!({"model": "m", "max_tokens": 9, "tools": [{"name": "f", "input_schema": {"type": "object"}}], "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": "f", "input": object}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "r"}]},
            ]});
            let body = value(&sent(Wire::Messages, &from.to_string(), provider));
            let messages = body["messages"].as_array().unwrap();
            let call = messages
                .iter()
                .find_map(|m| m["tool_calls"].get(0))
                .unwrap();
            let given: Value =
                serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
            assert_eq!(given, object, "{provider}");
        }
        // And in answers.
        let call = json!({"id": "call_1", "type": "function", "function": {"name": "f", "arguments": arguments}});
        let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        let answer =
            json!({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})
                .to_string();
        let answer = translate::decode(Wire::Chat, &answer, &context()).unwrap();
        let told: Value =
            serde_json::from_slice(&translate::encode(Wire::Messages, &answer, &context()))
                .unwrap();
        assert_eq!(
            (&told["content"][0]["input"], &told["stop_reason"]),
            (&object, &json!("tool_use"))
        );
        let told: Value =
            serde_json::from_slice(&translate::encode(Wire::Responses, &answer, &context()))
                .unwrap();
        assert_eq!(told["output"][0]["arguments"], text);
    }
}

use std::convert::Infallible;

use super::*;

fn seen(body: &str) -> Vec<(Kind, String)> {
    let object = Object::scan(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let mut seen = Vec::new();
    let mut look = |part: Part, text: &str| {
        seen.push((part.kind, text.to_owned()));
        Ok::<_, Infallible>(None)
    };
    assert_eq!(request(&object, &mut look).unwrap(), []);
    seen
}

fn pairs(all: &[(Kind, &str)]) -> Vec<(Kind, String)> {
    all.iter()
        .map(|(kind, text)| (*kind, (*text).to_owned()))
        .collect()
}

#[test]
fn every_text_is_seen_and_no_picture() {
    let body = r#"{"model":"m","user":"u","system":"a","messages":[{"role":"user","content":"b\"c"},
        {"role":"user","content":[{"type":"text","text":"d"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
        {"role":"assistant","tool_calls":[{"id":"x","function":{"name":"f","arguments":"{\"e\":1}"}}]},
        {"role":"tool","tool_call_id":"x","content":"h"},
        {"role":"developer","content":"i"},
        {"role":"odd","new":{"deep":["g",1,null,true]}}],"temperature":1,
        "tools":[{"type":"function","function":{"name":"f","description":"j","parameters":{"type":"object"}}}],"new":"k"}"#;
    use Kind::{System, ToolArguments, ToolResults, User};
    assert_eq!(
        seen(body),
        pairs(&[
            (System, "a"),
            (User, "b\"c"),
            (User, "d"),
            (ToolArguments, "f"),
            (ToolArguments, "{\"e\":1}"),
            (ToolResults, "h"),
            (System, "i"),
            (User, "g"),
            (System, "j"),
            (User, "k"),
        ])
    );
}

#[test]
fn parameters_identifiers_and_metadata_are_no_text() {
    for field in [
        "model",
        "user",
        "safety_identifier",
        "metadata",
        "prompt_cache_key",
        "service_tier",
        "stop",
        "stop_sequences",
        "previous_response_id",
        "include",
        "modalities",
        "safetySettings",
        "cachedContent",
        "logit_bias",
        "encoding_format",
        "voice",
        "size",
        "quality",
        "stream_options",
        "store",
        "stream",
    ] {
        for value in [r#""a""#, r#"{"k":"a"}"#, r#"["a"]"#] {
            assert_eq!(seen(&format!(r#"{{"{field}":{value}}}"#)), [], "{field}");
        }
    }
    // Only there: a message's own field of the name is text, as everything unknown is.
    let body = r#"{"messages":[{"role":"user","metadata":{"k":"a"}}]}"#;
    assert_eq!(seen(body), pairs(&[(Kind::User, "a")]));
}

#[test]
fn what_tools_take_and_give_is_text_whatever_its_fields_are_called() {
    let body = r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"id":"a","n":12,"data":["b"]}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"c"},
        {"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"}}]}]}"#;
    use Kind::{ToolArguments, ToolResults, User};
    assert_eq!(
        seen(body),
        pairs(&[
            (ToolArguments, "f"),
            (ToolArguments, "id"),
            (ToolArguments, "a"),
            (ToolArguments, "n"),
            (ToolArguments, "12"),
            (ToolArguments, "data"),
            (ToolArguments, "b"),
            (ToolResults, "c"),
            (User, "d"),
        ])
    );
    let body = r#"{"contents":[{"role":"model","parts":[{"text":"a","thought":true},{"functionCall":{"name":"f","args":{"id":"b"}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"url":"c"}}},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],
        "systemInstruction":{"parts":[{"text":"d"}]}}"#;
    use Kind::{Reasoning, System};
    assert_eq!(
        seen(body),
        pairs(&[
            (Reasoning, "a"),
            (ToolArguments, "f"),
            (ToolArguments, "id"),
            (ToolArguments, "b"),
            (ToolResults, "f"),
            (ToolResults, "url"),
            (ToolResults, "c"),
            (System, "d"),
        ])
    );
}

#[test]
fn texts_are_replaced_where_they_stand_and_nothing_else_changes() {
    let body = r#"{"messages":[ {"role":"user", "content":"se\u0063ret"}, {"role":"user","content":"é\n"} ],"n":1}"#;
    let object = Object::scan(Bytes::from_static(body.as_bytes())).unwrap();
    let mut look =
        |_: Part, text: &str| Ok::<_, Infallible>((text == "secret").then(|| "\"x\"".to_owned()));
    let changed = request(&object, &mut look).unwrap();
    let want = r#"[ {"role":"user", "content":"\"x\""}, {"role":"user","content":"é\n"} ]"#;
    assert_eq!(
        changed,
        [("messages".to_owned(), Bytes::from_static(want.as_bytes()))]
    );
}

#[test]
fn what_is_no_json_is_an_error() {
    for body in [
        r#"{"messages":[{"content":"a"]}"#,
        r#"{"messages":["a" "b"]}"#,
        r#"{"messages":[{"content" "b"}]}"#,
        r#"{"messages":[tru]}"#,
        r#"{"messages":["\q"]}"#,
        r#"{"messages":[,]}"#,
    ] {
        let Ok(object) = Object::scan(Bytes::copy_from_slice(body.as_bytes())) else {
            continue;
        };
        let mut look = |_: Part, _: &str| Ok::<_, Infallible>(None);
        assert!(
            matches!(request(&object, &mut look), Err(TextError::Malformed(_))),
            "{body}"
        );
    }
}

#[test]
fn probabilities_of_tokens_spell_nothing_out() {
    let body =
        r#"{"choices":[{"message":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}}]}"#;
    let mut look = |_: Part, _: &str| Ok::<_, Infallible>(None);
    let new = answer(body.as_bytes(), &mut look).unwrap().unwrap();
    assert_eq!(
        new,
        br#"{"choices":[{"message":{"content":"a"},"logprobs":null}]}"#
    );
}

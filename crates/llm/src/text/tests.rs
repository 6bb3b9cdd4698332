use std::convert::Infallible;

use super::*;

fn seen(body: &str) -> Vec<(Kind, String)> {
    let object = Object::scan(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let mut seen = Vec::new();
    let mut look = |part: Part, text: &str| {
        seen.push((part.kind, text.to_owned()));
        Ok::<_, Infallible>(None)
    };
    assert_eq!(request(&object, Keys::Once, &mut look).unwrap(), []);
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
            (ToolArguments, "x"),
            (ToolArguments, "f"),
            (ToolArguments, "{\"e\":1}"),
            (ToolResults, "x"),
            (ToolResults, "h"),
            (System, "i"),
            (User, "odd"),
            (User, "g"),
            (System, "f"),
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
            (ToolArguments, "t"),
            (ToolArguments, "f"),
            (ToolArguments, "id"),
            (ToolArguments, "a"),
            (ToolArguments, "n"),
            (ToolArguments, "12"),
            (ToolArguments, "data"),
            (ToolArguments, "b"),
            (ToolResults, "t"),
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
    let changed = request(&object, Keys::Once, &mut look).unwrap();
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
            matches!(
                request(&object, Keys::Once, &mut look),
                Err(TextError::Malformed(_))
            ),
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

#[test]
fn an_object_is_read_whole_before_it_is_judged() {
    use Kind::{ToolArguments, ToolResults, User};
    // What stands before the word that counts makes nobody blind.
    for document in [
        r#"{"role":"user","type":"text","media_type":"text/plain","data":"SECRET"}"#,
        r#"{"media_type":"image/png","type":"text","data":"SECRET"}"#,
        r#"{"data":"SECRET","type":"text"}"#,
        r#"{"data":"SECRET"}"#,
    ] {
        let body = format!(
            r#"{{"messages":[{{"role":"user","content":[{{"type":"document","source":{document}}}]}}]}}"#
        );
        assert_eq!(seen(&body), pairs(&[(User, "SECRET")]), "{document}");
    }
    // A part that says two things of itself is looked at as both.
    let body = r#"{"messages":[{"role":"assistant","content":[{"role":"user","type":"tool_use","input":{"id":"SECRET"}}]}]}"#;
    let found = seen(body);
    assert!(
        found.contains(&(ToolArguments, "SECRET".into())),
        "{found:?}"
    );
    assert!(found.contains(&(User, "SECRET".into())), "{found:?}");
    let body = r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"role":"model","response":{"data":"SECRET"}}}]}]}"#;
    assert!(seen(body).contains(&(ToolResults, "SECRET".into())));
    // A role that stands where none belongs takes no text out of what its message is.
    let body = r#"{"messages":[{"role":"user","content":[{"type":"text","role":"assistant","text":"SECRET"}]}]}"#;
    assert!(seen(body).contains(&(User, "SECRET".into())));
}

#[test]
fn only_what_is_proved_to_be_a_medium_is_skipped() {
    for source in [
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}"#,
        r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#,
        r#"{"inlineData":{"data":"AAAA","mimeType":"audio/wav"}}"#,
        r#"{"type":"redacted_thinking","data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#,
        r#"{"type":"input_image","image_url":"DATA:Image/png;base64,AAAA"}"#,
    ] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{source}]}}]}}"#);
        let found = seen(&body);
        assert!(
            found.iter().all(|(_, text)| !text.contains("AAAA")),
            "{source}"
        );
    }
    let address = "data:text/plain,SECRET";
    let body = format!(
        r#"{{"messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"{address}"}}}}]}}]}}"#
    );
    assert_eq!(seen(&body), pairs(&[(Kind::User, address)]));
}

#[test]
fn a_key_that_stands_twice_in_a_request_is_refused_by_name() {
    let many: String = (0..40).map(|i| format!(r#""k{i}":1,"#)).collect();
    for body in [
        r#"{"messages":[{"role":"assistant","role":"user","content":"a"}]}"#.to_owned(),
        r#"{"messages":[{"content":"a","\u0063ontent":"b"}]}"#.to_owned(),
        r#"{"tools":[{"function":{"parameters":{"a":{},"a":{}}}}]}"#.to_owned(),
        r#"{"user":{"a":1,"a":2}}"#.to_owned(),
        format!(r#"{{"messages":[{{{many}"k7":1}}]}}"#),
        r#"{"n":1,"n":2}"#.to_owned(),
    ] {
        let object = Object::scan(Bytes::from(body.clone())).unwrap();
        let mut look = |_: Part, _: &str| Ok::<_, Infallible>(None);
        assert!(
            matches!(
                request(&object, Keys::Once, &mut look),
                Err(TextError::Malformed(ScanError::Duplicate(_)))
            ),
            "{body}"
        );
    }
    assert_eq!(seen(r#"{"messages":[{"a":1},{"a":1}]}"#), []);
}

#[test]
fn objects_are_bounded_in_number() {
    let objects = vec![r#"{"type":"a"}"#; 100_001].join(",");
    let body = format!(r#"{{"messages":[{objects}]}}"#);
    let object = Object::scan(Bytes::from(body)).unwrap();
    let mut look = |_: Part, _: &str| Ok::<_, Infallible>(None);
    let refused = request(&object, Keys::Once, &mut look);
    let expected = TextError::Malformed(ScanError::TooManyObjects);
    assert_eq!(refused, Err(expected));
}

#[test]
fn words_are_skipped_only_where_they_are_understood() {
    use Kind::{Assistant, System, ToolArguments, ToolResults, User};
    let within = |part: &str| {
        seen(&format!(
            r#"{{"messages":[{{"role":"user","content":[{part}]}}]}}"#
        ))
    };
    for (part, kind) in [
        (r#"{"role":"SECRET"}"#, User),
        (r#"{"role":{"type":"SECRET"}}"#, User),
        (r#"{"type":"SECRET"}"#, User),
        (r#"{"type":["SECRET"]}"#, User),
        (r#"{"type":"text","id":"SECRET"}"#, User),
        (r#"{"type":"text","tool_call_id":"SECRET"}"#, User),
        (r#"{"call_id":"SECRET"}"#, User),
        (
            r#"{"id":"2575945e-ad00-46c7-ac2b-30228a7be66a","call_id":"SECRET"}"#,
            User,
        ),
        (r#"{"file_id":"SECRET"}"#, User),
        (r#"{"media_type":"SECRET"}"#, User),
        (r#"{"mimeType":"SECRET"}"#, User),
        (r#"{"signature":"SECRET"}"#, User),
        (r#"{"encrypted_content":"SECRET"}"#, User),
        (r#"{"cache_control":{"type":"SECRET"}}"#, User),
        (r#"{"index":"SECRET"}"#, User),
        (r#"{"data":"SECRET"}"#, User),
        (r#"{"data":["SECRET"],"media_type":"text/plain"}"#, User),
        (r#"{"media_type":"application/json","data":"SECRET"}"#, User),
        (r#"{"media_type":"image/svg+xml","data":"SECRET"}"#, User),
        (r#"{"type":"base64","data":"SECRET"}"#, User),
        (
            r#"{"type":"redacted_thinking","data":"SECRET"}"#,
            Kind::Reasoning,
        ),
        (r#"{"mimeType":"SECRET","mime_type":"text/plain"}"#, User),
        (
            r#"{"partialArgs":[{"stringValue":"SECRET"}]}"#,
            ToolArguments,
        ),
        (
            r#"{"functionCall":{"args":{"id":"SECRET"}}}"#,
            ToolArguments,
        ),
        (r#"{"functionResponse":{"id":"SECRET"}}"#, ToolResults),
    ] {
        let found = within(part);
        assert!(
            found.contains(&(kind, "SECRET".into())),
            "{part}: {found:?}"
        );
    }
    for (body, kind) in [
        (r#"{"prompt":{"variables":{"type":"SECRET"}}}"#, User),
        (r#"{"prompt":{"variables":{"a":{"id":"SECRET"}}}}"#, User),
        (r#"{"documents":[{"data":{"id":"SECRET"}}]}"#, User),
        (r#"{"documents":[{"data":{"SECRET":1}}]}"#, User),
        (r#"{"chat_template_kwargs":{"role":"SECRET"}}"#, User),
        (
            r#"{"tools":[{"type":"mcp","server_description":"SECRET"}]}"#,
            System,
        ),
        (r#"{"tools":[{"name":"SECRET"}]}"#, System),
        (
            r#"{"tools":[{"input_examples":[{"type":"SECRET"}]}]}"#,
            System,
        ),
        (
            r#"{"tools":[{"input_schema":{"properties":{"SECRET":{}}}}]}"#,
            System,
        ),
        (
            r#"{"tools":[{"input_schema":{"enum":["SECRET"]}}]}"#,
            System,
        ),
        (
            r#"{"tools":[{"input_schema":{"default":{"id":"SECRET"}}}]}"#,
            System,
        ),
        (
            r#"{"response_format":{"json_schema":{"schema":{"const":"SECRET"}}}}"#,
            System,
        ),
        (
            r#"{"prediction":{"type":"content","content":"SECRET"}}"#,
            Assistant,
        ),
    ] {
        let found = seen(body);
        assert!(
            found.contains(&(kind, "SECRET".into())),
            "{body}: {found:?}"
        );
    }
    assert_eq!(
        within(r#"{"mimeType":"text/SECRET"}"#),
        pairs(&[(User, "text/SECRET")])
    );
    let sealed = "Abc0_-+/".repeat(8);
    for part in [
        r#"{"type":"text","role":"assistant"}"#.to_owned(),
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png"}}"#.to_owned(),
        format!(r#"{{"type":"thinking","signature":"{sealed}"}}"#),
        format!(r#"{{"thoughtSignature":"{sealed}"}}"#),
        r#"{"type":"text","id":"call_2575945e-ad00-46c7-ac2b-30228a7be66a"}"#.to_owned(),
        r#"{"call_id":"2575945e-ad00-46c7-ac2b-30228a7be66a"}"#.to_owned(),
    ] {
        assert_eq!(within(&part), [], "{part}");
    }
}

#[test]
fn a_text_that_is_encoded_is_seen_and_masked_as_the_text_that_it_is() {
    let secret = "U0VDUkVULTEyMzQ="; // SECRET-1234
    let wide = "//5TAEUAQwBSAEUAVAAtADEAMgAzADQA"; // The same in UTF-16, with its mark.
    for (part, masked) in [
        (
            format!(
                r#"{{"source":{{"type":"base64","media_type":"text/plain","data":"{secret}"}}}}"#
            ),
            r#"{"source":{"type":"base64","media_type":"text/plain","data":"W10="}}"#,
        ),
        (
            format!(
                r#"{{"inlineData":{{"mimeType":"application/json","data":"{}"}}}}"#,
                &secret[..15]
            ),
            r#"{"inlineData":{"mimeType":"application/json","data":"W10="}}"#,
        ),
        (
            format!(r#"{{"file":{{"file_data":"data:text/csv;base64,{wide}"}}}}"#),
            r#"{"file":{"file_data":"data:text/csv;base64,W10="}}"#,
        ),
        (
            r#"{"image_url":" data:text/plain,%53ECRET%2d1234"}"#.to_owned(),
            r#"{"image_url":" data:text/plain,[]"}"#,
        ),
        (
            format!(r#"{{"url":"data:application/octet-stream;base64,{secret}"}}"#),
            r#"{"url":"data:application/octet-stream;base64,W10="}"#,
        ),
    ] {
        let body = format!(r#"{{"messages":[{part}]}}"#);
        let object = Object::scan(Bytes::from(body)).unwrap();
        let mut look = |_: Part, text: &str| {
            Ok::<_, Infallible>((text == "SECRET-1234").then(|| "[]".to_owned()))
        };
        let changed = request(&object, Keys::Once, &mut look).unwrap();
        let want = Bytes::from(format!("[{masked}]"));
        assert_eq!(changed, [("messages".to_owned(), want)], "{part}");
    }
    // Bytes that say to be encoded and are no text.
    let body = r#"{"messages":[{"url":"data:application/octet-stream;base64,/9j/4AAQSkZJRg=="}]}"#;
    assert_eq!(seen(body), []);
}

#[test]
fn who_only_watches_sees_what_is_unclear() {
    let body = r#"{"messages":[{"role":"user","content":"a","content":"b"}]}"#;
    let object = Object::scan(Bytes::from_static(body.as_bytes())).unwrap();
    let mut seen = Vec::new();
    let mut look = |_: Part, text: &str| {
        seen.push(text.to_owned());
        Ok::<_, Infallible>(None)
    };
    request(&object, Keys::Any, &mut look).unwrap();
    assert_eq!(seen, ["a", "b"]);
}

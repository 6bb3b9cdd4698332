use proptest::prelude::*;

use super::*;

fn scan(text: &str) -> Result<Object, ScanError> {
    Object::scan(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn fields_are_found_whatever_stands_between() {
    let object =
        scan(" {\r\n\t\"model\" : \"a\\\"b\" , \"x\":[1,{\"model\":\"no\"}],\"stream\":true,\"n\":null }\n")
            .unwrap();
    assert_eq!(object.str("model").unwrap().as_deref(), Some("a\"b"));
    assert_eq!(object.bool("stream").unwrap(), Some(true));
    assert_eq!(
        object.get("x").unwrap(),
        Some(&b"[1,{\"model\":\"no\"}]"[..])
    );
    assert!(!object.has("n") && object.has("x") && !object.has("y"));
}

#[test]
fn an_escaped_key_is_the_same_key() {
    assert_eq!(
        scan(r#"{"mod\u0065l":"a"}"#)
            .unwrap()
            .str("model")
            .unwrap()
            .as_deref(),
        Some("a")
    );
    let twice = scan(r#"{"mod\u0065l":"a","model":"b"}"#).unwrap();
    assert_eq!(
        twice.str("model"),
        Err(ScanError::Duplicate("model".into()))
    );
}

#[test]
fn another_case_is_refused() {
    let object = scan(r#"{"Model":"a","model":"b"}"#).unwrap();
    assert!(matches!(object.str("model"), Err(ScanError::Case { .. })));
    assert!(matches!(
        scan(r#"{"MODEL":"a"}"#).unwrap().str("model"),
        Err(ScanError::Case { .. })
    ));
}

#[test]
fn what_is_no_object_is_refused() {
    for text in [
        "",
        "[]",
        "x",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":[}",
        "{\"a\":[1}]",
        "{\"a\":\"\\\"}",
        "{a:1}",
        "{\"a\":1}x",
        "{\"a\":1,}",
        "{\"a\":nul}",
        "{\"a\" 1}",
    ] {
        assert!(scan(text).is_err(), "{text}");
    }
    assert_eq!(
        scan(&format!(
            "{{\"a\":{}1{}}}",
            "[".repeat(257),
            "]".repeat(257)
        ))
        .unwrap_err(),
        ScanError::TooDeep
    );
}

proptest! {
    #[test]
    fn agrees_with_a_parser(keys in prop::collection::vec("[a-c\"\\\\ é]{0,3}", 0..5), n in any::<u8>()) {
        let mut map = serde_json::Map::new();
        for (i, key) in keys.iter().enumerate() {
            let value = match (usize::from(n) + i) % 4 {
                0 => serde_json::json!(["]}\"", {"k": key}]),
                1 => serde_json::json!(key),
                2 => serde_json::json!(-1.5e3),
                _ => serde_json::json!({"a": [], "b": {}}),
            };
            map.insert(key.clone(), value);
        }
        let text = serde_json::to_string(&map).unwrap();
        let object = scan(&text).unwrap();
        for (key, value) in &map {
            let got: serde_json::Value = serde_json::from_slice(object.get(key).unwrap().unwrap()).unwrap();
            prop_assert_eq!(&got, value);
        }
    }

    #[test]
    fn no_input_panics(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\tfn1 ".to_vec()), 0..40)) {
        let _ = Object::scan(bytes.into());
    }
}

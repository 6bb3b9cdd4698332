//! The texts of a request that a model will read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::json::{Object, ScanError};

/// Top-level fields that hold what a model reads, in all formats.
const FIELDS: [&str; 9] = [
    "messages",
    "system",
    "prompt",
    "suffix",
    "input",
    "instructions",
    "contents",
    "systemInstruction",
    "system_instruction",
];

/// Fields of messages whose strings are names, numbers or media, not text.
const NOT_TEXT: [&str; 14] = [
    "role",
    "type",
    "id",
    "tool_call_id",
    "tool_use_id",
    "call_id",
    "data",
    "file_data",
    "url",
    "image_url",
    "mimeType",
    "mime_type",
    "media_type",
    "signature",
];

/// Hands every text to `each`: message contents, instructions, tool arguments and results, of whatever shape.
///
/// Strings in fields that this version doesn't know are texts too: a guard must not be blind to what is new.
pub fn each(object: &Object, each: &mut dyn FnMut(&str)) -> Result<(), ScanError> {
    for field in FIELDS {
        let Some(value) = object.get(field)? else { continue };
        let mut deserializer = serde_json::Deserializer::from_slice(value);
        Walk { each, field }
            .deserialize(&mut deserializer)
            .map_err(|_| ScanError::WrongType { field: field.to_owned(), expected: "valid JSON" })?;
    }
    Ok(())
}

struct Walk<'f> {
    each: &'f mut dyn FnMut(&str),
    field: &'static str,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the texts of {}", self.field)
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        (self.each)(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Walk { each: &mut *self.each, field: self.field })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            if NOT_TEXT.contains(&key.as_ref()) {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(Walk { each: &mut *self.each, field: self.field })?;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn every_text_is_seen_and_no_picture() {
        let body = r#"{"model":"m","system":"a","messages":[{"role":"user","content":"b\"c"},
            {"role":"user","content":[{"type":"text","text":"d"},{"type":"image","source":{"data":"AAAA"}}]},
            {"role":"assistant","tool_calls":[{"id":"x","function":{"name":"f","arguments":"{\"e\":1}"}}]},
            {"role":"odd","new":{"deep":["g",1,null,true]}}],"temperature":1}"#;
        let object = Object::scan(Bytes::from_static(body.as_bytes())).unwrap();
        let mut seen = Vec::new();
        each(&object, &mut |t| seen.push(t.to_owned())).unwrap();
        assert_eq!(seen, ["b\"c", "d", "f", "{\"e\":1}", "g", "a"]);
    }
}

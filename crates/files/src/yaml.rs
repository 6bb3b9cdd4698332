//! YAML as values with lines.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Options, Spanned};
use sluice_vocab::{Finding, Reason};

use crate::lines::Lines;

/// The documents of a text, each with the number of lines before it. A marker at the start of a line ends a document
/// wherever it stands, so that a broken document doesn't take the others with it.
pub(crate) fn documents(text: &str) -> Vec<(u32, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut at, mut line) = (0, 0, 0, 0);
    for full in text.split_inclusive('\n') {
        let is_marker = full
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with([' ', '\t']));
        if is_marker {
            documents.push((start_line, &text[start..at]));
            // What follows the marker on its own line belongs to the document.
            start = at + 3;
            start_line = line;
        }
        at += full.len();
        line += 1;
    }
    documents.push((start_line, &text[start..]));
    documents
}

/// Reads one document; `None` when there is nothing in it.
pub(crate) fn parse(text: &str, offset: u32) -> Result<Option<(Value, Lines)>, (u32, Finding)> {
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(is_blank) {
        return Ok(None);
    }
    let mut options = Options::default();
    options.strict_booleans = true;
    match serde_saphyr::from_str_with_options::<Node>(text, options) {
        Ok(Node {
            value: Value::Null, ..
        }) => Ok(None),
        Ok(mut node) => {
            shift(&mut node.lines, offset);
            Ok(Some((node.value, node.lines)))
        }
        Err(error) => {
            let line = error
                .location()
                .map_or(1, |l| u32::try_from(l.line()).unwrap_or(1));
            let message = format!(
                "this is no valid YAML: {}",
                plain(&error.without_snippet().to_string())
            );
            Err((
                offset + line,
                Finding::error(Reason::Unreadable, "", message),
            ))
        }
    }
}

/// The parser's message without its position, which is the document's, and without advice to its programmers.
fn plain(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    let ends = [", set DuplicateKeyPolicy", " at line "]
        .into_iter()
        .filter_map(|end| line.find(end));
    &line[..ends.min().unwrap_or(line.len())]
}

fn shift(lines: &mut Lines, offset: u32) {
    lines.line += offset;
    lines
        .children
        .values_mut()
        .for_each(|child| shift(child, offset));
}

/// A value and its lines.
struct Node {
    value: Value,
    lines: Lines,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Inner>::deserialize(deserializer)?;
        let mut node = spanned.value.0;
        node.lines.line = u32::try_from(spanned.referenced.line()).unwrap_or(u32::MAX);
        Ok(node)
    }
}

struct Inner(Node);

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor).map(Inner)
    }
}

struct NodeVisitor;

fn scalar<E>(value: Value) -> Result<Node, E> {
    Ok(Node {
        value,
        lines: Lines::default(),
    })
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
        scalar(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
        scalar(Value::from(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
        scalar(Value::from(v))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
        // JSON has neither infinity nor NaN; as text they fail the schema with a clear message.
        scalar(Number::from_f64(v).map_or_else(|| Value::String(v.to_string()), Value::Number))
    }

    fn visit_str<E>(self, v: &str) -> Result<Node, E> {
        scalar(Value::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Node, E> {
        scalar(Value::String(v))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        scalar(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        scalar(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut values = Vec::new();
        let mut lines = Lines::default();
        while let Some(node) = seq.next_element::<Node>()? {
            lines.children.insert(values.len().to_string(), node.lines);
            values.push(node.value);
        }
        Ok(Node {
            value: Value::Array(values),
            lines,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut values = Map::new();
        let mut lines = Lines::default();
        while let Some(Spanned {
            value: key,
            referenced,
            ..
        }) = map.next_key::<Spanned<String>>()?
        {
            let mut node = map.next_value::<Node>()?;
            // A field is where its name is; its value may begin a line later.
            node.lines.line = u32::try_from(referenced.line()).unwrap_or(u32::MAX);
            lines.children.insert(key.clone(), node.lines);
            if values.insert(key.clone(), node.value).is_some() {
                return Err(serde::de::Error::custom(format!("duplicate key {key:?}")));
            }
        }
        Ok(Node {
            value: Value::Object(values),
            lines,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_file() {
        let text = "\u{feff}# first\r\n---\r\na:\r\n  b:\r\n  - x: 1\r\n  - x: y\r\n---\n\n--- \nc: [1, 2.5, true, null, yes]\n";
        let documents = documents(text);
        let parsed: Vec<_> = documents
            .iter()
            .map(|(offset, text)| parse(text, *offset).unwrap())
            .collect();
        assert_eq!(parsed.len(), 4);
        let (value, lines) = parsed[1].as_ref().unwrap();
        assert_eq!(
            value,
            &serde_json::json!({"a": {"b": [{"x": 1}, {"x": "y"}]}})
        );
        assert_eq!(
            [
                lines.of("a.b"),
                lines.of("a.b[0].x"),
                lines.of("a.b[1].x"),
                lines.of("a.b[1].z.q")
            ],
            [4, 5, 6, 6]
        );
        assert!(parsed[0].is_none() && parsed[2].is_none());
        let (value, lines) = parsed[3].as_ref().unwrap();
        assert_eq!(
            value,
            &serde_json::json!({"c": [1, 2.5, true, null, "yes"]})
        );
        assert_eq!(lines.of("c"), 10);
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_with_its_line() {
        let (line, finding) = parse("a: 1\nb: 2\na: 3\n", 10).unwrap_err();
        assert_eq!(line, 13);
        assert!(finding.message.contains("duplicate"), "{}", finding.message);
    }
}

//! The little of YAML that snapshots need: each item of a list stands on one line, and so does a short map without lists.

use std::fmt::{Display, Write};

use serde_json::Value;

/// Longest map that stands on one line beside its key.
const SHORT: usize = 100;

/// A value.
pub(super) enum Node {
    /// Text, in quotes where YAML would read something else.
    Text(String),
    /// A number, a boolean or null, as it is.
    Bare(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn text(text: impl Display) -> Self {
        Self::Text(text.to_string())
    }

    /// JSON that travels as text; what is none is shown as the text that it is.
    pub(super) fn json(text: &str) -> Self {
        serde_json::from_str::<Value>(text).map_or_else(|_| Self::text(text), Self::from)
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.into_iter().map(|(k, v)| (k, Self::from(v))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Bare(value.to_string()),
        }
    }
}

/// The fields of a message, without those that are unset.
#[derive(Default)]
pub(super) struct Fields(pub(super) Vec<(String, Node)>);

impl Fields {
    pub(super) fn always(mut self, name: &str, value: Node) -> Self {
        self.0.push((name.to_owned(), value));
        self
    }

    pub(super) fn text(self, name: &str, text: &str) -> Self {
        self.texts_of(name, text, !text.is_empty())
    }

    /// A text that may be unset, and otherwise be empty.
    pub(super) fn optional(self, name: &str, text: Option<&str>) -> Self {
        self.texts_of(name, text.unwrap_or_default(), text.is_some())
    }

    fn texts_of(self, name: &str, text: &str, is_set: bool) -> Self {
        if is_set {
            self.always(name, Node::text(text))
        } else {
            self
        }
    }

    /// A number or a boolean.
    pub(super) fn plain<T: Display + Default + PartialEq>(self, name: &str, value: &T) -> Self {
        if *value == T::default() {
            self
        } else {
            self.always(name, Node::Bare(value.to_string()))
        }
    }

    pub(super) fn list<T>(self, name: &str, items: &[T], each: impl Fn(&T) -> Node) -> Self {
        if items.is_empty() {
            self
        } else {
            self.always(name, Node::List(items.iter().map(each).collect()))
        }
    }

    pub(super) fn texts(self, name: &str, texts: &[String]) -> Self {
        self.list(name, texts, |text| Node::text(text))
    }

    pub(super) fn map<T>(self, name: &str, message: Option<&T>, of: impl Fn(&T) -> Fields) -> Self {
        match message {
            Some(message) => self.always(name, Node::Map(of(message).0)),
            None => self,
        }
    }
}

/// A map of entries, each of which has its fields below it.
pub(super) fn document(entries: impl Iterator<Item = (String, Node)>) -> String {
    let mut out = String::new();
    for (key, node) in entries {
        write_field(&mut out, 0, &key, &node);
    }
    out
}

fn write_field(out: &mut String, indent: usize, key: &str, node: &Node) {
    let key = scalar(key);
    // Writing to a String can't fail.
    let _ = write!(out, "{:indent$}{key}:", "");
    match node {
        Node::List(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                let _ = writeln!(out, "{:indent$}- {}", "", flow(item));
            }
        }
        Node::Map(fields) if indent == 0 || has_lists(node) || flow(node).len() > SHORT => {
            out.push('\n');
            for (key, node) in fields {
                write_field(out, indent + 2, key, node);
            }
        }
        Node::Text(text) => {
            let _ = writeln!(out, " {}", scalar(text));
        }
        Node::Bare(_) | Node::List(_) | Node::Map(_) => {
            let _ = writeln!(out, " {}", flow(node));
        }
    }
}

fn has_lists(node: &Node) -> bool {
    match node {
        Node::List(items) => !items.is_empty(),
        Node::Map(fields) => fields.iter().any(|(_, node)| has_lists(node)),
        Node::Text(_) | Node::Bare(_) => false,
    }
}

/// On one line.
fn flow(node: &Node) -> String {
    match node {
        // Between brackets more has a meaning; what holds none of it may stand as it is.
        Node::Text(text) if text.bytes().all(is_harmless) => scalar(text),
        Node::Text(text) => quoted(text),
        Node::Bare(text) => text.clone(),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Map(fields) => {
            let field = |(key, node): &(String, Node)| format!("{}: {}", scalar(key), flow(node));
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

fn is_harmless(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" /._-*@:+=()".contains(&byte)
}

/// A text on a line of its own, or behind a key: in quotes where YAML would read something else.
pub fn scalar(text: &str) -> String {
    let word = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "~",
    ];
    let starts =
        text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '('));
    let is_plain = starts
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(char::is_control)
        && !word.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_plain {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// JSON's strings are YAML's in double quotes.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

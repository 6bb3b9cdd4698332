//! Checking requests as strictly as a provider does. What is wrong is a value; each format words it as its provider would.

use serde_json::{Map, Value};

/// A set of JSON types.
pub(crate) type Kinds = u8;
/// Any string.
pub(crate) const STR: Kinds = 1;
/// A whole number.
pub(crate) const INT: Kinds = 2;
/// Any number.
pub(crate) const NUM: Kinds = 4;
/// A boolean.
pub(crate) const BOOL: Kinds = 8;
/// An object.
pub(crate) const OBJ: Kinds = 16;
/// An array.
pub(crate) const ARR: Kinds = 32;
/// Anything.
pub(crate) const ANY: Kinds = 63;

/// One field of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: &'static str,
    kinds: Kinds,
    required: bool,
}

/// A field that has to be there.
pub(crate) const fn must(name: &'static str, kinds: Kinds) -> Field {
    Field {
        name,
        kinds,
        required: true,
    }
}

/// A field that may be there.
pub(crate) const fn may(name: &'static str, kinds: Kinds) -> Field {
    Field {
        name,
        kinds,
        required: false,
    }
}

/// What is wrong with a request, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// `messages[0].content`.
    pub(crate) path: String,
    pub(crate) what: What,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The body is not JSON, or not an object.
    NotJson,
    /// A required field is not there.
    Missing,
    /// A field that the provider doesn't know.
    Unknown,
    /// A value of another type.
    Type {
        /// What would do, in words.
        wanted: &'static str,
        /// What was sent.
        got: &'static str,
    },
    /// A value of the right type that is refused, with the reason.
    Value(String),
}

impl Wrong {
    /// A refused value.
    pub(crate) fn value(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            what: What::Value(reason.into()),
        }
    }

    /// A missing field.
    pub(crate) fn missing(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            what: What::Missing,
        }
    }
}

/// Whether null counts as left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// Null is as good as nothing.
    Absent,
    /// Null is a value of the wrong type.
    Refused,
}

/// The body as an object.
pub(crate) fn body(bytes: &[u8]) -> Result<Value, Wrong> {
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(Wrong {
            path: String::new(),
            what: What::NotJson,
        }),
    }
}

/// Checks an object's fields: none missing, none unknown, all of the right type.
pub(crate) fn object<'a>(
    value: &'a Value,
    path: &str,
    fields: &[Field],
    nulls: Nulls,
) -> Result<&'a Map<String, Value>, Wrong> {
    let Value::Object(map) = value else {
        return Err(type_error(value, path.to_owned(), OBJ));
    };
    for (name, value) in map {
        let at = join(path, name);
        let Some(field) = fields.iter().find(|f| f.name == name) else {
            return Err(Wrong {
                path: at,
                what: What::Unknown,
            });
        };
        let absent = value.is_null() && nulls == Nulls::Absent && !field.required;
        if !absent && !is(value, field.kinds) {
            return Err(type_error(value, at, field.kinds));
        }
    }
    match fields
        .iter()
        .find(|f| f.required && !map.contains_key(f.name))
    {
        Some(field) => Err(Wrong::missing(join(path, field.name))),
        None => Ok(map),
    }
}

/// Checks that a string is one of those allowed.
pub(crate) fn one_of(value: &Value, path: &str, allowed: &[&str]) -> Result<(), Wrong> {
    match value.as_str() {
        Some(s) if !allowed.contains(&s) => Err(Wrong::value(
            path,
            format!(
                "Invalid value: '{s}'. Supported values are: {}.",
                allowed
                    .iter()
                    .map(|a| format!("'{a}'"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )),
        _ => Ok(()),
    }
}

/// Checks that a number, if there is one, lies within bounds.
pub(crate) fn within(
    map: &Map<String, Value>,
    name: &str,
    low: f64,
    high: f64,
) -> Result<(), Wrong> {
    match map.get(name).and_then(Value::as_f64) {
        Some(n) if n < low => Err(Wrong::value(
            name,
            format!("Invalid '{name}': expected a value >= {low}, but got {n} instead."),
        )),
        Some(n) if n > high => Err(Wrong::value(
            name,
            format!("Invalid '{name}': expected a value <= {high}, but got {n} instead."),
        )),
        _ => Ok(()),
    }
}

/// `a.b`, or `b` at the top.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn is(value: &Value, kinds: Kinds) -> bool {
    let kind = match value {
        Value::Null => return kinds == ANY,
        Value::Bool(_) => BOOL,
        Value::Number(n) if n.is_f64() => NUM,
        Value::Number(_) => INT | NUM,
        Value::String(_) => STR,
        Value::Array(_) => ARR,
        Value::Object(_) => OBJ,
    };
    kind & kinds != 0
}

fn type_error(value: &Value, path: String, kinds: Kinds) -> Wrong {
    let words = [
        (STR, "a string"),
        (INT, "an integer"),
        (NUM, "a decimal"),
        (BOOL, "a boolean"),
        (OBJ, "an object"),
        (ARR, "an array"),
    ];
    let wanted = words
        .iter()
        .find(|(k, _)| k & kinds != 0)
        .map_or("something else", |(_, w)| w);
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(n) if n.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Wrong {
        path,
        what: What::Type { wanted, got },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[Field] = &[must("a", STR), may("b", INT | ARR)];

    fn mk_check(value: Value) -> Option<What> {
        object(&value, "", FIELDS, Nulls::Absent)
            .err()
            .map(|w| w.what)
    }

    #[test]
    fn fields_are_required_known_and_typed() {
        assert_eq!(mk_check(json!({"a": "x", "b": 1})), None);
        assert_eq!(mk_check(json!({"a": "x", "b": null})), None);
        assert_eq!(mk_check(json!({"b": 1})), Some(What::Missing));
        assert_eq!(mk_check(json!({"a": "x", "c": 1})), Some(What::Unknown));
        assert_eq!(
            mk_check(json!({"a": "x", "b": 1.5})),
            Some(What::Type {
                wanted: "an integer",
                got: "a decimal"
            })
        );
        assert_eq!(
            mk_check(json!({"a": null})),
            Some(What::Type {
                wanted: "a string",
                got: "null"
            })
        );
    }
}

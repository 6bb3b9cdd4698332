//! Credentials that stand in a resource itself.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A credential written into a resource. It serialises, for it is part of the resource, but never prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inline(String);

impl Inline {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Inline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl JsonSchema for Inline {
    fn schema_name() -> Cow<'static, str> {
        "Inline".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 8192 })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Holder {
        key: Inline,
    }

    #[test]
    fn its_schema_is_a_bounded_text_where_it_stands() {
        let schema = schemars::schema_for!(Holder);
        let own = &schema.as_value()["properties"]["key"];
        assert_eq!(own["type"], "string");
        assert_eq!(
            (&own["minLength"], &own["maxLength"]),
            (&1.into(), &8192.into())
        );
    }

    #[test]
    fn it_never_prints() {
        let inline = Inline::new("sk-1");
        assert_eq!(format!("{inline:?}"), "***");
        assert_eq!(inline.expose(), "sk-1");
    }
}

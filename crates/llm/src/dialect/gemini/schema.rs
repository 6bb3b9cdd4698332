//! Google's subset of OpenAPI, as JSON schema.

use crate::json::{Fields, Invalid, Text, Writer};

/// How deep schemas may nest.
const MAX_DEPTH: usize = 64;

/// Rewrites a schema: types in small letters, `nullable` as a second type, counts as numbers. All else stays as it came, in its order.
pub(crate) fn to_json_schema(schema: &str) -> Result<String, Invalid> {
    let mut out = Vec::with_capacity(schema.len());
    write(&mut Writer::new(&mut out), schema, 0)?;
    Ok(String::from_utf8(out).unwrap_or_default())
}

fn write(w: &mut Writer<'_>, schema: &str, depth: usize) -> Result<(), Invalid> {
    if depth > MAX_DEPTH {
        return Err(Invalid::new("parameters", "nests deeper than 64 levels"));
    }
    if !schema.starts_with('{') {
        w.raw(schema);
        return Ok(());
    }
    let mut fields = Fields::parse(schema, "parameters")?;
    let nullable = fields.take("nullable")?.is_some_and(|n| n.get() == "true");
    let mut result = Ok(());
    w.object(|w| result = members(w, fields, nullable, depth));
    result
}

fn members(
    w: &mut Writer<'_>,
    fields: Fields<'_>,
    nullable: bool,
    depth: usize,
) -> Result<(), Invalid> {
    for (name, value) in fields.rest() {
        let text = value.get();
        match &*name {
            "type" if text.starts_with('"') => {
                let kind = serde_json::from_str::<Text<'_>>(text)
                    .map(|t| t.0.to_ascii_lowercase())
                    .unwrap_or_default();
                if kind == "type_unspecified" {
                    continue;
                }
                if nullable {
                    w.key("type").array(|w| {
                        w.str(&kind);
                        w.str("null");
                    });
                } else {
                    w.put("type", &kind);
                }
            }
            "properties" | "$defs" | "defs" if text.starts_with('{') => {
                let inner = Fields::parse(text, "parameters")?;
                let mut result = Ok(());
                w.key(if name == "defs" { "$defs" } else { &name })
                    .object(|w| {
                        for (name, value) in inner.rest() {
                            w.name(&name);
                            if result.is_ok() {
                                result = write(w, value.get(), depth + 1);
                            }
                        }
                    });
                result?;
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" if text.starts_with('[') => {
                let all: Vec<&serde_json::value::RawValue> =
                    crate::json::parse(text, "parameters")?;
                let mut result = Ok(());
                w.key(&name).array(|w| {
                    for one in all {
                        if result.is_ok() {
                            result = write(w, one.get(), depth + 1);
                        }
                    }
                });
                result?;
            }
            "items" | "additionalProperties" => {
                w.key(&name);
                write(w, text, depth + 1)?;
            }
            // Google writes 64-bit numbers as strings.
            "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties"
            | "maxProperties" => {
                w.key(&name).raw(text.trim_matches('"'));
            }
            // An order for the model's output, which elsewhere is that of the properties.
            "propertyOrdering" => {}
            "ref" => w.key("$ref").raw(text),
            _ => w.name(&name).raw(text),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_s_spelling_becomes_json_schema_in_the_same_order() {
        let google = r#"{"type":"OBJECT","properties":{"z":{"type":"STRING","nullable":true,"description":"TYPE"},"a":{"type":"ARRAY","items":{"type":"INTEGER"},"minItems":"1"}},"required":["z"],"propertyOrdering":["z","a"]}"#;
        let json = r#"{"type":"object","properties":{"z":{"type":["string","null"],"description":"TYPE"},"a":{"type":"array","items":{"type":"integer"},"minItems":1}},"required":["z"]}"#;
        assert_eq!(to_json_schema(google).unwrap(), json);
        assert_eq!(to_json_schema(json).unwrap(), json);
    }
}

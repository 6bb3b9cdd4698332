//! Fields of the request that a route sets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_vocab::{Finding, Reason};

/// One top-level field of the request body, in OpenAI's spelling (`temperature`, `max_tokens`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// The field's name.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z][A-Za-z0-9_]*$"))]
    pub field: String,
    /// Its value, of any type.
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true), schema_with = "any_value")]
    pub value: Value,
}

fn any_value(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "description": "The field's value, of any type.", "x-kubernetes-preserve-unknown-fields": true })
}

/// Fields that the gateway itself decides, so that neither defaults nor overrides may name them.
pub const RESERVED: [&str; 4] = ["messages", "contents", "stream", "stream_options"];

/// Fields that are put in when absent, and fields that always win.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Put in when the request leaves them out.
    #[serde(default)]
    pub defaults: Vec<Field>,
    /// Put in whatever the request says.
    #[serde(default)]
    pub overrides: Vec<Field>,
}

/// Checks the fields; those that may not be set are left out.
pub fn compile(defaults: &[Field], overrides: &[Field], path: &str) -> (Config, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut keep = |fields: &[Field], list: &str| {
        let mut kept: Vec<Field> = Vec::new();
        for (i, field) in fields.iter().enumerate() {
            let at = format!("{path}.{list}[{i}].field");
            if RESERVED.contains(&field.field.as_str()) {
                findings.push(Finding::error(
                    Reason::Invalid,
                    at,
                    format!(
                        "{} cannot be set here; promptEnrichment adds messages, routeType sets streaming",
                        field.field
                    ),
                ));
            } else if kept.iter().any(|k| k.field == field.field) {
                findings.push(Finding::error(
                    Reason::DuplicateName,
                    at,
                    format!("{} is set twice; keep one", field.field),
                ));
            } else {
                kept.push(field.clone());
            }
        }
        kept
    };
    let config = Config {
        defaults: keep(defaults, "defaults"),
        overrides: keep(overrides, "overrides"),
    };
    (config, findings)
}

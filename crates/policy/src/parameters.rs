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
    #[schemars(schema_with = "any_value")]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(names: &[&str]) -> Vec<Field> {
        let field = |name: &&str| Field {
            field: (*name).to_owned(),
            value: 1.into(),
        };
        names.iter().map(field).collect()
    }

    fn names(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|f| f.field.as_str()).collect()
    }

    #[test]
    fn what_the_gateway_decides_is_set_by_no_route() {
        let reserved = ["messages", "contents", "stream", "stream_options", "n"];
        let (config, findings) = compile(&fields(&reserved), &fields(&reserved), "spec.ai");
        assert_eq!(
            (names(&config.defaults), names(&config.overrides)),
            (vec!["n"], vec!["n"])
        );
        let said = findings.iter().map(|f| (f.reason, f.path.as_str()));
        let lists = ["defaults", "overrides"].map(|list| (0..4).map(move |i| (list, i)));
        let wanted: Vec<String> = lists
            .into_iter()
            .flatten()
            .map(|(list, i)| format!("spec.ai.{list}[{i}].field"))
            .collect();
        let wanted = wanted.iter().map(|path| (Reason::Invalid, path.as_str()));
        assert!(said.eq(wanted), "{findings:?}");
    }

    /// Without the word, an API server takes every field of a value out.
    #[test]
    fn a_value_of_any_type_is_kept_by_api_servers() {
        let schema = schemars::schema_for!(Field);
        let value = &schema.as_value()["properties"]["value"];
        assert_eq!(value["x-kubernetes-preserve-unknown-fields"], true);
        assert!(value.get("type").is_none(), "{value}");
    }

    #[test]
    fn the_first_of_two_of_a_name_counts() {
        let mut twice = fields(&["n", "n"]);
        twice[1].value = 2.into();
        let (config, findings) = compile(&twice, &[], "spec.ai");
        assert_eq!(config.defaults, twice[..1]);
        assert_eq!(findings[0].reason, Reason::DuplicateName);
        assert_eq!(findings[0].path, "spec.ai.defaults[1].field");
    }
}

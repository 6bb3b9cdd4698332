//! Who may call.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Header that Alibaba ESA's clients send their token in (`esa_aigw_auth: Bearer …`), always looked at.
pub const ESA_HEADER: &str = "esa_aigw_auth";

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Callers known by an API key.
    pub api_keys: ApiKeys,
}

/// API keys from Secrets: each value of each selected Secret is a key, and the Secret's name is the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiKeys {
    /// Which Secrets of the policy's namespace hold keys.
    pub secret_selector: Selector,
    /// Further headers that may carry the key, beside `Authorization`, `x-api-key`, `x-goog-api-key`, `api-key` and
    /// `esa_aigw_auth`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 4),
        inner(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]+$"))
    )]
    pub headers: Vec<String>,
}

/// Chooses objects by their labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selector {
    /// Labels that all have to be there.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 8), inner(length(max = 63)))]
    pub match_labels: BTreeMap<String, String>,
}

impl Selector {
    /// Whether an object with these labels is chosen.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.match_labels.is_empty()
            && self
                .match_labels
                .iter()
                .all(|(k, v)| labels.get(k) == Some(v))
    }
}

/// What a data plane needs: which set of keys counts, and where to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The set of `model::ApiKey` entries that may call.
    pub set: String,
    /// Further headers, lower case.
    #[serde(default)]
    pub headers: Vec<String>,
}

impl Spec {
    /// `set` names the key entries that the compiler makes from the selected Secrets.
    pub fn compile(&self, set: String) -> Config {
        Config {
            set,
            headers: self
                .api_keys
                .headers
                .iter()
                .map(|h| h.to_ascii_lowercase())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn a_secret_holds_api_keys_when_all_labels_are_there() {
        let selector = Selector {
            match_labels: labels(&[("kind", "caller"), ("team", "a")]),
        };
        let both = [("kind", "caller"), ("team", "a"), ("more", "x")];
        assert!(selector.matches(&labels(&both)));
        for other in [
            &[("kind", "caller")][..],
            &[("kind", "caller"), ("team", "b")],
            &[("kind", "caller"), ("a", "team")],
            &[],
        ] {
            assert!(!selector.matches(&labels(other)), "{other:?}");
        }
    }

    #[test]
    fn a_selector_without_labels_chooses_no_secret() {
        let selector = Selector {
            match_labels: BTreeMap::new(),
        };
        assert!(!selector.matches(&labels(&[("kind", "caller")])));
        assert!(!selector.matches(&BTreeMap::new()));
    }

    #[test]
    fn headers_are_compared_in_lower_case() {
        let spec: Spec = serde_json::from_str(
            r#"{"apiKeys":{"secretSelector":{"matchLabels":{"a":"b"}},"headers":["X-Team-Key"]}}"#,
        )
        .unwrap();
        let config = spec.compile("ns/p".to_owned());
        assert_eq!(
            (config.set.as_str(), config.headers),
            ("ns/p", vec!["x-team-key".to_owned()])
        );
    }
}

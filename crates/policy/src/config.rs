//! Compiled policies as they travel.

use serde::Serialize;
use sluice_guard::{self as guard, Lookup};

use crate::{authentication, enrichment, fidelity, parameters, route_type, timeouts};

/// What a policy may look up while it is compiled.
pub struct Scope<'l> {
    /// Name of the set of API keys that the policy's selector chose.
    pub api_key_set: String,
    /// What it refers to.
    pub lookup: &'l dyn Lookup,
}

/// One policy on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Which policy.
    pub kind: &'static str,
    /// Raised when the meaning of the config changes.
    pub revision: u32,
    /// The config as JSON.
    pub config: String,
}

/// Every policy: its variant, its kind as it travels, and what a data plane needs of it.
macro_rules! policies {
    ($($variant:ident $kind:literal $config:ty,)+) => {
        /// A compiled policy.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented in its own module")]
        pub enum Config {
            $($variant($config),)+
        }

        impl Config {
            /// Every kind that this build knows, as a data plane says in its hello.
            pub const KINDS: &[&str] = &[$($kind),+];

            /// As it travels.
            pub fn encode(&self) -> Compiled {
                let (kind, config) = match self {
                    $(Config::$variant(config) => ($kind, json(config)),)+
                };
                Compiled { kind, revision: 1, config }
            }

            fn parse(kind: &str, config: &str) -> Option<Result<Self, serde_json::Error>> {
                match kind {
                    $($kind => Some(serde_json::from_str(config).map(Config::$variant)),)+
                    _ => None,
                }
            }
        }
    };
}

policies! {
    Authentication "authentication" authentication::Config,
    Timeouts "timeouts" timeouts::Spec,
    Guard "promptGuard" guard::Config,
    Enrichment "promptEnrichment" enrichment::Config,
    Parameters "parameters" parameters::Config,
    RouteType "routeType" route_type::RouteType,
    Fidelity "fidelity" fidelity::Fidelity,
}

/// A policy that this build cannot run. Whatever carries it fails closed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A newer compiler's policy.
    #[error("policy {kind} revision {revision} is not known to this data plane")]
    Unknown {
        /// Its kind.
        kind: String,
        /// Its revision.
        revision: u32,
    },
    /// The config is not what the kind says.
    #[error("policy {kind}: {source}")]
    Malformed {
        /// Its kind.
        kind: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Config {
    /// Reads what was sent.
    pub fn decode(kind: &str, revision: u32, config: &str) -> Result<Self, ConfigError> {
        let unknown = || ConfigError::Unknown {
            kind: kind.to_owned(),
            revision,
        };
        let known = (revision == 1).then(|| Self::parse(kind, config)).flatten();
        known
            .ok_or_else(unknown)?
            .map_err(|source| ConfigError::Malformed {
                kind: kind.to_owned(),
                source,
            })
    }
}

fn json<T: Serialize>(value: &T) -> String {
    // These types have string keys only and no fallible serialisers, so this cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use sluice_guard::Alone;

    use super::*;
    use crate::spec::Spec;

    #[test]
    fn every_policy_survives_the_wire() {
        let spec: Spec = serde_json::from_str(
            r#"{"promptEnrichment":{"prepend":[{"role":"SYSTEM","content":"French"}]},
                "promptGuard":{"request":{"matches":["credit card"],"customResponseMessage":"no"}},
                "defaults":[{"field":"max_tokens","value":50}],"routeType":"CHAT_STREAMING","fidelity":"Strict",
                "authentication":{"apiKeys":{"secretSelector":{"matchLabels":{"a":"b"}}}},
                "timeouts":{"request":"5m"}}"#,
        )
        .unwrap();
        let (compiled, findings) = spec.compile(
            &Scope {
                api_key_set: "ns/p".into(),
                lookup: &Alone,
            },
            "spec.ai",
        );
        assert_eq!(findings, []);
        assert_eq!(compiled.len(), Config::KINDS.len());
        for policy in compiled {
            let config = Config::decode(policy.kind, policy.revision, &policy.config).unwrap();
            assert_eq!(config.encode(), policy);
        }
    }

    /// A config that each kind takes.
    const VALID: [(&str, &str); 7] = [
        ("authentication", r#"{"set":"ns/p"}"#),
        ("timeouts", r#"{"request":"5m"}"#),
        (
            "promptGuard",
            r#"{"request":{"rules":[],"scopes":[],"message":"no","status":403}}"#,
        ),
        ("promptEnrichment", r#"{"prepend":[{"content":"a"}]}"#),
        ("parameters", r#"{"defaults":[{"field":"n","value":1}]}"#),
        ("routeType", r#""CHAT""#),
        ("fidelity", r#""Strict""#),
    ];

    #[test]
    fn a_newer_revision_is_not_run_as_if_it_were_this_one() {
        assert_eq!(VALID.map(|(kind, _)| kind), Config::KINDS);
        for (kind, config) in VALID {
            assert!(Config::decode(kind, 1, config).is_ok(), "{kind}");
            for revision in [0, 2] {
                let decoded = Config::decode(kind, revision, config);
                assert!(
                    matches!(decoded, Err(ConfigError::Unknown { .. })),
                    "{kind}"
                );
            }
        }
    }

    #[test]
    fn a_word_that_this_build_does_not_know_is_refused_wherever_it_stands() {
        for (kind, config) in VALID {
            // Every object in turn gets a field that nobody knows.
            let objects = config.match_indices('{').map(|(at, _)| at + 1);
            for at in objects {
                let (before, after) = config.split_at(at);
                let config = format!(r#"{before}"newer":1,{after}"#);
                let decoded = Config::decode(kind, 1, &config);
                assert!(
                    matches!(decoded, Err(ConfigError::Malformed { .. })),
                    "{config}"
                );
            }
        }
        assert!(Config::decode("fidelity", 1, r#""Newer""#).is_err());
        assert!(Config::decode("routeType", 1, r#""NEWER""#).is_err());
    }

    #[test]
    fn an_unknown_kind_or_field_is_refused() {
        assert!(matches!(
            Config::decode("magic", 1, "{}"),
            Err(ConfigError::Unknown { .. })
        ));
        assert!(matches!(
            Config::decode("timeouts", 1, r#"{"x":1}"#),
            Err(ConfigError::Malformed { .. })
        ));
    }
}

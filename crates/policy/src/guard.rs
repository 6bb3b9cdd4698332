//! Prompts that are refused.

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_vocab::{Finding, Reason};

/// Compiled size that one pattern may have, in bytes.
pub const PATTERN_SIZE_LIMIT: usize = 1 << 20;

/// What is said to a caller whose prompt is refused, when the policy says nothing else.
pub const DEFAULT_MESSAGE: &str = "The request was rejected due to inappropriate content";

/// Guards on what goes to the model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Looks at the prompt before it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestGuard>,
}

/// Guards on a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestGuard {
    /// Regular expressions (RE2 syntax); a prompt in which one is found is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 1024)))]
    pub matches: Vec<String>,
    /// What the caller is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub custom_response_message: Option<String>,
    /// HTTP status of the refusal; 403 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 400, max = 499))]
    pub custom_response_status: Option<u16>,
}

/// What a data plane needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Patterns, all valid.
    pub matches: Vec<String>,
    /// What the caller is told.
    pub message: String,
    /// HTTP status of the refusal.
    pub status: u16,
}

impl Spec {
    /// Checks the patterns. A pattern that cannot be compiled is an error, and the whole guard fails closed.
    pub fn compile(&self, path: &str) -> (Option<Config>, Vec<Finding>) {
        let Some(request) = &self.request else { return (None, Vec::new()) };
        let mut findings = Vec::new();
        for (i, pattern) in request.matches.iter().enumerate() {
            if let Err(error) = build(pattern) {
                let at = format!("{path}.request.matches[{i}]");
                findings.push(Finding::error(
                    Reason::Invalid,
                    at,
                    format!("the pattern is not valid: {}", first_line(&error)),
                ));
            }
        }
        let config = Config {
            matches: request.matches.clone(),
            message: request.custom_response_message.clone().unwrap_or_else(|| DEFAULT_MESSAGE.to_owned()),
            status: request.custom_response_status.unwrap_or(403),
        };
        (Some(config), findings)
    }
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_LIMIT).build()
}

fn first_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or("invalid").trim_start_matches("error: ").to_owned()
}

/// A guard with its patterns compiled.
#[derive(Debug, Clone)]
pub struct Guard {
    patterns: Vec<Regex>,
    /// What the caller is told.
    pub message: String,
    /// HTTP status of the refusal.
    pub status: u16,
}

impl Guard {
    /// Compiles the patterns.
    pub fn realise(config: &Config) -> Result<Self, String> {
        let patterns =
            config.matches.iter().map(|p| build(p)).collect::<Result<_, _>>().map_err(|e| first_line(&e))?;
        Ok(Self { patterns, message: config.message.clone(), status: config.status })
    }

    /// The index of the first pattern that is found in the text.
    pub fn find(&self, text: &str) -> Option<usize> {
        self.patterns.iter().position(|p| p.is_match(text))
    }
}

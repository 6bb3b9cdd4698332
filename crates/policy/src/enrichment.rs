//! Messages put before and after the caller's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_vocab::{Finding, Reason};

use crate::role::Role;
use crate::template::Template;

/// Messages put before and after the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Before the caller's first message, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub prepend: Vec<Message>,
    /// After the caller's last message, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub append: Vec<Message>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.content) != has(self.template)",
    "message": "exactly one of content and template has to be set",
}]))]
pub struct Message {
    /// Who speaks; user when left out.
    #[serde(default)]
    pub role: Role,
    /// What is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub content: Option<String>,
    /// What is said, with places that the request fills: `{{ headers.NAME }}`, `{{ metadata.KEY }}`, `{{ caller }}`, each with an optional
    /// default, as in `{{ headers.x-team | "nobody" }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16384))]
    pub template: Option<String>,
}

/// The spec is what a data plane needs.
pub type Config = Spec;

/// A message that is ready to be put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: Template,
}

impl Message {
    /// A message that says the same to everybody.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: Some(content.into()),
            template: None,
        }
    }

    /// With its template read.
    ///
    /// # Errors
    ///
    /// With what is wrong about the template.
    pub fn realise(&self) -> Result<Line, String> {
        let text = match (&self.content, &self.template) {
            (Some(content), None) => Template::text(content),
            (None, Some(template)) => Template::parse(template)?,
            _ => return Err("exactly one of content and template has to be set".to_owned()),
        };
        Ok(Line {
            role: self.role,
            text,
        })
    }
}

impl Spec {
    /// Checks the templates; messages whose template can't be read are left out.
    pub fn compile(&self, path: &str) -> (Config, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut keep = |messages: &[Message], list: &str| -> Vec<Message> {
            let mut kept = Vec::with_capacity(messages.len());
            for (i, message) in messages.iter().enumerate() {
                match message.realise() {
                    Ok(_) => kept.push(message.clone()),
                    Err(why) => {
                        let at = format!("{path}.{list}[{i}].template");
                        findings.push(Finding::error(Reason::Invalid, at, why));
                    }
                }
            }
            kept
        };
        let config = Config {
            prepend: keep(&self.prepend, "prepend"),
            append: keep(&self.append, "append"),
        };
        (config, findings)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_message(content: Option<&str>, template: Option<&str>) -> Message {
        Message {
            role: Role::System,
            content: content.map(str::to_owned),
            template: template.map(str::to_owned),
        }
    }

    #[test]
    fn a_message_says_its_content_as_it_is_or_its_template_filled() {
        let line = |content, template| mk_message(content, template).realise();
        let text = "{{ caller }}";
        let plain = line(Some(text), None).unwrap();
        assert_eq!(
            (plain.role, plain.text),
            (Role::System, Template::text(text))
        );
        let filled = line(None, Some(text)).unwrap();
        assert_eq!(filled.text, Template::parse(text).unwrap());
        assert_ne!(filled.text, Template::text(text));
        for (content, template) in [(None, None), (Some("a"), Some("b"))] {
            let error = line(content, template).unwrap_err();
            assert!(error.starts_with("exactly one of"), "{error}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_read_is_left_out_and_told_with_its_place() {
        let good = mk_message(None, Some("{{ caller }}"));
        let bad = mk_message(None, Some("{{ team }}"));
        let spec = Spec {
            prepend: vec![good.clone(), bad.clone()],
            append: vec![bad, good.clone()],
        };
        let (config, findings) = spec.compile("spec.ai.promptEnrichment");
        assert_eq!(
            (&config.prepend, &config.append),
            (&vec![good.clone()], &vec![good])
        );
        let places: Vec<&str> = findings.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(
            places,
            [
                "spec.ai.promptEnrichment.prepend[1].template",
                "spec.ai.promptEnrichment.append[0].template",
            ]
        );
        assert!(findings.iter().all(|f| f.reason == Reason::Invalid));
    }

    #[test]
    fn a_message_is_the_users_unless_it_says_otherwise() {
        let message: Message = serde_json::from_str(r#"{"content":"a"}"#).unwrap();
        assert_eq!(message, Message::new(Role::User, "a"));
    }
}

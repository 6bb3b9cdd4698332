//! What users write, and what is wrong with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_vocab::{Finding, Reason};

use super::ask::{Ask, Moderation, Webhook};
use super::{Builtin, Config, Direction, Guard, Pattern, Rule, Scope, Side, WINDOW, What};
use crate::Lookup;

/// What a caller is told when the policy says nothing else.
pub const DEFAULT_MESSAGE: &str = "The request was rejected due to inappropriate content";
/// What the caller of a refused answer is told when the policy says nothing else.
const DEFAULT_ANSWER_MESSAGE: &str = "The response was rejected due to inappropriate content";
/// HTTP status of a refusal when the policy says nothing else.
pub const DEFAULT_STATUS: u16 = 403;

/// Guards on what goes to the model and on what comes from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Looks at the prompt before it is sent. What is found is rejected when `action` is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Inspection>,
    /// Looks at the answer, streams included. What is found is masked when `action` is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Inspection>,
}

/// What to look for in one direction, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Inspection {
    /// Regular expressions (RE2 syntax). Where one has groups, only what they take is masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 1024)))]
    pub matches: Vec<String>,
    /// Recognisers that come with Sluice, and regular expressions with names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<RegexSpec>,
    /// A service of one's own that is asked about what patterns and recognisers let pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// Moderation services that are asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation: Option<Moderation>,
    /// MASK puts a word in brackets in place of what was found, REJECT refuses the request or ends the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Which texts are looked at; all when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 6), extend("x-kubernetes-list-type" = "set"))]
    pub scopes: Vec<Scope>,
    /// Audit lets everything pass and only counts and logs what was found.
    #[serde(default, skip_serializing_if = "Mode::is_enforce")]
    pub mode: Mode,
    /// What the caller is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub custom_response_message: Option<String>,
    /// HTTP status of the refusal; 403 when left out. A stream that has begun can't change its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 400, max = 499))]
    pub custom_response_status: Option<u16>,
}

/// Recognisers that come with Sluice, and regular expressions with names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegexSpec {
    /// Recognisers of personal data and secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "set"))]
    pub builtins: Vec<Builtin>,
    /// Regular expressions with names for metrics and logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub matches: Vec<NamedPattern>,
    /// What becomes of what these find; the guard's own action when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

/// A regular expression with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedPattern {
    /// As metrics and logs have it; where it stands when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 64),
        regex(pattern = "^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
    )]
    pub name: Option<String>,
    /// The regular expression (RE2 syntax).
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: String,
}

/// What becomes of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// A word in brackets stands in its place.
    Mask,
    /// The request is refused, the answer ended.
    Reject,
}

/// Whether a guard does what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// It does.
    #[default]
    Enforce,
    /// It only counts and logs.
    Audit,
}

impl Mode {
    fn is_enforce(&self) -> bool {
        *self == Mode::Enforce
    }
}

impl Spec {
    /// Makes it fit to be shown: credentials that stand in it read `***` afterwards.
    pub fn hide_credentials(&mut self) {
        for side in [&mut self.request, &mut self.response]
            .into_iter()
            .flatten()
        {
            let openai = side.moderation.as_mut().and_then(|m| m.openai.as_mut());
            if let Some(inline) = openai.and_then(|o| o.auth_token.inline.as_mut()) {
                *inline = sluice_vocab::Inline::new("***");
            }
        }
    }

    /// Checks the patterns. What can't be compiled is an error, and the whole guard fails closed.
    pub fn compile(&self, path: &str, lookup: &dyn Lookup) -> (Option<Config>, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut side = |inspection: &Option<Inspection>, name: &str, direction| {
            let path = format!("{path}.{name}");
            inspection
                .as_ref()
                .map(|i| i.compile(&path, name, direction, lookup, &mut findings))
        };
        let config = Config {
            request: side(&self.request, "request", Direction::Request),
            response: side(&self.response, "response", Direction::Response),
        };
        let is_there = config.request.is_some() || config.response.is_some();
        (is_there.then_some(config), findings)
    }
}

impl Inspection {
    fn compile(
        &self,
        path: &str,
        name: &str,
        direction: Direction,
        lookup: &dyn Lookup,
        findings: &mut Vec<Finding>,
    ) -> Side {
        let before = findings.len();
        let rules = self.rules(path, name, direction, findings);
        let asks = self.asks(path, lookup, findings);
        if rules.is_empty() && asks.is_empty() {
            findings.push(Finding::warning(
                Reason::NoEffect,
                path,
                "nothing is looked for; say what in matches or regex.builtins, whom to ask in webhook, or leave the guard out",
            ));
        }
        let all = match direction {
            Direction::Request => &Scope::ALL[..],
            Direction::Response => &Scope::ANSWER[..],
        };
        for (i, scope) in self
            .scopes
            .iter()
            .enumerate()
            .filter(|(_, scope)| !all.contains(scope))
        {
            findings.push(Finding::warning(
                Reason::NoEffect,
                format!("{path}.scopes[{i}]"),
                format!(
                    "an answer has no texts of the kind {}; it has Assistant, ToolArguments and Reasoning",
                    scope.as_str()
                ),
            ));
        }
        let scopes = if self.scopes.is_empty() {
            all.to_vec()
        } else {
            self.scopes.clone()
        };
        let default = if direction == Direction::Request {
            DEFAULT_MESSAGE
        } else {
            DEFAULT_ANSWER_MESSAGE
        };
        let side = Side {
            rules,
            scopes,
            mode: self.mode,
            message: self
                .custom_response_message
                .clone()
                .unwrap_or_else(|| default.to_owned()),
            status: self.custom_response_status.unwrap_or(DEFAULT_STATUS),
            asks,
        };
        // Each may be small enough, and all of them together not.
        if findings.len() == before
            && let Err(why) = Guard::realise(&side)
        {
            findings.push(Finding::error(Reason::Invalid, path, why));
        }
        side
    }

    /// Who is asked, in order.
    fn asks(&self, path: &str, lookup: &dyn Lookup, findings: &mut Vec<Finding>) -> Vec<Ask> {
        let webhook = self
            .webhook
            .as_ref()
            .map(|w| w.compile(&format!("{path}.webhook"), lookup, findings));
        let openai = self.moderation.as_ref().and_then(|m| m.openai.as_ref());
        let openai =
            openai.map(|o| o.compile(&format!("{path}.moderation.openai"), lookup, findings));
        webhook.into_iter().chain(openai).collect()
    }

    fn rules(
        &self,
        path: &str,
        name: &str,
        direction: Direction,
        findings: &mut Vec<Finding>,
    ) -> Vec<Rule> {
        let default = if direction == Direction::Request {
            Action::Reject
        } else {
            Action::Mask
        };
        let action = self.action.unwrap_or(default);
        let mut rules = Vec::new();
        let mut pattern = |at: String, label: String, text: &String, action| {
            check(
                text,
                &format!("{path}.{at}"),
                direction,
                self.mode,
                findings,
            );
            rules.push(Rule {
                name: label,
                action,
                find: What::Pattern(text.clone()),
            });
        };
        for (i, text) in self.matches.iter().enumerate() {
            pattern(
                format!("matches[{i}]"),
                format!("{name}.matches[{i}]"),
                text,
                action,
            );
        }
        if let Some(regex) = &self.regex {
            let action = regex.action.unwrap_or(action);
            for (i, named) in regex.matches.iter().enumerate() {
                let label = named
                    .name
                    .clone()
                    .unwrap_or_else(|| format!("{name}.regex.matches[{i}]"));
                pattern(
                    format!("regex.matches[{i}].pattern"),
                    label,
                    &named.pattern,
                    action,
                );
            }
            rules.extend(regex.builtins.iter().map(|builtin| Rule {
                name: builtin.as_str().to_owned(),
                action,
                find: What::Builtin(*builtin),
            }));
        }
        rules
    }
}

fn check(text: &str, at: &str, direction: Direction, mode: Mode, findings: &mut Vec<Finding>) {
    match Pattern::new(text) {
        Err(error) => findings.push(Finding::error(Reason::Invalid, at, error.to_string())),
        Ok(pattern)
            if direction == Direction::Response
                && mode == Mode::Enforce
                && pattern.max_len().is_none_or(|max| max > WINDOW) =>
        {
            findings.push(Finding::warning(
                Reason::UnboundedPattern,
                at,
                format!(
                    "the pattern has no longest match, so a stream is held back for as long as one may go on, and ended when \
                     that is more than {} KiB; say how often what may repeat does, such as {{1,64}} instead of +",
                    WINDOW >> 10
                ),
            ));
        }
        Ok(_) => {}
    }
}

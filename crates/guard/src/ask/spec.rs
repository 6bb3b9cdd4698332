//! What users write of those who are asked.

use std::time::Duration as StdDuration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_vocab::header::FRAMING;
use sluice_vocab::host::is_this_machine;
use sluice_vocab::{Duration, Finding, Inline, Reason, SecretRef, ServiceRef};

use super::{Address, Ask, Engine};
use crate::Lookup;

/// How long an answer may take when the policy doesn't say.
const DEFAULT_TIMEOUT: StdDuration = StdDuration::from_secs(5);
/// How long it may take at most: a caller waits for it.
const MAX_TIMEOUT: StdDuration = StdDuration::from_secs(60);
/// OpenAI's model when the policy doesn't say.
const DEFAULT_MODEL: &str = "omni-moderation-latest";
/// OpenAI's public address.
const OPENAI: &str = "api.openai.com";

/// A service of one's own that is asked what is to become of texts. Its contract is in docs/guard-webhook.md.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.backendRef) ? !has(self.host) && !has(self.port) : has(self.host) && has(self.port)",
    "message": "either host and port or backendRef has to be set",
}]))]
pub struct Webhook {
    /// Host name or IP address, without a scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9._:\[\]-]+$"))]
    pub host: Option<String>,
    /// Port. 443 means TLS, any other plain HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// A Service instead of host and port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_ref: Option<ServiceRef>,
    /// As metrics and logs have it; `webhook` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 64),
        regex(pattern = "^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
    )]
    pub name: Option<String>,
    /// How long an answer may take, connecting included; 5s when left out, at most 1m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// What happens when no answer comes, or none that can be understood.
    #[serde(default, skip_serializing_if = "FailureMode::is_closed")]
    pub failure_mode: FailureMode,
    /// Headers of the caller that it gets too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub forward_headers: Vec<String>,
}

/// Moderation services that are asked: what they flag is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.openai)",
    "message": "openai has to be set",
}]))]
pub struct Moderation {
    /// OpenAI's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openai: Option<OpenAiModeration>,
}

/// OpenAI's moderation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenAiModeration {
    /// The key.
    pub auth_token: ModerationToken,
    /// The model; `omni-moderation-latest` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub model: Option<String>,
    /// Another host that speaks its API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_host: Option<Host>,
    /// How long an answer may take, connecting included; 5s when left out, at most 1m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// What happens when no answer comes, or none that can be understood.
    #[serde(default, skip_serializing_if = "FailureMode::is_closed")]
    pub failure_mode: FailureMode,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Host {
    /// Host name or IP address, without a scheme.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9._:\[\]-]+$"))]
    pub host: String,
    /// Port. 443 means TLS, any other plain HTTP.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
}

/// The credential for a moderation service: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.secretRef) != has(self.inline)",
    "message": "exactly one of secretRef and inline has to be set",
}]))]
pub struct ModerationToken {
    /// From a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Written here, where everyone who may read this object sees it. For trying things out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<Inline>,
}

/// What happens when somebody who is asked doesn't answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum FailureMode {
    /// What was asked about doesn't pass.
    #[default]
    FailClosed,
    /// It passes.
    FailOpen,
}

impl FailureMode {
    fn is_closed(&self) -> bool {
        *self == FailureMode::FailClosed
    }
}

/// What of it could not be used, and the field.
type Wrong = (&'static str, Finding);

impl Webhook {
    /// Finds out where it is.
    pub(crate) fn compile(
        &self,
        path: &str,
        lookup: &dyn Lookup,
        findings: &mut Vec<Finding>,
    ) -> Ask {
        let timeout = timeout(self.timeout);
        let headers: Vec<String> = self
            .forward_headers
            .iter()
            .map(|h| h.to_ascii_lowercase())
            .collect();
        let is_ours = |h: &&String| FRAMING.contains(&h.as_str()) || OURS.contains(&h.as_str());
        let foreign = headers.iter().find(is_ours);
        let headers_checked = match foreign {
            None => Ok(()),
            Some(name) => {
                let message =
                    format!("{name} belongs to the connection or to the question: leave it out");
                Err((
                    ".forwardHeaders",
                    Finding::error(Reason::Invalid, "", message),
                ))
            }
        };
        let address = self.address(lookup);
        let wrong = [
            timeout.clone().err(),
            headers_checked.err(),
            address.clone().err(),
        ];
        Ask {
            name: self.name.clone().unwrap_or_else(|| "webhook".to_owned()),
            engine: Engine::Webhook {},
            address: address.unwrap_or_default(),
            credential: None,
            timeout_ms: timeout.unwrap_or_default(),
            failure_mode: self.failure_mode,
            forward_headers: headers,
            broken: broken(wrong, path, findings),
        }
    }

    fn address(&self, lookup: &dyn Lookup) -> Result<Address, Wrong> {
        match (&self.backend_ref, &self.host, self.port) {
            (Some(service), _, _) => lookup
                .service(service)
                .map_err(|finding| (".backendRef", finding)),
            (None, Some(host), Some(port)) => match lookup.host(host) {
                Ok(()) => Ok(address(host, port)),
                Err(finding) => Err((".host", finding)),
            },
            (None, _, _) => {
                let message = "either host and port or backendRef has to be set";
                Err(("", Finding::error(Reason::Invalid, "", message)))
            }
        }
    }
}

impl OpenAiModeration {
    /// Finds its credential.
    pub(crate) fn compile(
        &self,
        path: &str,
        lookup: &dyn Lookup,
        findings: &mut Vec<Finding>,
    ) -> Ask {
        let timeout = timeout(self.timeout);
        let (field, credential) = match (&self.auth_token.secret_ref, &self.auth_token.inline) {
            (Some(reference), _) => (".authToken.secretRef", lookup.credential(reference)),
            (None, Some(inline)) => {
                let found = lookup.inline(&format!("{path}.authToken.inline"), inline);
                (".authToken.inline", found)
            }
            (None, None) => {
                let message = "exactly one of secretRef and inline has to be set";
                (
                    ".authToken",
                    Err(Finding::error(Reason::Invalid, "", message)),
                )
            }
        };
        let credential = credential.map_err(|finding| (field, finding));
        if self.auth_token.inline.is_some() && credential.is_ok() {
            let message = "the key can be read by everyone who may read this RoutePolicy: put it into a Secret and use secretRef";
            findings.push(Finding::warning(
                Reason::InlineCredential,
                format!("{path}.authToken.inline"),
                message,
            ));
        }
        if let Some(own) = self.custom_host.as_ref().filter(|own| in_clear(own)) {
            let message = format!(
                "the key goes to {} without TLS, so that everyone on the way can read it: use port 443, which has TLS",
                own.host
            );
            let at = format!("{path}.customHost");
            findings.push(Finding::warning(Reason::PlainCredential, at, message));
        }
        let led = self.custom_host.as_ref().map(|own| lookup.host(&own.host));
        let led = led.and_then(Result::err);
        let wrong = [
            timeout.clone().err(),
            credential.clone().err(),
            led.map(|finding| (".customHost.host", finding)),
        ];
        let public = Address {
            host: OPENAI.to_owned(),
            port: 443,
            tls: true,
            direct: false,
        };
        Ask {
            name: "moderation.openai".to_owned(),
            engine: Engine::OpenAi {
                model: self
                    .model
                    .clone()
                    .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
            },
            address: self
                .custom_host
                .as_ref()
                .map_or(public, |h| address(&h.host, h.port)),
            credential: credential.ok(),
            timeout_ms: timeout.unwrap_or_default(),
            failure_mode: self.failure_mode,
            forward_headers: Vec::new(),
            broken: broken(wrong, path, findings),
        }
    }
}

/// Headers that say what the question itself is, or whom a proxy lets pass; beside those that frame it.
const OURS: [&str; 6] = [
    "proxy-authorization",
    "content-type",
    "content-encoding",
    "expect",
    "x-request-id",
    "x-sluice-guard-version",
];

/// Whether what is sent there leaves the machine without TLS.
fn in_clear(host: &Host) -> bool {
    host.port != 443 && !is_this_machine(&host.host)
}

fn address(host: &str, port: i32) -> Address {
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    Address {
        host,
        port: u16::try_from(port).unwrap_or(0),
        tls: port == 443,
        direct: false,
    }
}

fn timeout(timeout: Option<Duration>) -> Result<u64, Wrong> {
    let timeout = timeout.map_or(DEFAULT_TIMEOUT, Duration::get);
    if timeout.is_zero() || timeout > MAX_TIMEOUT {
        let message = "an answer has to come within 1ms to 1m, since a caller waits for it";
        return Err((".timeout", Finding::error(Reason::Invalid, "", message)));
    }
    Ok(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
}

/// Tells what is wrong, and gives the first of it.
fn broken(wrong: [Option<Wrong>; 3], path: &str, findings: &mut Vec<Finding>) -> Option<String> {
    let mut first = None;
    for (field, finding) in wrong.into_iter().flatten() {
        let finding = Finding {
            path: format!("{path}{field}"),
            ..finding
        };
        first.get_or_insert_with(|| finding.message.clone());
        findings.push(finding);
    }
    first
}

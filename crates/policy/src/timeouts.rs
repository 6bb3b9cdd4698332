//! How long a request may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_vocab::{Duration, Finding, Reason};

/// How long to wait. Unset: 10 minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The whole answer; for streams, the first byte and every pause between two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self.matches('[1-9]')",
        "message": "no request ends in no time: write 1ms or more, or leave it out for 10m",
    }]))]
    pub request: Option<Duration>,
}

impl Spec {
    /// The policy, but for a time in which no request can end; that the schema refuses it helps only where there is one.
    pub(crate) fn compile(&self, path: &str) -> (Self, Option<Finding>) {
        if self.request.is_none_or(|time| !time.get().is_zero()) {
            return (self.clone(), None);
        }
        let message = "no request ends in no time: write 1ms or more, or leave it out for 10m";
        let finding = Finding::error(Reason::Invalid, format!("{path}.request"), message);
        (Self { request: None }, Some(finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_given_some_time() {
        let spec = |text: &str| Spec {
            request: Some(text.parse().unwrap()),
        };
        assert_eq!(spec("1ms").compile("p"), (spec("1ms"), None));
        let (left, finding) = spec("0h0s").compile("p");
        assert_eq!(
            (left.request, finding.unwrap().path.as_str()),
            (None, "p.request")
        );
    }
}

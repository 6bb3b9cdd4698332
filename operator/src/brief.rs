//! Errors of the API server, short enough for a log line.

/// What the API server says, without the rest of its answer.
pub(crate) fn brief(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} ({})", status.message, status.code),
        other => other.to_string(),
    }
}

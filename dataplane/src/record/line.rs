//! The log's line on a request.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use sluice_llm::usage::Usage;
use sluice_vocab::ErrorType;

use super::Record;
use crate::access_log::text;
use crate::metrics::Series;

/// What is said beside the request itself.
pub(super) struct Said<'s> {
    pub(super) series: &'s Series,
    pub(super) usage: Usage,
    pub(super) millis: f64,
    pub(super) error: Option<ErrorType>,
}

impl Record {
    /// Writes it.
    pub(super) fn line(&self, out: &mut Vec<u8>, said: &Said<'_>) {
        let Said {
            series,
            usage,
            millis,
            error,
        } = said;
        let (level, message) = self.message(*error);
        out.extend_from_slice(b"{\"timestamp\":\"");
        timestamp(out);
        out.extend_from_slice(b"\",\"level\":\"");
        out.extend_from_slice(level.as_bytes());
        out.extend_from_slice(b"\",");
        text(out, "request_id", self.id_str());
        text(out, "message", message);
        // Writing to a Vec can't fail.
        let _ = write!(
            out,
            "\"duration_ms\":{millis:.2},\"status_code\":{},",
            self.status.as_u16()
        );
        text(out, "format", self.format().as_str());
        text(
            out,
            "model",
            self.model.as_deref().unwrap_or(series.model()),
        );
        text(out, "provider", series.provider());
        if let Some(error) = error {
            text(out, "error_type", error.as_str());
        }
        if let Some(code) = self.fault.as_ref().and_then(|fault| fault.code) {
            text(out, "error_code", code.as_str());
        }
        if let Some(route) = &self.route {
            text(out, "route", route);
        }
        if let Some(caller) = &self.caller {
            text(out, "caller", caller);
        }
        tokens(out, usage);
        let hits: Vec<String> = self
            .hits
            .iter()
            .map(|(direction, hit)| format!("{direction} {} {}", hit.rule, hit.outcome.as_str()))
            .collect();
        if !hits.is_empty() {
            text(out, "guard", &hits.join(", "));
        }
        let _ = write!(out, "\"streaming\":{}}}", self.streaming);
    }

    /// How bad it is, and what there is to say.
    fn message(&self, error: Option<ErrorType>) -> (&'static str, &str) {
        match (&self.fault, error) {
            (None, None) if self.abandoned => ("info", "client went away"),
            (None, None) => ("info", "request completed successfully"),
            (Some(fault), _) => (
                if self.status.is_server_error() {
                    "error"
                } else {
                    "warn"
                },
                fault.text.as_str(),
            ),
            (None, Some(_)) => ("warn", "upstream answered with an error"),
        }
    }
}

fn tokens(out: &mut Vec<u8>, usage: &Usage) {
    for (key, tokens) in [
        ("input_tokens", usage.input),
        ("output_tokens", usage.output),
        ("cached_tokens", usage.cached),
    ] {
        if let Some(tokens) = tokens {
            let _ = write!(out, "\"{key}\":{tokens},");
        }
    }
}

/// RFC 3339, UTC, milliseconds.
fn timestamp(out: &mut Vec<u8>) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let stamp = jiff::Timestamp::from_millisecond(i64::try_from(now.as_millis()).unwrap_or(0))
        .unwrap_or_default();
    let _ = write!(out, "{stamp:.3}");
}

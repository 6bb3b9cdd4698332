//! What is known of a request when it ends: said once, in metrics and in the log.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use http::{HeaderValue, Response, StatusCode};
use sluice_llm::Format;
use sluice_llm::usage::Usage;
use sluice_policy::guard::{Hit, Hits};
use sluice_vocab::{ErrorCode, ErrorType};

use crate::access_log::text;
use crate::gateway::Shared;
use crate::metrics::Series;
use crate::rejection::Rejection;

/// Header that carries the request's id, both ways.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// A request on its way. Ends with [`Record::answer`], [`Record::reject`] or, for an answer that is relayed, when its body
/// does; one that is dropped before was abandoned by its client.
pub(crate) struct Record {
    shared: Arc<Shared>,
    pub(crate) id: HeaderValue,
    started: Instant,
    pub(crate) format: Option<Format>,
    /// The model as the caller named it.
    pub(crate) model: Option<String>,
    pub(crate) route: Option<Arc<str>>,
    pub(crate) caller: Option<Arc<str>>,
    series: Option<Arc<Series>>,
    pub(crate) streaming: bool,
    /// A probe or a scrape, which is neither logged nor counted.
    pub(crate) is_status: bool,
    pub(crate) status: StatusCode,
    pub(crate) error: Option<Fault>,
    pub(crate) usage: Usage,
    pub(crate) dropped: bool,
    /// Rules of guards that found something.
    pub(crate) hits: GuardHits,
    ended: bool,
}

/// What went wrong, for the log.
pub(crate) struct Fault {
    kind: ErrorType,
    /// A provider's own error has none.
    code: Option<ErrorCode>,
    text: String,
}

impl Fault {
    /// The gateway's.
    pub(crate) fn ours(code: ErrorCode, text: String) -> Self {
        Self {
            kind: code.kind(),
            code: Some(code),
            text,
        }
    }

    /// One that a provider reported.
    pub(crate) fn of_provider(kind: ErrorType, text: String) -> Self {
        Self {
            kind,
            code: None,
            text,
        }
    }
}

/// Rules of guards that found something, by direction. Never what they found.
#[derive(Debug, Default)]
pub(crate) struct GuardHits {
    pub(crate) request: Hits,
    pub(crate) response: Hits,
}

impl GuardHits {
    fn iter(&self) -> impl Iterator<Item = (&'static str, &Hit)> {
        let request = self.request.iter().map(|hit| ("request", hit));
        request.chain(self.response.iter().map(|hit| ("response", hit)))
    }
}

impl Record {
    pub(crate) fn begin(shared: Arc<Shared>, id: HeaderValue) -> Self {
        Self {
            shared,
            id,
            started: Instant::now(),
            format: None,
            model: None,
            route: None,
            caller: None,
            series: None,
            streaming: false,
            is_status: false,
            status: StatusCode::OK,
            error: None,
            usage: Usage::default(),
            dropped: false,
            hits: GuardHits::default(),
            ended: false,
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or(Format::OpenAi)
    }

    pub(crate) fn id_str(&self) -> &str {
        self.id.to_str().unwrap_or("")
    }

    /// From here on the request counts as in flight to this provider.
    pub(crate) fn set_series(&mut self, series: Arc<Series>) {
        series.active.inc();
        self.series = Some(series);
    }

    /// Counts the fields of the request that its provider's format had no place for.
    pub(crate) fn note_dropped(&self, fields: usize) {
        if let Some(series) = self.series.as_ref().filter(|_| fields > 0) {
            series
                .dropped
                .inc_by(u64::try_from(fields).unwrap_or(u64::MAX));
        }
    }

    /// Ends with an answer made here.
    pub(crate) fn answer(mut self, mut response: Response<bytes::Bytes>) -> Response<bytes::Bytes> {
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
        self.status = response.status();
        self.end();
        response
    }

    /// Ends with a refusal in the caller's format.
    pub(crate) fn reject(mut self, rejection: &Rejection) -> Response<bytes::Bytes> {
        let mut response = rejection.response(self.format(), self.id_str());
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.id.clone());
        if self.format() == Format::Anthropic {
            headers.insert("request-id", self.id.clone());
        }
        self.status = rejection.status;
        self.error = Some(Fault::ours(rejection.code, rejection.log_text()));
        self.end();
        response
    }

    /// Says it, once.
    pub(crate) fn end(&mut self) {
        if std::mem::replace(&mut self.ended, true) || self.is_status {
            return;
        }
        let elapsed = self.started.elapsed();
        let format = self.format();
        let series = self.series.take().inspect(|s| {
            s.active.dec();
        });
        let error = self
            .error
            .as_ref()
            .map(|fault| fault.kind)
            .or_else(|| word(self.status));
        let metrics = &self.shared.metrics;
        let series =
            series.unwrap_or_else(|| metrics.series(format.as_str(), &"".into(), &"".into()));
        for (direction, hit) in self.hits.iter() {
            metrics.guard_hit(direction, &hit.rule, hit.outcome);
        }
        metrics.record(
            &series,
            self.status.as_u16(),
            elapsed.as_secs_f64(),
            error,
            self.usage,
        );
        self.shared
            .log
            .line(|out| self.line(out, &series, elapsed.as_secs_f64() * 1e3, error));
    }

    fn line(&self, out: &mut Vec<u8>, series: &Series, millis: f64, error: Option<ErrorType>) {
        use std::io::Write;
        let (level, message) = match (&self.error, error) {
            (None, None) if self.dropped => ("info", "client went away"),
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
        };
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
        if let Some(code) = self.error.as_ref().and_then(|fault| fault.code) {
            text(out, "error_code", code.as_str());
        }
        if let Some(route) = &self.route {
            text(out, "route", route);
        }
        if let Some(caller) = &self.caller {
            text(out, "caller", caller);
        }
        for (key, tokens) in [
            ("input_tokens", self.usage.input),
            ("output_tokens", self.usage.output),
            ("cached_tokens", self.usage.cached),
        ] {
            if let Some(tokens) = tokens {
                let _ = write!(out, "\"{key}\":{tokens},");
            }
        }
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
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.ended {
            self.dropped = true;
            // As nginx notes a client that closed its connection.
            self.status = StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
            self.end();
        }
    }
}

/// The word for an upstream's own error.
fn word(status: StatusCode) -> Option<ErrorType> {
    match status.as_u16() {
        499 => None,
        401 | 403 => Some(ErrorType::Auth),
        408 | 504 => Some(ErrorType::Timeout),
        429 => Some(ErrorType::RateLimit),
        400..=498 => Some(ErrorType::InvalidRequest),
        500.. => Some(ErrorType::ServerError),
        _ => None,
    }
}

/// RFC 3339, UTC, milliseconds.
fn timestamp(out: &mut Vec<u8>) {
    use std::io::Write;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let stamp = jiff::Timestamp::from_millisecond(i64::try_from(now.as_millis()).unwrap_or(0))
        .unwrap_or_default();
    let _ = write!(out, "{stamp:.3}");
}

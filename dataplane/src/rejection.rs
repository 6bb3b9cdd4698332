//! Every way to say no.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode};
use sluice_llm::Format;
use sluice_llm::error::{self, Refusal};
use sluice_vocab::ErrorType;

/// The header that always carries the error's word.
pub(crate) const ERROR_HEADER: &str = "x-sluice-error";

/// Where a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Match,
    Authn,
    Read,
    Resolve,
    Guard,
    Enrich,
    Translate,
    Send,
    Relay,
    Internal,
}

impl Stage {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Stage::Match => "match",
            Stage::Authn => "authn",
            Stage::Read => "read",
            Stage::Resolve => "resolve",
            Stage::Guard => "guard",
            Stage::Enrich => "enrich",
            Stage::Translate => "translate",
            Stage::Send => "send",
            Stage::Relay => "relay",
            Stage::Internal => "internal",
        }
    }
}

/// Whether asking again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The same request will be refused again; SDKs are told not to try.
    Never,
    /// Later, after so many seconds if known.
    Later(Option<u32>),
}

/// The data plane's one error. The client's format renders it.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) stage: Stage,
    pub(crate) kind: ErrorType,
    pub(crate) status: StatusCode,
    pub(crate) retry: Retry,
    /// For the caller. Holds no secret and nothing of the inside.
    pub(crate) public: Cow<'static, str>,
    /// For the log.
    pub(crate) detail: String,
    pub(crate) param: Option<&'static str>,
    pub(crate) code: Option<&'static str>,
}

/// Boxed, since it is rare and large.
pub(crate) type Rejected = Box<Rejection>;

impl Rejection {
    pub(crate) fn new(
        stage: Stage,
        kind: ErrorType,
        status: StatusCode,
        public: impl Into<Cow<'static, str>>,
    ) -> Rejected {
        let retry = match kind {
            ErrorType::RateLimit
            | ErrorType::Timeout
            | ErrorType::ServerError
            | ErrorType::Network => Retry::Later(None),
            ErrorType::UnknownModel | ErrorType::Auth | ErrorType::InvalidRequest => Retry::Never,
        };
        Box::new(Self {
            stage,
            kind,
            status,
            retry,
            public: public.into(),
            detail: String::new(),
            param: None,
            code: None,
        })
    }

    pub(crate) fn invalid(stage: Stage, public: impl Into<Cow<'static, str>>) -> Rejected {
        Self::new(
            stage,
            ErrorType::InvalidRequest,
            StatusCode::BAD_REQUEST,
            public,
        )
    }

    pub(crate) fn internal(stage: Stage, public: impl Into<Cow<'static, str>>) -> Rejected {
        Self::new(
            stage,
            ErrorType::ServerError,
            StatusCode::INTERNAL_SERVER_ERROR,
            public,
        )
    }

    pub(crate) fn detail(mut self: Box<Self>, detail: impl Into<String>) -> Rejected {
        self.detail = detail.into();
        self
    }

    pub(crate) fn param(mut self: Box<Self>, param: &'static str) -> Rejected {
        self.param = Some(param);
        self
    }

    pub(crate) fn code(mut self: Box<Self>, code: &'static str) -> Rejected {
        self.code = Some(code);
        self
    }

    pub(crate) fn retry(mut self: Box<Self>, retry: Retry) -> Rejected {
        self.retry = retry;
        self
    }

    /// For the log: what the caller was told, and what more there is to say.
    pub(crate) fn log_text(&self) -> String {
        let detail = if self.detail.is_empty() { "" } else { ": " };
        format!(
            "{}: {}{detail}{}",
            self.stage.as_str(),
            self.public,
            self.detail
        )
    }

    fn refusal<'a>(&'a self, request_id: &'a str) -> Refusal<'a> {
        Refusal {
            kind: self.kind,
            status: self.status.as_u16(),
            message: &self.public,
            param: self.param,
            code: self.code,
            request_id,
        }
    }

    /// As the last event of a stream that has begun.
    pub(crate) fn event(&self, format: Format, request_id: &str) -> bytes::Bytes {
        error::event(format, &self.refusal(request_id))
    }

    /// As an answer.
    pub(crate) fn response(
        &self,
        format: Format,
        request_id: &str,
    ) -> http::Response<bytes::Bytes> {
        let mut response = http::Response::new(error::body(format, &self.refusal(request_id)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(ERROR_HEADER, HeaderValue::from_static(self.kind.as_str()));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                http::header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer"),
            );
        }
        match self.retry {
            Retry::Never => {
                headers.insert("x-should-retry", HeaderValue::from_static("false"));
            }
            Retry::Later(Some(seconds)) => {
                headers.insert(http::header::RETRY_AFTER, seconds.into());
            }
            Retry::Later(None) => {}
        }
        response
    }
}

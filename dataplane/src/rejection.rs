//! Every way to say no.

mod upstream;

use std::borrow::Cow;

use http::{HeaderValue, StatusCode};
use sluice_llm::Format;
use sluice_llm::error::{self, Refusal};
use sluice_vocab::{ErrorCode, ErrorType, Retry};

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

/// The data plane's one error. The client's format renders it.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) stage: Stage,
    pub(crate) code: ErrorCode,
    /// The code's own, unless a policy says another.
    pub(crate) status: StatusCode,
    /// After so many seconds asking again can help, where that is known.
    retry_after: Option<u32>,
    /// For the caller. Holds no secret and nothing of the inside.
    pub(crate) public: Cow<'static, str>,
    /// For the log.
    pub(crate) detail: String,
    param: Option<&'static str>,
}

/// Boxed, since it is rare and large.
pub(crate) type Rejected = Box<Rejection>;

impl Rejection {
    pub(crate) fn new(
        stage: Stage,
        code: ErrorCode,
        public: impl Into<Cow<'static, str>>,
    ) -> Rejected {
        Box::new(Self {
            stage,
            code,
            status: StatusCode::from_u16(code.status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            retry_after: None,
            public: public.into(),
            detail: String::new(),
            param: None,
        })
    }

    /// The word of its code.
    pub(crate) fn kind(&self) -> ErrorType {
        self.code.kind()
    }

    pub(crate) fn detail(mut self: Box<Self>, detail: impl Into<String>) -> Rejected {
        self.detail = detail.into();
        self
    }

    pub(crate) fn param(mut self: Box<Self>, param: &'static str) -> Rejected {
        self.param = Some(param);
        self
    }

    pub(crate) fn status(mut self: Box<Self>, status: StatusCode) -> Rejected {
        self.status = status;
        self
    }

    pub(crate) fn retry_after(mut self: Box<Self>, seconds: u32) -> Rejected {
        self.retry_after = Some(seconds);
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
            kind: self.kind(),
            status: self.status.as_u16(),
            message: &self.public,
            param: self.param,
            code: Some(self.code.as_str()),
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
        headers.insert(ERROR_HEADER, HeaderValue::from_static(self.kind().as_str()));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                http::header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer"),
            );
        }
        match (self.code.retry(), self.retry_after) {
            (Retry::Never, _) => {
                headers.insert("x-should-retry", HeaderValue::from_static("false"));
            }
            (Retry::Later, Some(seconds)) => {
                headers.insert(http::header::RETRY_AFTER, seconds.into());
            }
            (Retry::Later, None) => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk(code: ErrorCode) -> Rejected {
        Rejection::new(Stage::Read, code, "why").detail("inside")
    }

    #[test]
    fn a_refusal_is_what_the_table_says_of_its_code() {
        for code in ErrorCode::ALL {
            let response = mk(*code).response(Format::OpenAi, "id");
            let (parts, body) = response.into_parts();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(parts.status.as_u16(), code.status());
            assert_eq!(parts.headers[ERROR_HEADER], code.kind().as_str());
            assert_eq!(body["error"]["code"], code.as_str());
            assert_eq!(body["error"]["type"], code.kind().as_str());
            let again = parts.headers.get("x-should-retry");
            assert_eq!(again.is_some(), code.retry() == Retry::Never, "{code}");
        }
    }

    #[test]
    fn a_policy_may_choose_the_status_and_nothing_else() {
        let rejection = mk(ErrorCode::PromptRejected).status(StatusCode::IM_A_TEAPOT);
        let response = rejection.response(Format::OpenAi, "id");
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(response.headers()[ERROR_HEADER], "invalid_request");
    }

    #[test]
    fn when_to_come_again_is_said_where_it_is_known_and_can_help() {
        let header = |code, seconds| {
            let response = mk(code).retry_after(seconds).response(Format::OpenAi, "id");
            response.headers().get(http::header::RETRY_AFTER).cloned()
        };
        assert_eq!(header(ErrorCode::NoMemory, 5).unwrap(), "5");
        assert_eq!(header(ErrorCode::InvalidJson, 5), None);
    }

    #[test]
    fn callers_learn_nothing_of_the_inside_and_the_log_does() {
        let rejection = mk(ErrorCode::InternalError);
        let body = rejection.response(Format::OpenAi, "id").into_body();
        assert!(!String::from_utf8(body.to_vec()).unwrap().contains("inside"));
        assert_eq!(rejection.log_text(), "read: why: inside");
    }
}

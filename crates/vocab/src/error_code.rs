//! Every cause that the gateway refuses or fails a request for.

use std::fmt;

use crate::ErrorType;

/// Whether the same request can be answered when it is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retry {
    /// It will be refused again; SDKs are told not to try.
    Never,
    /// It may be answered later.
    Later,
}

/// The table: when it happens, the variant, its string, its word, its status unless a policy says another, and whether to retry.
macro_rules! error_codes {
    ($($(#[doc = $when:literal])+ $name:ident = $code:literal, $kind:ident, $status:literal, $retry:ident;)+) => {
        /// Why exactly a request was refused or failed (`error.code` in OpenAI's format, `error_code` in the log).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode { $($(#[doc = $when])+ $name,)+ }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name,)+];

            /// The code as clients see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => $code,)+ }
            }

            /// The word that it comes with.
            pub const fn kind(self) -> ErrorType {
                match self { $(ErrorCode::$name => ErrorType::$kind,)+ }
            }

            /// The HTTP status, where no policy says another.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status,)+ }
            }

            /// Whether asking again can help.
            pub const fn retry(self) -> Retry {
                match self { $(ErrorCode::$name => Retry::$retry,)+ }
            }

            /// When it happens, for the docs.
            pub fn when(self) -> &'static str {
                match self { $(ErrorCode::$name => concat!($($when),+).trim(),)+ }
            }
        }
    };
}

error_codes! {
    /// no map has the model's name, and there is no default
    ModelNotFound = "model_not_found", UnknownModel, 404, Never;

    /// no API key, or none that is valid here
    InvalidApiKey = "invalid_api_key", Auth, 401, Never;
    /// the provider is called with the caller's own credential, and the request has none
    MissingCredential = "missing_credential", Auth, 401, Never;

    /// the client took too long for its body, or paused for too long within it
    BodyTooSlow = "body_too_slow", Timeout, 408, Later;
    /// the upstream did not answer in time, or paused for too long within its answer
    UpstreamTimeout = "upstream_timeout", Timeout, 504, Later;

    /// the path has a segment `.` or `..`, which two readers could understand in two ways
    PathNotResolved = "path_not_resolved", InvalidRequest, 400, Never;
    /// the request has no Host header
    MissingHost = "missing_host", InvalidRequest, 400, Never;
    /// the request has more than one Host header
    AmbiguousHost = "ambiguous_host", InvalidRequest, 400, Never;
    /// the location that a route redirects to would not be valid with what the request says
    InvalidRedirect = "invalid_redirect", InvalidRequest, 400, Never;
    /// the client ended or broke off its body before it was complete
    BodyIncomplete = "body_incomplete", InvalidRequest, 400, Never;
    /// the body is not valid for its content-encoding
    InvalidEncoding = "invalid_encoding", InvalidRequest, 400, Never;
    /// the body is no JSON object that the gateway can read
    InvalidJson = "invalid_json", InvalidRequest, 400, Never;
    /// the body is a form that not every reader would read alike, or says the model twice
    InvalidForm = "invalid_form", InvalidRequest, 400, Never;
    /// a field that the gateway has to read has a value that it cannot have; the message names the field
    InvalidField = "invalid_field", InvalidRequest, 400, Never;
    /// the body lacks the field that says what is asked for
    MissingField = "missing_field", InvalidRequest, 400, Never;
    /// neither the request nor the upstream names a model
    MissingModel = "missing_model", InvalidRequest, 400, Never;
    /// what this route puts into the prompt from a header or from metadata is too long, or no text
    InvalidVariable = "invalid_variable", InvalidRequest, 400, Never;
    /// the model's provider has this operation in another format only
    FormatNotSupported = "format_not_supported", InvalidRequest, 400, Never;
    /// something in the request cannot be given to its provider, such as another vendor's own tool; the message names it
    NotTranslatable = "not_translatable", InvalidRequest, 400, Never;
    /// the route's `fidelity` is `Strict`, and fields of the request have no place in the provider's format
    FieldsWouldBeDropped = "fields_would_be_dropped", InvalidRequest, 400, Never;
    /// a guard refused the prompt (its policy may choose another status), or cannot look at it (then 400)
    PromptRejected = "prompt_rejected", InvalidRequest, 403, Never;
    /// a guard refused the answer (its policy may choose another status)
    ResponseRejected = "response_rejected", InvalidRequest, 403, Never;
    /// no route takes the host and path, or the path is none of the APIs'
    NotFound = "not_found", InvalidRequest, 404, Never;
    /// the provider does not have this operation
    UnsupportedOperation = "unsupported_operation", InvalidRequest, 404, Never;
    /// the path takes another method
    MethodNotAllowed = "method_not_allowed", InvalidRequest, 405, Never;
    /// the body is larger than the limit
    RequestTooLarge = "request_too_large", InvalidRequest, 413, Never;
    /// the body has a content-encoding other than gzip, deflate and br
    UnsupportedEncoding = "unsupported_encoding", InvalidRequest, 415, Never;
    /// the TLS connection was made for another host than the one that is called: connect anew
    Misdirected = "misdirected", InvalidRequest, 421, Never;
    /// the Responses API over WebSocket, which this gateway serves over HTTP only
    WebsocketNotSupported = "websocket_not_supported", InvalidRequest, 426, Never;

    /// the route has no backend
    NoBackend = "no_backend", ServerError, 500, Later;
    /// the backend that the route leads to is not valid; its conditions say why
    InvalidBackend = "invalid_backend", ServerError, 500, Later;
    /// the Upstream that serves the model is not valid; its conditions say why
    InvalidUpstream = "invalid_upstream", ServerError, 500, Later;
    /// a policy of the route cannot be applied, so that nothing passes; its conditions say why
    InvalidPolicy = "invalid_policy", ServerError, 500, Later;
    /// the provider's credential has characters that cannot stand in a header
    InvalidCredential = "invalid_credential", ServerError, 500, Later;
    /// the gateway failed on this request, which is a defect of it
    InternalError = "internal_error", ServerError, 500, Later;
    /// the provider sent what is not of its format, and it had to be read
    UpstreamMalformed = "upstream_malformed", ServerError, 502, Later;
    /// the provider's answer, or an event of it, is longer than what may be held to be looked at or translated
    UpstreamTooLong = "upstream_too_long", ServerError, 502, Later;
    /// the upstream changed the protocol, which was not asked for
    UpstreamSwitchedProtocol = "upstream_switched_protocol", ServerError, 502, Later;
    /// no memory is left for the bodies of requests; `retry-after` says when to come again
    NoMemory = "no_memory", ServerError, 503, Later;
    /// a guard's webhook or moderation service could not be asked, so that nothing passes
    GuardUnavailable = "guard_unavailable", ServerError, 503, Later;
    /// the gateway has no token of its own for the provider at the moment; its log says why
    NoProviderToken = "no_provider_token", ServerError, 503, Later;
    /// the gateway has been without its operator for too long to go on using its credentials
    CredentialsExpired = "credentials_expired", ServerError, 503, Later;

    /// no connection to the upstream, or it broke before the answer
    UpstreamUnreachable = "upstream_unreachable", Network, 502, Later;
    /// the connection to the upstream broke within the answer
    UpstreamCut = "upstream_cut", Network, 502, Later;
    /// the provider ended a stream before the answer was complete
    UpstreamTruncated = "upstream_truncated", Network, 502, Later;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `ModelNotFound` as `model_not_found`.
    fn snake_case(name: &str) -> String {
        let mut out = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !out.is_empty() {
                out.push('_');
            }
            out.push(letter.to_ascii_lowercase());
        }
        out
    }

    #[test]
    fn a_code_is_its_own_name_in_snake_case_so_that_no_two_are_alike() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str(), snake_case(&format!("{code:?}")));
            assert_eq!(code.to_string(), code.as_str());
        }
        let all: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(all.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn a_status_is_an_error_and_goes_with_its_word() {
        for code in ErrorCode::ALL {
            let statuses = match code.kind() {
                ErrorType::UnknownModel => 404..=404,
                ErrorType::Auth => 401..=403,
                ErrorType::RateLimit => 429..=429,
                ErrorType::Timeout => 408..=504,
                ErrorType::InvalidRequest => 400..=499,
                ErrorType::ServerError | ErrorType::Network => 500..=599,
            };
            assert!(statuses.contains(&code.status()), "{code}");
        }
    }

    #[test]
    fn only_who_is_not_at_fault_is_told_to_ask_again() {
        for code in ErrorCode::ALL {
            let own_fault = matches!(
                code.kind(),
                ErrorType::UnknownModel | ErrorType::Auth | ErrorType::InvalidRequest
            );
            assert_eq!(code.retry() == Retry::Never, own_fault, "{code}");
        }
    }

    #[test]
    fn every_code_says_when_it_happens() {
        for code in ErrorCode::ALL {
            assert!(
                !code.when().is_empty() && !code.when().contains('|'),
                "{code}"
            );
        }
    }
}

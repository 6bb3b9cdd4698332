//! The words that the gateway refuses a request with.

use std::fmt;

/// Why the gateway itself refused or failed a request (`error.type`, header `x-sluice-error`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorType {
    /// The model is in no map, and there is no default.
    UnknownModel,
    /// No credential, or one that is not valid here.
    Auth,
    /// A limit or budget is used up.
    RateLimit,
    /// The upstream did not answer in time.
    Timeout,
    /// The request is malformed, too large, or refused by a policy.
    InvalidRequest,
    /// The provider failed, or the gateway did.
    ServerError,
    /// The provider could not be reached, or the connection broke.
    Network,
}

impl ErrorType {
    /// Every word.
    pub const ALL: [ErrorType; 7] = [
        ErrorType::UnknownModel,
        ErrorType::Auth,
        ErrorType::RateLimit,
        ErrorType::Timeout,
        ErrorType::InvalidRequest,
        ErrorType::ServerError,
        ErrorType::Network,
    ];

    /// The word as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorType::UnknownModel => "unknown_model",
            ErrorType::Auth => "auth",
            ErrorType::RateLimit => "rate_limit",
            ErrorType::Timeout => "timeout",
            ErrorType::InvalidRequest => "invalid_request",
            ErrorType::ServerError => "server_error",
            ErrorType::Network => "network",
        }
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_a_contract() {
        let words = ErrorType::ALL.map(|kind| kind.to_string());
        assert_eq!(
            words,
            [
                "unknown_model",
                "auth",
                "rate_limit",
                "timeout",
                "invalid_request",
                "server_error",
                "network",
            ]
        );
        assert_eq!(words, ErrorType::ALL.map(ErrorType::as_str));
    }
}

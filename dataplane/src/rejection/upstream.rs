//! What there is to say when an answer, or what a guard thinks of it, is at fault.

use std::time::Duration;

use http::StatusCode;
use sluice_guard::{Direction, Refusal, Unmasked};
use sluice_llm::flow::Unreadable;
use sluice_vocab::ErrorCode;

use super::{Rejected, Rejection, Stage};

impl Rejection {
    /// A guard's no: the rule's name is for the log, and what it found for nobody.
    pub(crate) fn by_guard(refusal: Refusal, direction: Direction) -> Rejected {
        let code = match direction {
            Direction::Request => ErrorCode::PromptRejected,
            Direction::Response => ErrorCode::ResponseRejected,
        };
        let detail = match &refusal.rule {
            Some(rule) => format!("rule {rule}"),
            None => "a possible match is longer than what may be held back".to_owned(),
        };
        Self::new(Stage::Guard, code, refusal.message.to_string())
            .status(StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::FORBIDDEN))
            .detail(detail)
    }

    /// The guards can't look at an answer, so that it does not pass.
    pub(crate) fn unguarded(why: impl Into<String>) -> Rejected {
        let text = "the provider's answer can't be read, so that the guards of this route can't look at it";
        Self::new(Stage::Guard, ErrorCode::UpstreamMalformed, text).detail(why)
    }

    /// Part of an answer is too long for its guards.
    pub(crate) fn event_too_long() -> Rejected {
        let text = "the provider sent an event that is too long to be looked at";
        Self::new(Stage::Guard, ErrorCode::UpstreamTooLong, text)
    }

    /// The upstream said nothing for so long.
    pub(crate) fn upstream_timeout(timeout: Duration) -> Rejected {
        let text = format!("the upstream did not answer within {timeout:?}");
        Self::new(Stage::Send, ErrorCode::UpstreamTimeout, text)
    }

    /// The connection broke while the answer came.
    pub(crate) fn upstream_cut(error: &hyper::Error) -> Rejected {
        let text = "the connection to the upstream broke within the answer";
        Self::new(Stage::Relay, ErrorCode::UpstreamCut, text).detail(error.to_string())
    }

    /// The answer ended in the middle, as its format has it.
    pub(crate) fn upstream_truncated() -> Rejected {
        let text = "the provider ended the stream before the answer was complete";
        Self::new(Stage::Relay, ErrorCode::UpstreamTruncated, text)
    }

    /// An answer that has to be there as a whole is too long for that.
    pub(crate) fn answer_too_long(limit: usize) -> Rejected {
        let text = format!(
            "the provider's answer is longer than {} MiB, which is too long to be looked at or translated",
            limit >> 20
        );
        Self::new(Stage::Relay, ErrorCode::UpstreamTooLong, text)
    }

    /// A body that is not too long, but of which too much would be made.
    pub(crate) fn too_intricate(stage: Stage) -> Rejected {
        let text = "what has to be made of this body takes more memory than the gateway has for one: send fewer messages or parts, or have --body-budget raised";
        Self::new(stage, ErrorCode::RequestTooLarge, text)
    }

    /// There is no memory to hold what has to be held of a body.
    pub(crate) fn no_memory(stage: Stage) -> Rejected {
        let text = "the gateway has no memory left for the bodies of requests and answers, try again later";
        Self::new(stage, ErrorCode::NoMemory, text).retry_after(5)
    }
}

impl From<Unreadable> for Rejected {
    fn from(why: Unreadable) -> Self {
        let text = "the provider's answer is not of its format, so it can't be translated";
        Rejection::new(Stage::Relay, ErrorCode::UpstreamMalformed, text).detail(why.0)
    }
}

impl From<Unmasked> for Rejected {
    fn from(why: Unmasked) -> Self {
        match why {
            Unmasked::Refused(refusal) => Rejection::by_guard(refusal, Direction::Response),
            Unmasked::TooLong => Rejection::event_too_long(),
            Unmasked::Unreadable(why) => Rejection::unguarded(why),
        }
    }
}

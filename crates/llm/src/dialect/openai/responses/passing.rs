//! What a stream of Responses tells while it passes.

use crate::dialect::openai::chat::passing::may_tell;
use crate::flow::end::End;
use crate::flow::passed::{Passed, Passing, usage_within};

pub(crate) static PASSING: Passing = Passing {
    may_tell,
    usage: |object| usage_within(object, "response"),
    end,
};

fn end(passed: &Passed<'_>) -> Option<End> {
    match passed.name() {
        b"response.completed" | b"response.incomplete" => Some(End::Complete),
        b"response.failed" | b"error" => Some(End::Failed),
        _ => None,
    }
}

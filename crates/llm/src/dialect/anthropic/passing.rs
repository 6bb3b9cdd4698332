//! What a stream of Messages tells while it passes.

use crate::flow::end::End;
use crate::flow::passed::{Passed, Passing, USAGE, usage_at, usage_within};

pub(crate) static PASSING: Passing = Passing {
    may_tell: |data| USAGE.is_in(data),
    usage: |object| usage_at(object, "usage").or_else(|| usage_within(object, "message")),
    end,
};

fn end(passed: &Passed<'_>) -> Option<End> {
    match passed.name() {
        b"message_stop" => Some(End::Complete),
        b"error" => Some(End::Failed),
        _ => None,
    }
}

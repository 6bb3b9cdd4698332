//! What a stream of chat completions, or of completions, tells while it passes.

use memchr::memmem::Finder;

use crate::flow::end::End;
use crate::flow::passed::{ERROR, JsonKey, Passed, Passing, USAGE, usage_at};

static FINISH: JsonKey = JsonKey::new(15, || Finder::new(b"\"finish_reason\""));

pub(crate) static PASSING: Passing = Passing {
    may_tell,
    usage: |object| usage_at(object, "usage"),
    end,
};

/// OpenAI's chunks all say `"usage":null` but the last.
pub(crate) fn may_tell(data: &[u8]) -> bool {
    let is_null = || USAGE.value(data).is_some_and(|v| v.starts_with(b"null"));
    let has_usage = USAGE.is_in(data) && (!is_null() || USAGE.is_twice_in(data));
    has_usage || ERROR.is_in(data)
}

fn end(passed: &Passed<'_>) -> Option<End> {
    if passed.data == b"[DONE]" {
        return Some(End::Complete);
    }
    if passed.has_error() {
        return Some(End::Failed);
    }
    match FINISH.value(passed.data) {
        Some([b'"', ..]) => Some(End::Complete),
        _ => None,
    }
}

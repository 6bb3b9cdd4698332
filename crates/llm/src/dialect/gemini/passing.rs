//! What a stream of generateContent tells while it passes.

use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::flow::end::End;
use crate::flow::passed::{ERROR, JsonKey, Passed, Passing, usage_at};

static USAGE: JsonKey = JsonKey::new(15, || Finder::new(b"\"usageMetadata\""));
static FINISH: JsonKey = JsonKey::new(14, || Finder::new(b"\"finishReason\""));
static BLOCK: JsonKey = JsonKey::new(13, || Finder::new(b"\"blockReason\""));

pub(crate) static PASSING: Passing = Passing {
    may_tell: |data| {
        [&USAGE, &FINISH, &BLOCK, &ERROR]
            .iter()
            .any(|key| key.is_in(data))
    },
    usage: |object| usage_at(object, "usageMetadata"),
    end,
};

fn end(passed: &Passed<'_>) -> Option<End> {
    if passed.has_error() {
        return Some(End::Failed);
    }
    (passed.object.is_some() && has_ended(passed.data)).then_some(End::Complete)
}

/// Whether a candidate has a reason to have ended, or the prompt was blocked.
fn has_ended(data: &[u8]) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Response {
        candidates: Vec<Candidate>,
        prompt_feedback: Feedback,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Candidate {
        finish_reason: Option<IgnoredAny>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Feedback {
        block_reason: Option<IgnoredAny>,
    }
    let Ok(response) = serde_json::from_slice::<Response>(data) else {
        return false;
    };
    response.prompt_feedback.block_reason.is_some()
        || response
            .candidates
            .iter()
            .any(|c| c.finish_reason.is_some())
}

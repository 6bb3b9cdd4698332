//! What the rooms read providers' errors with.

use std::borrow::Cow;

use sluice_vocab::ErrorType;

use crate::event::Failure;
use crate::json::{Fields, Text};

/// Longest message that is passed on, in bytes: a page of HTML says no more after that.
const MAX_MESSAGE: usize = 4096;

/// The word for a status.
pub fn kind_of(status: u16) -> ErrorType {
    match status {
        401 | 403 => ErrorType::Auth,
        408 | 504 => ErrorType::Timeout,
        429 => ErrorType::RateLimit,
        400..=499 => ErrorType::InvalidRequest,
        _ => ErrorType::ServerError,
    }
}

/// An error that is none of its format.
pub(crate) fn plain(status: u16, text: &str) -> Failure<'static> {
    let message = if text.is_empty() || text.starts_with('<') {
        format!("the provider answered with status {status}")
    } else {
        clip(text.into()).into_owned()
    };
    Failure {
        kind: kind_of(status),
        status,
        message: message.into(),
        code: None,
        retry_after: None,
    }
}

pub(crate) fn clip(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= MAX_MESSAGE {
        return text;
    }
    let end = (0..=MAX_MESSAGE)
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    Cow::Owned(text[..end].to_owned())
}

/// A text, or the JSON text of something else.
pub(crate) fn words<'a>(f: &mut Fields<'a>, name: &str) -> Option<Cow<'a, str>> {
    let raw = f.take(name).ok()??;
    let text = serde_json::from_str::<Text<'a>>(raw.get()).map(|t| t.0);
    Some(text.unwrap_or(Cow::Borrowed(raw.get())))
}

/// A failure with these words.
pub(crate) fn failure<'a>(
    status: u16,
    message: Cow<'a, str>,
    code: Option<Cow<'a, str>>,
) -> Failure<'a> {
    let message = if message.is_empty() {
        format!("the provider failed with status {status}").into()
    } else {
        clip(message)
    };
    Failure {
        kind: kind_of(status),
        status,
        message,
        code,
        retry_after: None,
    }
}

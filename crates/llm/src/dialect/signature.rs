//! Gemini signs its calls and wants the signatures back with the results. No other format has a place for them, so they travel
//! in the call's id, which every client gives back as it came.

use std::borrow::Cow;

/// Between the id and the signature, which is base64: of its letters only those that ids may have are used.
const MARK: &str = "__sig_";

/// An id with the signature in it.
pub(crate) fn join<'a>(id: Cow<'a, str>, signature: Option<&str>) -> Cow<'a, str> {
    let Some(signature) = signature else {
        return id;
    };
    let safe: String = signature
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .filter(|c| *c != '=')
        .collect();
    format!("{id}{MARK}{safe}").into()
}

/// The id and the signature in it.
pub(crate) fn split(id: Cow<'_, str>) -> (Cow<'_, str>, Option<Cow<'static, str>>) {
    let Some(at) = id.find(MARK) else {
        return (id, None);
    };
    let mut signature: String = id[at + MARK.len()..]
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    while !signature.len().is_multiple_of(4) {
        signature.push('=');
    }
    let id = match id {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..at]),
        Cow::Owned(mut text) => {
            text.truncate(at);
            Cow::Owned(text)
        }
    };
    (id, Some(signature.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_survives_in_an_id_that_every_format_takes() {
        let joined = join("call_1".into(), Some("a+b/c==="));
        assert!(
            joined
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
            "{joined}"
        );
        let (id, signature) = split(join("call_1".into(), Some("a+b/cQ==")));
        assert_eq!((&*id, signature.as_deref()), ("call_1", Some("a+b/cQ==")));
        assert_eq!(split("plain".into()), ("plain".into(), None));
    }
}

//! Texts within strings: base64 and addresses that hold what they lead to (`data:`, RFC 2397).

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::peek;
use crate::surface::percent_decode_bytes;

/// Padded or not.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Shorter strings are words, which happen to be base64 too.
const SHORTEST: usize = 4;

/// What a string holds.
pub(super) enum Held<'t> {
    /// Pictures, sound, or bytes that are no text.
    Medium,
    /// A text of its own.
    Text(Text<'t>),
    /// Nothing but itself.
    Nothing,
}

/// A text that is encoded in a string.
pub(super) struct Text<'t> {
    pub(super) text: String,
    /// What stands before it.
    before: &'t str,
    is_base64: bool,
}

impl Text<'_> {
    /// The string with another text in it.
    pub(super) fn with(&self, text: &str) -> String {
        let encoded = match self.is_base64 {
            true => STANDARD.encode(text),
            false => percent(text),
        };
        format!("{}{encoded}", self.before)
    }
}

/// Looks into a string.
pub(super) fn read(string: &str) -> Held<'_> {
    let start = string.len() - string.trim_start().len();
    let scheme = string.get(start..start + 5);
    if !scheme.is_some_and(|s| s.eq_ignore_ascii_case("data:")) {
        return base64("", string);
    }
    let Some(comma) = string.find(',') else {
        return Held::Nothing;
    };
    let (head, data) = (&string[start + 5..comma], &string[comma + 1..]);
    if peek::is_medium(head) {
        return Held::Medium;
    }
    let before = &string[..=comma];
    let encoding = head.rsplit(';').next().unwrap_or_default();
    if encoding.trim().eq_ignore_ascii_case("base64") {
        return base64(before, data);
    }
    match percent_decode_bytes(data) {
        Cow::Borrowed(_) => Held::Nothing,
        Cow::Owned(bytes) => Held::Text(Text {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            before,
            is_base64: false,
        }),
    }
}

fn base64<'t>(before: &'t str, data: &str) -> Held<'t> {
    if data.len() < SHORTEST {
        return Held::Nothing;
    }
    let data: Cow<'_, str> = match data.bytes().any(|b| b.is_ascii_whitespace()) {
        true => data.split_ascii_whitespace().collect::<String>().into(),
        false => data.into(),
    };
    let Ok(bytes) = STANDARD.decode(&*data).or_else(|_| URL_SAFE.decode(&*data)) else {
        return Held::Nothing;
    };
    match text(bytes) {
        Some(text) => Held::Text(Text {
            text,
            before,
            is_base64: true,
        }),
        // Any word of these letters decodes to something. Only who says that it is encoded is believed.
        None if before.is_empty() => Held::Nothing,
        None => Held::Medium,
    }
}

/// Bytes as the text that they are: UTF-8, or UTF-16 that says so.
fn text(bytes: Vec<u8>) -> Option<String> {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units = bytes[2..]
            .chunks_exact(2)
            .map(|pair| from([pair[0], pair[1]]));
        char::decode_utf16(units)
            .collect::<Result<String, _>>()
            .ok()
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => wide(u16::from_le_bytes),
        Some([0xfe, 0xff]) => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

fn percent(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() || b"-._~[]".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(escape).collect()
}

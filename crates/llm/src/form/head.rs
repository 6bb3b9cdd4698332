//! The head of a part, and the parameters of its fields.

use super::{Field, FormError, is_form};

use memchr::memmem;

/// Bytes of a part's head, at most.
const LONGEST: usize = 8 * 1024;

/// The boundary that a content type says (RFC 2046, 5.1.1).
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let (_, rest) = content_type
        .split_once(';')
        .filter(|_| is_form(content_type))?;
    let mut found = None;
    for (name, value) in parameters(rest)? {
        if name == "boundary" && found.replace(value).is_some() {
            return None;
        }
    }
    let is_character = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
    found.filter(|b| matches!(b.len(), 1..=70) && b.bytes().all(is_character))
}

/// Reads a part, from the line break behind its boundary to the one before the next. `at` is where it stands in the body.
pub(super) fn field(
    number: usize,
    part: &[u8],
    at: usize,
    line: &[u8],
) -> Result<Field, FormError> {
    let wrong = |what| FormError::Head(number + 1, what);
    let window = &part[..part.len().min(LONGEST)];
    let end = memmem::find(window, b"\r\n\r\n")
        .ok_or(wrong("not ended by an empty line, or longer than 8 KiB"))?;
    let value = &part[end + 4..];
    // Readers that take a bare LF for the end of a line see a boundary there.
    if memmem::find_iter(value, line).any(|i| i > 0 && matches!(value[i - 1], b'\n' | b'\r')) {
        return Err(FormError::Framing);
    }
    let head = std::str::from_utf8(&part[..end]).map_err(|_| wrong("not UTF-8"))?;
    let mut disposition = None;
    let mut encoded = false;
    for text in head.split("\r\n").filter(|line| !line.is_empty()) {
        if text.bytes().any(|b| b < b' ' && b != b'\t' || b == 0x7f) {
            return Err(wrong("broken by a control character"));
        }
        // White space before the name continues the line above for some readers.
        let (name, value) = text.split_once(':').ok_or(wrong("no list of fields"))?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(wrong("no list of fields, each on one line"));
        }
        if name.eq_ignore_ascii_case("content-disposition") {
            if disposition.replace(value).is_some() {
                return Err(wrong("unclear: it has two Content-Dispositions"));
            }
        } else if name.eq_ignore_ascii_case("content-transfer-encoding") {
            let plain = ["7bit", "8bit", "binary"];
            encoded |= !plain.iter().any(|p| value.trim().eq_ignore_ascii_case(p));
        } else if name.eq_ignore_ascii_case("content-type") {
            encoded |= !is_utf8(value);
        }
    }
    let disposition = disposition.ok_or(wrong("without a Content-Disposition"))?;
    let (name, file_name) = named(disposition).ok_or(wrong(
        "unclear: a Content-Disposition is form-data; name=\"…\", and for files filename=\"…\", each once and without \\",
    ))?;
    if encoded {
        return Err(FormError::Encoded(name));
    }
    Ok(Field {
        name,
        file_name,
        value: at + end + 4..at + part.len(),
    })
}

/// Whether what a type says of its characters is what everybody takes them for.
fn is_utf8(content_type: &str) -> bool {
    let Some((_, rest)) = content_type.split_once(';') else {
        return true;
    };
    let known = ["utf-8", "utf8", "us-ascii"];
    parameters(rest).is_some_and(|found| {
        found
            .iter()
            .filter(|(name, _)| name == "charset")
            .all(|(_, value)| known.iter().any(|k| k.eq_ignore_ascii_case(value)))
    })
}

/// What a Content-Disposition says: the field's name, and the file's. `None` when it could be read in two ways.
fn named(disposition: &str) -> Option<(String, Option<String>)> {
    let (kind, rest) = disposition.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let (mut name, mut file_name) = (None, None);
    for (parameter, value) in parameters(rest)? {
        let place = match parameter.as_str() {
            "name" => &mut name,
            "filename" => &mut file_name,
            // Beside a plain one, as some clients have it for names that are no ASCII. Alone, it is a file's to some readers only.
            "filename*" => continue,
            _ => return None,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    Some((name?, file_name))
}

/// Parameters, with their names in lower case. `None` when they could be read in two ways.
fn parameters(mut rest: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    loop {
        let (name, value) = rest.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let value = value.trim_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        let (value, behind) = (value.trim_end_matches([' ', '\t']), behind.trim_start());
        if value.contains('\\') {
            return None;
        }
        found.push((name, value.to_owned()));
        rest = match behind.strip_prefix(';') {
            None if behind.is_empty() => return Some(found),
            None => return None,
            Some(more) if more.trim().is_empty() => return Some(found),
            Some(more) => more,
        };
    }
}

/// RFC 9110, 5.6.2.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

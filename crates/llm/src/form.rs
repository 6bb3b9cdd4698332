//! One field of a multipart form (RFC 7578), found in place.

use std::ops::Range;

use memchr::memmem;

/// Longest value that is taken for a field, in bytes.
const MAX_VALUE: usize = 1024;

/// The field stands twice, so that two readers could take different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the form has the field twice")]
pub struct Twice;

/// Whether a content type is a form's.
pub fn is_form(content_type: &str) -> bool {
    boundary(content_type).is_some()
}

/// Where the value of a text field stands in a body. `None` when the form doesn't have it, or is none.
pub fn field(content_type: &str, body: &[u8], name: &str) -> Result<Option<Range<usize>>, Twice> {
    let Some(boundary) = boundary(content_type) else {
        return Ok(None);
    };
    let delimiter = format!("--{boundary}");
    let finder = memmem::Finder::new(delimiter.as_bytes());
    let mut found = None;
    for part in finder.find_iter(body) {
        let head = part + delimiter.len();
        if body.get(head..head + 2) != Some(b"\r\n") {
            continue;
        }
        let Some(value) = memmem::find(&body[head..], b"\r\n\r\n").map(|n| head + n + 4) else {
            continue;
        };
        if !names(&body[head..value], name) {
            continue;
        }
        let end =
            memmem::find(&body[value..], format!("\r\n{delimiter}").as_bytes()).map(|n| value + n);
        if let Some(end) = end.filter(|end| end - value <= MAX_VALUE)
            && found.replace(value..end).is_some()
        {
            return Err(Twice);
        }
    }
    Ok(found)
}

fn boundary(content_type: &str) -> Option<&str> {
    let mut parts = content_type.split(';');
    if !parts
        .next()?
        .trim()
        .eq_ignore_ascii_case("multipart/form-data")
    {
        return None;
    }
    parts.find_map(|p| {
        let (key, value) = p.trim().split_once('=')?;
        key.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"'))
    })
}

/// Whether a part's head says `form-data; name="NAME"` without a file name.
fn names(head: &[u8], name: &str) -> bool {
    let head = String::from_utf8_lossy(head);
    head.lines().any(|line| {
        let Some((key, value)) = line.split_once(':') else {
            return false;
        };
        let parameters: Vec<&str> = value.split(';').map(str::trim).collect();
        key.eq_ignore_ascii_case("content-disposition")
            && parameters
                .iter()
                .any(|p| *p == format!("name=\"{name}\"") || *p == format!("name={name}"))
            && !parameters.iter().any(|p| p.starts_with("filename"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_found_and_a_file_of_that_name_is_not() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nname=\"model\"\r\n--b\r\n\
            Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
        let range = field("multipart/form-data; boundary=\"b\"", body, "model")
            .unwrap()
            .unwrap();
        assert_eq!(&body[range], b"whisper-1");
        assert_eq!(
            field("multipart/form-data; boundary=b", body, "file"),
            Ok(None)
        );
        assert_eq!(field("application/json", body, "model"), Ok(None));
        assert_eq!(
            field("multipart/form-data; boundary=b", b"--b\r\nname", "model"),
            Ok(None)
        );
    }
}

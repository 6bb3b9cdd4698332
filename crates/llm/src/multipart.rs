//! One field of a multipart form (RFC 7578), found in place.

use std::ops::Range;

use memchr::memmem;

/// Longest value that is taken for a field, in bytes.
const MAX_VALUE: usize = 1024;

/// Where the value of a text field stands in a body. `None` when the form doesn't have it, or is none.
pub fn field(content_type: &str, body: &[u8], name: &str) -> Option<Range<usize>> {
    let delimiter = format!("--{}", boundary(content_type)?);
    let finder = memmem::Finder::new(delimiter.as_bytes());
    for part in finder.find_iter(body) {
        let head = part + delimiter.len();
        if body.get(head..head + 2) != Some(b"\r\n") {
            continue;
        }
        let Some(value) = memmem::find(&body[head..], b"\r\n\r\n").map(|n| head + n + 4) else { continue };
        if !names(&body[head..value], name) {
            continue;
        }
        let end = value + memmem::find(&body[value..], format!("\r\n{delimiter}").as_bytes())?;
        return (end - value <= MAX_VALUE).then_some(value..end);
    }
    None
}

fn boundary(content_type: &str) -> Option<&str> {
    let mut parts = content_type.split(';');
    if !parts.next()?.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parts.find_map(|p| {
        let (key, value) = p.trim().split_once('=')?;
        key.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"'))
    })
}

/// Whether a part's head says `form-data; name="NAME"` without a file name.
fn names(head: &[u8], name: &str) -> bool {
    let head = String::from_utf8_lossy(head);
    head.lines().any(|line| {
        let Some((key, value)) = line.split_once(':') else { return false };
        let parameters: Vec<&str> = value.split(';').map(str::trim).collect();
        key.eq_ignore_ascii_case("content-disposition")
            && parameters.iter().any(|p| *p == format!("name=\"{name}\"") || *p == format!("name={name}"))
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
        let range = field("multipart/form-data; boundary=\"b\"", body, "model").unwrap();
        assert_eq!(&body[range], b"whisper-1");
        assert_eq!(field("multipart/form-data; boundary=b", body, "file"), None);
        assert_eq!(field("application/json", body, "model"), None);
        assert_eq!(field("multipart/form-data; boundary=b", b"--b\r\nname", "model"), None);
    }
}

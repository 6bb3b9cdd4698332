//! `/v1/images/generations` and `/v1/audio/transcriptions`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::check::{Field, INT, Nulls, STR, What, Wrong, may, must, object};
use crate::openai::CREATED;
use crate::reply::{Call, Refusal, Reply};

const IMAGES: &[Field] = &[
    must("prompt", STR),
    may("model", STR),
    may("background", STR),
    may("moderation", STR),
    may("n", INT),
    may("output_compression", INT),
    may("output_format", STR),
    may("quality", STR),
    may("response_format", STR),
    may("size", STR),
    may("style", STR),
    may("user", STR),
];

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Images of one pixel.
pub(super) fn images(_: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    object(body, "", IMAGES, Nulls::Absent)?;
    let image = json!({"b64_json": PIXEL, "revised_prompt": body["prompt"]});
    let count = usize::try_from(body["n"].as_u64().unwrap_or(1))
        .unwrap_or(1)
        .clamp(1, 10);
    let usage = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
        "input_tokens_details": {"text_tokens": 1, "image_tokens": 0}});
    let body = json!({"created": CREATED, "data": vec![image; count], "usage": usage});
    Ok(Reply::json(StatusCode::OK, &body))
}

/// A transcription that tells the sizes of what was sent.
pub(super) fn transcriptions(call: &Call<'_>) -> Result<Reply, Refusal> {
    if !call
        .header("content-type")
        .unwrap_or_default()
        .starts_with("multipart/form-data")
    {
        return Err(Wrong {
            path: String::new(),
            what: What::NotJson,
        }
        .into());
    }
    let parts = parts(call.body);
    for name in ["file", "model"] {
        if !parts.iter().any(|p| p.name == name) {
            return Err(Wrong::missing(name).into());
        }
    }
    let sizes: Vec<String> = parts
        .iter()
        .map(|p| format!("{}={}", p.name, p.content.len()))
        .collect();
    let text = format!("You sent: {}", sizes.join(" "));
    let field = |name| form_field(call.body, name).unwrap_or_default();
    if field("response_format") == "text" {
        return Ok(Reply::whole(StatusCode::OK, "text/plain", text));
    }
    let usage = json!({"type": "duration", "seconds": 1});
    Ok(Reply::json(
        StatusCode::OK,
        &json!({"text": text, "usage": usage}),
    ))
}

/// One part of a form.
struct Part<'a> {
    name: String,
    content: &'a [u8],
}

/// A form field's text.
pub(crate) fn form_field(body: &[u8], name: &str) -> Option<String> {
    let part = parts(body).into_iter().find(|p| p.name == name)?;
    String::from_utf8(part.content.to_vec()).ok()
}

/// The parts of a multipart body, whose first line is its boundary.
fn parts(body: &[u8]) -> Vec<Part<'_>> {
    let Some(end) = find(body, b"\r\n").filter(|_| body.starts_with(b"--")) else {
        return Vec::new();
    };
    let mut boundary = b"\r\n".to_vec();
    boundary.extend_from_slice(&body[..end]);
    let mut out = Vec::new();
    let mut rest = &body[end..];
    while let Some(at) = find(rest, b"\r\n\r\n") {
        let (head, tail) = (&rest[..at], &rest[at + 4..]);
        let Some(length) = find(tail, &boundary) else {
            break;
        };
        let head = String::from_utf8_lossy(head);
        let name = head
            .split("name=\"")
            .nth(1)
            .and_then(|n| n.split('"').next())
            .unwrap_or_default();
        out.push(Part {
            name: name.to_owned(),
            content: &tail[..length],
        });
        rest = &tail[length + boundary.len()..];
    }
    out
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_taken_apart() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--x\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\x00\r\n\x01\r\n--x--\r\n";
        assert_eq!(form_field(body, "model").as_deref(), Some("whisper"));
        assert_eq!(parts(body)[1].content, b"\x00\r\n\x01");
    }
}

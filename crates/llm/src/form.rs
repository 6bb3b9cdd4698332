//! Multipart forms (RFC 7578), read as strictly as they can be written.
//!
//! Servers' readers differ in what they make of a form that isn't quite one: which of two names counts, where a folded line ends,
//! what a boundary with something behind it is. What could be read in two ways is refused, so that what the gateway has looked at,
//! and put in, is what the provider reads. Every browser's and SDK's forms pass.

mod head;

use std::ops::Range;

use memchr::memmem;

/// Parts that a form may have.
const MOST: usize = 1000;

/// Why a body is no form that everybody reads alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The content type.
    #[error(
        "the content type has to be multipart/form-data with one boundary of at most 70 letters, digits and '()+_,-./:=?"
    )]
    Boundary,
    /// Something before the first part, behind the last, or beside a boundary.
    #[error(
        "the form's parts have to be framed by lines of the boundary alone, each ending in CRLF, and nothing may stand outside of them"
    )]
    Framing,
    /// The head of a part.
    #[error("the head of the form's part {0} is {1}")]
    Head(usize, &'static str),
    /// A field whose value is encoded.
    #[error(
        "the form's field {0:?} is encoded: send it as UTF-8, without a Content-Transfer-Encoding"
    )]
    Encoded(String),
    /// A text that is none.
    #[error("the form's field {0:?} is not UTF-8")]
    NotUtf8(String),
    /// A field that stands twice, or once in another spelling.
    #[error("the form has the field {0:?} twice, or in another spelling")]
    Twice(String),
    /// A field that has to be a text.
    #[error("the form's field {0:?} has to be a text without a file name")]
    File(String),
    /// Too many parts.
    #[error("the form has more than {MOST} parts")]
    TooMany,
}

impl FormError {
    /// The field, where one is at fault.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Encoded(name) | Self::NotUtf8(name) | Self::Twice(name) | Self::File(name) => {
                Some(name)
            }
            _ => None,
        }
    }
}

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The file's, where it says one; it may be empty.
    pub file_name: Option<String>,
    /// Where its value stands in the body.
    pub value: Range<usize>,
}

/// A form's parts, and where each stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// In their order.
    pub fields: Vec<Field>,
    boundary: String,
}

/// Whether a content type is a form's.
pub fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

impl Form {
    /// Reads a body. Linear in its length.
    pub fn parse(content_type: &str, body: &[u8]) -> Result<Self, FormError> {
        let boundary = head::boundary(content_type).ok_or(FormError::Boundary)?;
        let line = format!("--{boundary}");
        let separator = format!("\r\n{line}");
        let separator = memmem::Finder::new(separator.as_bytes());
        let mut rest = body
            .strip_prefix(line.as_bytes())
            .ok_or(FormError::Framing)?;
        let mut fields = Vec::new();
        loop {
            // Behind the boundary: the end, or a part.
            if let Some(behind) = rest.strip_prefix(b"--") {
                let whole = matches!(behind, b"" | b"\r\n");
                return match whole {
                    true => Ok(Self { fields, boundary }),
                    false => Err(FormError::Framing),
                };
            }
            if fields.len() == MOST {
                return Err(FormError::TooMany);
            }
            // The line break is left: it is the head's end when the head is empty.
            let part = rest;
            part.strip_prefix(b"\r\n").ok_or(FormError::Framing)?;
            let end = separator.find(part).ok_or(FormError::Framing)?;
            let at = body.len() - part.len();
            fields.push(head::field(
                fields.len(),
                &part[..end],
                at,
                line.as_bytes(),
            )?);
            rest = &part[end + 2 + line.len()..];
        }
    }

    /// The only text field of a name. In another spelling it would be another field to one reader, and this one to the next.
    pub fn text<'b>(&self, name: &str, body: &'b [u8]) -> Result<Option<&'b str>, FormError> {
        let Some(field) = self.only(name)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&body[field.value.clone()]);
        text.map(Some)
            .map_err(|_| FormError::NotUtf8(name.to_owned()))
    }

    /// The only field of a name; it must not be a file.
    pub fn only(&self, name: &str) -> Result<Option<&Field>, FormError> {
        let mut alike = self.fields.iter().filter(|f| is_like(&f.name, name));
        let Some(field) = alike.next() else {
            return Ok(None);
        };
        if alike.next().is_some() || field.name != name {
            return Err(FormError::Twice(name.to_owned()));
        }
        if field.file_name.is_some() {
            return Err(FormError::File(name.to_owned()));
        }
        Ok(Some(field))
    }

    /// All that is written in it: names, values, names of files. Of files, those whose bytes are a text, whatever they say to be.
    pub fn texts<'f>(&'f self, body: &'f [u8]) -> Result<Vec<&'f str>, FormError> {
        let mut texts = Vec::new();
        for field in &self.fields {
            texts.push(field.name.as_str());
            texts.extend(field.file_name.as_deref());
            match std::str::from_utf8(&body[field.value.clone()]) {
                Ok(text) => texts.push(text),
                // An empty file's name says that none was chosen: some read the field as a text then.
                Err(_) if field.file_name.as_deref().is_some_and(|n| !n.is_empty()) => {}
                Err(_) => return Err(FormError::NotUtf8(field.name.clone())),
            }
        }
        Ok(texts)
    }

    /// A part with a text, to be put before the others.
    pub fn part(&self, name: &str, text: &str) -> String {
        format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n",
            self.boundary
        )
    }
}

/// Whether some reader takes one name for the other: in another case, with white space around it, as an array of one.
fn is_like(given: &str, name: &str) -> bool {
    let bare = given.split('[').next().unwrap_or_default().trim();
    crate::json::is_alike(bare, name)
}

#[cfg(test)]
mod tests;

//! Finds the top-level fields of a JSON object without building a tree.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use memchr::memchr2;

/// How deep arrays and objects may nest.
pub(super) const MAX_DEPTH: usize = 256;
/// How many top-level fields a body may have.
pub(super) const MAX_FIELDS: usize = 1024;

/// The body is not a JSON object that the gateway can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// It does not begin with `{`.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// The text is no JSON at this byte.
    #[error("the body is not valid JSON at byte {0}")]
    Syntax(usize),
    /// It ends too early.
    #[error("the body ends in the middle of a JSON value")]
    Truncated,
    /// Arrays and objects nest deeper than [`MAX_DEPTH`].
    #[error("the body nests deeper than 256 levels")]
    TooDeep,
    /// More than [`MAX_FIELDS`] top-level fields.
    #[error("the body has more than 1024 fields")]
    TooManyFields,
    /// So many objects that they can't be looked at.
    #[error("the body has more than 100000 objects")]
    TooManyObjects,
    /// A field stands twice, so that two readers could take different values.
    #[error("the field {0} stands twice in the body")]
    Duplicate(String),
    /// A field in another case than its format's, which some servers read all the same.
    #[error("the field {found} must be written {name}")]
    Case {
        /// As it stands in the body.
        found: String,
        /// As the format has it.
        name: String,
    },
    /// A field has another type than its format says.
    #[error("the field {field} must be {expected}")]
    WrongType {
        /// Its name.
        field: String,
        /// The type it must have, with an article.
        expected: &'static str,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    /// From the key's opening quote.
    pub(super) start: usize,
    /// Between the key's quotes.
    key: Range<usize>,
    /// The key without escapes, where it has any.
    decoded: Option<Box<str>>,
    pub(super) value: Range<usize>,
}

/// A JSON object: its bytes and where its fields are.
///
/// The scan checks the structure (strings end, brackets match, fields are separated), not the inside of nested values;
/// whoever uses a value parses it, and the provider checks the rest.
#[derive(Debug, Clone)]
pub struct Object {
    pub(super) bytes: Bytes,
    pub(super) members: Vec<Member>,
    /// Just after the opening brace.
    pub(super) open: usize,
}

impl Object {
    /// Finds the fields. Takes time linear in the length of the body.
    pub fn scan(bytes: Bytes) -> Result<Self, ScanError> {
        let mut at = skip_space(&bytes, 0);
        if bytes.get(at) != Some(&b'{') {
            return Err(ScanError::NotAnObject);
        }
        let open = at + 1;
        let mut members: Vec<Member> = Vec::with_capacity(8);
        at = skip_space(&bytes, open);
        if bytes.get(at) == Some(&b'}') {
            at += 1;
        } else {
            loop {
                let member = member(&bytes, at)?;
                at = skip_space(&bytes, member.value.end);
                if members.len() == MAX_FIELDS {
                    return Err(ScanError::TooManyFields);
                }
                members.push(member);
                match bytes.get(at) {
                    Some(b',') => at = skip_space(&bytes, at + 1),
                    Some(b'}') => break,
                    Some(_) => return Err(ScanError::Syntax(at)),
                    None => return Err(ScanError::Truncated),
                }
            }
            at += 1;
        }
        at = skip_space(&bytes, at);
        if at != bytes.len() {
            return Err(ScanError::Syntax(at));
        }
        Ok(Self {
            bytes,
            members,
            open,
        })
    }

    /// The fields' names.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.members
            .iter()
            .map(|member| String::from_utf8_lossy(self.key(member)).into_owned())
    }

    /// The whole body.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn key<'a>(&'a self, member: &'a Member) -> &'a [u8] {
        member
            .decoded
            .as_ref()
            .map_or(&self.bytes[member.key.clone()], |d| d.as_bytes())
    }

    /// Index of the field; an error when it stands twice, or in another case.
    pub(super) fn position(&self, name: &str) -> Result<Option<usize>, ScanError> {
        let mut first = None;
        for (i, member) in self.members.iter().enumerate() {
            let key = self.key(member);
            if key == name.as_bytes() {
                if first.replace(i).is_some() {
                    return Err(ScanError::Duplicate(name.to_owned()));
                }
            } else if is_other_case(key, name) {
                let found = String::from_utf8_lossy(key).into_owned();
                return Err(ScanError::Case {
                    found,
                    name: name.to_owned(),
                });
            }
        }
        Ok(first)
    }

    /// The JSON text of a field.
    pub fn get(&self, name: &str) -> Result<Option<&[u8]>, ScanError> {
        Ok(self
            .position(name)?
            .map(|i| &self.bytes[self.members[i].value.clone()]))
    }

    /// A field's JSON text as a slice that keeps the body alive.
    pub fn get_bytes(&self, name: &str) -> Result<Option<Bytes>, ScanError> {
        Ok(self
            .position(name)?
            .map(|i| self.bytes.slice(self.members[i].value.clone())))
    }

    /// A string field; `None` when absent or null.
    pub fn str(&self, name: &str) -> Result<Option<Cow<'_, str>>, ScanError> {
        let wrong = || ScanError::WrongType {
            field: name.to_owned(),
            expected: "a string",
        };
        match self.get(name)? {
            None | Some(b"null") => Ok(None),
            Some(text) => string(text).map(Some).ok_or_else(wrong),
        }
    }

    /// A boolean field; `None` when absent or null.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, ScanError> {
        match self.get(name)? {
            None | Some(b"null") => Ok(None),
            Some(b"true") => Ok(Some(true)),
            Some(b"false") => Ok(Some(false)),
            Some(_) => Err(ScanError::WrongType {
                field: name.to_owned(),
                expected: "true or false",
            }),
        }
    }

    /// Whether the field is there and not null.
    pub fn has(&self, name: &str) -> bool {
        matches!(self.get(name), Ok(Some(value)) if value != b"null")
    }
}

/// Decodes a JSON string literal; borrows when nothing is escaped.
pub(super) fn string(literal: &[u8]) -> Option<Cow<'_, str>> {
    let inner = literal.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_none() {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    serde_json::from_slice::<String>(literal)
        .ok()
        .map(Cow::Owned)
}

fn member(bytes: &[u8], start: usize) -> Result<Member, ScanError> {
    match bytes.get(start) {
        Some(b'"') => {}
        Some(_) => return Err(ScanError::Syntax(start)),
        None => return Err(ScanError::Truncated),
    }
    let end = skip_string(bytes, start)?;
    let key = start + 1..end - 1;
    let decoded = match memchr::memchr(b'\\', &bytes[key.clone()]) {
        None => None,
        Some(_) => Some(
            string(&bytes[start..end])
                .ok_or(ScanError::Syntax(start))?
                .into(),
        ),
    };
    let colon = skip_space(bytes, end);
    match bytes.get(colon) {
        Some(b':') => {}
        Some(_) => return Err(ScanError::Syntax(colon)),
        None => return Err(ScanError::Truncated),
    }
    let from = skip_space(bytes, colon + 1);
    let to = skip_value(bytes, from)?;
    Ok(Member {
        start,
        key,
        decoded,
        value: from..to,
    })
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// From the opening quote to just after the closing one.
fn skip_string(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    let mut at = start + 1;
    loop {
        let rest = bytes.get(at..).ok_or(ScanError::Truncated)?;
        let found = at + memchr2(b'"', b'\\', rest).ok_or(ScanError::Truncated)?;
        if bytes[found] == b'"' {
            return Ok(found + 1);
        }
        at = found + 2;
    }
}

/// From the value's first byte to just after its last.
pub(super) fn skip_value(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    match bytes.get(start) {
        Some(b'"') => skip_string(bytes, start),
        Some(b'{' | b'[') => skip_nested(bytes, start),
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => skip_scalar(bytes, start),
        Some(_) => Err(ScanError::Syntax(start)),
        None => Err(ScanError::Truncated),
    }
}

fn skip_scalar(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    let end = bytes[start..]
        .iter()
        .position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
        .map_or(bytes.len(), |n| start + n);
    let valid = match &bytes[start..end] {
        b"true" | b"false" | b"null" => true,
        number => number
            .iter()
            .all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')),
    };
    if valid {
        Ok(end)
    } else {
        Err(ScanError::Syntax(start))
    }
}

fn skip_nested(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    // One bit per level: set for an object.
    let mut kinds = [0u64; MAX_DEPTH / 64];
    let mut depth = 0;
    let mut at = start;
    loop {
        match bytes.get(at) {
            None => return Err(ScanError::Truncated),
            Some(b'"') => at = skip_string(bytes, at)?,
            Some(&open @ (b'{' | b'[')) => {
                if depth == MAX_DEPTH {
                    return Err(ScanError::TooDeep);
                }
                let bit = 1 << (depth % 64);
                if open == b'{' {
                    kinds[depth / 64] |= bit
                } else {
                    kinds[depth / 64] &= !bit
                }
                depth += 1;
                at += 1;
            }
            Some(&close @ (b'}' | b']')) => {
                depth -= 1;
                if (kinds[depth / 64] >> (depth % 64) & 1 == 1) != (close == b'}') {
                    return Err(ScanError::Syntax(at));
                }
                at += 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
            Some(_) => at += 1,
        }
    }
}

/// Whether a reader that doesn't mind the case takes a key for a field.
fn is_other_case(key: &[u8], name: &str) -> bool {
    // Names are ASCII, and what folds to a letter without being one takes more bytes.
    if key.len() <= name.len() {
        return key.eq_ignore_ascii_case(name.as_bytes());
    }
    !key.is_ascii() && std::str::from_utf8(key).is_ok_and(|key| super::is_alike(key, name))
}

#[cfg(test)]
mod tests;

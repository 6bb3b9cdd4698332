//! Edits of an object's fields that leave every other byte as it came.

use bytes::{Bytes, BytesMut};

use super::scan::{Object, ScanError};

/// Bodies up to this size are joined to one buffer, since a copy is then cheaper than several writes.
const JOIN_BELOW: usize = 16 * 1024;

#[derive(Debug, Clone, Default)]
enum Change {
    #[default]
    Keep,
    Replace(Bytes),
    Remove,
    /// Elements put before and after those of an array, each list already joined with commas.
    Extend {
        front: String,
        back: String,
    },
}

/// An object with pending edits. The last edit of a field wins.
#[derive(Debug, Clone)]
pub struct Draft {
    object: Object,
    changes: Vec<Change>,
    added: Vec<(String, Bytes)>,
}

/// A body in pieces, to be sent one after the other.
#[derive(Debug, Clone, Default)]
pub struct Segments {
    pieces: std::collections::VecDeque<Bytes>,
    len: usize,
}

impl Segments {
    /// One piece.
    pub fn one(bytes: Bytes) -> Self {
        let len = bytes.len();
        Self {
            pieces: if len == 0 {
                Default::default()
            } else {
                [bytes].into()
            },
            len,
        }
    }

    /// Several pieces.
    pub fn join(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let mut all = Self::default();
        pieces.into_iter().for_each(|piece| all.push(piece));
        all
    }

    /// Bytes left.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the next piece.
    pub fn pop(&mut self) -> Option<Bytes> {
        let piece = self.pieces.pop_front()?;
        self.len -= piece.len();
        Some(piece)
    }

    /// All of it in one buffer.
    pub fn concat(self) -> Bytes {
        let mut pieces = self.pieces;
        if pieces.len() == 1 {
            return pieces.pop_front().unwrap_or_default();
        }
        let mut all = BytesMut::with_capacity(self.len);
        pieces.iter().for_each(|p| all.extend_from_slice(p));
        all.freeze()
    }

    fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.len += bytes.len();
            self.pieces.push_back(bytes);
        }
    }
}

impl Draft {
    /// Without edits.
    pub fn new(object: Object) -> Self {
        Self {
            object,
            changes: Vec::new(),
            added: Vec::new(),
        }
    }

    /// The object as it came.
    pub fn original(&self) -> &Object {
        &self.object
    }

    /// Whether a field will be there and not null.
    pub fn has(&self, name: &str) -> bool {
        if self.added.iter().any(|(n, _)| n == name) {
            return true;
        }
        match self.object.position(name) {
            Ok(Some(i)) => match self.changes.get(i) {
                Some(Change::Remove) => false,
                Some(Change::Replace(value)) => value.as_ref() != b"null",
                _ => self.object.has(name),
            },
            _ => false,
        }
    }

    /// A field's JSON text as it will be sent; `None` when absent, null or extended.
    pub fn pending(&self, name: &str) -> Result<Option<Bytes>, ScanError> {
        if let Some((_, value)) = self.added.iter().find(|(n, _)| n == name) {
            return Ok(Some(value.clone()));
        }
        let Some(i) = self.object.position(name)? else {
            return Ok(None);
        };
        Ok(match self.changes.get(i) {
            Some(Change::Replace(value)) => Some(value.clone()),
            Some(Change::Remove | Change::Extend { .. }) => None,
            _ => self
                .object
                .get_bytes(name)?
                .filter(|v| v.as_ref() != b"null"),
        })
    }

    fn change(&mut self, index: usize) -> &mut Change {
        if self.changes.is_empty() {
            self.changes = vec![Change::Keep; self.object.members.len()];
        }
        &mut self.changes[index]
    }

    /// Sets a field to JSON text.
    pub fn set(&mut self, name: &str, json: impl Into<Bytes>) -> Result<(), ScanError> {
        let json = json.into();
        if let Some(i) = self.object.position(name)? {
            *self.change(i) = Change::Replace(json);
        } else if let Some((_, value)) = self.added.iter_mut().find(|(n, _)| n == name) {
            *value = json;
        } else {
            self.added.push((name.to_owned(), json));
        }
        Ok(())
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Result<(), ScanError> {
        if let Some(i) = self.object.position(name)? {
            *self.change(i) = Change::Remove;
        }
        self.added.retain(|(n, _)| n != name);
        Ok(())
    }

    /// Puts elements (JSON texts) before and after those of an array field.
    pub fn extend(
        &mut self,
        name: &str,
        before: &[String],
        after: &[String],
    ) -> Result<(), ScanError> {
        let wrong = || ScanError::WrongType {
            field: name.to_owned(),
            expected: "an array",
        };
        let index = self.object.position(name)?.ok_or_else(wrong)?;
        if self.object.bytes[self.object.members[index].value.clone()].first() != Some(&b'[') {
            return Err(wrong());
        }
        match self.change(index) {
            change @ Change::Keep => {
                *change = Change::Extend {
                    front: before.join(","),
                    back: after.join(","),
                }
            }
            Change::Extend { front, back } => {
                *front = join(&before.join(","), front);
                *back = join(back, &after.join(","));
            }
            Change::Replace(_) | Change::Remove => return Err(wrong()),
        }
        Ok(())
    }

    /// The edited body. Without edits it is the very buffer that came in.
    pub fn finish(&self) -> Segments {
        let Draft {
            object,
            changes,
            added,
        } = self;
        if changes.is_empty() && added.is_empty() {
            return Segments::one(object.bytes.clone());
        }
        let mut out = Segments::default();
        // Up to where the original has been taken over.
        let mut taken = 0;
        let kept = |i: usize| !matches!(changes.get(i), Some(Change::Remove));
        let last_kept = (0..object.members.len()).rev().find(|i| kept(*i));
        for (i, member) in object.members.iter().enumerate() {
            match changes.get(i).unwrap_or(&Change::Keep) {
                Change::Keep => {}
                Change::Replace(value) => {
                    out.push(object.bytes.slice(taken..member.value.start));
                    out.push(value.clone());
                    taken = member.value.end;
                }
                Change::Extend { front, back } => {
                    let inside = member.value.start + 1..member.value.end - 1;
                    out.push(object.bytes.slice(taken..inside.start));
                    extended(&mut out, object.bytes.slice(inside.clone()), front, back);
                    taken = inside.end;
                }
                Change::Remove if last_kept.is_some_and(|last| i < last) => {
                    out.push(object.bytes.slice(taken..member.start));
                    taken = object.members[i + 1].start;
                }
                Change::Remove => {
                    let from = last_kept
                        .map_or(object.open, |last| object.members[last].value.end)
                        .max(taken);
                    out.push(object.bytes.slice(taken..from));
                    taken = member.value.end;
                }
            }
        }
        let insert_at = last_kept
            .map_or(object.open, |last| object.members[last].value.end)
            .max(taken);
        out.push(object.bytes.slice(taken..insert_at));
        let mut comma = last_kept.is_some();
        for (name, value) in added {
            out.push(format!("{}{}:", if comma { "," } else { "" }, super::quote(name)).into());
            out.push(value.clone());
            comma = true;
        }
        out.push(object.bytes.slice(insert_at..));
        if out.len < JOIN_BELOW && out.pieces.len() > 1 {
            Segments::one(out.concat())
        } else {
            out
        }
    }
}

/// An array's inside, with more at its ends.
fn extended(out: &mut Segments, inside: Bytes, front: &str, back: &str) {
    let empty = inside.iter().all(u8::is_ascii_whitespace);
    out.push(comma_after(front, empty && back.is_empty()));
    if !empty {
        out.push(inside);
    }
    out.push(comma_before(back, empty));
}

fn join(a: &str, b: &str) -> String {
    if a.is_empty() || b.is_empty() {
        format!("{a}{b}")
    } else {
        format!("{a},{b}")
    }
}

fn comma_after(items: &str, last: bool) -> Bytes {
    if items.is_empty() || last {
        items.to_owned().into()
    } else {
        format!("{items},").into()
    }
}

fn comma_before(items: &str, first: bool) -> Bytes {
    if items.is_empty() || first {
        items.to_owned().into()
    } else {
        format!(",{items}").into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn mk_draft(text: &str) -> Draft {
        Draft::new(Object::scan(Bytes::copy_from_slice(text.as_bytes())).unwrap())
    }

    fn text(draft: Draft) -> String {
        String::from_utf8(draft.finish().concat().to_vec()).unwrap()
    }

    #[test]
    fn only_the_edited_field_changes() {
        let mut draft = mk_draft("{ \"model\" : \"a\",\r\n \"x\":1 }");
        draft.set("model", "\"bb\"").unwrap();
        assert_eq!(text(draft), "{ \"model\" : \"bb\",\r\n \"x\":1 }");
    }

    #[test]
    fn unedited_is_the_same_buffer() {
        let bytes = Bytes::from_static(b"{\"a\":1}");
        let out = Draft::new(Object::scan(bytes.clone()).unwrap())
            .finish()
            .concat();
        assert_eq!(out.as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn arrays_are_extended_at_both_ends() {
        let (a, b) = (vec!["1".to_owned(), "2".to_owned()], vec!["9".to_owned()]);
        for (given, want) in [
            ("{\"m\":[5]}", "{\"m\":[1,2,5,9]}"),
            ("{\"m\":[ ]}", "{\"m\":[1,2,9]}"),
        ] {
            let mut draft = mk_draft(given);
            draft.extend("m", &a, &b).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&text(draft)).unwrap(),
                serde_json::from_str::<Value>(want).unwrap()
            );
        }
        let mut draft = mk_draft("{\"m\":[]}");
        draft.extend("m", &a, &[]).unwrap();
        assert_eq!(text(draft), "{\"m\":[1,2]}");
        assert!(mk_draft("{\"m\":{}}").extend("m", &a, &b).is_err());
    }

    proptest! {
        #[test]
        fn edits_do_what_they_say(fields in prop::collection::btree_map("[a-e]", 0..9i32, 0..5),
                                  edits in prop::collection::vec(("[a-g]", prop::option::of(0..99i32)), 0..6)) {
            let mut want: serde_json::Map<String, Value> = fields.into_iter().map(|(k, v)| (k, v.into())).collect();
            let mut draft = mk_draft(&serde_json::to_string_pretty(&want).unwrap());
            for (name, value) in edits {
                match value {
                    Some(v) => { draft.set(&name, v.to_string()).unwrap(); want.insert(name, v.into()); }
                    None => { draft.remove(&name).unwrap(); want.remove(&name); }
                }
            }
            let got: Value = serde_json::from_str(&text(draft)).unwrap();
            prop_assert_eq!(got, Value::Object(want));
        }
    }
}

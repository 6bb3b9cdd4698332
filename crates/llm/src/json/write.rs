//! JSON written straight into a buffer, with keys in the order of the calls.

use std::fmt::Display;
use std::io::Write;

/// Appends JSON to a buffer.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Writer<'o> {
    /// Appends to what is there.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// A comma where one is due: the buffer itself tells.
    fn separate(&mut self) {
        if self
            .out
            .last()
            .is_some_and(|last| !matches!(last, b'{' | b'[' | b':' | b' ' | b'\n'))
        {
            self.out.push(b',');
        }
    }

    /// A key, which needs no escapes.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self
    }

    /// A key that somebody else chose.
    pub fn name(&mut self, key: &str) -> &mut Self {
        self.str(key);
        self.out.push(b':');
        self
    }

    /// A string.
    pub fn str(&mut self, text: &str) {
        self.separate();
        // Writing to a Vec can't fail.
        let _ = serde_json::to_writer(&mut *self.out, text);
    }

    /// A value that is JSON text already.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.out.extend_from_slice(json.as_bytes());
    }

    /// A number, `true`, `false` or `null`.
    pub fn bare(&mut self, value: impl Display) {
        self.separate();
        // Writing to a Vec can't fail.
        let _ = write!(self.out, "{value}");
    }

    /// An object.
    pub fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(b'{');
        fill(self);
        self.out.push(b'}');
    }

    /// An array.
    pub fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(b'[');
        fill(self);
        self.out.push(b']');
    }

    /// A string field.
    pub fn put(&mut self, key: &str, text: &str) {
        self.key(key).str(text);
    }

    /// A field of a number, `true`, `false` or `null`, where there is one.
    pub fn put_bare(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.key(key).bare(value);
        }
    }

    /// A string field, where there is one.
    pub fn put_some(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(key, text);
        }
    }
}

/// An object as a buffer of its own.
pub fn object(fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    Writer::new(&mut out).object(fill);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_and_nowhere_else() {
        let text = object(|w| {
            w.put("a", "x\"y,");
            w.key("b").array(|w| {
                w.bare(1);
                w.object(|_| {});
                w.raw("[ ]");
                w.str("{");
            });
            w.put_bare("c", None::<u8>);
            w.put_bare("d", Some(true));
        });
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"a":"x\"y,","b":[1,{},[ ],"{"],"d":true}"#
        );
    }

    #[test]
    fn what_is_before_is_left_alone() {
        let mut out = b"data: ".to_vec();
        Writer::new(&mut out).object(|w| w.put("a", "b"));
        assert_eq!(out, b"data: {\"a\":\"b\"}");
    }
}

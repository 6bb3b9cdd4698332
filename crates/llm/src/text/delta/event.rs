//! Events that are written anew, or added.

use bytes::{BufMut, Bytes, BytesMut};

use super::channel::Key;
use crate::json::{Object, quote};
use crate::sse::Event;

/// What an added event says of the answer as a whole, as the last event did.
#[derive(Debug, Default)]
pub(crate) struct Head {
    last: Bytes,
}

impl Head {
    pub(crate) fn see(&mut self, object: &Object) {
        self.last = object.bytes().clone();
    }

    /// Fields of the last event, as they stand in an object, each with a comma behind it.
    pub(crate) fn fields(&self, names: &[&str]) -> String {
        let Ok(object) = Object::scan(self.last.clone()) else {
            return String::new();
        };
        let field = |name: &&str| {
            let value = String::from_utf8_lossy(object.get(name).ok()??).into_owned();
            Some(format!("{}:{value},", quote(name)))
        };
        names.iter().filter_map(field).collect()
    }

    /// Responses' number of the last event.
    pub(crate) fn sequence(&self) -> i64 {
        let object = Object::scan(self.last.clone()).ok();
        let number = object
            .as_ref()
            .and_then(|o| o.get("sequence_number").ok().flatten());
        number
            .and_then(|n| std::str::from_utf8(n).ok()?.parse().ok())
            .unwrap_or(0)
    }
}

/// The event with other data; its other lines stay.
pub(crate) fn rewritten(event: &Event, data: &[u8]) -> Event {
    let mut out = BytesMut::with_capacity(event.raw().len() + data.len() / 8);
    let mut line = |line: &[u8]| {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let is_data = line == b"data" || line.starts_with(b"data:");
        if !line.is_empty() && !is_data {
            out.put_slice(line);
            out.put_u8(b'\n');
        }
    };
    event
        .raw()
        .split(|b| matches!(b, b'\n' | b'\r'))
        .for_each(&mut line);
    data_lines(&mut out, data);
    Event::written(out.freeze())
}

/// An event of our own.
pub(crate) fn made(name: Option<&str>, data: &str) -> Event {
    let mut out = BytesMut::with_capacity(data.len() + 48);
    if let Some(name) = name {
        out.put_slice(b"event: ");
        out.put_slice(name.as_bytes());
        out.put_u8(b'\n');
    }
    data_lines(&mut out, data.as_bytes());
    Event::written(out.freeze())
}

fn data_lines(out: &mut BytesMut, data: &[u8]) {
    // JSON may have line feeds between its values.
    for line in data.split(|b| *b == b'\n') {
        out.put_slice(b"data: ");
        out.put_slice(line);
        out.put_u8(b'\n');
    }
    out.put_u8(b'\n');
}

/// A value at the end of a path.
pub(crate) fn nest(path: &[Key], text: &str) -> String {
    match path {
        [] => quote(text),
        [Key::Name(name), rest @ ..] => format!("{{{}:{}}}", quote(name), nest(rest, text)),
        [Key::Item(_, index, tag), rest @ ..] => {
            let inner = nest(rest, text);
            let Some(inner) = inner.strip_prefix('{') else {
                return format!("[{inner}]");
            };
            let index = index.map(|i| format!("\"index\":{i},")).unwrap_or_default();
            let tag = tag
                .as_ref()
                .map(|t| format!("\"type\":{},", quote(t)))
                .unwrap_or_default();
            format!("[{{{index}{tag}{inner}]")
        }
    }
}

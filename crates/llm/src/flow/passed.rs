//! What a stream tells while it passes as it is: where its wire says how many tokens were used, and how it ends.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;

use super::end::End;
use crate::json::Object;
use crate::sse::Event;

/// A key, and how long it is with its quotes.
pub(crate) struct JsonKey {
    finder: LazyLock<Finder<'static>>,
    len: usize,
}

impl JsonKey {
    pub(crate) const fn new(len: usize, make: fn() -> Finder<'static>) -> Self {
        let finder = LazyLock::new(make);
        Self { finder, len }
    }

    /// Whether it stands anywhere. Inside a JSON string its quotes would be escaped.
    pub(crate) fn is_in(&self, data: &[u8]) -> bool {
        self.finder.find(data).is_some()
    }

    /// What follows the colon after it.
    pub(crate) fn value<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        let mut from = 0;
        loop {
            let at = from + self.finder.find(&data[from..])? + self.len;
            if let Some(rest) = data[at..].trim_ascii_start().strip_prefix(b":") {
                return Some(rest.trim_ascii_start());
            }
            from = at;
        }
    }

    /// Whether it stands more than once.
    pub(crate) fn is_twice_in(&self, data: &[u8]) -> bool {
        let first = self.finder.find(data);
        first.is_some_and(|at| self.finder.find(&data[at + self.len..]).is_some())
    }
}

pub(crate) static USAGE: JsonKey = JsonKey::new(7, || Finder::new(b"\"usage\""));
pub(crate) static ERROR: JsonKey = JsonKey::new(7, || Finder::new(b"\"error\""));
static TYPE: JsonKey = JsonKey::new(6, || Finder::new(b"\"type\""));

/// One event that passes.
pub(crate) struct Passed<'e> {
    pub(crate) event: &'e Event,
    pub(crate) data: &'e [u8],
    /// Its data, where it may tell something.
    pub(crate) object: Option<&'e Object>,
}

impl Passed<'_> {
    /// Whether an error is reported in it.
    pub(crate) fn has_error(&self) -> bool {
        self.object.is_some_and(|object| object.has("error"))
    }

    /// Its name, or its type where the `event` line was left out.
    pub(crate) fn name(&self) -> &[u8] {
        self.event.name().unwrap_or_else(|| {
            let value = TYPE.value(self.data).and_then(|v| v.strip_prefix(b"\""));
            value.map_or(&[], |v| &v[..memchr::memchr(b'"', v).unwrap_or(v.len())])
        })
    }
}

/// What a wire's streams tell.
pub(crate) struct Passing {
    /// Whether an event may tell anything: most have nothing to tell, and only those that may are taken apart.
    pub(crate) may_tell: fn(&[u8]) -> bool,
    /// The usage, where the wire has it: what a caller wrote is echoed elsewhere.
    pub(crate) usage: fn(&Object) -> Option<Bytes>,
    /// How the stream stands after an event; `None` when it says nothing of it.
    pub(crate) end: fn(&Passed<'_>) -> Option<End>,
}

/// Usage that stands within an object of the event.
pub(crate) fn usage_within(object: &Object, outer: &str) -> Option<Bytes> {
    let inner = Object::scan(object.get_bytes(outer).ok()??).ok()?;
    inner.get_bytes("usage").ok()?
}

/// Usage at the top.
pub(crate) fn usage_at(object: &Object, field: &str) -> Option<Bytes> {
    object.get_bytes(field).ok()?
}

/// For wires whose streams nobody gets as they are.
pub(crate) static UNSPOKEN: Passing = Passing {
    may_tell: |_| false,
    usage: |_| None,
    end: |_| None,
};

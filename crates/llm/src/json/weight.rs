//! How much memory may be made of a text.

/// For every byte of text: it is taken out, and written anew.
const OF_TEXT: usize = 4;
/// For every object or array: it becomes a message, a part, a call, in a list that grows by doubling.
const OF_OBJECT: usize = 512;
/// For every two quotation marks: they become a string of its own.
const OF_STRING: usize = 96;

/// Bytes of memory that are made of JSON while it is looked at and translated, at most, beside the text itself. It is counted by what
/// a reader makes things of, without reading: whoever sends `{},{},{}` makes a gateway need a hundred times what was sent.
pub fn weight(json: &[u8]) -> usize {
    let count = |byte| memchr::memchr_iter(byte, json).count();
    let objects = count(b'{') + count(b'[');
    let strings = count(b'"').div_ceil(2);
    json.len() * OF_TEXT + objects * OF_OBJECT + strings * OF_STRING
}

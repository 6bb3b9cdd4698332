//! What people see on a terminal.

use std::io::Write;

/// A result, to standard output. A reader that has gone away, as `head` does, has read enough.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Something wrong, to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "sluice: {text}");
}

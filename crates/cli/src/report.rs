//! What people see on a terminal.

use std::io::Write;

use sluice_process::printable;

/// A result, to standard output. A reader that has gone away, as `head` does, has read enough.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Something wrong, to standard error. What is quoted in it may be anybody's.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "sluice: {}", printable(text));
}

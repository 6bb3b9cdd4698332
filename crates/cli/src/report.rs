//! What people see on a terminal.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place that writes to a terminal")]

/// A result, to standard output.
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Something wrong, to standard error.
pub(crate) fn complain(text: &str) {
    eprintln!("sluice: {text}");
}

//! What can be wrong with a message.

/// A message that a peer of this contract doesn't send. The stream it came on is of no more use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Too old or too new.
    #[error(
        "the peer speaks protocol {theirs}, this build {}, and they may be one apart",
        super::PROTOCOL
    )]
    Protocol {
        /// The peer's.
        theirs: u32,
    },
    /// A field without which the message says nothing.
    #[error("{message} has no {field}")]
    Missing {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A version has 16 bytes.
    #[error("{message} has a version of {len} bytes")]
    Version {
        /// The message.
        message: &'static str,
        /// How many there are.
        len: usize,
    },
}

//! How an answer ends.

/// How an answer stands, by what its format says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// Nothing says that it is complete.
    #[default]
    Open,
    /// The provider said that the answer is complete.
    Complete,
    /// The provider reported an error within the answer.
    Failed,
}

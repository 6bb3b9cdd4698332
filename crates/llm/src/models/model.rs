//! A model as callers are shown it.

/// One model of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model<'a> {
    /// The name that callers use.
    pub id: &'a str,
    /// Who serves it.
    pub owner: &'a str,
    /// For people; may be empty.
    pub description: &'a str,
}

//! Whose texts a guard looks at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of text in a conversation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Scope {
    /// Instructions: the roles `system` and `developer`, and fields such as `instructions`; what tools are said to do.
    System,
    /// What a person wrote, and all that is of no other kind.
    User,
    /// What the model answered, earlier or now.
    Assistant,
    /// What the model calls tools with.
    ToolArguments,
    /// What tools gave back.
    ToolResults,
    /// What the model thought on its way.
    Reasoning,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 6] = [
        Scope::System,
        Scope::User,
        Scope::Assistant,
        Scope::ToolArguments,
        Scope::ToolResults,
        Scope::Reasoning,
    ];

    /// Those that an answer has.
    pub const ANSWER: [Scope; 3] = [Scope::Assistant, Scope::ToolArguments, Scope::Reasoning];

    /// As users write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::System => "System",
            Scope::User => "User",
            Scope::Assistant => "Assistant",
            Scope::ToolArguments => "ToolArguments",
            Scope::ToolResults => "ToolResults",
            Scope::Reasoning => "Reasoning",
        }
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether a scope is in it.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(
            scopes
                .into_iter()
                .fold(0, |set, scope| set | (1 << scope as u8)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_is_written_twice_is_looked_at_all_the_same() {
        let scopes: Scopes = [Scope::User, Scope::System, Scope::User]
            .into_iter()
            .collect();
        for scope in Scope::ALL {
            let is_in = matches!(scope, Scope::User | Scope::System);
            assert_eq!(scopes.has(scope), is_in, "{scope:?}");
        }
    }
}

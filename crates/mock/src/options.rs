//! How a mock is set up.

use crate::fault::Fault;

/// How a mock is set up.
#[derive(Clone, Debug)]
pub struct MockOptions {
    /// Where to listen; port 0 takes a free one.
    pub addr: String,
    /// The fault of every request that doesn't ask for one of its own.
    pub fault: Fault,
    /// The only credential taken. Without one, any that doesn't begin with `invalid`.
    pub api_key: Option<String>,
    /// Answer `/v1/...` as Mistral: unknown fields are a 422. (`/mistral/v1/...` always does.)
    pub strict_mistral: bool,
    /// How many requests are kept; 0 keeps none.
    pub keep: usize,
}

impl Default for MockOptions {
    fn default() -> Self {
        Self {
            addr: "127.0.0.1:0".to_owned(),
            fault: Fault::default(),
            api_key: None,
            strict_mistral: false,
            keep: 10_000,
        }
    }
}

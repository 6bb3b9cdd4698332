//! Doubles of the model providers, for tests, benches and the `sluice mock` command.
//!
//! One plaintext server (HTTP/1.1 and h2c) speaks OpenAI, Azure OpenAI, Mistral, Anthropic, Gemini, Vertex AI, Bedrock and Cohere. It
//! is as strict with requests as the real service is, answers deterministically with every field the vendors' SDKs look for, records
//! what it was sent, and breaks on demand.
//!
//! ```text
//! request -> record -> fault (header, queue, model name, default) -> route -> credential -> check -> answer
//!                                                                                                    |
//!                      bytes, waits, stalls and resets on the wire  <- script <- whole JSON or events
//! ```
//!
//! It knows nothing of the gateway: it must be able to disagree with it.
//!
//! ```no_run
//! # async fn demo() -> Result<(), sluice_mock::MockError> {
//! use sluice_mock::{Fault, Mock, MockOptions};
//!
//! let mock = Mock::start(MockOptions::default()).await?;
//! mock.fault_next(Fault { status: Some(429), retry_after: Some("2".into()), ..Fault::default() });
//! println!("point a client at http://{}", mock.addr());
//! mock.received(1).await;
//! assert_eq!(mock.requests()[0].path, "/v1/chat/completions");
//! mock.shutdown().await;
//! # Ok(())
//! # }
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "a double that panics is meant to be noticed by the test that it serves"
)]

mod answer;
mod anthropic;
mod bedrock;
mod check;
mod cohere;
mod fault;
mod gemini;
mod guardrail;
mod openai;
mod options;
mod play;
mod port;
mod record;
mod reply;
mod respond;
mod route;
mod script;
mod server;
mod shared;
mod wire;

pub use fault::{Fault, FaultError};
pub use options::MockOptions;
pub use port::free_port;
pub use record::{Counts, Outcome, Recorded};
pub use server::{Mock, MockError};

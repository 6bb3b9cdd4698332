//! The words that every part of Sluice shares.
//!
//! ```text
//! ObjectRef   a resource's kind, namespace and name          Finding     what is wrong with it, where, and the remedy
//! Origin      an ObjectRef, its generation and a field       Secret      a value that neither prints nor serialises
//! ErrorType   the word that a client is refused with         ErrorCode   the exact cause, with its word, status and meaning
//! Duration    GEP-2257 text with a parsed value
//! header      whose a header is                                   host        what a host's name tells
//! Egress      which addresses a resource may lead to
//! ```
//!
//! It knows nothing of Kubernetes clients, wire formats, sockets or clocks.

pub mod duration;
pub mod egress;
pub mod error_code;
pub mod error_type;
pub mod finding;
pub mod header;
pub mod host;
pub mod inline;
pub mod key;
pub mod reference;
pub mod request_id;
pub mod secret;

pub use duration::Duration;
pub use egress::Egress;
pub use error_code::{ErrorCode, Retry};
pub use error_type::ErrorType;
pub use finding::{Finding, Reason, Severity};
pub use inline::Inline;
pub use key::{GatewayKey, Kind, ObjectRef, Origin};
pub use reference::{SecretRef, ServiceRef};
pub use secret::Secret;

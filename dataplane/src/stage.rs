//! The stages of a request, one file each. Each takes what earlier ones returned, so that no other order can be written. None of them
//! writes to the record: the story does, with what they return.

mod additions;
pub(crate) mod admit;
pub(crate) mod ask;
pub(crate) mod authn;
pub(crate) mod credential;
pub(crate) mod enrich;
pub(crate) mod find;
pub(crate) mod forward;
pub(crate) mod guard;
pub(crate) mod models;
mod path;
pub(crate) mod read;
pub(crate) mod resolve;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod translate;

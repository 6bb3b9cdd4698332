//! The stages of a request, one file each. Each takes what earlier ones returned, so that no other order can be written.

pub(crate) mod admit;
pub(crate) mod ask;
pub(crate) mod authn;
pub(crate) mod convert;
pub(crate) mod credential;
pub(crate) mod cross;
pub(crate) mod enrich;
pub(crate) mod find;
pub(crate) mod forward;
pub(crate) mod guard;
pub(crate) mod models;
pub(crate) mod read;
pub(crate) mod relay;
pub(crate) mod resolve;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod translate;

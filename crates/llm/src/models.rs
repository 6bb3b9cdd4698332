//! The list of models in each format's shape.

pub(crate) mod model;

use bytes::Bytes;

pub use model::Model;

use crate::Format;
use crate::dialect;

/// `GET /v1/models` and its like.
pub fn list(format: Format, models: &[Model<'_>]) -> Bytes {
    (dialect::family(format).models)(models).to_string().into()
}

/// `GET /v1/models/{id}` and its like.
pub fn one(format: Format, model: &Model<'_>) -> Bytes {
    (dialect::family(format).model)(model).to_string().into()
}

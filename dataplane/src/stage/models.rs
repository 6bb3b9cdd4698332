//! The list of models, from the map that the route leads to.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use sluice_llm::surface::Surface;
use sluice_llm::{Operation, models};
use sluice_vocab::ErrorCode;

use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Node;

/// Answers a models request, in the shape of the format that the path or the caller's headers name.
pub(crate) fn answer(
    node: &Node,
    wanted: Option<&Surface<'_>>,
) -> Result<Option<Response<bytes::Bytes>>, Rejected> {
    let Some(surface) = wanted.filter(|s| s.operation == Operation::Models) else {
        return Ok(None);
    };
    let format = surface.format;
    let text = match (node, &surface.model) {
        (Node::Invalid(why), _) => {
            let text = "this route's upstream is not valid";
            return Err(
                Rejection::new(Stage::Resolve, ErrorCode::InvalidUpstream, text)
                    .detail(why.clone()),
            );
        }
        (Node::Provider(leaf), _) => {
            let id = leaf.model.as_ref().map(|m| m.text.clone());
            let own = id.as_deref().map(|id| models::Model {
                id,
                owner: leaf.provider.name,
                description: "",
            });
            models::list(format, own.as_slice())
        }
        (Node::Models(map), None) => models::list(format, &map.listed().collect::<Vec<_>>()),
        (Node::Models(map), Some(id)) => match map.listed().find(|m| m.id == id) {
            Some(model) => models::one(format, &model),
            None => {
                let text = format!("there is no model {id:?} here");
                return Err(
                    Rejection::new(Stage::Resolve, ErrorCode::ModelNotFound, text).param("model"),
                );
            }
        },
    };
    let mut response = Response::new(text);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Some(response))
}

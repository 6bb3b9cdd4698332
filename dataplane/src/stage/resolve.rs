//! From a model's name to the provider that serves it.

use sluice_vocab::ErrorCode;

use super::ask::Asked;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Node, Resolution, Unresolved};

/// Follows the tree of upstreams.
pub(crate) fn resolve<'t>(node: &'t Node, asked: &Asked<'_>) -> Result<Resolution<'t>, Rejected> {
    let model = asked.model.as_deref();
    node.resolve(model).map_err(|e| refuse(e, model))
}

/// Refuses a request of which nobody says which model it is for.
pub(crate) fn check(resolution: &Resolution<'_>, asked: &Asked<'_>) -> Result<(), Rejected> {
    // Azure's deployment says which model it is.
    let is_implied = !resolution.leaf.settings.deployment.is_empty();
    if resolution.model.is_some() || asked.model.is_some() || is_implied {
        return Ok(());
    }
    let text =
        "no model: name one in the field \"model\", since neither the path nor the upstream does";
    Err(Rejection::new(Stage::Resolve, ErrorCode::MissingModel, text).param("model"))
}

fn refuse(why: Unresolved, model: Option<&str>) -> Rejected {
    match why {
        Unresolved::Invalid(detail) => {
            let text = "the upstream of this model is not valid";
            Rejection::new(Stage::Resolve, ErrorCode::InvalidUpstream, text).detail(detail)
        }
        Unresolved::UnknownModel => {
            let text = match model {
                Some(name) if name.starts_with("dynamic/") => {
                    format!("there is no dynamic route {name:?} here")
                }
                Some(name) => format!("there is no model {name:?} here"),
                None => "no model: name one in the field \"model\"".to_owned(),
            };
            Rejection::new(Stage::Resolve, ErrorCode::ModelNotFound, text).param("model")
        }
    }
}

//! From a model's name to the provider that serves it.

use sluice_vocab::ErrorCode;

use super::ask::Asked;
use crate::gateway::Shared;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Node, Resolution, Unresolved};

pub(crate) fn resolve<'t>(
    shared: &Shared,
    node: &'t Node,
    asked: &Asked<'_>,
    record: &mut Record,
) -> Result<Resolution<'t>, Rejected> {
    let resolution = node
        .resolve(asked.model.as_deref())
        .map_err(|e| refuse(e, asked.model.as_deref()))?;
    let leaf = resolution.leaf;
    let format = asked.surface.format;
    let series = match resolution.alias {
        Some((alias, series)) => series.get(&shared.metrics, format, alias, &leaf.label),
        None => leaf
            .series
            .get(&shared.metrics, format, &leaf.other, &leaf.label),
    };
    record.set_series(series.clone());
    if record.model.is_none() {
        record.model = resolution.model.as_ref().map(|m| m.text.to_string());
    }
    // Azure's deployment says which model it is.
    let is_implied = !leaf.settings.deployment.is_empty();
    if resolution.model.is_none() && asked.model.is_none() && !is_implied {
        let text = "no model: name one in the field \"model\", since neither the path nor the upstream does";
        return Err(Rejection::new(Stage::Resolve, ErrorCode::MissingModel, text).param("model"));
    }
    Ok(resolution)
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

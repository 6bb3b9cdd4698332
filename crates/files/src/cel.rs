//! CEL rules of the schemas.

use kube_cel::{ErrorKind, Validator};
use serde_json::Value;
use sluice_vocab::{Finding, Reason};

use crate::schema::Schema;

/// Evaluates every rule on an object whose structure is right.
pub(crate) fn check(schema: &Schema, object: &Value) -> Vec<Finding> {
    let Err(errors) = Validator::new().validate_compiled(&schema.rules, object, None) else {
        return Vec::new();
    };
    // A rule that this build cannot evaluate says nothing about the object; an API server still evaluates it.
    let is_about_object = |kind: &ErrorKind| !matches!(kind, ErrorKind::UnsupportedReference);
    let errors = errors
        .into_vec()
        .into_iter()
        .filter(|e| is_about_object(&e.kind));
    errors
        .map(|e| Finding::error(Reason::Invalid, e.field_path, e.message))
        .collect()
}

//! The CustomResourceDefinitions, as an API server takes them.

use kube::core::CustomResourceExt;
use serde_json::Value;

use crate::{AIGateway, RoutePolicy, Upstream};

/// The definitions of the three kinds, in the order of their names.
pub fn crds() -> [Value; 3] {
    [
        definition::<AIGateway>(),
        definition::<RoutePolicy>(),
        definition::<Upstream>(),
    ]
}

fn definition<T: CustomResourceExt>() -> Value {
    let mut value = serde_json::to_value(T::crd()).unwrap_or_default();
    tidy(&mut value);
    value
}

/// Takes out what schemars writes and an API server would refuse, warn of or misread: `nullable` (a field that is null
/// would count as set in CEL rules), formats that OpenAPI does not know, defaults that are null, bounds with a point.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| match key.as_str() {
                "nullable" => !value.is_boolean(),
                "default" => !value.is_null(),
                "additionalProperties" => value != &Value::Bool(false),
                "format" => !value.as_str().is_some_and(|f| f.starts_with("uint")),
                _ => true,
            });
            for bound in ["minimum", "maximum"] {
                if let Some(number) = map.get_mut(bound) {
                    whole(number);
                }
            }
            for (key, value) in map.iter_mut() {
                if key == "options" {
                    undescribe(value);
                }
                tidy(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Bounds are floats in the API, whole numbers in our schemas.
fn whole(number: &mut Value) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounds of our own schemas are small"
    )]
    if let Some(float) = number.as_f64().filter(|f| f.fract() == 0.0) {
        *number = Value::from(float as i64);
    }
}

/// The deprecated alias repeats a whole tree; its descriptions stand at the original.
fn undescribe(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| key != "description" || !value.is_string());
            map.values_mut().for_each(undescribe);
        }
        Value::Array(items) => items.iter_mut().for_each(undescribe),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

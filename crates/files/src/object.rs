//! From values to objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sluice_compiler::ResourceSet;
use sluice_compiler::resources::{Meta, NamespaceSpec, Object, SecretData, ServiceSpec, Table};
use sluice_vocab::{Finding, Kind, ObjectRef, Reason, Secret};

/// Puts an object into its table.
pub(crate) fn insert(set: &mut ResourceSet, object: &ObjectRef, value: Value) -> Result<(), Finding> {
    let meta = meta(object, &value)?;
    match object.kind {
        Kind::AIGateway => put(&mut set.ai_gateways, meta, spec(value)?),
        Kind::Upstream => put(&mut set.upstreams, meta, spec(value)?),
        Kind::RoutePolicy => put(&mut set.route_policies, meta, spec(value)?),
        Kind::GatewayClass => put(&mut set.gateway_classes, meta, spec(value)?),
        Kind::Gateway => put(&mut set.gateways, meta, spec(value)?),
        Kind::HTTPRoute => put(&mut set.http_routes, meta, spec(value)?),
        Kind::ReferenceGrant => put(&mut set.reference_grants, meta, spec(value)?),
        Kind::Service => put(&mut set.services, meta, service(&value)?),
        Kind::Secret => put(&mut set.secrets, meta, secret(&value)?),
        Kind::Namespace => put(&mut set.namespaces, meta, NamespaceSpec),
        // Nothing refers to them yet.
        Kind::ConfigMap => {}
    }
    Ok(())
}

fn put<T>(table: &mut Table<T>, meta: Meta, spec: T) {
    table.insert(meta.name.clone(), Arc::new(Object { meta, spec }));
}

fn invalid(path: &str, message: impl Into<String>) -> Finding {
    Finding::error(Reason::Invalid, path, message)
}

fn spec<T: DeserializeOwned>(mut value: Value) -> Result<T, Finding> {
    let spec = value.get_mut("spec").map(Value::take).unwrap_or_else(|| Value::Object(Default::default()));
    serde_json::from_value(spec).map_err(|error| invalid("spec", error.to_string()))
}

fn meta(object: &ObjectRef, value: &Value) -> Result<Meta, Finding> {
    let texts =
        |field: &str| texts(value.get("metadata").and_then(|m| m.get(field)), &format!("metadata.{field}"));
    let mut meta = Meta::named(object.namespace.clone(), object.name.clone());
    meta.generation = value.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(1);
    meta.labels = texts("labels")?;
    meta.annotations = texts("annotations")?;
    meta.owner = controller(object, value);
    Ok(meta)
}

/// The object's controller, so that projections in a dump of a cluster are known as such.
fn controller(object: &ObjectRef, value: &Value) -> Option<ObjectRef> {
    let owners = value.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
    let owner = owners.iter().find(|o| o.get("controller").and_then(Value::as_bool) == Some(true))?;
    let text = |field: &str| owner.get(field).and_then(Value::as_str);
    Some(ObjectRef::new(text("kind")?.parse().ok()?, object.namespace.clone(), text("name")?))
}

/// A map of strings; a number or boolean in it needs quotes, as kubectl says too.
fn texts(value: Option<&Value>, path: &str) -> Result<BTreeMap<String, String>, Finding> {
    let map = match value {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(invalid(path, format!("{path} has to be an object"))),
    };
    let text = |(key, value): (&String, &Value)| match value {
        Value::String(text) => Ok((key.clone(), text.clone())),
        _ => Err(invalid(&format!("{path}.{key}"), format!("{key} has to be a string: write it in quotes"))),
    };
    map.iter().map(text).collect()
}

/// `data` holds base64, `stringData` text that wins.
fn secret(value: &Value) -> Result<SecretData, Finding> {
    let mut data = BTreeMap::new();
    for (key, text) in texts(value.get("data"), "data")? {
        // Folded scalars leave line breaks in.
        let text: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(text).map_err(|_| {
            invalid(&format!("data.{key}"), format!("{key} has to be base64: put plain text into stringData"))
        })?;
        data.insert(key, Secret::new(bytes));
    }
    for (key, text) in texts(value.get("stringData"), "stringData")? {
        data.insert(key, Secret::new(text));
    }
    Ok(SecretData { data })
}

fn service(value: &Value) -> Result<ServiceSpec, Finding> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let external_name = text("/spec/externalName").filter(|_| text("/spec/type") == Some("ExternalName"));
    let ports = value.pointer("/spec/ports").and_then(Value::as_array).cloned().unwrap_or_default();
    let port = |(i, port): (usize, &Value)| {
        let number = port.get("port").and_then(Value::as_i64).and_then(|p| i32::try_from(p).ok());
        number.ok_or_else(|| invalid(&format!("spec.ports[{i}].port"), "port has to be a number"))
    };
    let ports = ports.iter().enumerate().map(port).collect::<Result<_, _>>()?;
    Ok(ServiceSpec { external_name: external_name.map(str::to_owned), ports })
}

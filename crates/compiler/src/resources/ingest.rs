//! From the values that an API server or a file holds to objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sluice_vocab::{Finding, Kind, ObjectRef, Reason, Secret};

use super::{Meta, Name, NamespaceSpec, Object, ResourceSet, SecretData, ServiceSpec, Table};

impl ResourceSet {
    /// Takes an object as JSON, in place of what was there under its name. Says whether it differs from that in anything that is
    /// looked at.
    ///
    /// # Errors
    /// When it can't be read; then nothing has changed, and the caller decides whether it is [`unreadable`](Self::unreadable).
    pub fn put(&mut self, object: &ObjectRef, value: Value) -> Result<bool, Finding> {
        let meta = meta(object, &value)?;
        let is_changed = match object.kind {
            Kind::AIGateway => put(&mut self.ai_gateways, meta, spec(value)?),
            Kind::Upstream => put(&mut self.upstreams, meta, spec(value)?),
            Kind::RoutePolicy => put(&mut self.route_policies, meta, spec(value)?),
            Kind::GatewayClass => put(&mut self.gateway_classes, meta, spec(value)?),
            Kind::Gateway => put(&mut self.gateways, meta, spec(value)?),
            Kind::HTTPRoute => put(&mut self.http_routes, meta, spec(value)?),
            Kind::ReferenceGrant => put(&mut self.reference_grants, meta, spec(value)?),
            Kind::Service => put(&mut self.services, meta, service(&value)?),
            Kind::Secret => put(&mut self.secrets, meta, secret(&value)?),
            Kind::Namespace => put(&mut self.namespaces, meta, NamespaceSpec),
            // Nothing refers to them yet.
            Kind::ConfigMap => false,
        };
        Ok(self.unreadable.remove(object).is_some() | is_changed)
    }

    /// Forgets an object, readable or not.
    pub fn remove(&mut self, object: &ObjectRef) {
        self.unreadable.remove(object);
        let name = Name {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        };
        match object.kind {
            Kind::AIGateway => drop(self.ai_gateways.remove(&name)),
            Kind::Upstream => drop(self.upstreams.remove(&name)),
            Kind::RoutePolicy => drop(self.route_policies.remove(&name)),
            Kind::GatewayClass => drop(self.gateway_classes.remove(&name)),
            Kind::Gateway => drop(self.gateways.remove(&name)),
            Kind::HTTPRoute => drop(self.http_routes.remove(&name)),
            Kind::ReferenceGrant => drop(self.reference_grants.remove(&name)),
            Kind::Service => drop(self.services.remove(&name)),
            Kind::Secret => drop(self.secrets.remove(&name)),
            Kind::Namespace => drop(self.namespaces.remove(&name)),
            Kind::ConfigMap => {}
        }
    }
}

fn put<T: PartialEq>(table: &mut Table<T>, meta: Meta, spec: T) -> bool {
    let object = Object { meta, spec };
    if table
        .get(&object.meta.name)
        .is_some_and(|old| **old == object)
    {
        return false;
    }
    table.insert(object.meta.name.clone(), Arc::new(object));
    true
}

fn invalid(path: &str, message: impl Into<String>) -> Finding {
    Finding::error(Reason::Invalid, path, message)
}

fn spec<T: DeserializeOwned>(mut value: Value) -> Result<T, Finding> {
    let spec = value
        .get_mut("spec")
        .map(Value::take)
        .unwrap_or_else(|| Value::Object(Default::default()));
    serde_json::from_value(spec).map_err(|error| invalid("spec", error.to_string()))
}

fn meta(object: &ObjectRef, value: &Value) -> Result<Meta, Finding> {
    let texts = |field: &str| {
        texts(
            value.get("metadata").and_then(|m| m.get(field)),
            &format!("metadata.{field}"),
        )
    };
    let mut meta = Meta::named(object.namespace.clone(), object.name.clone());
    meta.generation = value
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let created = value
        .pointer("/metadata/creationTimestamp")
        .and_then(Value::as_str);
    meta.created = created
        .and_then(|c| c.parse::<jiff::Timestamp>().ok())
        .map_or(0, jiff::Timestamp::as_second);
    meta.labels = texts("labels")?;
    meta.annotations = texts("annotations")?;
    meta.owner = controller(object, value);
    Ok(meta)
}

/// The object's controller, so that projections in a dump of a cluster are known as such.
fn controller(object: &ObjectRef, value: &Value) -> Option<ObjectRef> {
    let owners = value
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array)?;
    let owner = owners
        .iter()
        .find(|o| o.get("controller").and_then(Value::as_bool) == Some(true))?;
    let text = |field: &str| owner.get(field).and_then(Value::as_str);
    Some(ObjectRef::new(
        text("kind")?.parse().ok()?,
        object.namespace.clone(),
        text("name")?,
    ))
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
        _ => Err(invalid(
            &format!("{path}.{key}"),
            format!("{key} has to be a string: write it in quotes"),
        )),
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
            invalid(
                &format!("data.{key}"),
                format!("{key} has to be base64: put plain text into stringData"),
            )
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
    let external_name =
        text("/spec/externalName").filter(|_| text("/spec/type") == Some("ExternalName"));
    let ports = value
        .pointer("/spec/ports")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let is_headless = text("/spec/clusterIP") == Some("None");
    let number = |value: &Value| value.as_i64().and_then(|p| i32::try_from(p).ok());
    let port = |(i, port): (usize, &Value)| {
        let own = port.get("port").and_then(number);
        let own = own
            .ok_or_else(|| invalid(&format!("spec.ports[{i}].port"), "port has to be a number"))?;
        let dialled = match port.get("targetPort") {
            Some(target) if is_headless => number(target),
            _ => Some(own),
        };
        Ok((own, dialled))
    };
    let ports = ports
        .iter()
        .enumerate()
        .map(port)
        .collect::<Result<_, _>>()?;
    Ok(ServiceSpec {
        external_name: external_name.map(str::to_owned),
        ports,
    })
}

use serde_json::json;
use sluice_compiler::{Settings, compile};
use sluice_vocab::Kind;

use super::*;
use crate::watch::{Change, Seen};
use crate::world::World;

const CONTROLLER: &str = sluice_crds::CONTROLLER;

fn put(world: &mut World, kind: Kind, namespace: &str, name: &str, body: &Value) {
    let mut value = body.clone();
    value["metadata"] = json!({"name": name, "namespace": namespace, "generation": 1});
    let object = ObjectRef::new(kind, namespace, name);
    world.apply(Change::Put(Seen { object, value }));
}

/// Two Gateways that take routes of all namespaces, and a route in a third that names one of them.
fn mk_world(route: &Value) -> World {
    let mut world = World::new(Vec::new());
    let class = json!({"spec": {"controllerName": CONTROLLER}});
    put(&mut world, Kind::GatewayClass, "", "sluice", &class);
    let gateway = json!({"spec": {"gatewayClassName": "sluice", "listeners": [{
        "name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}},
    }]}});
    put(&mut world, Kind::Gateway, "infra", "public", &gateway);
    put(&mut world, Kind::Gateway, "infra", "other", &gateway);
    put(&mut world, Kind::HTTPRoute, "shop", "cart", route);
    world
}

fn mk_route() -> Value {
    json!({"spec": {
        "parentRefs": [{"name": "public", "namespace": "infra"}],
        "rules": [{"backendRefs": []}],
    }})
}

fn mk_unreadable() -> Value {
    json!({"spec": {"parentRefs": 7}})
}

fn frozen(attached: &mut Attached, world: &World) -> Vec<String> {
    let mut compilation = compile(world.resources(), &Settings::new(b"k"));
    attached.hold(&mut compilation, world.mirror(), CONTROLLER);
    compilation
        .frozen
        .keys()
        .map(GatewayKey::to_string)
        .collect()
}

#[test]
fn a_route_that_becomes_unreadable_freezes_the_gateway_of_another_namespace_that_has_it() {
    let mut attached = Attached::default();
    assert!(frozen(&mut attached, &mk_world(&mk_route())).is_empty());
    let broken = mk_world(&mk_unreadable());
    assert_eq!(frozen(&mut attached, &broken), ["infra/public"]);
    assert_eq!(
        frozen(&mut attached, &broken),
        ["infra/public"],
        "it stays so"
    );
    assert!(frozen(&mut attached, &mk_world(&mk_route())).is_empty());
}

#[test]
fn a_new_operator_goes_by_what_the_routes_status_says() {
    let mut route = mk_unreadable();
    let entry = |controller: &str, name: &str, accepted: &str| {
        json!({
            "controllerName": controller,
            "parentRef": {"name": name, "namespace": "infra"},
            "conditions": [{"type": "Accepted", "status": accepted}],
        })
    };
    route["status"]["parents"] = json!([
        entry(CONTROLLER, "public", "True"),
        entry("else.example/controller", "other", "True"),
    ]);
    assert_eq!(
        frozen(&mut Attached::default(), &mk_world(&route)),
        ["infra/public"]
    );
    route["status"]["parents"] = json!([entry(CONTROLLER, "public", "False")]);
    assert!(frozen(&mut Attached::default(), &mk_world(&route)).is_empty());
}

#[test]
fn a_route_that_is_gone_freezes_nothing() {
    let mut attached = Attached::default();
    let mut world = mk_world(&mk_route());
    frozen(&mut attached, &world);
    world.apply(Change::Gone(ObjectRef::new(
        Kind::HTTPRoute,
        "shop",
        "cart",
    )));
    assert!(frozen(&mut attached, &world).is_empty());
}

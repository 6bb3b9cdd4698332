use serde_json::json;
use sluice_compiler::compile;

use super::*;
use crate::watch::{Change, Seen};
use crate::world::World;

fn put(world: &mut World, kind: Kind, name: &str, body: Value) {
    let namespace = if kind == Kind::GatewayClass { "" } else { "n" };
    let mut value = body;
    value["metadata"] = json!({"name": name, "namespace": namespace, "generation": 1, "uid": "u"});
    let object = ObjectRef::new(kind, namespace, name);
    world.apply(Change::Put(Seen { object, value }));
}

/// Classes `ours` and `theirs`, and a Gateway, and an AIGateway whose Gateway was made for `ours`.
fn mk_world(class: &str) -> World {
    let mut world = World::new(Vec::new());
    let controlled = |by: &str| json!({"spec": {"controllerName": by}});
    put(&mut world, Kind::GatewayClass, "ours", controlled("us"));
    put(&mut world, Kind::GatewayClass, "theirs", controlled("them"));
    let of = |class: &str| json!({"gatewayClassName": class, "listeners": []});
    put(
        &mut world,
        Kind::Gateway,
        "edge",
        json!({"spec": of(class)}),
    );
    put(
        &mut world,
        Kind::AIGateway,
        "ai",
        json!({"spec": {"gatewayClassName": class}}),
    );
    put(&mut world, Kind::Gateway, "ai", json!({"spec": of("ours")}));
    world
}

fn handed(class: &str, controller: &str) -> Vec<String> {
    let settings = Settings {
        controller_name: controller.to_owned(),
        ..Settings::new(b"k")
    };
    let all = handed_over(mk_world(class).resources(), &settings);
    all.iter().map(ObjectRef::to_string).collect()
}

#[test]
fn only_who_names_somebody_elses_class_hands_a_gateway_over() {
    assert_eq!(handed("theirs", "us"), ["AIGateway n/ai", "Gateway n/edge"]);
    assert!(handed("ours", "us").is_empty());
    assert!(
        handed("mistyped", "us").is_empty(),
        "a class that is not there"
    );
}

#[test]
fn what_an_ai_gateway_stands_for_stays_when_the_controllers_name_is_forgotten() {
    let all = handed("ours", "the default");
    assert!(!all.contains(&"AIGateway n/ai".to_owned()), "{all:?}");
}

#[test]
fn a_gateway_without_a_release_is_kept_as_it_is() {
    let world = mk_world("ours");
    let kept = gateways(world.resources(), world.mirror(), &BTreeMap::new());
    let names: Vec<String> = kept.keys().map(GatewayKey::to_string).collect();
    assert_eq!(names, ["n/ai", "n/edge"]);
    assert!(kept.values().all(|facts| facts.class == "ours"));
    assert!(gateways(world.resources(), world.mirror(), &kept).is_empty());
}

fn frozen(status: Value, is_on: bool) -> usize {
    let mut world = World::new(Vec::new());
    let listeners = json!([{"name": "http", "port": 80, "protocol": "HTTP"}]);
    let spec = json!({"gatewayClassName": "sluice", "listeners": listeners});
    put(
        &mut world,
        Kind::Gateway,
        "edge",
        json!({"spec": spec, "status": status}),
    );
    put(
        &mut world,
        Kind::Upstream,
        "u",
        json!({"spec": {"ai": {"openai": {}}}}),
    );
    let backend = json!({"group": "sluice.dev", "kind": "Upstream", "name": "u"});
    let spec = json!({"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": [backend]}]});
    put(&mut world, Kind::HTTPRoute, "r", json!({"spec": spec}));
    let settings = Settings {
        ai_enabled: is_on,
        ..Settings::new(b"k")
    };
    let mut compilation = compile(world.resources(), &settings);
    hold(&mut compilation, world.mirror());
    compilation.frozen.len()
}

#[test]
fn a_gateway_that_ran_keeps_its_routes_to_upstreams_when_ai_is_turned_off() {
    let said = |kind: &str, status: &str, reason: &str| json!({"conditions": [{"type": kind, "status": status, "reason": reason}]});
    assert_eq!(frozen(said("Programmed", "True", "Programmed"), false), 1);
    assert_eq!(
        frozen(said("Accepted", "False", "Frozen"), false),
        1,
        "and after a restart"
    );
    assert_eq!(
        frozen(said("Programmed", "False", "Pending"), false),
        0,
        "it never ran"
    );
    assert_eq!(
        frozen(said("Programmed", "True", "Programmed"), true),
        0,
        "it is on"
    );
}

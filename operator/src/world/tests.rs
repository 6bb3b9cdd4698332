use serde_json::json;
use sluice_vocab::Kind;

use super::*;

fn mk_scope(kind: Kind) -> Scope {
    Scope {
        kind,
        namespace: None,
    }
}

fn mk(kind: Kind, name: &str, version: &str, spec: Value) -> Seen {
    let metadata =
        json!({"name": name, "namespace": "n", "resourceVersion": version, "generation": 1});
    Seen {
        object: ObjectRef::new(kind, "n", name),
        value: json!({"metadata": metadata, "spec": spec}),
    }
}

fn mk_upstream(name: &str, version: &str) -> Seen {
    mk(Kind::Upstream, name, version, json!({"ai": {"openai": {}}}))
}

fn mk_secret(version: &str, data: Value) -> Value {
    json!({"metadata": {"name": "s", "namespace": "n", "resourceVersion": version}, "data": data})
}

#[test]
fn it_is_synced_when_every_scope_was_listed() {
    let mut world = World::new(vec![mk_scope(Kind::Upstream), mk_scope(Kind::Gateway)]);
    world.apply(Change::Listed(mk_scope(Kind::Upstream), vec![]));
    assert!(!world.is_synced());
    assert!(
        world
            .apply(Change::Listed(mk_scope(Kind::Gateway), vec![]))
            .input
    );
    assert!(world.is_synced());
}

#[test]
fn what_a_new_list_does_not_name_is_gone() {
    let mut world = World::new(vec![]);
    world.apply(Change::Put(mk_upstream("a", "1")));
    world.apply(Change::Put(mk_upstream("b", "2")));
    let effect = world.apply(Change::Listed(
        mk_scope(Kind::Upstream),
        vec![mk_upstream("b", "2")],
    ));
    assert_eq!(
        effect,
        Effect {
            input: true,
            mirror: true
        }
    );
    let names: Vec<_> = world
        .resources()
        .upstreams
        .keys()
        .map(|n| n.name.to_string())
        .collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn a_status_alone_is_nothing_to_compile() {
    let mut world = World::new(vec![]);
    world.apply(Change::Put(mk_upstream("a", "1")));
    let mut seen = mk_upstream("a", "2");
    seen.value["status"] = json!({"phase": "Ready"});
    assert_eq!(
        world.apply(Change::Put(seen)),
        Effect {
            input: false,
            mirror: true
        }
    );
}

#[test]
fn an_object_that_cannot_be_read_is_not_compiled_as_it_was() {
    let mut world = World::new(vec![]);
    world.apply(Change::Put(mk_upstream("a", "1")));
    let effect = world.apply(Change::Put(mk(Kind::Upstream, "a", "2", json!({"ai": 7}))));
    assert!(effect.input);
    let object = ObjectRef::new(Kind::Upstream, "n", "a");
    assert!(world.resources().upstreams.is_empty());
    assert!(world.resources().unreadable.contains_key(&object));
    assert!(world.apply(Change::Put(mk_upstream("a", "3"))).input);
    assert!(world.resources().unreadable.is_empty());
}

#[test]
fn values_of_secrets_are_got_when_asked_for_and_again_when_changed() {
    let mut world = World::new(vec![]);
    let put = |world: &mut World, version: &str| {
        let value = mk_secret(version, json!(null));
        world.apply(Change::Put(Seen {
            object: ObjectRef::new(Kind::Secret, "n", "s"),
            value,
        }))
    };
    assert!(put(&mut world, "1").input);
    let asked: BTreeSet<Name> = [Name::new("n", "s"), Name::new("n", "absent")].into();
    let wanted = world.wanted(&asked);
    assert_eq!(
        wanted,
        [Wanted {
            name: Name::new("n", "s"),
            version: "1".into()
        }]
    );
    world
        .fetched(&wanted[0], Some(mk_secret("1", json!({"apiKey": "azE="}))))
        .unwrap();
    assert_eq!(world.wanted(&asked), []);

    // The old value stays until the new one is there.
    assert!(put(&mut world, "2").input);
    let value = |world: &World| {
        world.resources().secrets[&Name::new("n", "s")].spec.data["apiKey"]
            .expose()
            .to_vec()
    };
    assert_eq!(value(&world), b"k1");
    let wanted = world.wanted(&asked);
    // It changes once more while it is got.
    put(&mut world, "3");
    world
        .fetched(&wanted[0], Some(mk_secret("2", json!({"apiKey": "azI="}))))
        .unwrap();
    assert_eq!(value(&world), b"k2");
    assert_eq!(world.wanted(&asked)[0].version, "3");

    world.forget_values(&BTreeSet::new());
    assert!(
        world.resources().secrets[&Name::new("n", "s")]
            .spec
            .data
            .is_empty()
    );
    assert_eq!(world.wanted(&asked).len(), 1);
}

#[test]
fn a_secret_that_is_gone_has_no_value() {
    let mut world = World::new(vec![]);
    let object = ObjectRef::new(Kind::Secret, "n", "s");
    let value = mk_secret("1", json!(null));
    world.apply(Change::Put(Seen {
        object: object.clone(),
        value,
    }));
    let wanted = world.wanted(&[Name::new("n", "s")].into());
    assert!(world.apply(Change::Gone(object)).input);
    world
        .fetched(&wanted[0], Some(mk_secret("1", json!({"apiKey": "azE="}))))
        .unwrap();
    assert!(world.resources().secrets.is_empty());
}

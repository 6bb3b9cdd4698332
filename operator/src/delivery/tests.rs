use sluice_session::codec::{Diagnostic, Epoch, Identity, PolicyKind, Vitals};
use sluice_snapshot::model::entry::Body;
use sluice_snapshot::{EntryKey, Sealer, Snapshot};
use sluice_vocab::Origin;

use super::*;

fn mk_gateway() -> GatewayKey {
    GatewayKey {
        namespace: "n".into(),
        name: "g".into(),
    }
}

fn mk_object() -> ObjectRef {
    ObjectRef::new(Kind::Upstream, "n", "u")
}

fn mk_verdict(generation: i64) -> Verdict {
    Verdict {
        generation,
        findings: vec![],
        gateways: [mk_gateway()].into(),
    }
}

/// A snapshot with one policy, of the given revision, from the object.
fn mk_snapshot(revision: u32) -> Snapshot {
    let origin = Origin {
        object: mk_object(),
        generation: 1,
        path: "spec.ai".into(),
    };
    let body = Body::Policy(model::Policy {
        kind: "promptGuard".into(),
        revision,
        config: "{}".into(),
    });
    let sealed = Sealer::new(b"k").seal(&origin, body);
    Snapshot::new([(EntryKey::new(&["policy"]), sealed)].into())
}

fn mk_report(instance: &str, version: Option<Version>) -> Report {
    let identity = Identity {
        gateway: mk_gateway(),
        instance: instance.into(),
        policies: [PolicyKind::new("promptGuard", 1)].into(),
        software: "sluice-dataplane 0.1".into(),
    };
    Report {
        identity,
        incarnation: 1,
        sequence: 1,
        epoch: Epoch::new(1),
        version: version.map(Into::into),
        refusal: None,
        vitals: Vitals::default(),
    }
}

fn ask(
    deliveries: &mut Deliveries,
    generation: i64,
    reports: &[Report],
    release: Option<&Release>,
) -> Delivery {
    let heard = Heard {
        reports: reports.iter().collect(),
        release,
    };
    let said = deliveries.read(&mk_gateway(), &heard);
    deliveries.of(
        &mk_object(),
        &mk_verdict(generation),
        &[(mk_gateway(), said)].into(),
    )
}

fn publish(deliveries: &mut Deliveries, snapshot: &Snapshot, generation: i64) {
    let (object, verdict) = (mk_object(), mk_verdict(generation));
    deliveries.published(
        &mk_gateway(),
        snapshot.version(),
        [(&object, &verdict)].into_iter(),
    );
}

#[test]
fn it_is_programmed_when_all_acknowledged_and_stays_so() {
    let (one, two) = (mk_snapshot(1), mk_snapshot(2));
    let mut deliveries = Deliveries::default();
    publish(&mut deliveries, &one, 1);
    assert_eq!(ask(&mut deliveries, 1, &[], None), Delivery::NotConnected);
    let (a, late) = (mk_report("a", Some(one.version())), mk_report("b", None));
    assert_eq!(
        ask(&mut deliveries, 1, &[a.clone(), late.clone()], None),
        Delivery::Pending
    );
    assert_eq!(
        ask(&mut deliveries, 1, std::slice::from_ref(&a), None),
        Delivery::Acknowledged
    );
    // A new pod comes, all pods go: the generation was there.
    assert_eq!(
        ask(&mut deliveries, 1, &[a.clone(), late], None),
        Delivery::Acknowledged
    );
    assert_eq!(ask(&mut deliveries, 1, &[], None), Delivery::Acknowledged);
    // Another generation is another matter.
    publish(&mut deliveries, &two, 2);
    assert_eq!(ask(&mut deliveries, 2, &[a], None), Delivery::Pending);
    assert_eq!(
        ask(
            &mut deliveries,
            2,
            &[mk_report("a", Some(two.version()))],
            None
        ),
        Delivery::Acknowledged
    );
}

#[test]
fn a_later_version_has_it_too_and_an_earlier_one_does_not() {
    let (one, two, three) = (mk_snapshot(1), mk_snapshot(2), mk_snapshot(3));
    let mut deliveries = Deliveries::default();
    publish(&mut deliveries, &one, 1);
    publish(&mut deliveries, &two, 2);
    publish(&mut deliveries, &three, 2);
    assert_eq!(
        ask(
            &mut deliveries,
            2,
            &[mk_report("a", Some(one.version()))],
            None
        ),
        Delivery::Pending
    );
    assert_eq!(
        ask(
            &mut deliveries,
            2,
            &[mk_report("a", Some(two.version()))],
            None
        ),
        Delivery::Acknowledged
    );
    let count = |report: &Report| {
        let heard = Heard {
            reports: vec![report],
            release: None,
        };
        deliveries.read(&mk_gateway(), &heard).count()
    };
    assert_eq!(
        count(&mk_report("a", Some(two.version()))),
        Count {
            current: 0,
            connected: 1
        }
    );
    assert_eq!(
        count(&mk_report("a", Some(three.version()))),
        Count {
            current: 1,
            connected: 1
        }
    );
}

#[test]
fn a_generation_that_was_not_published_is_pending() {
    let one = mk_snapshot(1);
    let mut deliveries = Deliveries::default();
    publish(&mut deliveries, &one, 1);
    // Frozen: generation 2 is in no version.
    assert_eq!(
        ask(
            &mut deliveries,
            2,
            &[mk_report("a", Some(one.version()))],
            None
        ),
        Delivery::Pending
    );
    deliveries.remember(&mk_object(), 2);
    assert_eq!(ask(&mut deliveries, 2, &[], None), Delivery::Acknowledged);
}

#[test]
fn what_a_data_plane_cannot_run_lands_on_its_resource() {
    let one = mk_snapshot(1);
    let mut deliveries = Deliveries::default();
    publish(&mut deliveries, &one, 1);
    let mut report = mk_report("a", Some(one.version()));
    let origin = model::Origin {
        kind: "Upstream".into(),
        namespace: "n".into(),
        name: "u".into(),
        generation: 1,
        path: "spec.ai.openai".into(),
    };
    report.vitals.diagnostics = vec![Diagnostic {
        key: EntryKey::new(&["x"]),
        origin: Some(origin),
        message: "no".into(),
    }];
    let Delivery::Rejected(findings) = ask(&mut deliveries, 1, &[report.clone()], None) else {
        panic!()
    };
    assert_eq!(findings[0].path, "spec.ai.openai");
    // Of an older generation it says nothing about this one.
    publish(&mut deliveries, &one, 2);
    assert_eq!(
        ask(&mut deliveries, 2, &[report], None),
        Delivery::Acknowledged
    );
}

#[test]
fn a_policy_that_an_older_data_plane_does_not_know_is_told() {
    let two = mk_snapshot(2);
    let release = Release::new(std::sync::Arc::new(two.clone()));
    let mut deliveries = Deliveries::default();
    publish(&mut deliveries, &two, 1);
    let reports = [mk_report("a", Some(two.version()))];
    let Delivery::Rejected(findings) = ask(&mut deliveries, 1, &reports, Some(&release)) else {
        panic!()
    };
    assert!(
        findings[0].message.contains("promptGuard revision 2"),
        "{}",
        findings[0].message
    );
}

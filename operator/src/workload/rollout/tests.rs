//! The rules of a rollout, with Gateways `a`, `b`, `c` that go from image `v1` to `v2`.

use super::*;

fn key(name: &str) -> GatewayKey {
    GatewayKey {
        namespace: "ns".into(),
        name: name.into(),
    }
}

fn settled(image: &str) -> Observed {
    Observed {
        revision: image.to_owned(),
        asked: "1-wish".to_owned(),
        image: image.to_owned(),
        generation: 1,
        observed_generation: 1,
        wanted: 2,
        total: 2,
        updated: 2,
        ready: 2,
        available: 2,
        ..Observed::default()
    }
}

/// A Gateway that should run `v2`.
fn candidate(name: &str, observed: Observed) -> Candidate {
    Candidate {
        gateway: key(name),
        is_pinned: false,
        revision: "v2".to_owned(),
        asked: "1-wish".to_owned(),
        image: "v2".to_owned(),
        observed: Some(observed),
    }
}

fn steps(candidates: &[Candidate]) -> Vec<Step> {
    rollout(candidates).into_values().collect()
}

fn waiting(on: &str) -> Step {
    Step::Hold(Hold::Waiting { on: key(on) })
}

#[test]
fn one_gateway_is_upgraded_at_a_time() {
    let old = || settled("v1");
    let all = [
        candidate("a", old()),
        candidate("b", old()),
        candidate("c", old()),
    ];
    assert_eq!(steps(&all), [Step::Apply, waiting("a"), waiting("a")]);
}

#[test]
fn the_next_waits_until_the_last_pod_is_available() {
    let changes: [fn(&mut Observed); 5] = [
        |o| o.generation = 2,
        |o| o.updated = 1,
        |o| o.total = 3,
        |o| o.ready = 1,
        |o| o.available = 1,
    ];
    for change in changes {
        let mut rolling = settled("v2");
        change(&mut rolling);
        let all = [
            candidate("a", settled("v1")),
            candidate("b", rolling.clone()),
        ];
        assert_eq!(steps(&all), [waiting("b"), Step::Apply], "{rolling:?}");
    }
    let all = [candidate("a", settled("v1")), candidate("b", settled("v2"))];
    assert_eq!(steps(&all), [Step::Apply, Step::Apply]);
}

#[test]
fn those_that_serve_go_before_those_that_do_not() {
    let broken = Observed {
        available: 0,
        ready: 0,
        ..settled("v1")
    };
    let all = [candidate("a", broken), candidate("b", settled("v1"))];
    assert_eq!(steps(&all), [waiting("b"), Step::Apply]);
}

#[test]
fn what_is_not_there_yet_is_made_at_once() {
    let new = Candidate {
        observed: None,
        ..candidate("b", settled("v1"))
    };
    assert_eq!(
        steps(&[candidate("a", settled("v1")), new]),
        [Step::Apply, Step::Apply]
    );
}

#[test]
fn a_new_gateway_that_does_not_come_up_holds_up_nobody() {
    let new = Observed {
        is_first: true,
        ready: 0,
        available: 0,
        ..settled("v2")
    };
    assert_eq!(
        steps(&[candidate("a", settled("v1")), candidate("b", new)]),
        [Step::Apply, Step::Apply]
    );
}

#[test]
fn a_pinned_gateway_keeps_its_pods_and_holds_up_nobody() {
    let pinned = |observed| Candidate {
        is_pinned: true,
        ..candidate("a", observed)
    };
    let all = [pinned(settled("v1")), candidate("b", settled("v1"))];
    assert_eq!(steps(&all), [Step::Hold(Hold::Pinned), Step::Apply]);
    let broken = Observed {
        available: 0,
        ..settled("v2")
    };
    assert_eq!(
        steps(&[pinned(broken), candidate("b", settled("v1"))]),
        [Step::Apply, Step::Apply]
    );
}

#[test]
fn what_a_user_changes_takes_effect_at_once() {
    let other = || Observed {
        asked: "1-other".to_owned(),
        ..settled("v1")
    };
    let all = [candidate("a", settled("v1")), candidate("b", other())];
    assert_eq!(steps(&all), [Step::Apply, Step::Apply]);
    let pinned = Candidate {
        is_pinned: true,
        ..candidate("a", other())
    };
    assert_eq!(steps(&[pinned]), [Step::Apply]);
}

#[test]
fn an_operator_that_notes_wishes_differently_upgrades_one_at_a_time() {
    let noted = || Observed {
        asked: "0-wish".to_owned(),
        ..settled("v1")
    };
    assert_eq!(
        steps(&[candidate("a", noted()), candidate("b", noted())]),
        [Step::Apply, waiting("a")]
    );
}

#[test]
fn a_deployment_without_our_notes_is_put_back() {
    let edited = Observed {
        asked: String::new(),
        revision: String::new(),
        ..settled("v1")
    };
    assert_eq!(
        steps(&[candidate("a", settled("v1")), candidate("b", edited)]),
        [Step::Apply, Step::Apply]
    );
}

#[test]
fn an_image_that_did_not_come_up_goes_no_further() {
    let stuck = Observed {
        updated: 1,
        total: 3,
        is_overdue: true,
        ..settled("v2")
    };
    let all = [candidate("a", stuck.clone()), candidate("b", settled("v1"))];
    assert_eq!(
        steps(&all),
        [Step::Apply, Step::Hold(Hold::Unproven { on: key("a") })]
    );
    let proven = [
        candidate("a", stuck),
        candidate("b", settled("v1")),
        candidate("c", settled("v2")),
    ];
    assert_eq!(steps(&proven), [Step::Apply, Step::Apply, Step::Apply]);
}

#[test]
fn repeating_the_rule_upgrades_everyone() {
    let mut all = Vec::from(["a", "b", "c"].map(|name| candidate(name, settled("v1"))));
    for _ in 0..3 {
        let steps = rollout(&all);
        for candidate in all.iter_mut().filter(|c| steps[&c.gateway] == Step::Apply) {
            candidate.observed = Some(settled("v2"));
        }
    }
    assert!(all.iter().all(|c| c.observed == Some(settled("v2"))));
}

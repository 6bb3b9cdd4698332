use std::time::Duration;

use sluice_compiler::Verdict;
use sluice_vocab::{Finding, Kind, Reason};

use super::*;
use crate::world::Live;

fn mk_object(i: usize) -> ObjectRef {
    ObjectRef::new(Kind::Upstream, "n", format!("u{i:05}"))
}

fn mk_live(version: usize, status: &Arc<Value>) -> Arc<Live> {
    Arc::new(Live {
        uid: "uid".into(),
        version: version.to_string(),
        generation: 1,
        controller: String::new(),
        status: status.clone(),
    })
}

/// So many Upstreams without a status, of which none was compiled.
fn mk_newest(count: usize) -> Moment {
    let status = Arc::new(Value::Null);
    let live = |i| (mk_object(i), mk_live(i, &status));
    let mut compiled = Compiled::default();
    for i in 0..count {
        let verdicts = &mut compiled.compilation.verdicts;
        verdicts.insert(mk_object(i), Verdict::default());
    }
    Moment {
        compiled: Arc::new(compiled),
        mirror: Arc::new((0..count).map(live).collect()),
        workloads: Arc::default(),
        projections: Arc::default(),
        ledger: Arc::default(),
        bundle: None,
    }
}

/// Another generation of one, as the compiler and the cluster have it.
fn edit(moment: &mut Moment, i: usize) {
    let mut verdicts = moment.compiled.compilation.verdicts.clone();
    let verdict = verdicts.get_mut(&mk_object(i)).unwrap();
    verdict
        .findings
        .push(Finding::error(Reason::Invalid, "spec", "no"));
    let mut compiled = Compiled::default();
    compiled.compilation.verdicts = verdicts;
    moment.compiled = Arc::new(compiled);
}

/// Writes all that waits, and shows it in the mirror, one by one.
fn write_all(backlog: &mut Backlog, moment: &mut Moment) -> usize {
    let mut count = 0;
    while let Some(change) = backlog.take(Instant::now()) {
        count += 1;
        backlog.settle(&change, &Sent::Written, Instant::now());
        let mut mirror = (*moment.mirror).clone();
        // The API server's own copy.
        let status = Arc::new((*change.status).clone());
        mirror.insert(change.object, mk_live(100_000 + count, &status));
        moment.mirror = Arc::new(mirror);
        backlog.look(moment, "t");
    }
    count
}

#[test]
fn as_many_changes_as_objects_cost_as_many_derivations() {
    const N: usize = 300;
    let (mut backlog, mut moment) = (Backlog::new("c"), mk_newest(N));
    backlog.look(&moment, "t");
    assert_eq!(backlog.derivations(), N);
    assert_eq!(write_all(&mut backlog, &mut moment), N);
    let first = backlog.derivations();
    assert!(
        first <= 2 * N,
        "one for the case and one for what was written over it: {first}"
    );
    for i in 0..N {
        edit(&mut moment, i);
        backlog.look(&moment, "t");
        assert_eq!(write_all(&mut backlog, &mut moment), 1);
    }
    let second = backlog.derivations() - first;
    assert!(second <= 2 * N, "{second}");
}

#[test]
fn what_no_status_is_made_of_costs_nothing() {
    let (mut backlog, mut moment) = (Backlog::new("c"), mk_newest(10));
    backlog.look(&moment, "t");
    let before = backlog.derivations();
    let mut compiled = Compiled::default();
    compiled.compilation.verdicts = moment.compiled.compilation.verdicts.clone();
    moment.compiled = Arc::new(compiled);
    moment.ledger = Arc::default();
    backlog.look(&moment, "later");
    assert_eq!(backlog.derivations(), before);
}

#[test]
fn one_write_of_an_object_is_under_way_at_a_time_and_the_newest_is_the_last() {
    let (mut backlog, mut moment) = (Backlog::new("c"), mk_newest(1));
    backlog.look(&moment, "t");
    let first = backlog.take(Instant::now()).unwrap();
    edit(&mut moment, 0);
    backlog.look(&moment, "t");
    assert_eq!(backlog.take(Instant::now()), None, "the first is under way");
    backlog.settle(&first, &Sent::Written, Instant::now());
    let second = backlog.take(Instant::now()).unwrap();
    assert_ne!(second.status, first.status);
}

#[test]
fn what_was_written_is_not_written_again_before_it_is_seen() {
    let (mut backlog, mut moment) = (Backlog::new("c"), mk_newest(1));
    backlog.look(&moment, "t");
    let change = backlog.take(Instant::now()).unwrap();
    backlog.settle(&change, &Sent::Written, Instant::now());
    moment.ledger = Arc::default();
    backlog.look(&moment, "t");
    assert_eq!(backlog.take(Instant::now()), None);
}

#[test]
fn a_failure_holds_up_its_own_object_only_and_a_success_ends_it() {
    let (mut backlog, moment) = (Backlog::new("c"), mk_newest(2));
    let now = Instant::now();
    backlog.look(&moment, "t");
    let first = backlog.take(now).unwrap();
    let error = kube::Error::Service("no".into());
    backlog.settle(&first, &Sent::Failed(error), now);
    let second = backlog.take(now).unwrap();
    assert_ne!(first.object, second.object);
    assert_eq!(backlog.take(now), None);
    let again = backlog.retry(now).unwrap();
    assert_eq!(backlog.take(again), Some(first.clone()));
    backlog.settle(&first, &Sent::Written, again);
    assert_eq!(backlog.retry(again), None);
    assert_eq!(backlog.take(again + Duration::from_secs(600)), None);
}

#[test]
fn who_rests_forgets_what_waited() {
    let (mut backlog, moment) = (Backlog::new("c"), mk_newest(3));
    backlog.look(&moment, "t");
    backlog.rest();
    assert_eq!(backlog.take(Instant::now()), None);
    backlog.look(&moment, "t");
    assert!(backlog.take(Instant::now()).is_some());
}

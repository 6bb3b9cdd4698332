//! Single rules of reports.

use std::time::{Duration, Instant};

use sluice_session::codec::{Claim, Counter, Leader, Report};
use sluice_session::{Ledger, Progress, Reporter, ReporterEvent, Standing};

use crate::support::*;

fn leader(address: &str, n: u64) -> Leader {
    Leader {
        address: address.into(),
        epoch: epoch(n),
    }
}

fn runs(n: u64) -> Standing {
    Standing {
        version: Some(Claim::from(snapshot([("a", n)]).version())),
        ..Standing::default()
    }
}

fn sent(events: Vec<ReporterEvent>) -> Option<Report> {
    events.into_iter().find_map(|e| {
        if let ReporterEvent::Send(report) = e {
            Some(*report)
        } else {
            None
        }
    })
}

#[test]
fn the_newest_goes_and_bursts_are_one() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let mut reporter = Reporter::new(start, mk_identity(1, &[]), 1);
    assert_eq!(
        reporter.lead(start, leader("a:1", 1)),
        [ReporterEvent::Connect("a:1".into())]
    );
    assert_eq!(reporter.update(start, runs(1)), []);
    assert_eq!(
        sent(reporter.connected(start)).unwrap().version,
        runs(1).version
    );
    assert_eq!(reporter.update(at(10), runs(2)), []);
    assert_eq!(reporter.update(at(20), runs(3)), []);
    assert_eq!(reporter.wake(), Some(at(50)));
    assert_eq!(
        sent(reporter.step(at(50))).unwrap().version,
        runs(3).version
    );
    assert_eq!(
        reporter.wake(),
        Some(at(15_050)),
        "unchanged, it is only a sign of life"
    );
}

#[test]
fn what_runs_is_urgent_and_how_it_fares_is_not() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let fares = |n: u64, requests| {
        let mut standing = runs(n);
        standing.vitals.counters.push(Counter {
            name: "requests".into(),
            key: None,
            value: requests,
        });
        standing
    };
    let mut reporter = Reporter::new(start, mk_identity(1, &[]), 1);
    reporter.lead(start, leader("a:1", 1));
    reporter.update(start, fares(1, 0));
    reporter.connected(start);
    reporter.update(at(10), fares(1, 1));
    assert_eq!(reporter.wake(), Some(at(1000)));
    reporter.update(at(20), fares(2, 1));
    assert_eq!(reporter.wake(), Some(at(50)));
    reporter.update(at(30), fares(2, 2));
    assert_eq!(
        reporter.wake(),
        Some(at(50)),
        "the urgent does not become less so"
    );
}

#[test]
fn a_new_leader_gets_all_and_an_old_one_is_ignored() {
    let now = Instant::now();
    let mut reporter = Reporter::new(now, mk_identity(1, &[]), 1);
    reporter.lead(now, leader("a:1", 2));
    reporter.connected(now);
    assert_eq!(reporter.lead(now, leader("b:1", 1)), []);
    let events = reporter.lead(now, leader("b:1", 3));
    assert_eq!(
        events,
        [
            ReporterEvent::Disconnect,
            ReporterEvent::Connect("b:1".into())
        ]
    );
    assert!(sent(reporter.connected(now)).is_some());
}

#[test]
fn a_leader_that_does_not_answer_is_tried_ever_less_often() {
    let mut now = Instant::now();
    let mut reporter = Reporter::new(now, mk_identity(1, &[]), 1);
    reporter.lead(now, leader("a:1", 1));
    let mut delays = Vec::new();
    for _ in 0..7 {
        reporter.disconnected(now);
        let wake = reporter.wake().unwrap();
        delays.push((wake - now).as_secs());
        now = wake;
        assert_eq!(reporter.step(now), [ReporterEvent::Connect("a:1".into())]);
    }
    assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn the_ledger_keeps_the_newest_of_each() {
    let now = Instant::now();
    let mut reporter = Reporter::new(now, mk_identity(1, &[]), 1);
    reporter.lead(now, leader("a:1", 1));
    reporter.update(now, runs(1));
    let first = sent(reporter.connected(now)).unwrap();
    reporter.update(now, runs(2));
    let second = sent(reporter.step(now + Duration::from_secs(1))).unwrap();
    let mut ledger = Ledger::default();
    assert!(ledger.accept(now, second.clone()));
    assert!(!ledger.accept(now, first.clone()), "an older one");
    let progress = ledger.progress(&gateway(), snapshot([("a", 2)]).version());
    assert_eq!(
        progress,
        Progress {
            applied: 1,
            connected: 1
        }
    );
    let restarted = Report {
        incarnation: 2,
        ..first
    };
    assert!(
        ledger.accept(now, restarted),
        "a restart begins to count anew"
    );
    assert_eq!(
        ledger
            .progress(&gateway(), snapshot([("a", 2)]).version())
            .applied,
        0
    );
    let gone = ledger.expire(now + Duration::from_secs(45), Duration::from_secs(45));
    assert_eq!(gone, [(gateway(), "pod-1".to_owned())]);
    assert_eq!(ledger.reports(&gateway()).count(), 0);
}

#[test]
fn the_same_report_twice_counts_once_and_is_no_second_sign_of_life() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut reporter = Reporter::new(start, mk_identity(1, &[]), 1);
    reporter.lead(start, leader("a:1", 1));
    reporter.update(start, runs(1));
    let report = sent(reporter.connected(start)).unwrap();
    let mut ledger = Ledger::default();
    assert!(ledger.accept(at(0), report.clone()));
    assert!(!ledger.accept(at(30), report.clone()), "it is no news");
    assert_eq!(ledger.reports(&gateway()).count(), 1);
    let silence = Duration::from_secs(45);
    let gone = ledger.expire(at(45), silence);
    assert_eq!(gone.len(), 1, "a copy that was late keeps nobody alive");
    assert!(ledger.accept(at(46), report), "though it may come back");
}

#[test]
fn a_copy_of_the_ledger_stays_as_it_was() {
    let now = Instant::now();
    let mut reporter = Reporter::new(now, mk_identity(1, &[]), 1);
    reporter.lead(now, leader("a:1", 1));
    let report = sent(reporter.connected(now)).unwrap();
    let mut ledger = Ledger::default();
    let before = ledger.clone();
    ledger.accept(now, report);
    assert_eq!(before.reports(&gateway()).count(), 0);
    assert_eq!(ledger.reports(&gateway()).count(), 1);
}

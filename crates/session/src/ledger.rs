//! What the leader knows about the data planes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_snapshot::Version;
use sluice_vocab::GatewayKey;

use crate::codec::{Epoch, Report};

/// The newest report of each data plane. A new leader begins with an empty one, and knows all again after a period of reports.
///
/// A clone shares the reports: whoever reads it needs no lock on the one that is written.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    rows: BTreeMap<(GatewayKey, String), Row>,
}

#[derive(Debug, Clone)]
struct Row {
    report: Arc<Report>,
    at: Instant,
}

/// How far one version has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Data planes that run it.
    pub applied: usize,
    /// Data planes that report.
    pub connected: usize,
}

impl Ledger {
    /// Takes a report, unless a newer one was here. Says whether it tells something new.
    pub fn accept(&mut self, now: Instant, report: Report) -> bool {
        let key = (
            report.identity.gateway.clone(),
            report.identity.instance.clone(),
        );
        let age = |r: &Report| (r.incarnation, r.sequence);
        if let Some(row) = self.rows.get_mut(&key) {
            if age(&row.report) >= age(&report) {
                return false;
            }
            let is_news = (
                row.report.epoch,
                row.report.version,
                &row.report.refusal,
                &row.report.vitals,
            ) != (
                report.epoch,
                report.version,
                &report.refusal,
                &report.vitals,
            );
            *row = Row {
                report: Arc::new(report),
                at: now,
            };
            return is_news;
        }
        let row = Row {
            report: Arc::new(report),
            at: now,
        };
        self.rows.insert(key, row);
        true
    }

    /// Forgets those that were silent for so long, and names them.
    pub fn expire(&mut self, now: Instant, silence: Duration) -> Vec<(GatewayKey, String)> {
        let gone = self.rows.extract_if(.., |_, row| row.at + silence <= now);
        gone.map(|(key, _)| key).collect()
    }

    /// Forgets one whose stream ended.
    pub fn forget(&mut self, gateway: &GatewayKey, instance: &str) -> bool {
        self.rows
            .remove(&(gateway.clone(), instance.to_owned()))
            .is_some()
    }

    /// The newest reports of one Gateway's data planes.
    pub fn reports(&self, gateway: &GatewayKey) -> impl Iterator<Item = &Report> {
        self.rows
            .range((gateway.clone(), String::new())..)
            .take_while(move |((of, _), _)| of == gateway)
            .map(|(_, row)| &*row.report)
    }

    /// How many run a version.
    pub fn progress(&self, gateway: &GatewayKey, version: Version) -> Progress {
        self.reports(gateway)
            .fold(Progress::default(), |p, report| Progress {
                applied: p.applied + usize::from(report.version.is_some_and(|v| v == version)),
                connected: p.connected + 1,
            })
    }

    /// The highest epoch that anyone has seen: a leader's must not be lower.
    pub fn epoch(&self) -> Epoch {
        self.rows
            .values()
            .map(|row| row.report.epoch)
            .max()
            .unwrap_or_default()
    }
}

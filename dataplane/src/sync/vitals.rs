//! How a data plane fares, as its reports say.

use sluice_session::codec::{Counter, Diagnostic, Vitals};

use crate::gateway::Shared;
use crate::table;

/// What the leader is told beside the version.
pub(super) fn vitals<'d>(
    diagnostics: impl Iterator<Item = &'d table::Diagnostic>,
    counters: &[Counter],
) -> Vitals {
    let diagnostics = diagnostics.map(|d| Diagnostic {
        key: d.key.clone(),
        origin: d.origin.clone(),
        message: d.message.clone(),
    });
    // The health of upstreams is not known yet: there is nothing that watches it.
    Vitals {
        diagnostics: diagnostics.collect(),
        omitted: 0,
        health: Vec::new(),
        counters: counters.to_vec(),
    }
}

/// Since the process began.
pub(super) fn counters(shared: &Shared) -> Vec<Counter> {
    let totals = shared.metrics().totals();
    [
        ("requests", totals.requests),
        ("errors", totals.errors),
        ("input_tokens", totals.input_tokens),
        ("output_tokens", totals.output_tokens),
    ]
    .into_iter()
    .map(|(name, value)| Counter {
        name: name.to_owned(),
        key: None,
        value,
    })
    .collect()
}

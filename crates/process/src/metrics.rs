//! Metrics that are registered as they are made: name, help and unit stand beside the field that counts.
//!
//! Names end as OpenMetrics wants it: a counter's in `_total`, one with a unit in that unit; both are added when they are printed.

use prometheus_client::registry::{Metric, Registry, Unit};

use crate::lines::DroppedLines;
use crate::task::Panics;

/// What this crate counts of every process.
pub fn add_of_process(registry: &mut Registry) {
    registry.register_collector(Box::new(Panics));
    registry.register_collector(Box::new(DroppedLines));
}

/// A metric of its type's default, registered.
pub fn add<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// A metric that counts in a unit, registered.
pub fn add_in<M: Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    unit: Unit,
    metric: M,
) -> M {
    registry.register_with_unit(name, help, unit, metric.clone());
    metric
}

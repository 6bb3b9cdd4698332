//! Numbers as people and gates read them.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Map, Value, json};

use crate::load::Shape;
use crate::scenario::Scenario;

/// What one proxy did under one load.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    /// CPU per request or stream, µs.
    pub(crate) cpu: f64,
    /// CPU per event of a stream, µs.
    pub(crate) cpu_chunk: f64,
    /// Requests or streams per second.
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// First event.
    pub(crate) first_p50: f64,
    pub(crate) first_p99: f64,
    /// Events behind their schedule.
    pub(crate) late_p50: f64,
    pub(crate) late_p99: f64,
    /// MiB before the first load of this kind.
    pub(crate) idle: f64,
    pub(crate) peak: f64,
    /// KiB per open stream.
    pub(crate) per_stream: f64,
    pub(crate) errors: f64,
    /// Percent of CPU time taken by the hypervisor.
    pub(crate) steal: f64,
}

/// A number's name in JSON, and the number.
type Field = (&'static str, fn(&Row) -> f64);

/// A whole run: scenario, then proxy, medians over rounds.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) scenarios: BTreeMap<String, Vec<(String, Row)>>,
}

// === impl Row ===

impl Row {
    const FIELDS: [Field; 14] = [
        ("cpu_us", |r| r.cpu),
        ("cpu_us_per_chunk", |r| r.cpu_chunk),
        ("per_second", |r| r.rate),
        ("p50_us", |r| r.p50),
        ("p99_us", |r| r.p99),
        ("first_p50_us", |r| r.first_p50),
        ("first_p99_us", |r| r.first_p99),
        ("late_p50_us", |r| r.late_p50),
        ("late_p99_us", |r| r.late_p99),
        ("idle_mib", |r| r.idle),
        ("peak_mib", |r| r.peak),
        ("kib_per_stream", |r| r.per_stream),
        ("errors", |r| r.errors),
        ("steal_percent", |r| r.steal),
    ];

    /// Each number's median; errors are summed, for one is too many in any round.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |get: fn(&Self) -> f64| median(rounds.iter().map(get).collect());
        Self {
            cpu: of(|r| r.cpu),
            cpu_chunk: of(|r| r.cpu_chunk),
            rate: of(|r| r.rate),
            p50: of(|r| r.p50),
            p99: of(|r| r.p99),
            first_p50: of(|r| r.first_p50),
            first_p99: of(|r| r.first_p99),
            late_p50: of(|r| r.late_p50),
            late_p99: of(|r| r.late_p99),
            idle: of(|r| r.idle),
            peak: of(|r| r.peak),
            per_stream: of(|r| r.per_stream),
            errors: rounds.iter().map(|r| r.errors).sum(),
            steal: of(|r| r.steal),
        }
    }

    fn json(&self) -> Value {
        Value::Object(
            Self::FIELDS
                .iter()
                .map(|(name, get)| ((*name).to_owned(), json!(get(self))))
                .collect(),
        )
    }
}

// === impl Run ===

impl Run {
    fn row(&self, scenario: &str, subject: &str) -> Option<&Row> {
        self.scenarios
            .get(scenario)?
            .iter()
            .find(|(name, _)| name == subject)
            .map(|(_, row)| row)
    }

    /// A scenario as a Markdown table.
    pub(crate) fn table(&self, scenario: &Scenario) -> String {
        let rows = self
            .scenarios
            .get(scenario.name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let (nginx, relay) = (
            self.row(scenario.name, "nginx"),
            self.row(scenario.name, "hyper-relay"),
        );
        let (direct, streams) = (
            self.row(scenario.name, "direct"),
            matches!(scenario.shape, Shape::Stream { .. }),
        );
        let columns = if scenario.memory {
            "KiB/stream | idle MiB | peak MiB"
        } else if streams {
            "CPU µs/chunk | streams/s | added first chunk p50 µs | added per chunk p50 µs | p99"
        } else {
            "requests/s | added p50 µs | p50 µs | p99 µs"
        };
        let count = columns.matches('|').count() + 7;
        let mut lines = vec![
            format!("### {}\n", scenario.title),
            format!("| proxy | CPU µs | × nginx | × hyper-relay | {columns} | errors | steal |"),
            format!("|{}", "---|".repeat(count)),
        ];
        for (name, row) in rows {
            let ratio = |to: Option<&Row>| match to {
                Some(to) if name != "direct" && to.cpu > 0.0 => format!("{:.2}", row.cpu / to.cpu),
                _ => "–".to_owned(),
            };
            let added = |get: fn(&Row) -> f64| format!("{:.0}", get(row) - direct.map_or(0.0, get));
            let cells = if scenario.memory {
                format!("{:.1} | {:.1} | {:.1}", row.per_stream, row.idle, row.peak)
            } else if streams {
                let (first, late, worst) = (
                    added(|r| r.first_p50),
                    added(|r| r.late_p50),
                    added(|r| r.late_p99),
                );
                format!(
                    "{:.2} | {:.0} | {first} | {late} | {worst}",
                    row.cpu_chunk, row.rate
                )
            } else {
                format!(
                    "{:.0} | {} | {:.0} | {:.0}",
                    row.rate,
                    added(|r| r.p50),
                    row.p50,
                    row.p99
                )
            };
            let shown = if name == "direct" {
                "direct (CPU: upstream)"
            } else {
                name
            };
            lines.push(format!(
                "| {shown} | {:.1} | {} | {} | {cells} | {:.0} | {:.1} % |",
                row.cpu,
                ratio(nginx),
                ratio(relay),
                row.errors,
                row.steal
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// Everything, for gates and for comparing runs.
    pub(crate) fn to_json(&self) -> String {
        let subjects = |rows: &Vec<(String, Row)>| {
            Value::Object(
                rows.iter()
                    .map(|(name, row)| (name.clone(), row.json()))
                    .collect::<Map<_, _>>(),
            )
        };
        let scenarios: Map<_, _> = self
            .scenarios
            .iter()
            .map(|(name, rows)| (name.clone(), subjects(rows)))
            .collect();
        format!(
            "{:#}\n",
            json!({"rounds": self.rounds, "seconds": self.seconds, "scenarios": scenarios})
        )
    }
}

/// Writes a line to standard output; who closed it doesn't want it.
pub(crate) fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn an_error_in_any_round_shows() {
        let rounds = [0.0, 1.0, 0.0].map(|errors| Row {
            errors,
            ..Row::default()
        });
        assert_eq!(Row::median(&rounds).errors, 1.0);
    }
}

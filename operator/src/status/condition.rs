//! Conditions as the API server keeps them.

use serde_json::{Value, json};
use sluice_compiler::condition::Condition;

/// Conditions as JSON. A condition whose status is as before keeps its transition time.
pub(super) fn render(conditions: &[Condition], before: Option<&Value>, now: &str) -> Value {
    let before = before
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let render = |c: &Condition| {
        let old = before
            .iter()
            .find(|o| o["type"] == c.kind && o["status"] == c.status.as_str());
        let since = old
            .and_then(|o| o["lastTransitionTime"].as_str())
            .unwrap_or(now);
        json!({
            "type": c.kind,
            "status": c.status.as_str(),
            "reason": c.reason,
            "message": message(&c.message),
            "observedGeneration": c.observed_generation,
            "lastTransitionTime": since,
        })
    };
    conditions.iter().map(render).collect()
}

/// At most what the API server takes.
fn message(text: &str) -> &str {
    const MAX: usize = 32_768;
    &text[..text.floor_char_boundary(MAX)]
}

#[cfg(test)]
mod tests {
    use sluice_compiler::condition::Status;

    use super::*;

    #[test]
    fn the_time_of_a_transition_is_that_of_the_status() {
        let condition = Condition {
            kind: "Ready",
            status: Status::True,
            reason: "Ready",
            message: String::new(),
            observed_generation: 2,
        };
        let first = render(std::slice::from_ref(&condition), None, "t1");
        assert_eq!(first[0]["lastTransitionTime"], "t1");
        let again = Condition {
            message: "other".into(),
            observed_generation: 3,
            ..condition.clone()
        };
        let second = render(&[again], Some(&first), "t2");
        assert_eq!(second[0]["lastTransitionTime"], "t1");
        let turned = Condition {
            status: Status::False,
            ..condition
        };
        assert_eq!(
            render(&[turned], Some(&second), "t3")[0]["lastTransitionTime"],
            "t3"
        );
    }
}

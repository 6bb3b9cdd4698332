//! Events for people: one when a resource begins to work, and one when it stops, with the reason.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use serde_json::Value;
use sluice_vocab::ObjectRef;
use tokio::sync::mpsc;

use crate::brief::brief;
use crate::watch::api_resource;

/// Events that wait to be written; more are left out, for the status has them too.
const WAITING: usize = 256;
/// An event's note is at most so long.
const MAX_NOTE: usize = 1_000;

/// Where events go.
#[derive(Debug, Clone)]
pub struct Events {
    sender: mpsc::Sender<(Event, ObjectReference)>,
}

impl Events {
    /// Also gives the task that writes them.
    pub fn new(
        client: Client,
        instance: &str,
    ) -> (Self, impl Future<Output = std::convert::Infallible> + use<>) {
        let reporter = Reporter {
            controller: sluice_crds::CONTROLLER.to_owned(),
            instance: Some(instance.to_owned()),
        };
        let recorder = Recorder::new(client, reporter);
        let (sender, mut events) = mpsc::channel::<(Event, ObjectReference)>(WAITING);
        let task = async move {
            loop {
                let Some((event, object)) = events.recv().await else {
                    std::future::pending().await
                };
                if let Err(error) = recorder.publish(&event, &object).await {
                    tracing::warn!(error = brief(&error), "an event can't be written");
                }
            }
        };
        (Self { sender }, task)
    }

    /// Says what became of an object, if its summary changed.
    pub fn transition(&self, object: &ObjectRef, uid: &str, before: &Value, after: &Value) {
        if let Some(event) = event(before, after) {
            let resource = api_resource(object.kind);
            let reference = ObjectReference {
                api_version: Some(resource.api_version),
                kind: Some(resource.kind),
                namespace: (!object.namespace.is_empty()).then(|| object.namespace.to_string()),
                name: Some(object.name.to_string()),
                uid: Some(uid.to_owned()),
                ..ObjectReference::default()
            };
            let _ = self.sender.try_send((event, reference));
        }
    }
}

/// An event where the summary's status or reason is another. Waiting is no news.
fn event(before: &Value, after: &Value) -> Option<Event> {
    let summary = |status: &Value| {
        let conditions = status.get("conditions")?.as_array()?;
        let ready = conditions.iter().find(|c| c["type"] == "Ready")?;
        let text = |key: &str| ready[key].as_str().unwrap_or_default().to_owned();
        Some((text("status"), text("reason"), text("message")))
    };
    let (status, reason, message) = summary(after)?;
    let was = summary(before);
    if status == "Unknown" || was.is_some_and(|(s, r, _)| s == status && r == reason) {
        return None;
    }
    let is_ready = status == "True";
    let note = if is_ready {
        "it works".to_owned()
    } else {
        message
    };
    Some(Event {
        type_: if is_ready {
            EventType::Normal
        } else {
            EventType::Warning
        },
        reason,
        note: Some(note[..note.floor_char_boundary(MAX_NOTE)].to_owned()),
        action: "Program".to_owned(),
        secondary: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk(status: &str, reason: &str) -> Value {
        json!({"conditions": [{"type": "Ready", "status": status, "reason": reason, "message": "m"}]})
    }

    #[test]
    fn only_a_change_of_the_summary_is_an_event() {
        let reason = |before: &Value, after: &Value| event(before, after).map(|e| e.reason);
        assert_eq!(reason(&json!(null), &mk("Unknown", "Pending")), None);
        assert_eq!(
            reason(&mk("Unknown", "Pending"), &mk("True", "Ready")).as_deref(),
            Some("Ready")
        );
        assert_eq!(reason(&mk("True", "Ready"), &mk("True", "Ready")), None);
        let failed = event(&mk("True", "Ready"), &mk("False", "SecretNotFound")).unwrap();
        assert!(matches!(failed.type_, EventType::Warning));
        assert_eq!(failed.note.as_deref(), Some("m"));
        let other = event(
            &mk("False", "SecretNotFound"),
            &mk("False", "SecretKeyNotFound"),
        );
        assert!(other.is_some());
    }
}

//! Listener ports, and the ports of the container that stand for them.

use sluice_vocab::{Finding, Reason};

use super::facts::ListenerPort;
use super::pod::ADMIN_PORT;

/// A process without privileges can't bind ports below this one.
const PRIVILEGED: i32 = 1024;

/// A port that the Service offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Served {
    /// `http-80`.
    pub(super) name: String,
    /// What clients dial.
    pub(super) port: i32,
    /// What data planes bind.
    pub(super) target: i32,
}

/// Where data planes bind a listener's port: 10000 above it when it is below 1024.
pub const fn container_port(port: i32) -> i32 {
    if port < PRIVILEGED {
        port + 10_000
    } else {
        port
    }
}

/// One for each port that can be served, in order of the listeners. What has none is a finding; protocols that are not HTTP are the
/// compiler's to judge.
pub(super) fn served(listeners: &[ListenerPort], findings: &mut Vec<Finding>) -> Vec<Served> {
    let mut served: Vec<Served> = Vec::new();
    for (i, listener) in listeners.iter().enumerate() {
        let is_http = matches!(listener.protocol.as_str(), "HTTP" | "HTTPS");
        let is_there = served.iter().any(|s| s.port == listener.port);
        if !is_http || is_there || !(1..=65_535).contains(&listener.port) {
            continue;
        }
        let target = container_port(listener.port);
        if let Some(taken) = taken_by(target, &served) {
            let message = format!(
                "data planes bind port {} at {target}, which {taken}: choose another port for listener {}",
                listener.port, listener.name
            );
            findings.push(Finding::error(
                Reason::Conflicted,
                format!("spec.listeners[{i}].port"),
                message,
            ));
            continue;
        }
        let name = format!(
            "{}-{}",
            listener.protocol.to_ascii_lowercase(),
            listener.port
        );
        served.push(Served {
            name,
            port: listener.port,
            target,
        });
    }
    served
}

fn taken_by(target: i32, served: &[Served]) -> Option<String> {
    if target == ADMIN_PORT {
        return Some("is where they answer probes".to_owned());
    }
    served
        .iter()
        .find(|s| s.target == target)
        .map(|s| format!("stands for port {} already", s.port))
}

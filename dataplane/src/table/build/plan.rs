//! The policies that a route's entry names -> its plan. One that can't be realised poisons it.

use std::time::Duration;

use sluice_snapshot::{EntryKey, model};

use super::entries::Entries;
use super::workers;
use crate::standing::Standing;
use crate::table::Plan;
use crate::table::asker::Need;

pub(super) fn plan(
    route: &model::Route,
    entries: &Entries,
    standing: &Standing,
    report: &mut dyn FnMut(String),
) -> Plan {
    let need = Need {
        credentials: &entries.credentials,
        standing,
        workers: workers(),
    };
    let mut plan = Plan::default();
    for key in &route.policies {
        let added = match entries.policies.get(&EntryKey::from(key.as_str())) {
            Some(Ok(config)) => plan.add(config.clone(), &entries.keys, &need),
            Some(Err(message)) => Err(message.clone()),
            None => Err(format!("policy {key} is not in the snapshot")),
        };
        if let Err(message) = added {
            report(message.clone());
            plan.poisoned = Some(message);
        }
    }
    let millis = [route.request_timeout_ms, route.backend_timeout_ms]
        .into_iter()
        .filter(|ms| *ms > 0)
        .min();
    plan.timeout = millis.map(Duration::from_millis).or(plan.timeout);
    plan
}

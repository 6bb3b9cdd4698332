//! Messages and parameters that the route adds.

use sluice_llm::enrich::{self, Message};
use sluice_policy::enrichment;

use super::ask::{Asked, AskedBody, malformed};
use crate::rejection::{Rejected, Stage};
use crate::table::Plan;

pub(crate) fn enrich<'u>(plan: &Plan, mut asked: Asked<'u>) -> Result<Asked<'u>, Rejected> {
    if !plan.edits() || !asked.surface.operation.has_json_body() {
        return Ok(asked);
    }
    let AskedBody::Json(draft) = &mut asked.body else { return Ok(asked) };
    let (format, operation) = (asked.surface.format, asked.surface.operation);
    if !plan.prepend.is_empty() || !plan.append.is_empty() {
        enrich::messages(draft, format, operation, &messages(&plan.prepend), &messages(&plan.append))
            .map_err(wrong)?;
    }
    if operation.streams() {
        for (over, fields) in [(false, &plan.defaults), (true, &plan.overrides)] {
            for (name, value) in fields {
                enrich::field(draft, format, operation, name, value, over).map_err(wrong)?;
            }
        }
    }
    Ok(asked)
}

fn messages(messages: &[enrichment::Message]) -> Vec<Message<'_>> {
    messages.iter().map(|m| Message { role: m.role.as_str(), content: &m.content }).collect()
}

fn wrong(error: sluice_llm::json::ScanError) -> Rejected {
    let mut rejection = malformed(error);
    rejection.stage = Stage::Enrich;
    rejection
}

//! Prompts that are refused.

use http::StatusCode;
use sluice_llm::text;
use sluice_vocab::ErrorType;

use super::ask::{Asked, AskedBody, malformed};
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Plan;

/// Looks at what the caller wrote, before the gateway adds anything of its own.
pub(crate) fn guard(plan: &Plan, asked: &Asked<'_>) -> Result<(), Rejected> {
    if plan.guards.is_empty() {
        return Ok(());
    }
    let mut hit = None;
    let mut look = |text: &str| {
        if hit.is_none() {
            hit = plan.guards.iter().find_map(|guard| guard.find(text).map(|pattern| (guard, pattern)));
        }
    };
    match &asked.body {
        AskedBody::Json(draft) => text::each(draft.original(), &mut look).map_err(malformed)?,
        // A form is looked at whole: its text fields are prompts too.
        AskedBody::Form(bytes, _) => look(&String::from_utf8_lossy(bytes)),
    }
    let Some((guard, pattern)) = hit else { return Ok(()) };
    let status = StatusCode::from_u16(guard.status).unwrap_or(StatusCode::FORBIDDEN);
    Err(Rejection::new(Stage::Guard, ErrorType::InvalidRequest, status, guard.message.clone())
        .code("prompt_rejected")
        .detail(format!("pattern {pattern} of promptGuard.request.matches")))
}

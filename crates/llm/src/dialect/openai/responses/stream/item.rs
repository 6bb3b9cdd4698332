//! An item that is being said.

use crate::dialect::openai::responses::answer::{call, message, reasoning};
use crate::json::Writer;

#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) is_done: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Refusal,
    Reasoning {
        sealed: String,
    },
    Call {
        index: u32,
        call_id: String,
        name: String,
    },
}

impl Item {
    pub(super) fn write(&self, w: &mut Writer<'_>, status: &str) {
        match &self.kind {
            Kind::Text => message(w, &self.id, Some((&self.text, false)), status),
            Kind::Refusal => message(w, &self.id, Some((&self.text, true)), status),
            Kind::Reasoning { sealed } => {
                reasoning(
                    w,
                    &self.id,
                    &self.text,
                    Some(sealed.as_str()).filter(|s| !s.is_empty()),
                );
            }
            Kind::Call { call_id, name, .. } => {
                call(w, &self.id, call_id, name, &self.text, status)
            }
        }
    }

    pub(super) fn write_begun(&self, w: &mut Writer<'_>) {
        match &self.kind {
            Kind::Text | Kind::Refusal => message(w, &self.id, None, "in_progress"),
            Kind::Reasoning { .. } => reasoning(w, &self.id, "", None),
            Kind::Call { call_id, name, .. } => call(w, &self.id, call_id, name, "", "in_progress"),
        }
    }
}

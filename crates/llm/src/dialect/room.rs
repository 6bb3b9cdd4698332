//! What a room holds: all that is known of one wire, and of the family that it is of.

use std::time::Duration;

use serde_json::Value;

use crate::Format;
use crate::answer::{Answer, Context};
use crate::conversation::Conversation;
use crate::dialect::bedrock::frame::Message;
use crate::dropped::Dropped;
use crate::enrich::put::{FieldPlace, Message as Added};
use crate::error::refusal::Refusal;
use crate::event::{Event, Failure, Sink};
use crate::flow::passed::Passing;
use crate::json::{Draft, Invalid, ScanError};
use crate::models::model::Model;
use crate::request::target::Target;
use crate::surface::found::Surface;
use crate::text::delta::shape::StreamTexts;
use crate::usage::fields::{Usage, UsageFields};

/// All that is known of one wire. What a wire does not have says so, or is refused.
pub(crate) struct Dialect {
    /// A provider's path below the version; empty where the model stands in it.
    pub(crate) path: &'static str,
    /// The same for counting tokens.
    pub(crate) count_path: &'static str,
    /// Reads a client's request.
    pub(crate) read_request: for<'a> fn(&'a str, &mut Dropped) -> Result<Conversation<'a>, Invalid>,
    /// Writes a provider's request.
    pub(crate) write_request:
        fn(&Conversation<'_>, &Target<'_>, &mut Dropped) -> Result<Vec<u8>, Invalid>,
    /// Reads a provider's whole answer.
    pub(crate) read_answer: for<'a> fn(&'a str, &Context) -> Result<Answer<'a>, Invalid>,
    /// Writes a client's whole answer.
    pub(crate) write_answer: fn(&Answer<'_>, &Context) -> Vec<u8>,
    /// Reads a provider's stream; ids that it leaves out are made of the seed.
    pub(crate) reader: fn(u64) -> Box<dyn ReadStream>,
    /// Writes a client's stream.
    pub(crate) writer: fn(Context) -> Box<dyn WriteStream>,
    /// What a stream tells that passes as it is.
    pub(crate) passing: &'static Passing,
    /// Where the texts of a stream stand.
    pub(crate) texts: &'static dyn StreamTexts,
    /// Puts messages before and after the caller's; `None` where no client speaks it.
    pub(crate) enrich: Option<PutMessages>,
    /// Where one of OpenAI's parameters stands; `None` for at the top, under its own name.
    pub(crate) place: fn(&str) -> Option<FieldPlace>,
    /// Another name of the same parameter.
    pub(crate) twin: fn(&str) -> Option<&'static str>,
    /// Whether a request to count tokens has the shape of the request itself.
    pub(crate) counts_what_it_is_asked: bool,
}

pub(crate) type PutMessages = fn(&mut Draft, &[Added<'_>], &[Added<'_>]) -> Result<(), ScanError>;

/// What the wires of one vendor share.
pub(crate) struct Family {
    pub(crate) format: Format,
    /// The versions that its clients' paths begin with.
    pub(crate) versions: &'static [&'static str],
    /// The version at which the list of models is its own where nobody says whose it is.
    pub(crate) lists_at: Option<&'static str>,
    /// Reads a path below the version.
    pub(crate) path: for<'a> fn(&'a str) -> Option<Surface<'a>>,
    /// Reads a path without a version.
    pub(crate) bare_path: for<'a> fn(&'a str) -> Option<Surface<'a>>,
    /// Writes an error.
    pub(crate) error: fn(&Refusal<'_>) -> Value,
    /// Says in an error how long to wait.
    pub(crate) delay: fn(&mut Value, Duration),
    /// The name of the event that an error within a stream comes in.
    pub(crate) error_event: Option<&'static str>,
    /// Statuses of its own; others get what they know in their place.
    pub(crate) own_statuses: &'static [u16],
    /// Reads an error; with the status that it came with, outside of streams.
    pub(crate) failure: for<'a> fn(&'a str, Option<u16>) -> Failure<'a>,
    pub(crate) models: fn(&[Model<'_>]) -> Value,
    pub(crate) model: fn(&Model<'_>) -> Value,
    /// The field of an answer that holds its usage.
    pub(crate) usage_field: &'static str,
    /// The field of a count of tokens.
    pub(crate) count_field: &'static str,
    pub(crate) usage: fn(&UsageFields) -> Usage,
}

impl Family {
    /// The status as this family's clients know it: 529 is Anthropic's own, and an overload like any other to the rest.
    pub(crate) fn own_status(&self, status: u16) -> u16 {
        if status == 529 && !self.own_statuses.contains(&status) {
            503
        } else {
            status
        }
    }
}

/// Reads a provider's stream, in server-sent events or in AWS' messages.
pub(crate) trait ReadStream: std::fmt::Debug + Send {
    /// Reads an event's data.
    fn data(&mut self, _: &str, _: Sink<'_>) -> Result<(), serde_json::Error> {
        Ok(())
    }

    /// Reads a message.
    fn message(&mut self, _: &Message, _: Sink<'_>) -> Result<(), serde_json::Error> {
        Ok(())
    }

    /// Whether the answer is over where the format has no last word.
    fn is_finished(&self) -> bool {
        false
    }
}

/// Writes a client's stream.
pub(crate) trait WriteStream: std::fmt::Debug + Send {
    /// Appends the bytes of an event, which may be none.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>);
}

/// For what no client asks in.
pub(crate) fn no_client<'a>(_: &'a str, _: &mut Dropped) -> Result<Conversation<'a>, Invalid> {
    let why = "is in a format that no client speaks";
    Err(Invalid::new("the body", why))
}

/// For vendors whose paths no client calls.
pub(crate) fn no_path(_: &str) -> Option<Surface<'_>> {
    None
}

/// For a wire that has OpenAI's parameters under their own names.
pub(crate) fn own_place(_: &str) -> Option<FieldPlace> {
    None
}

/// For a wire whose parameters have one name each.
pub(crate) fn no_twin(_: &str) -> Option<&'static str> {
    None
}

/// For errors that have no place to say how long to wait.
pub(crate) fn no_delay(_: &mut Value, _: Duration) {}

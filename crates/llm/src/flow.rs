//! An answer is a flow: frames that are cut once at the door, steps that take frames and give frames, and an end.
//!
//! ```text
//! provider's bytes --Door--> Frame --step--> Frame --step--> Frame --Join--> client's bytes
//!                            an event, a message, a whole body, or bytes that nobody takes apart
//! ```
//!
//! The steps of this crate are [`Tally`], which reads what passes, and [`Translate`], which writes it anew in another wire. Guards
//! have steps of their own. Which of them an answer takes, and in which order, is decided one level up: "behind the
//! translation" is a place in that list, and nothing else knows of it.

mod crossing;
mod door;
pub(crate) mod end;
mod frame;
mod join;
pub(crate) mod passed;
mod tally;
mod translate;
mod translator;

pub use crossing::{Crossing, Hints, Translated, Unreadable};
pub use door::Door;
pub use end::End;
pub use frame::{Frame, Unframed, WholeBody};
pub use join::Join;
pub use tally::Tally;
pub use translate::Translate;
pub use translator::Translator;

use crate::usage::Usage;

/// Where a step's frames go.
pub type Out<'o> = &'o mut dyn FnMut(Frame);

/// What a step has read of an answer so far.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Tokens used, as far as is known.
    pub usage: Usage,
    /// How the answer stands. `None` when it can't be told: nothing of it is understood.
    pub end: Option<End>,
}

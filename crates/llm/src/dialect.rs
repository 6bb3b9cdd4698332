//! One room a wire: how requests, answers and streams are written in it, how it tells usage and its end, where its texts stand, what a
//! route adds to it; and, for all wires of a vendor, paths, errors, and lists of models.
//!
//! Who adds a wire writes a room and a line in [`of`]; a vendor of its own is a line in [`family`] too.

pub(crate) mod anthropic;
pub mod bedrock;
pub(crate) mod cohere;
pub(crate) mod gemini;
pub(crate) mod native;
pub mod openai;
pub(crate) mod room;
pub(crate) mod signature;

pub(crate) use room::{Dialect, Family};

use crate::{Format, Wire};

/// The room of a wire.
pub(crate) fn of(wire: Wire) -> &'static Dialect {
    match wire {
        Wire::Chat => &openai::chat::table::DIALECT,
        Wire::Responses => &openai::responses::table::DIALECT,
        Wire::Completions => &openai::completions::table::DIALECT,
        Wire::Messages => &anthropic::table::DIALECT,
        Wire::Generate => &gemini::table::DIALECT,
        Wire::Converse => &bedrock::table::DIALECT,
        Wire::Cohere => &cohere::table::DIALECT,
    }
}

/// The family of a format.
pub(crate) fn family(format: Format) -> &'static Family {
    match format {
        Format::OpenAi => &openai::family::FAMILY,
        Format::Anthropic => &anthropic::family::FAMILY,
        Format::Gemini => &gemini::family::FAMILY,
        Format::Bedrock => &bedrock::family::FAMILY,
        Format::Cohere => &cohere::family::FAMILY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_is_of_the_family_of_its_format() {
        for wire in Wire::ALL {
            assert_eq!(family(wire.format()).format, wire.format());
        }
    }
}

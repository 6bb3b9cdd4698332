//! Cohere's streams: contents and calls are numbered each by themselves, and a plan comes before the calls.

use crate::json::{Object, quote};
use crate::sse::Event;
use crate::text::delta::channel::Channel;
use crate::text::delta::event::{Head, made};
use crate::text::delta::shape::{About, Ends, StreamTexts, number, tag};
use crate::text::walk::{Place, Step};

#[derive(Debug)]
pub(crate) struct CohereTexts;

impl StreamTexts for CohereTexts {
    fn about(&self, object: &Object) -> About {
        let tag = tag(object);
        let group = group(&tag, number(object, "index"));
        About {
            tag,
            group,
            part: String::new(),
        }
    }

    fn ends(&self, object: &Object) -> Ends {
        ends(&self.about(object))
    }

    fn channel(&self, about: &About, place: &Place<'_, '_>) -> Option<Channel> {
        channel(about, place.path)
    }

    fn added(&self, channel: &Channel, text: &str, _: &Head, _: &mut i64) -> Option<Event> {
        let (name, data) = event(channel, text);
        Some(made(Some(name), &data))
    }
}

/// The plan's, which has no number.
const PLAN: i64 = -1;

/// One number for contents and calls: even for the first, odd for the second.
fn group(tag: &str, index: Option<i64>) -> i64 {
    let index = index.unwrap_or(0).clamp(0, 1 << 32) * 2;
    if tag.starts_with("tool-call-") {
        index + 1
    } else if tag.starts_with("content-") {
        index
    } else {
        PLAN
    }
}

fn ends(about: &About) -> Ends {
    match about.tag.as_str() {
        "content-end" | "tool-call-end" => Ends::Groups(vec![about.group]),
        "tool-call-start" => Ends::Groups(vec![PLAN]),
        "message-end" => Ends::All,
        _ => Ends::Nothing,
    }
}

/// Contents, the plan and arguments come in pieces; citations repeat what was said, and names of functions come as a whole.
fn channel(about: &About, path: &[Step<'_>]) -> Option<Channel> {
    let mut names = path.iter().map(|step| match step {
        Step::Key(name) => Some(&**name),
        Step::Item(..) => None,
    });
    let mut next = || names.next().flatten();
    if (next(), next()) != (Some("delta"), Some("message")) {
        return None;
    }
    let field = match (next(), next(), next(), path.len()) {
        (Some("content"), Some(field @ ("text" | "thinking")), None, 4) => field,
        (Some(field @ "tool_plan"), None, None, 3) if about.tag == "tool-plan-delta" => field,
        (Some("tool_calls"), Some("function"), Some(field @ "arguments"), 5) => field,
        _ => return None,
    };
    Some(Channel::named(about.group, field))
}

/// An event of our own: its name and its data.
fn event(channel: &Channel, text: &str) -> (&'static str, String) {
    let field = channel.name().unwrap_or("text");
    let (index, text) = (channel.group.max(0) / 2, quote(text));
    match field {
        "tool_plan" => (
            "tool-plan-delta",
            format!(
                "{{\"type\":\"tool-plan-delta\",\"delta\":{{\"message\":{{\"tool_plan\":{text}}}}}}}"
            ),
        ),
        "arguments" => (
            "tool-call-delta",
            format!(
                "{{\"type\":\"tool-call-delta\",\"index\":{index},\"delta\":{{\"message\":{{\"tool_calls\":{{\"function\":{{\"arguments\":{text}}}}}}}}}}}"
            ),
        ),
        _ => (
            "content-delta",
            format!(
                "{{\"type\":\"content-delta\",\"index\":{index},\"delta\":{{\"message\":{{\"content\":{{\"{field}\":{text}}}}}}}}}"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;

    use super::*;

    use crate::flow::{Crossing, Translator};
    use crate::sse;
    use crate::text::{Deltas, Masks, Part};
    use crate::{Wire, answer::Context};

    /// Holds every text back until it ends, and writes it with big letters.
    struct Loud;

    impl Masks for Loud {
        type Text = String;
        type Refusal = Infallible;

        fn begin(&self, _: Part) -> String {
            String::new()
        }

        fn push(
            &mut self,
            text: &mut String,
            piece: &str,
            _: &mut String,
        ) -> Result<(), Infallible> {
            text.push_str(piece);
            Ok(())
        }

        fn finish(&mut self, text: &mut String, out: &mut String) -> Result<(), Infallible> {
            out.push_str(&text.to_ascii_uppercase());
            Ok(())
        }

        fn whole(&mut self, _: Part, _: &str) -> Result<Option<String>, Infallible> {
            Ok(None)
        }
    }

    fn read(stream: &[u8]) -> String {
        let mut translator = Translator::new(Crossing::new(
            Wire::Cohere,
            Wire::Messages,
            true,
            Context::default(),
        ));
        let mut out = translator.push(Bytes::copy_from_slice(stream)).to_vec();
        out.extend_from_slice(&translator.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_held_back_comes_before_its_end_and_in_its_place() {
        for stream in [
            include_str!("../../../tests/golden/streams/cohere/thinking_text_citations/in.sse"),
            include_str!("../../../tests/golden/streams/cohere/plan_and_parallel_calls/in.sse"),
        ] {
            let mut deltas = Deltas::new(Wire::Cohere);
            let mut out = Vec::new();
            let mut write = |event: Event| out.extend_from_slice(event.raw());
            sse::Decoder::default()
                .push(Bytes::copy_from_slice(stream.as_bytes()), |event| {
                    deltas.event(&event, &mut Loud, &mut write).unwrap();
                })
                .unwrap();
            deltas.finish(&mut Loud, &mut write).unwrap();
            // The same but for its letters and where the pieces are cut.
            let plain = |text: &str| -> String {
                let pieces =
                    text.split("data: ").filter_map(|event| {
                        let json = event.lines().next().filter(|line| line.starts_with('{'))?;
                        let value: serde_json::Value = serde_json::from_str(json).ok()?;
                        let delta = &value["delta"];
                        let piece = ["text", "thinking", "partial_json"]
                            .iter()
                            .find_map(|name| delta[*name].as_str());
                        Some(piece.map_or_else(
                            || format!("<{}>", value["type"]),
                            str::to_ascii_lowercase,
                        ))
                    });
                pieces
                    .filter(|piece| piece != "<\"content_block_delta\">")
                    .collect()
            };
            assert_eq!(plain(&read(&out)), plain(&read(stream.as_bytes())));
            assert!(
                read(&out).contains("PENGUINS, THEN.")
                    || read(&out).contains("I WILL LOOK UP BOTH.")
            );
            assert!(
                read(&out).contains("120 CM") || read(&out).contains("\"CITY\\\":\\\"PARIS"),
                "{}",
                read(&out)
            );
        }
    }
}

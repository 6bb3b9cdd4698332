//! Where the texts of Responses' streams stand.

use crate::json::{Draft, Object, quote};
use crate::sse::Event;
use crate::text::delta::channel::{Channel, Key};
use crate::text::delta::event::{Head, made};
use crate::text::delta::shape::{About, Ends, StreamTexts, number, tag};
use crate::text::kind::{Kind, Part};
use crate::text::walk::{Place, Step};

#[derive(Debug)]
pub(crate) struct ResponsesTexts;

/// What tells one part of an item from another.
const PART: [&str; 4] = ["item_id", "output_index", "content_index", "summary_index"];

impl StreamTexts for ResponsesTexts {
    fn about(&self, object: &Object) -> About {
        let field = |name: &&str| {
            let value = String::from_utf8_lossy(object.get(name).ok()??).into_owned();
            Some(format!("{}:{value},", quote(name)))
        };
        About {
            tag: tag(object),
            group: number(object, "output_index").unwrap_or(-1),
            part: PART.iter().filter_map(field).collect(),
        }
    }

    fn ends(&self, object: &Object) -> Ends {
        let about = self.about(object);
        match about.tag.as_str() {
            "response.output_item.done" => Ends::Groups(vec![about.group]),
            "response.completed" | "response.incomplete" | "response.failed" | "error" => Ends::All,
            tag => match tag.strip_suffix(".done") {
                Some(stem) => Ends::One(item(&about, stem)),
                None => Ends::Nothing,
            },
        }
    }

    fn channel(&self, about: &About, place: &Place<'_, '_>) -> Option<Channel> {
        let [Step::Key(delta)] = place.path else {
            return None;
        };
        let stem = about.tag.strip_suffix(".delta").unwrap_or(&about.tag);
        let is_medium = matches!(
            stem,
            "response.audio" | "response.image_generation_call.partial_image"
        );
        (delta == "delta" && !is_medium).then(|| item(about, stem))
    }

    fn part(&self, about: &About, place: &Place<'_, '_>) -> Part {
        let tag = about.tag.as_str();
        let json = tag.contains("arguments");
        let kind = if !matches!(place.path, [Step::Key(_)]) {
            return place.part;
        } else if json || tag.contains("_call") {
            Kind::ToolArguments
        } else if tag.contains("reasoning") {
            Kind::Reasoning
        } else {
            return place.part;
        };
        Part { kind, json }
    }

    fn added(&self, channel: &Channel, text: &str, head: &Head, added: &mut i64) -> Option<Event> {
        let [Key::Name(stem), Key::Name(part)] = channel.path.as_slice() else {
            return None;
        };
        // It comes before the event at hand, which moves on by one.
        let number = head.sequence() + *added;
        *added += 1;
        let name = format!("{stem}.delta");
        let data = format!(
            "{{\"type\":{},{part}\"delta\":{},\"sequence_number\":{number}}}",
            quote(&name),
            quote(text)
        );
        Some(made(Some(&name), &data))
    }

    /// Events are counted: those after an added one move on.
    fn renumber(&self, data: &[u8], added: i64) -> Option<Vec<u8>> {
        if added == 0 {
            return None;
        }
        let object = Object::scan(bytes::Bytes::copy_from_slice(data)).ok()?;
        let number = number(&object, "sequence_number")?;
        let mut draft = Draft::new(object);
        let moved = (number + added).to_string();
        draft.set("sequence_number", moved).ok()?;
        Some(draft.finish().concat().to_vec())
    }
}

fn item(about: &About, stem: &str) -> Channel {
    Channel {
        group: about.group,
        path: vec![Key::Name(stem.to_owned()), Key::Name(about.part.clone())],
    }
}

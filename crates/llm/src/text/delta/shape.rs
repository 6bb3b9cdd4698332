//! Where each format's streams have their texts, when those end, and how an event that brings one looks.

mod cohere;

use serde::Deserialize;

use super::event::{Head, made, nest};
use super::{Channel, Key};
use crate::json::{Object, quote};
use crate::sse::Event;
use crate::text::kind::{Kind, Part};
use crate::text::walk::{Place, Step};
use crate::{Format, Operation};

/// A format's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Chat completions, and the older completions.
    Chat,
    Responses,
    Messages,
    Generate,
    Cohere,
}

/// What is known of an event before its texts are read.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    /// Its `type`.
    tag: String,
    /// The block or item that it is about.
    group: i64,
    /// Within an item: the part.
    part: String,
}

/// Which texts an event ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Nothing,
    All,
    /// All of these blocks or items.
    Groups(Vec<i64>),
    /// All of these choices, unless they go on.
    Perhaps(Vec<i64>),
    /// One text of an item of Responses: the group, and its path.
    One(Channel),
}

impl Ends {
    pub(super) fn has(&self, channel: &Channel) -> bool {
        match self {
            Ends::Nothing | Ends::Perhaps(_) => false,
            Ends::All => true,
            Ends::Groups(groups) => groups.contains(&channel.group),
            Ends::One(one) => one == channel,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Choices {
    #[serde(alias = "candidates")]
    choices: Vec<Choice>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Choice {
    index: i64,
    #[serde(alias = "finishReason")]
    finish_reason: Option<serde::de::IgnoredAny>,
}

impl Shape {
    pub(super) fn of(format: Format, operation: Operation) -> Self {
        match (format, operation) {
            (Format::OpenAi, Operation::Responses) => Shape::Responses,
            // Bedrock's streams are binary: whoever guards them does so behind the translation.
            (Format::OpenAi | Format::Bedrock, _) => Shape::Chat,
            (Format::Anthropic, _) => Shape::Messages,
            (Format::Gemini, _) => Shape::Generate,
            (Format::Cohere, _) => Shape::Cohere,
        }
    }

    /// Fields that added events have as the others do.
    fn head(self) -> &'static [&'static str] {
        match self {
            Shape::Chat => &[
                "id",
                "object",
                "created",
                "model",
                "system_fingerprint",
                "service_tier",
            ],
            Shape::Generate => &["modelVersion", "responseId", "createTime"],
            Shape::Responses | Shape::Messages | Shape::Cohere => &[],
        }
    }

    pub(super) fn event(self, object: &Object) -> Kinds {
        let number = |name: &str| {
            object
                .get(name)
                .ok()
                .flatten()
                .and_then(|v| std::str::from_utf8(v).ok()?.parse::<i64>().ok())
        };
        match self {
            Shape::Chat | Shape::Generate => Kinds::default(),
            Shape::Messages => Kinds {
                tag: tag(object),
                group: number("index").unwrap_or(-1),
                part: String::new(),
            },
            Shape::Cohere => {
                let tag = tag(object);
                let group = cohere::group(&tag, number("index"));
                Kinds {
                    tag,
                    group,
                    part: String::new(),
                }
            }
            Shape::Responses => {
                let part = ["item_id", "output_index", "content_index", "summary_index"]
                    .iter()
                    .filter_map(|name| {
                        let value = String::from_utf8_lossy(object.get(name).ok()??).into_owned();
                        Some(format!("{}:{value},", quote(name)))
                    })
                    .collect();
                Kinds {
                    tag: tag(object),
                    group: number("output_index").unwrap_or(-1),
                    part,
                }
            }
        }
    }

    /// Which texts end with an event.
    pub(super) fn ends(self, object: &Object) -> Ends {
        match self {
            Shape::Chat | Shape::Generate => {
                if object.has("error") {
                    return Ends::All;
                }
                let choices: Choices = serde_json::from_slice(object.bytes()).unwrap_or_default();
                // Gemini leaves the index of its only candidate out.
                let ended = choices
                    .choices
                    .iter()
                    .filter(|c| c.finish_reason.is_some())
                    .map(|c| c.index);
                let groups: Vec<i64> = ended.collect();
                if groups.is_empty() {
                    Ends::Nothing
                } else {
                    Ends::Perhaps(groups)
                }
            }
            Shape::Messages => {
                let event = self.event(object);
                match event.tag.as_str() {
                    "content_block_stop" => Ends::Groups(vec![event.group]),
                    "message_delta" | "message_stop" | "error" => Ends::All,
                    _ => Ends::Nothing,
                }
            }
            Shape::Cohere => cohere::ends(&self.event(object)),
            Shape::Responses => {
                let event = self.event(object);
                match event.tag.as_str() {
                    "response.output_item.done" => Ends::Groups(vec![event.group]),
                    "response.completed" | "response.incomplete" | "response.failed" | "error" => {
                        Ends::All
                    }
                    tag => match tag.strip_suffix(".done") {
                        Some(stem) => Ends::One(item(&event, stem)),
                        None => Ends::Nothing,
                    },
                }
            }
        }
    }

    /// The text that a string is a piece of; `None` for one that is there as a whole.
    pub(super) fn channel(self, event: &Kinds, place: &Place<'_, '_>) -> Option<Channel> {
        match (self, place.path) {
            (Shape::Chat, [Step::Key(choices), choice, Step::Key(delta), rest @ ..])
                if choices == "choices"
                    && (delta == "delta" || (delta == "text" && rest.is_empty())) =>
            {
                if matches!(rest, [.., Step::Key(last)] if last == "name") {
                    return None;
                }
                let mut keys = vec![Key::Name(delta.to_string())];
                keys.extend(rest.iter().map(key));
                Some(Channel {
                    group: group(choice),
                    path: keys,
                })
            }
            (Shape::Messages, [Step::Key(outer), Step::Key(field)])
                if matches!(&**outer, "delta" | "content_block")
                    && matches!(&**field, "text" | "thinking" | "partial_json") =>
            {
                Some(Channel {
                    group: event.group,
                    path: vec![Key::Name(field.to_string())],
                })
            }
            (
                Shape::Generate,
                [
                    Step::Key(outer),
                    candidate,
                    Step::Key(content),
                    Step::Key(parts),
                    _,
                    Step::Key(text),
                ],
            ) if outer == "candidates"
                && content == "content"
                && parts == "parts"
                && text == "text" =>
            {
                let mut path = vec![Key::Name("text".into())];
                if place.part.kind == Kind::Reasoning {
                    path.push(Key::Name("thought".into()));
                }
                Some(Channel {
                    group: group(candidate),
                    path,
                })
            }
            (Shape::Cohere, path) => cohere::channel(event, path),
            (Shape::Responses, [Step::Key(delta)]) if delta == "delta" => {
                let stem = event.tag.strip_suffix(".delta").unwrap_or(&event.tag);
                (!matches!(
                    stem,
                    "response.audio" | "response.image_generation_call.partial_image"
                ))
                .then(|| item(event, stem))
            }
            _ => None,
        }
    }

    /// The kind of a text, where its event says more than the fields around it.
    pub(super) fn part(self, event: &Kinds, place: &Place<'_, '_>) -> Part {
        let part = place.part;
        match (self, place.path) {
            (Shape::Responses, [Step::Key(_)]) => {
                let tag = event.tag.as_str();
                let json = tag.contains("arguments");
                if json || tag.contains("_call") {
                    Part {
                        kind: Kind::ToolArguments,
                        json,
                    }
                } else if tag.contains("reasoning") {
                    Part {
                        kind: Kind::Reasoning,
                        json: false,
                    }
                } else {
                    part
                }
            }
            _ => part,
        }
    }

    /// An event that brings what was held back of a text.
    pub(super) fn added(
        self,
        channel: &Channel,
        text: &str,
        head: &Head,
        added: &mut i64,
    ) -> Option<Event> {
        let group = channel.group;
        let fields = head.fields(self.head());
        Some(match self {
            Shape::Chat => {
                let inner = nest(&channel.path, text);
                let inner = &inner[1..inner.len() - 1];
                let data = format!(
                    "{{{fields}\"choices\":[{{\"index\":{group},{inner},\"finish_reason\":null}}]}}"
                );
                made(None, &data)
            }
            Shape::Messages => {
                let field = match channel.path.first() {
                    Some(Key::Name(name)) => name.as_str(),
                    _ => "text",
                };
                let kind = if field == "partial_json" {
                    "input_json"
                } else {
                    field
                };
                let data = format!(
                    "{{\"type\":\"content_block_delta\",\"index\":{group},\"delta\":{{\"type\":\"{kind}_delta\",\"{field}\":{}}}}}",
                    quote(text)
                );
                made(Some("content_block_delta"), &data)
            }
            Shape::Generate => {
                let thought = if channel.path.len() > 1 {
                    ",\"thought\":true"
                } else {
                    ""
                };
                let data = format!(
                    "{{{fields}\"candidates\":[{{\"content\":{{\"role\":\"model\",\"parts\":[{{\"text\":{}{thought}}}]}},\"index\":{group}}}]}}",
                    quote(text)
                );
                made(None, &data)
            }
            Shape::Cohere => {
                let (name, data) = cohere::event(channel, text);
                made(Some(name), &data)
            }
            Shape::Responses => {
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
                made(Some(&name), &data)
            }
        })
    }

    /// Responses' events are counted: those after an added one move on.
    pub(super) fn renumber(self, data: &[u8], added: i64) -> Option<Vec<u8>> {
        if self != Shape::Responses || added == 0 {
            return None;
        }
        let object = Object::scan(bytes::Bytes::copy_from_slice(data)).ok()?;
        let number = std::str::from_utf8(object.get("sequence_number").ok()??)
            .ok()?
            .parse::<i64>()
            .ok()?;
        let mut draft = crate::json::Draft::new(object);
        draft
            .set("sequence_number", (number + added).to_string())
            .ok()?;
        Some(draft.finish().concat().to_vec())
    }
}

fn tag(object: &Object) -> String {
    object
        .str("type")
        .ok()
        .flatten()
        .unwrap_or_default()
        .into_owned()
}

fn item(event: &Kinds, stem: &str) -> Channel {
    Channel {
        group: event.group,
        path: vec![Key::Name(stem.to_owned()), Key::Name(event.part.clone())],
    }
}

fn group(step: &Step<'_>) -> i64 {
    match step {
        Step::Item(at, index, _) => index.unwrap_or(i64::try_from(*at).unwrap_or(0)),
        Step::Key(_) => 0,
    }
}

fn key(step: &Step<'_>) -> Key {
    match step {
        Step::Key(name) => Key::Name(name.to_string()),
        Step::Item(at, index, tag) => {
            Key::Item(if index.is_some() { 0 } else { *at }, *index, tag.clone())
        }
    }
}

//! Where the texts of a wire's streams stand, when they end, and how an event that brings one looks.

use serde::Deserialize;

use super::channel::Channel;
use super::event::Head;
use crate::json::Object;
use crate::sse::Event;
use crate::text::kind::Part;
use crate::text::walk::Place;

/// A wire's streams.
pub(crate) trait StreamTexts: std::fmt::Debug + Sync {
    /// Fields that added events have as the others do.
    fn head(&self) -> &'static [&'static str] {
        &[]
    }

    /// What is known of an event before its texts are read.
    fn about(&self, _: &Object) -> About {
        About::default()
    }

    /// Which texts end with an event.
    fn ends(&self, object: &Object) -> Ends;

    /// The text that a string is a piece of; `None` for one that is there as a whole.
    fn channel(&self, about: &About, place: &Place<'_, '_>) -> Option<Channel>;

    /// The kind of a text, where its event says more than the fields around it.
    fn part(&self, _: &About, place: &Place<'_, '_>) -> Part {
        place.part
    }

    /// An event that brings what was held back of a text. It comes before the event at hand; `added` counts those that were added.
    fn added(&self, channel: &Channel, text: &str, head: &Head, added: &mut i64) -> Option<Event>;

    /// An event's data where events are counted, and some were added before it.
    fn renumber(&self, _: &[u8], _: i64) -> Option<Vec<u8>> {
        None
    }
}

/// What is known of an event before its texts are read.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// Its `type`.
    pub(crate) tag: String,
    /// The block or item that it is about.
    pub(crate) group: i64,
    /// Within an item: the part.
    pub(crate) part: String,
}

impl About {
    /// An event that says its `type` and the number of what it is about.
    pub(crate) fn of(object: &Object, number: &str) -> Self {
        Self {
            tag: tag(object),
            group: self::number(object, number).unwrap_or(-1),
            part: String::new(),
        }
    }
}

/// Which texts an event ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ends {
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
    pub(crate) fn has(&self, channel: &Channel) -> bool {
        match self {
            Ends::Nothing | Ends::Perhaps(_) => false,
            Ends::All => true,
            Ends::Groups(groups) => groups.contains(&channel.group),
            Ends::One(one) => one == channel,
        }
    }

    /// Of an event with choices, each of which may have a reason to have finished.
    pub(crate) fn of_choices(object: &Object) -> Self {
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
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Choices {
    #[serde(alias = "candidates")]
    choices: Vec<ChoiceEnd>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ChoiceEnd {
    index: i64,
    #[serde(alias = "finishReason")]
    finish_reason: Option<serde::de::IgnoredAny>,
}

/// An event's `type`.
pub(crate) fn tag(object: &Object) -> String {
    let tag = object.str("type").ok().flatten();
    tag.unwrap_or_default().into_owned()
}

/// A number at the top of an event.
pub(crate) fn number(object: &Object, name: &str) -> Option<i64> {
    let value = object.get(name).ok().flatten()?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

//! Where the texts of generateContent's streams stand.

use crate::json::{Object, quote};
use crate::sse::Event;
use crate::text::delta::channel::{Channel, Key, group};
use crate::text::delta::event::{Head, made};
use crate::text::delta::shape::{About, Ends, StreamTexts};
use crate::text::kind::Kind;
use crate::text::walk::{Place, Step};

#[derive(Debug)]
pub(crate) struct GenerateTexts;

impl StreamTexts for GenerateTexts {
    fn head(&self) -> &'static [&'static str] {
        &["modelVersion", "responseId", "createTime"]
    }

    fn ends(&self, object: &Object) -> Ends {
        Ends::of_choices(object)
    }

    fn channel(&self, _: &About, place: &Place<'_, '_>) -> Option<Channel> {
        let [
            Step::Key(outer),
            candidate,
            Step::Key(content),
            Step::Key(parts),
            _,
            Step::Key(text),
        ] = place.path
        else {
            return None;
        };
        if outer != "candidates" || content != "content" || parts != "parts" || text != "text" {
            return None;
        }
        let mut channel = Channel::named(group(candidate), "text");
        if place.part.kind == Kind::Reasoning {
            channel.path.push(Key::Name("thought".into()));
        }
        Some(channel)
    }

    fn added(&self, channel: &Channel, text: &str, head: &Head, _: &mut i64) -> Option<Event> {
        let (fields, group) = (head.fields(self.head()), channel.group);
        let is_thought = channel.path.len() > 1;
        let thought = if is_thought { ",\"thought\":true" } else { "" };
        let data = format!(
            "{{{fields}\"candidates\":[{{\"content\":{{\"role\":\"model\",\"parts\":[{{\"text\":{}{thought}}}]}},\"index\":{group}}}]}}",
            quote(text)
        );
        Some(made(None, &data))
    }
}

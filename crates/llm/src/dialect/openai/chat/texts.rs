//! Where the texts of chat completions' streams stand, and those of the older completions.

use crate::json::Object;
use crate::sse::Event;
use crate::text::delta::channel::{Channel, Key, group, key};
use crate::text::delta::event::{Head, made, nest};
use crate::text::delta::shape::{About, Ends, StreamTexts};
use crate::text::walk::{Place, Step};

#[derive(Debug)]
pub(crate) struct ChatTexts;

impl StreamTexts for ChatTexts {
    fn head(&self) -> &'static [&'static str] {
        &[
            "id",
            "object",
            "created",
            "model",
            "system_fingerprint",
            "service_tier",
        ]
    }

    fn ends(&self, object: &Object) -> Ends {
        Ends::of_choices(object)
    }

    fn channel(&self, _: &About, place: &Place<'_, '_>) -> Option<Channel> {
        let [Step::Key(choices), choice, Step::Key(delta), rest @ ..] = place.path else {
            return None;
        };
        let is_piece = delta == "delta" || (delta == "text" && rest.is_empty());
        let is_name = matches!(rest, [.., Step::Key(last)] if last == "name");
        if choices != "choices" || !is_piece || is_name {
            return None;
        }
        let mut path = vec![Key::Name(delta.to_string())];
        path.extend(rest.iter().map(key));
        let group = group(choice);
        Some(Channel { group, path })
    }

    fn added(&self, channel: &Channel, text: &str, head: &Head, _: &mut i64) -> Option<Event> {
        let (fields, group) = (head.fields(self.head()), channel.group);
        let inner = nest(&channel.path, text);
        let inner = &inner[1..inner.len() - 1];
        let data = format!(
            "{{{fields}\"choices\":[{{\"index\":{group},{inner},\"finish_reason\":null}}]}}"
        );
        Some(made(None, &data))
    }
}

//! Where the texts of Messages' streams stand.

use crate::json::{Object, quote};
use crate::sse::Event;
use crate::text::delta::channel::Channel;
use crate::text::delta::event::{Head, made};
use crate::text::delta::shape::{About, Ends, StreamTexts};
use crate::text::walk::{Place, Step};

#[derive(Debug)]
pub(crate) struct MessagesTexts;

impl StreamTexts for MessagesTexts {
    fn about(&self, object: &Object) -> About {
        About::of(object, "index")
    }

    fn ends(&self, object: &Object) -> Ends {
        let about = self.about(object);
        match about.tag.as_str() {
            "content_block_stop" => Ends::Groups(vec![about.group]),
            "message_delta" | "message_stop" | "error" => Ends::All,
            _ => Ends::Nothing,
        }
    }

    fn channel(&self, about: &About, place: &Place<'_, '_>) -> Option<Channel> {
        let [Step::Key(outer), Step::Key(field)] = place.path else {
            return None;
        };
        let is_piece = matches!(&**outer, "delta" | "content_block")
            && matches!(&**field, "text" | "thinking" | "partial_json");
        is_piece.then(|| Channel::named(about.group, field))
    }

    fn added(&self, channel: &Channel, text: &str, _: &Head, _: &mut i64) -> Option<Event> {
        let field = channel.name().unwrap_or("text");
        let kind = if field == "partial_json" {
            "input_json"
        } else {
            field
        };
        let data = format!(
            "{{\"type\":\"content_block_delta\",\"index\":{},\"delta\":{{\"type\":\"{kind}_delta\",\"{field}\":{}}}}}",
            channel.group,
            quote(text)
        );
        Some(made(Some("content_block_delta"), &data))
    }
}

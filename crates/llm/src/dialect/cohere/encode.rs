//! A request for Cohere's chat, written.

mod messages;

use serde_json::Number;

use crate::conversation::{Conversation, Output, Param, Tool, ToolChoice};
use crate::dialect::anthropic::encode::object_schema;
use crate::dropped::Dropped;
use crate::json::{Invalid, Writer, object};
use crate::request::target::{Target, note, note_extras};

/// Most stop sequences (API reference, `stop_sequences`).
const MAX_STOPS: usize = 5;

/// Writes a request: model, tools, documents and parameters first, messages last.
pub(crate) fn request(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    let mut failed = None;
    let mut out = Body { c, target, dropped };
    let body = object(|w| {
        w.put("model", &c.model);
        out.tools(w);
        let has_format = out.output(w);
        out.parameters(w);
        failed = out.conversation(w, !has_format).err();
    });
    failed.map_or(Ok(body), Err)
}

struct Body<'c, 'd> {
    c: &'c Conversation<'c>,
    target: &'c Target<'c>,
    dropped: &'d mut Dropped,
}

/// Whether a model can think. Those that can't refuse to be told to, so the families from before are known by their names (models
/// overview, "Command").
fn reasons(model: &str) -> bool {
    let older = [
        "command-r",
        "command-a-03",
        "command-a-vision",
        "command-a-translate",
        "command-light",
        "c4ai-aya",
    ];
    !older.iter().any(|family| model.contains(family)) && model != "command"
}

/// A number within bounds, and whether it lay outside them.
fn within(number: &Number, low: f64, high: f64) -> (f64, bool) {
    let n = number.as_f64().unwrap_or(low);
    (n.clamp(low, high), n < low || n > high)
}

impl Body<'_, '_> {
    fn drop_param(&mut self, param: Param) {
        self.dropped.add(param.name(self.c.wire));
    }

    /// The tools that may be called. The API has no word for one tool among several: the others are not offered then, which comes to
    /// the same.
    fn tools(&mut self, w: &mut Writer<'_>) {
        let c = self.c;
        if c.tools.is_empty() {
            return;
        }
        let allowed = |tool: &&Tool<'_>| match &c.tool_choice {
            Some(ToolChoice::Named(name)) => tool.name == *name,
            Some(ToolChoice::Allowed(names)) => names.contains(&tool.name),
            None | Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Any) => true,
        };
        let mut tools: Vec<&Tool<'_>> = c.tools.iter().filter(allowed).collect();
        if tools.is_empty() {
            self.drop_param(Param::ToolChoice);
            tools = c.tools.iter().collect();
        }
        w.key("tools").array(|w| {
            for tool in &tools {
                w.object(|w| {
                    w.put("type", "function");
                    w.key("function").object(|w| {
                        w.put("name", &tool.name);
                        w.put_some("description", tool.description.as_deref());
                        w.key("parameters")
                            .raw(&object_schema(tool.schema.as_deref()));
                    });
                });
            }
        });
        // One word for all of them.
        if tools.iter().all(|tool| tool.strict == Some(true)) {
            w.key("strict_tools").bare(true);
        } else {
            note(c, self.dropped, &[Param::Strict]);
        }
        match &c.tool_choice {
            None | Some(ToolChoice::Auto) => {}
            Some(ToolChoice::None) => w.put("tool_choice", "NONE"),
            Some(ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::Allowed(_)) => {
                w.put("tool_choice", "REQUIRED");
            }
        }
        note(c, self.dropped, &[Param::ParallelTools]);
    }

    /// Writes the shape of the answer, and says whether there is one. The API takes none beside tools.
    fn output(&mut self, w: &mut Writer<'_>) -> bool {
        let schema = match &self.c.output {
            Output::Text => return false,
            Output::Json => None,
            Output::Schema { schema, .. } => Some(schema),
        };
        if !self.c.tools.is_empty() {
            self.drop_param(Param::Output);
            return false;
        }
        w.key("response_format").object(|w| {
            w.put("type", "json_object");
            if let Some(schema) = schema {
                w.key("json_schema").raw(schema);
            }
        });
        true
    }

    fn parameters(&mut self, w: &mut Writer<'_>) {
        let c = self.c;
        self.thinking(w);
        w.put_bare("max_tokens", c.max_tokens);
        self.number(
            w,
            "temperature",
            c.temperature.as_ref(),
            (0.0, 1.0),
            Param::Temperature,
        );
        if let Some(p) = &c.top_p {
            // All of the tokens can't be asked for: the default is fewer, and the most is nearly all.
            let (near, _) = within(p, 0.01, 0.99);
            w.key("p").bare(near);
        }
        self.number(w, "k", c.top_k.as_ref(), (0.0, 500.0), Param::TopK);
        w.put_bare("seed", c.seed.as_ref());
        let (presence, frequency) = (c.presence_penalty.as_ref(), c.frequency_penalty.as_ref());
        self.number(
            w,
            "presence_penalty",
            presence,
            (0.0, 1.0),
            Param::PresencePenalty,
        );
        self.number(
            w,
            "frequency_penalty",
            frequency,
            (0.0, 1.0),
            Param::FrequencyPenalty,
        );
        if !c.stop.is_empty() {
            if c.stop.len() > MAX_STOPS {
                self.drop_param(Param::Stop);
            }
            w.key("stop_sequences")
                .array(|w| c.stop.iter().take(MAX_STOPS).for_each(|s| w.str(s)));
        }
        w.key("stream").bare(c.stream);
        note(
            c,
            self.dropped,
            &[Param::Choices, Param::Logprobs, Param::User, Param::Cache],
        );
        note_extras(c, self.dropped);
    }

    /// A number as it came, or the nearest that the API takes.
    fn number(
        &mut self,
        w: &mut Writer<'_>,
        key: &str,
        number: Option<&Number>,
        (low, high): (f64, f64),
        param: Param,
    ) {
        let Some(number) = number else { return };
        match within(number, low, high) {
            (_, false) => w.key(key).bare(number),
            (near, true) => {
                self.drop_param(param);
                w.key(key).bare(near);
            }
        }
    }

    fn thinking(&mut self, w: &mut Writer<'_>) {
        let Some(reasoning) = self.c.reasoning else {
            return;
        };
        if !reasons(&self.c.model) {
            note(self.c, self.dropped, &[Param::Reasoning]);
            return;
        }
        w.key("thinking").object(|w| {
            if reasoning.is_off() {
                w.put("type", "disabled");
            } else {
                w.put("type", "enabled");
                w.put_bare("token_budget", reasoning.budget().filter(|n| *n > 0));
            }
        });
    }
}

//! What the model says: deterministic, and telling of what it was asked. Shared by every format.

use serde_json::{Map, Value, json};

use crate::fault::Fault;

/// What a request asks, whatever its format.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    /// Every system text, joined by blank lines.
    pub(crate) system: String,
    /// The last user text.
    pub(crate) user: String,
    /// The results of tools, where the conversation ends in some.
    pub(crate) tool_results: Vec<String>,
    /// Tools on offer: name and schema.
    pub(crate) tools: Vec<(String, Value)>,
    /// Whether a tool must, may or must not be called.
    pub(crate) choice: Choice,
    /// The most tokens the answer may have.
    pub(crate) limit: Option<u64>,
    /// Texts to stop before.
    pub(crate) stop: Vec<String>,
    /// The schema a JSON answer has to follow; `{}` for any object.
    pub(crate) schema: Option<Value>,
    /// Whether it reasons first.
    pub(crate) think: bool,
    /// Words in the whole prompt.
    pub(crate) prompt_tokens: u64,
}

/// Whether to call a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// If the user's text names one.
    #[default]
    Auto,
    /// Never.
    Never,
    /// The first.
    Any,
    /// This one.
    Named(String),
}

/// What the model says.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) reasoning: Option<String>,
    /// The text, in the pieces it is streamed in.
    pub(crate) pieces: Vec<String>,
    /// Tool calls: name and arguments.
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) end: End,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) reasoning_tokens: u64,
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was done.
    Stop,
    /// It came to this stop sequence.
    Sequence(String),
    /// It came to the limit.
    Length,
    /// It calls tools.
    Tools,
    /// As the fault says.
    Other(String),
}

impl Ask {
    /// The answer, as the fault changes it.
    pub(crate) fn answer(&self, fault: &Fault) -> Answer {
        let reasoning =
            (self.think || fault.reasoning).then(|| format!("The user wants: {}", self.user));
        let reasoning_tokens = reasoning.as_deref().map_or(0, words);
        let calls = self.calls(fault);
        let (pieces, end) = if calls.is_empty() {
            self.pieces(fault)
        } else {
            (Vec::new(), End::Tools)
        };
        let spoken = pieces.iter().map(|p| words(p)).sum::<u64>() + 5 * calls.len() as u64;
        let (input, output) = fault
            .usage
            .unwrap_or((self.prompt_tokens.max(1), spoken + reasoning_tokens));
        let end = fault.finish.clone().map_or(end, End::Other);
        Answer {
            reasoning,
            pieces,
            calls,
            end,
            input,
            output,
            reasoning_tokens,
        }
    }

    fn calls(&self, fault: &Fault) -> Vec<(String, Value)> {
        let wanted = match &self.choice {
            Choice::Never => return Vec::new(),
            Choice::Named(name) => self.tools.iter().position(|(n, _)| n == name),
            Choice::Any => (!self.tools.is_empty()).then_some(0),
            Choice::Auto if !self.tool_results.is_empty() => None,
            Choice::Auto => self
                .tools
                .iter()
                .position(|(n, _)| self.user.contains(n.as_str())),
        };
        let Some((first, count)) = wanted.map(|w| (w, 1)).or(fault.tools.map(|n| (0, n))) else {
            return Vec::new();
        };
        let count = fault.tools.unwrap_or(count);
        self.tools
            .iter()
            .cycle()
            .skip(first)
            .take(count)
            .map(|(n, s)| (n.clone(), sample(s)))
            .collect()
    }

    fn pieces(&self, fault: &Fault) -> (Vec<String>, End) {
        let (text, end) = self.stopped(self.text(fault));
        let mut pieces: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        if let Some(count) = fault.chunks {
            pieces = (0..count)
                .map(|i| {
                    pieces
                        .get(i % pieces.len().max(1))
                        .cloned()
                        .unwrap_or_default()
                })
                .collect();
        }
        if let Some(size) = fault.chunk_bytes {
            pieces
                .iter_mut()
                .enumerate()
                .for_each(|(i, p)| *p = filler(i, size));
        }
        match self.limit {
            Some(limit) if (pieces.len() as u64) > limit => {
                pieces.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                (pieces, End::Length)
            }
            _ => (pieces, end),
        }
    }

    fn text(&self, fault: &Fault) -> String {
        if let Some(text) = &fault.text {
            return text.clone();
        }
        if let Some(schema) = &self.schema {
            return sample(schema).to_string();
        }
        let system = if self.system.is_empty() {
            String::new()
        } else {
            format!(" [system: {}]", self.system)
        };
        if self.tool_results.is_empty() {
            format!("You said: {}{system}", self.user)
        } else {
            format!("The tools said: {}{system}", self.tool_results.join(" | "))
        }
    }

    fn stopped(&self, text: String) -> (String, End) {
        let first = self
            .stop
            .iter()
            .filter(|s| !s.is_empty())
            .filter_map(|s| Some((text.find(s.as_str())?, s)))
            .min_by_key(|(at, _)| *at);
        match first {
            Some((at, stop)) => (text[..at].to_owned(), End::Sequence(stop.clone())),
            None => (text, End::Stop),
        }
    }
}

impl Answer {
    /// The whole text.
    pub(crate) fn text(&self) -> String {
        self.pieces.concat()
    }
}

/// How a mock counts tokens.
pub(crate) fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// Text of an exact size, numbered so that a lost or doubled piece shows.
fn filler(index: usize, size: usize) -> String {
    let mut text = format!("{index:06} ");
    while text.len() < size {
        text.push(char::from(b'a' + (text.len() % 26) as u8));
    }
    text.truncate(size);
    text
}

/// A value that a JSON schema accepts, in either vendor's spelling of types.
pub(crate) fn sample(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return sample(first);
    }
    let kind = schema["type"]
        .as_str()
        .or_else(|| schema["type"][0].as_str())
        .unwrap_or("object");
    match kind.to_ascii_lowercase().as_str() {
        "string" => json!("text"),
        "integer" => json!(1),
        "number" => json!(1.5),
        "boolean" => json!(true),
        "null" => Value::Null,
        "array" => json!([sample(&schema["items"])]),
        _ => {
            let fields = schema["properties"].as_object();
            Value::Object(
                fields
                    .into_iter()
                    .flatten()
                    .map(|(k, s)| (k.clone(), sample(s)))
                    .collect::<Map<_, _>>(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_ask() -> Ask {
        Ask {
            system: "be kind".into(),
            user: "hello there".into(),
            prompt_tokens: 4,
            ..Ask::default()
        }
    }

    #[test]
    fn answers_echo_user_and_system() {
        let answer = mk_ask().answer(&Fault::default());
        assert_eq!(answer.text(), "You said: hello there [system: be kind]");
        assert_eq!((answer.input, answer.output, answer.end), (4, 7, End::Stop));
    }

    #[test]
    fn limits_and_stops_are_kept() {
        let ask = Ask {
            limit: Some(2),
            ..mk_ask()
        };
        let answer = ask.answer(&Fault::default());
        assert_eq!(
            (answer.text().as_str(), answer.end),
            ("You said: ", End::Length)
        );
        let ask = Ask {
            stop: vec!["there".into()],
            ..mk_ask()
        };
        assert_eq!(
            ask.answer(&Fault::default()).end,
            End::Sequence("there".into())
        );
    }

    #[test]
    fn tools_are_called_when_named_or_forced_and_not_after_a_result() {
        let tools = vec![(
            "get_weather".to_owned(),
            json!({"properties": {"city": {"type": "STRING"}}}),
        )];
        let named = Ask {
            tools: tools.clone(),
            user: "use get_weather".into(),
            ..mk_ask()
        };
        assert_eq!(
            named.answer(&Fault::default()).calls[0].1,
            json!({"city": "text"})
        );
        let after = Ask {
            tool_results: vec!["sunny".into()],
            ..named
        };
        assert!(after.answer(&Fault::default()).calls.is_empty());
        let unnamed = Ask { tools, ..mk_ask() };
        assert!(unnamed.answer(&Fault::default()).calls.is_empty());
        assert_eq!(unnamed.answer(&"tools=2".parse().unwrap()).calls.len(), 2);
    }

    #[test]
    fn chunks_have_the_number_and_size_asked_for() {
        let answer = mk_ask().answer(&"chunks=64;chunk-bytes=200".parse().unwrap());
        assert_eq!(answer.pieces.len(), 64);
        assert!(answer.pieces.iter().all(|p| p.len() == 200));
    }
}

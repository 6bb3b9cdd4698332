//! Whose text it is, as the fields around it say.

/// Whose text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Instructions, and descriptions of tools.
    System,
    /// A person's, and all that is nobody else's.
    User,
    /// The model's.
    Assistant,
    /// What the model calls tools with.
    ToolArguments,
    /// What tools gave back.
    ToolResults,
    /// What the model thought.
    Reasoning,
}

/// A text's kind, and whether it is JSON within a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// Whose it is.
    pub kind: Kind,
    /// Whether the text is itself JSON, as arguments of tool calls are.
    pub json: bool,
}

/// What is known of a value before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) kind: Kind,
    /// Whether every string is a text, keys included, and numbers too: what tools take and give has fields of any name.
    pub(crate) everything: bool,
    /// Whether only descriptions are texts.
    pub(crate) descriptions: bool,
    /// Whether it is an answer's, of which more is no text.
    pub(crate) answer: bool,
}

/// Fields whose strings are names, numbers or media.
const NOT_TEXT: [&str; 17] = [
    "role",
    "type",
    "id",
    "tool_call_id",
    "tool_use_id",
    "call_id",
    "file_data",
    "file_id",
    "mimeType",
    "mime_type",
    "media_type",
    "signature",
    "thoughtSignature",
    "thought_signature",
    "encrypted_content",
    "cache_control",
    "index",
];

/// Fields of answers that are no text either.
const NOT_TEXT_OF_ANSWERS: [&str; 29] = [
    "object",
    "model",
    "created",
    "created_at",
    "finish_reason",
    "finishReason",
    "stop_reason",
    "stop_sequence",
    "status",
    "usage",
    "usageMetadata",
    "system_fingerprint",
    "service_tier",
    "modelVersion",
    "responseId",
    "createTime",
    "item_id",
    "response_id",
    "previous_response_id",
    "request_id",
    "sequence_number",
    "obfuscation",
    "b64_json",
    "partial_image_b64",
    "embedding",
    "container_id",
    "native_finish_reason",
    "tool_choice",
    "truncation",
];

/// What an object's own fields say about it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Peek {
    pub(crate) kind: Option<Kind>,
    /// Its `type`.
    pub(crate) tag: Option<String>,
    pub(crate) index: Option<i64>,
    /// Whether its `data` is text and no medium.
    pub(crate) text_data: bool,
}

impl Peek {
    /// Takes a field's string into account.
    pub(crate) fn see(&mut self, key: &str, value: &str) {
        match key {
            "role" => self.kind = of_role(value).or(self.kind),
            "type" => {
                self.kind = self.kind.or_else(|| of_type(value));
                self.text_data |= value == "text";
                self.tag = Some(value.to_owned());
            }
            "mimeType" | "mime_type" | "media_type" => self.text_data |= value.starts_with("text/"),
            _ => {}
        }
    }
}

fn of_role(role: &str) -> Option<Kind> {
    Some(match role.to_ascii_lowercase().as_str() {
        "system" | "developer" => Kind::System,
        "user" => Kind::User,
        "assistant" | "model" => Kind::Assistant,
        "tool" | "function" => Kind::ToolResults,
        _ => return None,
    })
}

fn of_type(tag: &str) -> Option<Kind> {
    match tag {
        "tool_use" | "server_tool_use" | "mcp_tool_use" => Some(Kind::ToolArguments),
        "tool_result" => Some(Kind::ToolResults),
        "thinking" | "redacted_thinking" | "reasoning" => Some(Kind::Reasoning),
        _ if tag.ends_with("_call") => Some(Kind::ToolArguments),
        _ if tag.ends_with("_result") || tag.ends_with("_call_output") => Some(Kind::ToolResults),
        _ => None,
    }
}

/// What a field is.
pub(crate) enum Field {
    /// No text in it.
    Skip,
    /// Probabilities of tokens.
    Tokens,
    /// An address: text, unless it holds the medium itself.
    Address(Context),
    /// Texts.
    Within(Context, bool),
}

impl Context {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            everything: false,
            descriptions: false,
            answer: false,
        }
    }

    pub(crate) fn answer() -> Self {
        Self {
            answer: true,
            ..Self::new(Kind::Assistant)
        }
    }

    /// Within an object.
    pub(crate) fn object(self, peek: &Peek) -> Self {
        if self.everything {
            self
        } else {
            Self {
                kind: peek.kind.unwrap_or(self.kind),
                ..self
            }
        }
    }

    /// Within a field of an object. `is_string` says whether its value is one.
    pub(crate) fn field(self, key: &str, peek: &Peek, is_string: bool) -> Field {
        if self.everything {
            return Field::Within(self, false);
        }
        if NOT_TEXT.contains(&key) || (self.answer && NOT_TEXT_OF_ANSWERS.contains(&key)) {
            return Field::Skip;
        }
        let to = |kind, everything| Self {
            kind,
            everything,
            ..self
        };
        match key {
            "data" if !peek.text_data => Field::Skip,
            "logprobs" | "logprobsResult" | "top_logprobs" if self.answer => Field::Tokens,
            "url" | "image_url" | "file_url" | "fileUri" | "file_uri" if is_string => {
                Field::Address(self)
            }
            "arguments" | "partial_json" => {
                Field::Within(to(Kind::ToolArguments, !is_string), is_string)
            }
            "args" => Field::Within(to(Kind::ToolArguments, true), false),
            "input" if self.kind == Kind::ToolArguments => {
                Field::Within(to(self.kind, true), false)
            }
            "response" if self.kind == Kind::ToolResults => {
                Field::Within(to(self.kind, true), false)
            }
            "tool_calls" | "function_call" | "functionCall" | "executableCode"
            | "executable_code" => Field::Within(to(Kind::ToolArguments, false), false),
            "functionResponse"
            | "function_response"
            | "codeExecutionResult"
            | "code_execution_result" => Field::Within(to(Kind::ToolResults, false), false),
            "reasoning" | "reasoning_content" | "reasoning_details" | "thinking" => {
                Field::Within(to(Kind::Reasoning, false), false)
            }
            _ => Field::Within(self, false),
        }
    }
}

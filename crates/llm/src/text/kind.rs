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
    /// What it may be besides: where an object says two things of itself, who reads it decides, and it is looked at as both.
    pub(crate) also: Option<Kind>,
    /// Whether something around it has said what it is. A role within says nothing then.
    pub(crate) settled: bool,
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
    /// Whose it is by its `role`.
    pub(crate) by_role: Option<Kind>,
    /// Whose it is by its `type`.
    pub(crate) by_type: Option<Kind>,
    /// Its `type`.
    pub(crate) tag: Option<String>,
    pub(crate) index: Option<i64>,
    /// Whether it says that its `data` is text.
    says_text: bool,
    /// Whether it says that its `data` is a medium.
    says_medium: bool,
}

impl Peek {
    /// Whether it takes a field's string into account.
    pub(crate) fn hears(key: &str) -> bool {
        matches!(
            key,
            "role" | "type" | "mimeType" | "mime_type" | "media_type"
        )
    }

    /// Takes a field's string into account.
    pub(crate) fn hear(&mut self, key: &str, value: &str) {
        match key {
            "role" => self.by_role = of_role(value).or(self.by_role),
            "type" => {
                self.by_type = of_type(value).or(self.by_type);
                self.says_text |= value == "text";
                self.says_medium |= matches!(value, "base64" | "redacted_thinking");
                self.tag = Some(value.to_owned());
            }
            _ => {
                let is_text = value.trim_start().to_ascii_lowercase().starts_with("text/");
                self.says_text |= is_text;
                self.says_medium |= !is_text && value.contains('/');
            }
        }
    }

    /// Whether its `data` is proved to be a medium. `parent` is the field that it stands in.
    fn is_medium(&self, parent: &str) -> bool {
        !self.says_text && (self.says_medium || matches!(parent, "input_audio" | "audio"))
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
            also: None,
            settled: false,
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
            return self;
        }
        let (kind, other) = match (peek.by_type, peek.by_role) {
            (None, None) => return self,
            (Some(kind), role) => (kind, role),
            (None, Some(role)) if !self.settled => (role, None),
            // Roles are of messages; the stranger of a part is believed by some only.
            (None, role) => (self.kind, role),
        };
        let other = other.filter(|other| *other != kind && !self.answer);
        Self {
            kind,
            also: other.or(self.also),
            settled: true,
            ..self
        }
    }

    fn may_be(self, kind: Kind) -> bool {
        self.kind == kind || self.also == Some(kind)
    }

    /// Within a field of an object that stands in the field `parent`. `is_string` says whether its value is one.
    pub(crate) fn field(self, key: &str, parent: &str, peek: &Peek, is_string: bool) -> Field {
        if self.everything {
            return Field::Within(self, false);
        }
        if NOT_TEXT.contains(&key) || (self.answer && NOT_TEXT_OF_ANSWERS.contains(&key)) {
            return Field::Skip;
        }
        let to = |kind, everything| Self {
            kind,
            everything,
            settled: true,
            ..self
        };
        match key {
            "data" if peek.is_medium(parent) => Field::Skip,
            "logprobs" | "logprobsResult" | "top_logprobs" if self.answer => Field::Tokens,
            "url" | "image_url" | "file_url" | "fileUri" | "file_uri" if is_string => {
                Field::Address(self)
            }
            "arguments" | "partial_json" => {
                Field::Within(to(Kind::ToolArguments, !is_string), is_string)
            }
            "args" => Field::Within(to(Kind::ToolArguments, true), false),
            "input" if self.may_be(Kind::ToolArguments) => {
                Field::Within(to(self.kind, true), false)
            }
            "response" if self.may_be(Kind::ToolResults) => {
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

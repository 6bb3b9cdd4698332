//! Whose text it is, as the fields around it say.

use super::peek::Peek;

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
    /// Whether it is of tools and schemas.
    pub(crate) schema: bool,
    /// Whether it is an answer's, of which more is no text.
    pub(crate) answer: bool,
    /// What it may be besides: where an object says two things of itself, who reads it decides, and it is looked at as both.
    pub(crate) also: Option<Kind>,
    /// Whether something around it has said what it is. A role within says nothing then.
    pub(crate) settled: bool,
}

/// Fields of answers that are no text: names, numbers, ids and media, which the provider's program writes and not the model.
const NOT_TEXT_OF_ANSWERS: [&str; 44] = [
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

/// Fields of schemas whose values are the caller's own, of any form.
const SAMPLES: [&str; 6] = [
    "input_examples",
    "examples",
    "example",
    "default",
    "const",
    "enum",
];

/// Fields of schemas that are named by the caller.
const NAMED: [&str; 5] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
];

/// Whether a literal is a UUID (RFC 9562, 4), as calls of tools are named: two in ten thousand have what looks like a phone number.
pub(super) fn is_uuid(literal: &[u8]) -> bool {
    let inner = literal.get(1..literal.len() - 1).unwrap_or_default();
    let id = inner.strip_prefix(b"call_").unwrap_or(inner);
    let fits = |(i, b): (usize, &u8)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_digit() || matches!(b, b'a'..=b'f'),
    };
    id.len() == 36 && id.iter().enumerate().all(fits)
}

/// Shortest string that is taken for a signature, in bytes.
const SIGNATURE: usize = 40;

/// Whether a literal is what providers seal: no word that a model could read.
pub(super) fn is_sealed(literal: &[u8]) -> bool {
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/=_-".contains(b);
    let inner = literal.get(1..literal.len() - 1);
    inner.is_some_and(|inner| inner.len() >= SIGNATURE && inner.iter().all(is_base64))
}

/// What a field is.
pub(crate) enum Field {
    /// No text in it.
    Skip,
    /// Probabilities of tokens.
    Tokens,
    /// The name of a call: a text, unless it is plainly made by a machine.
    Id(Context),
    /// The name of a medium: a text, unless it is one.
    MediaType(Context),
    /// What may be sealed by a provider: a text, unless it is.
    Sealed(Context),
    /// An address, or data: a text that may hold another, or a medium.
    Encoded(Context),
    /// Texts.
    Within(Context, bool),
}

impl Context {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            everything: false,
            schema: false,
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
        if self.answer {
            match key {
                "logprobs" | "logprobsResult" | "top_logprobs" | "token_ids"
                | "prompt_token_ids" | "prompt_logprobs" => return Field::Tokens,
                "data" if peek.is_medium(parent) || peek.is_redacted() => return Field::Skip,
                _ if NOT_TEXT_OF_ANSWERS.contains(&key) => return Field::Skip,
                _ => {}
            }
        }
        let to = |kind, everything| Self {
            kind,
            everything,
            schema: false,
            settled: true,
            ..self
        };
        match key {
            "role" | "type" if is_string && peek.knows(key) => Field::Skip,
            "mimeType" | "mime_type" | "media_type" if is_string => Field::MediaType(self),
            "id" | "tool_call_id" | "tool_use_id" | "call_id" if is_string => Field::Id(self),
            "signature" | "thoughtSignature" | "thought_signature" | "encrypted_content"
                if is_string =>
            {
                Field::Sealed(self)
            }
            _ if self.schema && SAMPLES.contains(&key) => Field::Within(to(self.kind, true), false),
            _ if self.schema => Field::Within(self, false),
            "data" if is_string && peek.is_redacted() => Field::Sealed(self),
            "data" if peek.is_medium(parent) => Field::Skip,
            "data" | "file_data" | "url" | "image_url" | "file_url" | "fileUri" | "file_uri"
                if is_string =>
            {
                Field::Encoded(self)
            }
            "arguments" | "partial_json" => {
                Field::Within(to(Kind::ToolArguments, !is_string), is_string)
            }
            "args" | "partialArgs" => Field::Within(to(Kind::ToolArguments, true), false),
            "input" if self.may_be(Kind::ToolArguments) => {
                Field::Within(to(self.kind, true), false)
            }
            "response" if self.may_be(Kind::ToolResults) => {
                Field::Within(to(self.kind, true), false)
            }
            "variables" => Field::Within(to(self.kind, true), false),
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

    /// Whether the keys of an object in the field `parent` are the caller's own words.
    pub(crate) fn names_fields(self, parent: &str) -> bool {
        self.everything || self.schema && NAMED.contains(&parent)
    }
}

//! Parameters, and what each format calls them.

use std::borrow::Cow;

use crate::wire::Wire;

/// Whether the model must call a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// As it likes.
    Auto,
    /// It must not.
    None,
    /// It must call some function.
    Any,
    /// It must call this one.
    Named(Cow<'a, str>),
    /// It must call one of these.
    Allowed(Vec<Cow<'a, str>>),
}

/// Shape of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<'a> {
    /// Free text.
    Text,
    /// Some JSON object.
    Json,
    /// JSON that follows a schema.
    Schema {
        /// The schema's name.
        name: Option<Cow<'a, str>>,
        /// What it is for.
        description: Option<Cow<'a, str>>,
        /// The schema, as JSON text.
        schema: Cow<'a, str>,
        /// Whether it must be followed exactly.
        strict: Option<bool>,
    },
}

/// How hard to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasoning {
    /// In words.
    pub effort: Option<Effort>,
    /// In tokens. Zero: not at all.
    pub budget: Option<u64>,
    /// Whether what it thought is to be told.
    pub show: Option<bool>,
}

/// How hard to think, in OpenAI's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words of the API")]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    const WORDS: [(Effort, &'static str); 7] = [
        (Effort::None, "none"),
        (Effort::Minimal, "minimal"),
        (Effort::Low, "low"),
        (Effort::Medium, "medium"),
        (Effort::High, "high"),
        (Effort::XHigh, "xhigh"),
        (Effort::Max, "max"),
    ];

    /// From its word, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(_, w)| w.eq_ignore_ascii_case(word))
            .map(|(effort, _)| *effort)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(effort, _)| *effort == self)
            .map_or("", |(_, word)| word)
    }

    /// About so many tokens of thought, as Google's OpenAI-compatible API sets them against each other.
    pub fn budget(self) -> u64 {
        match self {
            Effort::None => 0,
            Effort::Minimal | Effort::Low => 1024,
            Effort::Medium => 8192,
            Effort::High => 24_576,
            Effort::XHigh | Effort::Max => 32_768,
        }
    }
}

impl Reasoning {
    /// Whether it says not to think.
    pub fn is_off(&self) -> bool {
        self.budget == Some(0) || (self.budget.is_none() && self.effort == Some(Effort::None))
    }

    /// In words: those given, else the nearest to the budget.
    pub fn effort(&self) -> Option<Effort> {
        self.effort.or(self.budget.map(|budget| match budget {
            0 => Effort::None,
            1..=2048 => Effort::Low,
            2049..=16_384 => Effort::Medium,
            _ => Effort::High,
        }))
    }

    /// In tokens: those given, else what the words stand for.
    pub fn budget(&self) -> Option<u64> {
        self.budget.or(self.effort.map(Effort::budget))
    }
}

/// A parameter that some format may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the fields of a conversation")]
pub enum Param {
    MaxTokens,
    Temperature,
    TopP,
    TopK,
    Stop,
    Seed,
    PresencePenalty,
    FrequencyPenalty,
    Choices,
    Logprobs,
    ToolChoice,
    ParallelTools,
    Strict,
    Output,
    Reasoning,
    User,
    ReasoningHistory,
    Cache,
    IsError,
    SystemOrder,
}

impl Param {
    /// What a caller of that wire calls it.
    pub const fn name(self, wire: Wire) -> &'static str {
        use Wire::{Chat, Cohere, Completions, Converse, Generate, Messages, Responses};
        match (self, wire) {
            (Param::MaxTokens, Responses) => "max_output_tokens",
            (Param::MaxTokens, Generate) => "generationConfig.maxOutputTokens",
            (Param::MaxTokens, _) => "max_tokens",
            (Param::Temperature, Generate) => "generationConfig.temperature",
            (Param::Temperature, _) => "temperature",
            (Param::TopP, Generate) => "generationConfig.topP",
            (Param::TopP, _) => "top_p",
            (Param::TopK, Generate) => "generationConfig.topK",
            (Param::TopK, _) => "top_k",
            (Param::Stop, Generate) => "generationConfig.stopSequences",
            (Param::Stop, Messages) => "stop_sequences",
            (Param::Stop, _) => "stop",
            (Param::Seed, Generate) => "generationConfig.seed",
            (Param::Seed, _) => "seed",
            (Param::PresencePenalty, Generate) => "generationConfig.presencePenalty",
            (Param::PresencePenalty, _) => "presence_penalty",
            (Param::FrequencyPenalty, Generate) => "generationConfig.frequencyPenalty",
            (Param::FrequencyPenalty, _) => "frequency_penalty",
            (Param::Choices, Generate) => "generationConfig.candidateCount",
            (Param::Choices, _) => "n",
            (Param::Logprobs, Generate) => "generationConfig.responseLogprobs",
            (Param::Logprobs, Responses) => "top_logprobs",
            (Param::Logprobs, _) => "logprobs",
            (Param::ToolChoice, Generate) => "toolConfig",
            (Param::ToolChoice, _) => "tool_choice",
            (Param::ParallelTools, Messages) => "tool_choice.disable_parallel_tool_use",
            (Param::ParallelTools, _) => "parallel_tool_calls",
            (Param::Strict, Chat) => "tools[].function.strict",
            (Param::Strict, _) => "tools[].strict",
            (Param::Output, Generate) => "generationConfig.responseMimeType",
            (Param::Output, Messages) => "output_config.format",
            (Param::Output, Responses) => "text.format",
            (Param::Output, _) => "response_format",
            (Param::Reasoning, Chat | Completions | Converse | Cohere) => "reasoning_effort",
            (Param::Reasoning, Responses) => "reasoning",
            (Param::Reasoning, Messages) => "thinking",
            (Param::Reasoning, Generate) => "generationConfig.thinkingConfig",
            (Param::User, Messages) => "metadata.user_id",
            (Param::User, _) => "user",
            (Param::ReasoningHistory, Chat | Completions | Converse | Cohere) => {
                "messages[].reasoning_content"
            }
            (Param::ReasoningHistory, Responses) => "input[].reasoning",
            (Param::ReasoningHistory, Messages) => "messages[].content[].thinking",
            (Param::ReasoningHistory, Generate) => "contents[].parts[].thought",
            (Param::Cache, _) => "cache_control",
            (Param::IsError, _) => "messages[].content[].is_error",
            (Param::SystemOrder, Responses) => "input[].role",
            (Param::SystemOrder, _) => "messages[].role",
        }
    }
}

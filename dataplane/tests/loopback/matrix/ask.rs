//! One question in every format.

use serde_json::{Value, json};

/// A client's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

pub(super) const CLIENTS: [Client; 4] = [
    Client::Chat,
    Client::Responses,
    Client::Anthropic,
    Client::Gemini,
];

/// What is asked.
#[derive(Default)]
pub(super) struct Ask {
    pub(super) user: &'static str,
    pub(super) system: Option<&'static str>,
    pub(super) before: Vec<(&'static str, &'static str)>,
    pub(super) tools: bool,
    /// The function was called, and said this.
    pub(super) result: Option<&'static str>,
    pub(super) image: bool,
    pub(super) schema: bool,
    pub(super) reasoning: bool,
    pub(super) max: Option<u64>,
    pub(super) stream: bool,
}

const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

impl Ask {
    pub(super) fn plain() -> Self {
        Self {
            user: "Hello!",
            ..Self::default()
        }
    }

    pub(super) fn tools() -> Self {
        Self {
            user: "use get_weather",
            tools: true,
            ..Self::default()
        }
    }
}

fn parameters() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false})
}

fn shape() -> Value {
    json!({"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": false})
}

impl Client {
    pub(super) fn name(self) -> &'static str {
        match self {
            Client::Chat => "OpenAI chat",
            Client::Responses => "OpenAI Responses",
            Client::Anthropic => "Anthropic Messages",
            Client::Gemini => "Gemini generateContent",
        }
    }

    /// Path and body.
    pub(super) fn request(self, ask: &Ask, model: &str) -> (String, Value) {
        match self {
            Client::Chat => ("/v1/chat/completions".into(), chat(ask, model)),
            Client::Responses => ("/v1/responses".into(), responses(ask, model)),
            Client::Anthropic => ("/v1/messages".into(), anthropic(ask, model)),
            Client::Gemini => {
                let verb = if ask.stream {
                    "streamGenerateContent?alt=sse"
                } else {
                    "generateContent"
                };
                (format!("/v1beta/models/{model}:{verb}"), gemini(ask))
            }
        }
    }
}

fn chat(ask: &Ask, model: &str) -> Value {
    let mut messages: Vec<Value> = ask
        .system
        .iter()
        .map(|s| json!({"role": "system", "content": s}))
        .collect();
    messages.extend(
        ask.before
            .iter()
            .map(|(role, text)| json!({"role": role, "content": text})),
    );
    messages.push(if ask.image {
        let url = format!("data:image/png;base64,{PIXEL}");
        json!({"role": "user", "content": [{"type": "text", "text": ask.user}, {"type": "image_url", "image_url": {"url": url}}]})
    } else {
        json!({"role": "user", "content": ask.user})
    });
    if let Some(said) = ask.result {
        let function = json!({"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"});
        let call = json!({"id": "call00001", "type": "function", "function": function});
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
        messages.push(json!({"role": "tool", "tool_call_id": "call00001", "content": said}));
    }
    let mut body = json!({"model": model, "messages": messages});
    if ask.tools {
        let function =
            json!({"name": "get_weather", "description": "Weather", "parameters": parameters()});
        body["tools"] = json!([{"type": "function", "function": function}]);
    }
    if ask.schema {
        let schema = json!({"name": "answer", "schema": shape(), "strict": true});
        body["response_format"] = json!({"type": "json_schema", "json_schema": schema});
    }
    if ask.reasoning {
        body["reasoning_effort"] = json!("medium");
    }
    if let Some(max) = ask.max {
        body["max_completion_tokens"] = json!(max);
    }
    if ask.stream {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

fn responses(ask: &Ask, model: &str) -> Value {
    let mut input: Vec<Value> = ask
        .before
        .iter()
        .map(|(role, text)| json!({"role": role, "content": text}))
        .collect();
    let mut content = vec![json!({"type": "input_text", "text": ask.user})];
    if ask.image {
        content.push(json!({"type": "input_image", "detail": "auto", "image_url": format!("data:image/png;base64,{PIXEL}")}));
    }
    input.push(json!({"type": "message", "role": "user", "content": content}));
    if let Some(said) = ask.result {
        input.push(json!({"type": "function_call", "call_id": "call00001", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}));
        input.push(json!({"type": "function_call_output", "call_id": "call00001", "output": said}));
    }
    let mut body = json!({"model": model, "input": input, "store": false});
    if let Some(system) = ask.system {
        body["instructions"] = json!(system);
    }
    if ask.tools {
        body["tools"] = json!([{"type": "function", "name": "get_weather", "description": "Weather", "parameters": parameters()}]);
    }
    if ask.schema {
        body["text"] = json!({"format": {"type": "json_schema", "name": "answer", "schema": shape(), "strict": true}});
    }
    if ask.reasoning {
        body["reasoning"] = json!({"effort": "medium", "summary": "auto"});
    }
    if let Some(max) = ask.max {
        body["max_output_tokens"] = json!(max);
    }
    if ask.stream {
        body["stream"] = json!(true);
    }
    body
}

fn anthropic(ask: &Ask, model: &str) -> Value {
    let mut messages: Vec<Value> = ask
        .before
        .iter()
        .map(|(role, text)| json!({"role": role, "content": text}))
        .collect();
    let mut content = vec![json!({"type": "text", "text": ask.user})];
    if ask.image {
        let source = json!({"type": "base64", "media_type": "image/png", "data": PIXEL});
        content.push(json!({"type": "image", "source": source}));
    }
    messages.push(json!({"role": "user", "content": content}));
    if let Some(said) = ask.result {
        let call = json!({"type": "tool_use", "id": "call00001", "name": "get_weather", "input": {"city": "Paris"}});
        messages.push(json!({"role": "assistant", "content": [call]}));
        let result = json!({"type": "tool_result", "tool_use_id": "call00001", "content": said});
        messages.push(json!({"role": "user", "content": [result]}));
    }
    let mut body =
        json!({"model": model, "max_tokens": ask.max.unwrap_or(500), "messages": messages});
    if let Some(system) = ask.system {
        body["system"] = json!(system);
    }
    if ask.tools {
        body["tools"] = json!([{"name": "get_weather", "description": "Weather", "input_schema": parameters()}]);
    }
    if ask.schema {
        body["output_config"] = json!({"format": {"type": "json_schema", "schema": shape()}});
    }
    if ask.reasoning {
        body["thinking"] = json!({"type": "enabled", "budget_tokens": 4000});
    }
    if ask.stream {
        body["stream"] = json!(true);
    }
    body
}

fn gemini(ask: &Ask) -> Value {
    let role = |role: &str| if role == "assistant" { "model" } else { "user" };
    let turn = |(who, text): &(&str, &str)| json!({"role": role(who), "parts": [{"text": text}]});
    let mut contents: Vec<Value> = ask.before.iter().map(turn).collect();
    let mut parts = vec![json!({"text": ask.user})];
    if ask.image {
        parts.push(json!({"inlineData": {"mimeType": "image/png", "data": PIXEL}}));
    }
    contents.push(json!({"role": "user", "parts": parts}));
    if let Some(said) = ask.result {
        let call = json!({"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}});
        contents.push(json!({"role": "model", "parts": [call]}));
        let response =
            json!({"functionResponse": {"name": "get_weather", "response": {"output": said}}});
        contents.push(json!({"role": "user", "parts": [response]}));
    }
    let mut body = json!({"contents": contents});
    if let Some(system) = ask.system {
        body["systemInstruction"] = json!({"parts": [{"text": system}]});
    }
    if ask.tools {
        let function = json!({"name": "get_weather", "description": "Weather", "parametersJsonSchema": parameters()});
        body["tools"] = json!([{"functionDeclarations": [function]}]);
    }
    let mut config = json!({});
    if ask.schema {
        config["responseMimeType"] = json!("application/json");
        config["responseJsonSchema"] = shape();
    }
    if ask.reasoning {
        config["thinkingConfig"] = json!({"thinkingBudget": 4000, "includeThoughts": true});
    }
    if let Some(max) = ask.max {
        config["maxOutputTokens"] = json!(max);
    }
    if config != json!({}) {
        body["generationConfig"] = config;
    }
    body
}

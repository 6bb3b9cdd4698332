//! The fields of a request.

use crate::check::{ANY, ARR, BOOL, Field, INT, NUM, OBJ, STR, may, must};

pub(super) const GENERATE: &[Field] = &[
    must("contents", ARR | OBJ),
    may("model", STR),
    may("systemInstruction", OBJ | STR),
    may("tools", ARR),
    may("toolConfig", OBJ),
    may("generationConfig", OBJ),
    may("safetySettings", ARR),
    may("cachedContent", STR),
    may("labels", OBJ),
    may("serviceTier", STR),
    may("store", BOOL),
];

pub(super) const CONFIG: &[Field] = &[
    may("temperature", NUM),
    may("topP", NUM),
    may("topK", NUM),
    may("candidateCount", INT),
    may("maxOutputTokens", INT),
    may("stopSequences", ARR),
    may("presencePenalty", NUM),
    may("frequencyPenalty", NUM),
    may("seed", INT),
    may("responseMimeType", STR),
    may("responseSchema", OBJ),
    may("responseJsonSchema", ANY),
    may("responseModalities", ARR),
    may("responseLogprobs", BOOL),
    may("logprobs", INT),
    may("thinkingConfig", OBJ),
    may("speechConfig", OBJ),
    may("mediaResolution", STR),
    may("imageConfig", OBJ),
    may("audioTimestamp", BOOL),
    may("enableAffectiveDialog", BOOL),
    may("modelSelectionConfig", OBJ),
    may("routingConfig", OBJ),
];

pub(super) const CONTENT: &[Field] = &[must("parts", ARR), may("role", STR)];
pub(super) const PART: &[Field] = &[
    may("text", STR),
    may("thought", BOOL),
    may("thoughtSignature", STR),
    may("inlineData", OBJ),
    may("fileData", OBJ),
    may("functionCall", OBJ),
    may("functionResponse", OBJ),
    may("executableCode", OBJ),
    may("codeExecutionResult", OBJ),
    may("videoMetadata", OBJ),
    may("mediaResolution", OBJ),
];
pub(super) const CALL: &[Field] = &[must("name", STR), may("args", OBJ), may("id", STR)];
pub(super) const RESPONSE: &[Field] = &[
    must("name", STR),
    must("response", OBJ),
    may("id", STR),
    may("parts", ARR),
    may("willContinue", BOOL),
    may("scheduling", STR),
];
pub(super) const DECLARATION: &[Field] = &[
    must("name", STR),
    may("description", STR),
    may("parameters", OBJ),
    may("parametersJsonSchema", ANY),
    may("response", OBJ),
    may("responseJsonSchema", ANY),
    may("behavior", STR),
];

/// The subset of OpenAPI that schemas are written in.
pub(super) const SCHEMA: &[Field] = &[
    may("type", STR),
    may("format", STR),
    may("title", STR),
    may("description", STR),
    may("nullable", BOOL),
    may("enum", ARR),
    may("items", OBJ),
    may("minItems", INT | STR),
    may("maxItems", INT | STR),
    may("properties", OBJ),
    may("required", ARR),
    may("minProperties", INT | STR),
    may("maxProperties", INT | STR),
    may("minLength", INT | STR),
    may("maxLength", INT | STR),
    may("pattern", STR),
    may("minimum", NUM),
    may("maximum", NUM),
    may("anyOf", ARR),
    may("propertyOrdering", ARR),
    may("default", ANY),
    may("example", ANY),
];

/// Names whose values are the user's own, not the API's.
pub(super) const OPAQUE: &[&str] = &[
    "args",
    "response",
    "properties",
    "parametersJsonSchema",
    "responseJsonSchema",
    "labels",
    "example",
    "default",
];

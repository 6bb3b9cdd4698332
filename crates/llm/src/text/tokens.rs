//! Prompts that are given as numbers of tokens, which say nothing to who looks at texts.

use super::cursor::{Cursor, Malformed};
use super::walk::MAX_DEPTH;
use crate::json::{Object, ScanError, is_alike};

/// Fields whose arrays of numbers are tokens: of OpenAI's completions and embeddings, vLLM, SGLang, llama.cpp and TGI.
const PROMPTS: [&str; 8] = [
    "prompt",
    "input",
    "inputs",
    "prompts",
    "prompt_token_ids",
    "token_ids",
    "input_ids",
    "tokens",
];

/// Whether a request gives its prompt, or some of it, as tokens. In any case of the field's letters, and anywhere in its arrays.
pub fn has_tokens(object: &Object) -> Result<bool, ScanError> {
    let mut json = Cursor::new(object.bytes());
    search(&mut json).map_err(|_| ScanError::WrongType {
        field: "body".to_owned(),
        expected: "valid JSON",
    })
}

fn search(json: &mut Cursor<'_>) -> Result<bool, Malformed> {
    json.space();
    json.need(b'{')?;
    json.space();
    if json.take(b'}') {
        return Ok(false);
    }
    loop {
        let (_, key) = json.key()?;
        if PROMPTS.iter().any(|name| is_alike(&key, name)) {
            // Conversations have numbers within objects; a prompt that is one has none.
            let objects = !is_alike(&key, "input");
            if json.byte() == Some(b'[') || objects && json.byte() == Some(b'{') {
                if numbers(json, objects, false, 0)? {
                    return Ok(true);
                }
            } else {
                json.skip()?;
            }
        } else {
            json.skip()?;
        }
        json.space();
        if !json.take(b',') {
            return Ok(false);
        }
    }
}

/// Whether an array in the value at hand holds a number.
fn numbers(
    json: &mut Cursor<'_>,
    objects: bool,
    in_array: bool,
    depth: usize,
) -> Result<bool, Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let (close, is_array) = match json.byte() {
        Some(b'[') => (b']', true),
        Some(b'{') if objects => (b'}', false),
        Some(b'-' | b'0'..=b'9') if in_array => return Ok(true),
        _ => {
            json.skip()?;
            return Ok(false);
        }
    };
    json.at += 1;
    json.space();
    if json.take(close) {
        return Ok(false);
    }
    loop {
        json.space();
        if !is_array {
            json.key()?;
        }
        if numbers(json, objects, is_array, depth + 1)? {
            return Ok(true);
        }
        json.space();
        if !json.take(b',') {
            json.need(close)?;
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn found(body: &'static str) -> bool {
        has_tokens(&Object::scan(Bytes::from_static(body.as_bytes())).unwrap()).unwrap()
    }

    #[test]
    fn tokens_are_found_in_every_spelling() {
        for body in [
            r#"{"prompt":[15339]}"#,
            r#"{"prompt":[-0,15339]}"#,
            r#"{"prompt":[-1]}"#,
            r#"{"prompt": [ [ ] ,[ 15339]]}"#,
            r#"{"prompt":["a",15339]}"#,
            r#"{"prompt":["a",[],["b",[1]]]}"#,
            r#"{"prompt":{"ids":[1]}}"#,
            r#"{"prompt":[{"ids":[1]}]}"#,
            r#"{"input":[[],[15339]]}"#,
            r#"{"input":[1e3]}"#,
            r#"{"Input":[1]}"#,
            r#"{"PROMPT":[1]}"#,
            r#"{"\u0070rompt":[1]}"#,
            r#"{"prompt":"a","prompt":[1]}"#,
            r#"{"prompt":"a","prompt_token_ids":[1]}"#,
            r#"{"prompt_to\u212aen_ids":[1]}"#,
            r#"{"input_ids":[[1]]}"#,
        ] {
            assert!(found(body), "{body}");
        }
        for body in [
            "{}",
            r#"{"prompt":"[1]"}"#,
            r#"{"prompt":["1",[],"a\"[1"]}"#,
            r#"{"prompt":5,"n":[1]}"#,
            r#"{"input":[{"type":"function_call_output","output":[1],"index":2}]}"#,
            r#"{"messages":[{"role":"user","content":[1]}]}"#,
            r#"{"logit_bias":{"1":2},"input":null}"#,
        ] {
            assert!(!found(body), "{body}");
        }
    }
}

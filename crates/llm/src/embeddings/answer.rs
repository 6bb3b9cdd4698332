//! Answers with vectors, from a provider's shape to a client's.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Asked, Vectors};
use crate::Format;
use crate::answer::Context;
use crate::dialect;
use crate::json::{Fields, Invalid, Writer, object, parse};
use crate::usage::Usage;
use crate::usage::totals::Totals;

/// Reads a provider's answer and writes the client's. `counted`: tokens of the input, where a header says.
pub fn answer(
    body: &str,
    asked: &Asked,
    counted: Option<u64>,
    context: &Context,
) -> Result<(Vec<u8>, Usage), Invalid> {
    let (vectors, mut used) = read(asked.vectors, body)?;
    used.input = used.input.or(counted);
    let out = if asked.client == Format::Gemini {
        google(&vectors, asked.batch)
    } else {
        open_ai(&vectors, asked.base64, &used, context)?
    };
    Ok((out, used))
}

fn read(vectors: Vectors, body: &str) -> Result<(Vec<&RawValue>, Usage), Invalid> {
    let mut f = Fields::parse(body, "")?;
    match vectors {
        Vectors::OpenAi => {
            let used = f
                .take("usage")?
                .map_or(Usage::default(), |used| tally(Format::OpenAi, used));
            Ok((list(&mut f, "data", "embedding")?, used))
        }
        Vectors::Google => {
            let used = f
                .take("usageMetadata")?
                .map_or(Usage::default(), |used| tally(Format::Gemini, used));
            Ok((list(&mut f, "embeddings", "values")?, used))
        }
        Vectors::Predict => predictions(&mut f),
        Vectors::Cohere | Vectors::InvokeCohere => {
            let used = f
                .take("meta")?
                .map_or(Usage::default(), |used| tally(Format::Cohere, used));
            let embeddings = f
                .take("embeddings")?
                .ok_or_else(|| Invalid::missing("embeddings"))?;
            // By type where types were asked for, else the list itself.
            let all = if embeddings.get().starts_with('{') {
                parse::<Fields<'_>>(embeddings.get(), "embeddings")?.need("float", "embeddings")?
            } else {
                parse(embeddings.get(), "embeddings")?
            };
            Ok((all, used))
        }
        Vectors::InvokeTitan => {
            let used = Usage {
                input: f.read("inputTextTokenCount", "")?,
                ..Usage::default()
            };
            Ok((vec![f.need("embedding", "")?], used))
        }
    }
}

fn tally(format: Format, used: &RawValue) -> Usage {
    let mut tally = Totals::default();
    tally.update(used.get().as_bytes());
    tally.usage(dialect::family(format).usage)
}

fn list<'a>(f: &mut Fields<'a>, list: &str, name: &str) -> Result<Vec<&'a RawValue>, Invalid> {
    f.need::<Vec<Fields<'a>>>(list, "")?
        .into_iter()
        .map(|mut one| one.need(name, list))
        .collect()
}

/// Vertex AI counts the tokens of each text by itself.
fn predictions<'a>(f: &mut Fields<'a>) -> Result<(Vec<&'a RawValue>, Usage), Invalid> {
    #[derive(Deserialize)]
    struct Statistics {
        // A number with a point.
        token_count: Option<f64>,
    }
    let path = "predictions[].embeddings";
    let (mut vectors, mut tokens) = (Vec::new(), None);
    for mut one in f.need::<Vec<Fields<'a>>>("predictions", "")? {
        let mut embeddings: Fields<'a> = one.need("embeddings", "predictions[]")?;
        vectors.push(embeddings.need("values", path)?);
        let count = embeddings
            .read::<Statistics>("statistics", path)?
            .and_then(|s| s.token_count);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a negative count is none, and is 0 so"
        )]
        if let Some(count) = count {
            tokens = Some(tokens.unwrap_or(0_u64).saturating_add(count as u64));
        }
    }
    Ok((
        vectors,
        Usage {
            input: tokens,
            ..Usage::default()
        },
    ))
}

fn open_ai(
    vectors: &[&RawValue],
    base64: bool,
    used: &Usage,
    context: &Context,
) -> Result<Vec<u8>, Invalid> {
    let mut failed = None;
    let out = object(|w| {
        w.put("object", "list");
        w.key("data").array(|w| {
            for (i, vector) in vectors.iter().enumerate() {
                w.object(|w| {
                    w.put("object", "embedding");
                    w.key("index").bare(i);
                    w.key("embedding");
                    if base64 {
                        match base64_of(vector.get()) {
                            Ok(text) => w.str(&text),
                            Err(e) => failed = Some(e),
                        }
                    } else {
                        w.raw(vector.get());
                    }
                });
            }
        });
        w.put("model", &context.model);
        w.key("usage").object(|w| {
            w.key("prompt_tokens").bare(used.input.unwrap_or(0));
            w.key("total_tokens").bare(used.input.unwrap_or(0));
        });
    });
    failed.map_or(Ok(out), Err)
}

fn google(vectors: &[&RawValue], batch: bool) -> Vec<u8> {
    let values =
        |w: &mut Writer<'_>, vector: &RawValue| w.object(|w| w.key("values").raw(vector.get()));
    object(|w| {
        if batch {
            w.key("embeddings")
                .array(|w| vectors.iter().for_each(|vector| values(w, vector)));
        } else if let Some(vector) = vectors.first() {
            w.key("embedding");
            values(w, vector);
        }
    })
}

/// Little-endian 32-bit floats, in base64 (RFC 4648, section 4).
fn base64_of(vector: &str) -> Result<String, Invalid> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let numbers: Vec<f32> = parse(vector, "embeddings[].values")?;
    let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let all = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_usize, |all, byte| all << 8 | usize::from(*byte));
        for i in 0..4 {
            let letter = LETTERS
                .get(all >> (18 - 6 * i) & 63)
                .copied()
                .unwrap_or(b'A');
            text.push(if i <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    Ok(text)
}

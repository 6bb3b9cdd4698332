//! Vectors of texts, between OpenAI's embeddings and Google's (API references, "Embeddings" and "embedContent").

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::answer::Context;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, Writer, object, parse};
use crate::{Format, usage};

/// What is asked, whatever its format.
#[derive(Debug)]
pub struct Request<'a> {
    /// The texts.
    pub texts: Vec<Cow<'a, str>>,
    /// How many numbers a vector has.
    pub dimensions: Option<u64>,
    /// Whether vectors come as base64 of their bytes (OpenAI's `encoding_format`).
    pub base64: bool,
    /// Whether several were asked for, so that the answer is a list (Google's `batchEmbedContents`).
    pub batch: bool,
}

/// Reads a request.
pub fn decode<'a>(format: Format, body: &'a str, dropped: &mut Dropped) -> Result<Request<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    f.take("model")?;
    if format != Format::Gemini {
        return open_ai(f, dropped);
    }
    let batch = f.read::<Vec<Fields<'a>>>("requests", "")?;
    let is_batch = batch.is_some();
    let mut request = Request { texts: Vec::new(), dimensions: None, base64: false, batch: is_batch };
    for mut one in batch.unwrap_or_else(|| vec![f]) {
        one.take("model")?;
        let mut content: Fields<'a> = one.need("content", "")?;
        let mut text = String::new();
        for mut part in content.need::<Vec<Fields<'a>>>("parts", "content")? {
            text.push_str(&part.need_text("text", "content.parts[]")?);
        }
        request.texts.push(text.into());
        request.dimensions = one.read("outputDimensionality", "")?.or(request.dimensions);
        one.rest().for_each(|(name, _)| dropped.add(name.into_owned()));
    }
    Ok(request)
}

fn open_ai<'a>(mut f: Fields<'a>, dropped: &mut Dropped) -> Result<Request<'a>, Invalid> {
    let input = f.take("input")?.ok_or_else(|| Invalid::missing("input"))?;
    let texts = if input.get().starts_with('"') {
        vec![parse::<Text<'a>>(input.get(), "input")?.0]
    } else {
        let wrong = |_| Invalid::new("input", "must be texts: tokens mean nothing to another model");
        let all = parse::<Vec<Text<'a>>>(input.get(), "input").map_err(wrong)?;
        all.into_iter().map(|t| t.0).collect()
    };
    let base64 = f.text("encoding_format", "")?.is_some_and(|word| word == "base64");
    let dimensions = f.read("dimensions", "")?;
    f.rest().for_each(|(name, _)| dropped.add(name.into_owned()));
    Ok(Request { texts, dimensions, base64, batch: true })
}

/// Writes a request; for Google always a batch, whose answers are in the same order.
pub fn encode(format: Format, request: &Request<'_>, model: &str) -> Vec<u8> {
    if format != Format::Gemini {
        return object(|w| {
            w.put("model", model);
            w.key("input").array(|w| request.texts.iter().for_each(|text| w.str(text)));
            w.put_bare("dimensions", request.dimensions);
        });
    }
    object(|w| {
        w.key("requests").array(|w| {
            for text in &request.texts {
                w.object(|w| {
                    w.put("model", &format!("models/{model}"));
                    w.key("content").object(|w| {
                        w.key("parts").array(|w| w.object(|w| w.put("text", text)));
                    });
                    w.put_bare("outputDimensionality", request.dimensions);
                });
            }
        });
    })
}

/// Reads an answer of one format and writes it in the other.
pub fn answer(
    from: Format,
    body: &str,
    request: &Asked,
    context: &Context,
) -> Result<(Vec<u8>, usage::Usage), Invalid> {
    let mut f = Fields::parse(body, "")?;
    let mut tally = usage::Tally::default();
    if let Some(used) = f.take(usage::field(from))? {
        tally.update(used.get().as_bytes());
    }
    let (list, name) = if from == Format::Gemini { ("embeddings", "values") } else { ("data", "embedding") };
    let mut vectors: Vec<&RawValue> = Vec::new();
    for mut one in f.need::<Vec<Fields<'_>>>(list, "")? {
        vectors.push(one.need(name, list)?);
    }
    let totals = tally.usage(from);
    if from != Format::Gemini {
        return Ok((google(&vectors, request.batch), totals));
    }
    let mut out = Vec::new();
    let mut failed = None;
    Writer::new(&mut out).object(|w| {
        w.put("object", "list");
        w.key("data").array(|w| {
            for (i, vector) in vectors.iter().enumerate() {
                w.object(|w| {
                    w.put("object", "embedding");
                    w.key("index").bare(i);
                    w.key("embedding");
                    if request.base64 {
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
            w.key("prompt_tokens").bare(totals.input.unwrap_or(0));
            w.key("total_tokens").bare(totals.input.unwrap_or(0));
        });
    });
    failed.map_or(Ok((out, totals)), Err)
}

/// What of the request the answer depends on.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// As in [`Request`].
    pub base64: bool,
    /// As in [`Request`].
    pub batch: bool,
}

fn google(vectors: &[&RawValue], batch: bool) -> Vec<u8> {
    let values = |w: &mut Writer<'_>, vector: &RawValue| w.object(|w| w.key("values").raw(vector.get()));
    object(|w| {
        if batch {
            w.key("embeddings").array(|w| vectors.iter().for_each(|vector| values(w, vector)));
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
            let letter = LETTERS.get(all >> (18 - 6 * i) & 63).copied().unwrap_or(b'A');
            text.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context { model: "m".into(), ..Context::default() }
    }

    #[test]
    fn openai_s_request_becomes_google_s_batch_and_its_answer_openai_s_list() {
        let mut dropped = Dropped::default();
        let body = r#"{"model":"m","input":["a","b"],"dimensions":2,"user":"u","encoding_format":"float"}"#;
        let request = decode(Format::OpenAi, body, &mut dropped).unwrap();
        assert_eq!(dropped.header().as_deref(), Some("user"));
        let sent = String::from_utf8(encode(Format::Gemini, &request, "e")).unwrap();
        let one = |text| {
            format!(
                r#"{{"model":"models/e","content":{{"parts":[{{"text":"{text}"}}]}},"outputDimensionality":2}}"#
            )
        };
        assert_eq!(sent, format!(r#"{{"requests":[{},{}]}}"#, one("a"), one("b")));
        let asked = Asked { base64: request.base64, batch: request.batch };
        let (got, _) = answer(
            Format::Gemini,
            r#"{"embeddings":[{"values":[1.5,2]},{"values":[0,-1]}]}"#,
            &asked,
            &context(),
        )
        .unwrap();
        let want = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.5,2]},{"object":"embedding","index":1,"embedding":[0,-1]}],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}"#;
        assert_eq!(String::from_utf8(got).unwrap(), want);
        let asked = Asked { base64: true, batch: true };
        let (got, _) =
            answer(Format::Gemini, r#"{"embeddings":[{"values":[1.5]}]}"#, &asked, &context()).unwrap();
        assert!(String::from_utf8(got).unwrap().contains("\"embedding\":\"AADAPw==\""));
    }

    #[test]
    fn google_s_single_request_gets_a_single_answer() {
        let mut dropped = Dropped::default();
        let body = r#"{"content":{"parts":[{"text":"a"},{"text":"b"}]},"taskType":"RETRIEVAL_QUERY"}"#;
        let request = decode(Format::Gemini, body, &mut dropped).unwrap();
        assert_eq!(
            (request.texts.as_slice(), dropped.header().as_deref()),
            (&["ab".into()][..], Some("taskType"))
        );
        assert_eq!(encode(Format::OpenAi, &request, "e"), br#"{"model":"e","input":["ab"]}"#);
        let asked = Asked { base64: false, batch: request.batch };
        let body = r#"{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":3}}"#;
        let (got, used) = answer(Format::OpenAi, body, &asked, &context()).unwrap();
        assert_eq!((got.as_slice(), used.input), (&br#"{"embedding":{"values":[1]}}"#[..], Some(3)));
    }

    #[test]
    fn tokens_are_refused() {
        assert!(decode(Format::OpenAi, r#"{"input":[1,2]}"#, &mut Dropped::default()).is_err());
    }
}

//! Requests for vectors, read and written.

use super::{Purpose, Request, Vectors};
use crate::Format;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, Writer, object, parse};

/// Reads a request.
pub fn decode<'a>(
    format: Format,
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Request<'a>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    f.take("model")?;
    if format == Format::Gemini {
        google(f, dropped)
    } else {
        open_ai(f, dropped)
    }
}

fn google<'a>(mut f: Fields<'a>, dropped: &mut Dropped) -> Result<Request<'a>, Invalid> {
    let batch = f.read::<Vec<Fields<'a>>>("requests", "")?;
    let is_batch = batch.is_some();
    let mut request = Request {
        texts: Vec::new(),
        dimensions: None,
        purpose: None,
        base64: false,
        batch: is_batch,
    };
    for (i, mut one) in batch.unwrap_or_else(|| vec![f]).into_iter().enumerate() {
        one.take("model")?;
        let mut content: Fields<'a> = one.need("content", "")?;
        let mut text = String::new();
        for mut part in content.need::<Vec<Fields<'a>>>("parts", "content")? {
            text.push_str(&part.need_text("text", "content.parts[]")?);
        }
        request.texts.push(text.into());
        request.dimensions = one.read("outputDimensionality", "")?.or(request.dimensions);
        let purpose = one.text("taskType", "")?.map(Purpose::Task);
        if i > 0 && purpose != request.purpose {
            return Err(Invalid::new(
                "requests[].taskType",
                "must be the same in all of a batch for this provider",
            ));
        }
        request.purpose = purpose;
        one.rest()
            .for_each(|(name, _)| dropped.add(name.into_owned()));
    }
    Ok(request)
}

fn open_ai<'a>(mut f: Fields<'a>, dropped: &mut Dropped) -> Result<Request<'a>, Invalid> {
    let input = f.take("input")?.ok_or_else(|| Invalid::missing("input"))?;
    let texts = if input.get().starts_with('"') {
        vec![parse::<Text<'a>>(input.get(), "input")?.0]
    } else {
        let wrong = |_| {
            Invalid::new(
                "input",
                "must be texts: tokens mean nothing to another model",
            )
        };
        let all = parse::<Vec<Text<'a>>>(input.get(), "input").map_err(wrong)?;
        all.into_iter().map(|t| t.0).collect()
    };
    let base64 = f
        .text("encoding_format", "")?
        .is_some_and(|word| word == "base64");
    let dimensions = f.read("dimensions", "")?;
    let purpose = f.text("input_type", "")?.map(Purpose::Input);
    f.rest()
        .for_each(|(name, _)| dropped.add(name.into_owned()));
    Ok(Request {
        texts,
        dimensions,
        purpose,
        base64,
        batch: true,
    })
}

/// Words that both vendors have: Google's and Cohere's.
const PURPOSES: [(&str, &str); 4] = [
    ("RETRIEVAL_DOCUMENT", "search_document"),
    ("RETRIEVAL_QUERY", "search_query"),
    ("CLASSIFICATION", "classification"),
    ("CLUSTERING", "clustering"),
];

impl Purpose<'_> {
    /// What the caller calls it.
    fn name(&self) -> &'static str {
        match self {
            Purpose::Task(_) => "taskType",
            Purpose::Input(_) => "input_type",
        }
    }

    fn task(&self) -> Option<&str> {
        match self {
            Purpose::Task(word) => Some(word),
            Purpose::Input(word) => PURPOSES
                .iter()
                .find(|(_, input)| input == word)
                .map(|(task, _)| *task),
        }
    }

    fn input(&self) -> Option<&str> {
        match self {
            Purpose::Input(word) => Some(word),
            Purpose::Task(word) => PURPOSES
                .iter()
                .find(|(task, _)| task == word)
                .map(|(_, input)| *input),
        }
    }
}

/// Writes a request; for the Gemini API always a batch, whose answers are in the same order.
pub fn encode(
    vectors: Vectors,
    request: &Request<'_>,
    model: &str,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    let purpose = request.purpose.as_ref();
    let mut lacks_purpose = false;
    let mut task = || {
        let task = purpose.and_then(Purpose::task);
        lacks_purpose = task.is_none();
        task
    };
    let body = match vectors {
        Vectors::OpenAi => {
            lacks_purpose = true;
            object(|w| {
                w.put("model", model);
                w.key("input")
                    .array(|w| request.texts.iter().for_each(|text| w.str(text)));
                w.put_bare("dimensions", request.dimensions);
            })
        }
        Vectors::Google => {
            let task = task();
            object(|w| {
                w.key("requests").array(|w| {
                    request
                        .texts
                        .iter()
                        .for_each(|t| content(w, t, model, task, request))
                })
            })
        }
        Vectors::Predict => {
            // Google's documentation, "Get text embeddings": one instance per request.
            if model.contains("gemini-embedding") {
                one_text(request, "Gemini's models take on Vertex AI")?;
            }
            let task = task();
            object(|w| instances(w, task, request))
        }
        Vectors::Cohere | Vectors::InvokeCohere => {
            let input = purpose.and_then(Purpose::input);
            lacks_purpose = input.is_none();
            let model = (vectors == Vectors::Cohere).then_some(model);
            object(|w| typed(w, model, input, request))
        }
        Vectors::InvokeTitan => {
            let text = one_text(request, "Amazon's Titan models take")?;
            lacks_purpose = true;
            // The first generation has no parameters.
            let dimensions = request.dimensions.filter(|_| model.contains("-v2"));
            if dimensions != request.dimensions {
                dropped.add("dimensions");
            }
            object(|w| {
                w.put_bare("dimensions", dimensions);
                w.put("inputText", text);
            })
        }
    };
    if let Some(purpose) = purpose.filter(|_| lacks_purpose) {
        dropped.add(purpose.name());
    }
    Ok(body)
}

/// The only text, for models that take no more at a time.
fn one_text<'r>(request: &'r Request<'_>, who: &str) -> Result<&'r str, Invalid> {
    match request.texts.as_slice() {
        [text] => Ok(text),
        _ => {
            let reason =
                format!("must be one text: {who} no more at a time, so send one request for each");
            Err(Invalid::new("input", reason))
        }
    }
}

/// Vertex AI's.
fn instances(w: &mut Writer<'_>, task: Option<&str>, request: &Request<'_>) {
    w.key("instances").array(|w| {
        for text in &request.texts {
            w.object(|w| {
                w.put_some("task_type", task);
                w.put("content", text);
            });
        }
    });
    if let Some(dimensions) = request.dimensions {
        w.key("parameters")
            .object(|w| w.key("outputDimensionality").bare(dimensions));
    }
}

/// Cohere's; Bedrock has the model in the path.
fn typed(w: &mut Writer<'_>, model: Option<&str>, input: Option<&str>, request: &Request<'_>) {
    w.put_some("model", model);
    // It has to be said. Who doesn't say is taken to fill an index, as most vectors are made for one.
    w.put("input_type", input.unwrap_or("search_document"));
    w.put_bare("output_dimension", request.dimensions);
    w.key("embedding_types").array(|w| w.str("float"));
    w.key("texts")
        .array(|w| request.texts.iter().for_each(|text| w.str(text)));
}

fn content(w: &mut Writer<'_>, text: &str, model: &str, task: Option<&str>, request: &Request<'_>) {
    w.object(|w| {
        w.put("model", &format!("models/{model}"));
        w.key("content")
            .object(|w| w.key("parts").array(|w| w.object(|w| w.put("text", text))));
        w.put_some("taskType", task);
        w.put_bare("outputDimensionality", request.dimensions);
    });
}

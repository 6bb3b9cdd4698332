//! What is asked for: format and operation from the path, or from the body where the path is the user's own; the model;
//! whether it streams.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Uri, header};
use sluice_llm::dropped::Dropped;
use sluice_llm::json::{Draft, Object, ScanError};
use sluice_llm::surface::{self, Surface};
use sluice_llm::{Format, Operation, multipart};
use sluice_policy::route_type::RouteType;
use sluice_vocab::ErrorCode;

use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Route;

/// A request, read.
pub(crate) struct Asked<'u> {
    pub(crate) surface: Surface<'u>,
    /// The model that the caller names.
    pub(crate) model: Option<String>,
    pub(crate) stream: bool,
    pub(crate) body: AskedBody,
    /// What the route would have added, and the caller's format has no place for.
    pub(crate) dropped: Dropped,
}

/// A request's body.
pub(crate) enum AskedBody {
    /// JSON, and the edits so far.
    Json(Box<Draft>),
    /// A form, and where in it the model's name stands.
    Form(Bytes, Option<std::ops::Range<usize>>),
}

/// The format that a path is in, for errors before it is read.
pub(crate) fn format(uri: &Uri, taken: usize) -> Option<Format> {
    surface(uri, taken).map(|surface| surface.format)
}

fn surface(uri: &Uri, taken: usize) -> Option<Surface<'_>> {
    let rest = uri.path().get(taken..).unwrap_or("");
    surface::parse(uri.path())
        .or_else(|| surface::parse(rest))
        .or_else(|| surface::parse_below_version(rest))
}

/// Reads the path: the format's own below `/`, below what the route's prefix took, and there with or without the version.
/// `None` for a path of the user's own, where the body has to tell.
pub(crate) fn wanted<'u>(
    uri: &'u Uri,
    taken: usize,
    parts: &Parts,
    upgrade: Option<&HeaderValue>,
    record: &mut Record,
) -> Result<Option<Surface<'u>>, Rejected> {
    let path = uri.path();
    let rest = path.get(taken..).unwrap_or("");
    let mut found = surface(uri, taken);
    if let Some(surface) = &mut found {
        // OpenAI's and Anthropic's lists of models have one path; Anthropic's clients send their version.
        if surface.operation == Operation::Models
            && surface.format == Format::OpenAi
            && parts.headers.contains_key("anthropic-version")
        {
            surface.format = Format::Anthropic;
        }
        record.format = Some(surface.format);
        check_method(surface, parts, upgrade)?;
        return Ok(found);
    }
    if !matches!(rest, "" | "/") {
        let text = format!("{path} is no path of the OpenAI, Anthropic or Gemini API");
        return Err(Rejection::new(Stage::Match, ErrorCode::NotFound, text));
    }
    if parts.method != Method::POST {
        return Err(method_not_allowed("POST"));
    }
    Ok(None)
}

fn check_method(
    surface: &Surface<'_>,
    parts: &Parts,
    upgrade: Option<&HeaderValue>,
) -> Result<(), Rejected> {
    if surface.operation == Operation::Responses
        && upgrade.is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"))
    {
        let text = "this gateway serves the Responses API over HTTP, not over WebSocket";
        return Err(Rejection::new(
            Stage::Match,
            ErrorCode::WebsocketNotSupported,
            text,
        ));
    }
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match (surface.operation == Operation::Models, reads, &parts.method) {
        (true, true, _) | (false, false, &Method::POST) => Ok(()),
        (true, _, _) => Err(method_not_allowed("GET")),
        (false, _, _) => Err(method_not_allowed("POST")),
    }
}

fn method_not_allowed(want: &str) -> Rejected {
    let text = format!("this path takes {want}");
    Rejection::new(Stage::Match, ErrorCode::MethodNotAllowed, text)
}

/// A body that is no JSON the gateway can read.
pub(crate) fn malformed(error: ScanError) -> Rejected {
    Rejection::new(Stage::Read, ErrorCode::InvalidJson, error.to_string())
}

/// Reads the body.
pub(crate) fn read<'u>(
    wanted: Option<Surface<'u>>,
    bytes: Bytes,
    parts: &Parts,
    route: &Route,
    record: &mut Record,
) -> Result<Asked<'u>, Rejected> {
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    if let Some(surface) = wanted.as_ref().filter(|s| s.operation == Operation::Media)
        && multipart::is_form(content_type)
    {
        let model = multipart::field(content_type, &bytes, "model").map_err(|_| {
            let text = "the form has the field model twice";
            Rejection::new(Stage::Read, ErrorCode::InvalidForm, text).param("model")
        })?;
        let name = model
            .clone()
            .map(|range| String::from_utf8_lossy(&bytes[range]).into_owned());
        record.model = checked(name.clone())?;
        let body = AskedBody::Form(bytes, model);
        return Ok(Asked {
            surface: surface.clone(),
            model: name,
            stream: false,
            body,
            dropped: Dropped::default(),
        });
    }
    let object = Object::scan(bytes).map_err(malformed)?;
    let surface = match wanted {
        Some(surface) => surface,
        None => infer(&object, parts, route.prompt_type)?,
    };
    record.format = Some(surface.format);
    let in_body = object.str("model").map_err(malformed)?;
    let model = surface
        .model
        .as_deref()
        .or(in_body.as_deref())
        .map(|m| m.strip_prefix("models/").unwrap_or(m).to_owned());
    let explicit = object.bool("stream").map_err(malformed)?;
    let default = route.plan.route_type.map(|t| t == RouteType::ChatStreaming);
    let can = surface.operation.streams();
    let stream = can && explicit.or(surface.stream).or(default).unwrap_or(false);
    record.model = checked(model.clone())?;
    record.streaming = stream;
    let mut draft = Draft::new(object);
    if surface.format == Format::Gemini {
        // The path says it upstream, the field is not Gemini's.
        draft.remove("stream").map_err(malformed)?;
    } else if can && explicit.is_none() && default.is_some() {
        draft
            .set("stream", if stream { "true" } else { "false" })
            .map_err(malformed)?;
    }
    Ok(Asked {
        surface,
        model,
        stream,
        body: AskedBody::Json(Box::new(draft)),
        dropped: Dropped::default(),
    })
}

/// Longest name of a model, in bytes: it goes into logs and errors.
const MAX_MODEL: usize = 256;

fn checked(model: Option<String>) -> Result<Option<String>, Rejected> {
    match model {
        Some(name) if name.len() > MAX_MODEL => {
            let text = "the model's name is longer than 256 bytes";
            Err(Rejection::new(Stage::Read, ErrorCode::InvalidField, text).param("model"))
        }
        other => Ok(other),
    }
}

/// What a body asks for when the path is the user's own.
fn infer(
    object: &Object,
    parts: &Parts,
    prompt_type: Option<Operation>,
) -> Result<Surface<'static>, Rejected> {
    let surface = |format, operation, rest| Surface {
        format,
        operation,
        model: None,
        stream: None,
        rest,
    };
    let field = match prompt_type {
        Some(Operation::Completions) => "prompt",
        Some(_) => ["messages", "contents"].into_iter().find(|f| object.has(f)).unwrap_or("messages"),
        None => ["contents", "messages", "prompt"].into_iter().find(|f| object.has(f)).ok_or_else(|| {
            let text =
                "the body has none of messages, prompt and contents, so it is unclear what is asked for";
            Rejection::new(Stage::Read, ErrorCode::MissingField, text)
        })?,
    };
    if !object.has(field) {
        let text = format!("this path takes a body with the field {field:?}, and it is missing");
        return Err(Rejection::new(Stage::Read, ErrorCode::MissingField, text));
    }
    Ok(match field {
        "contents" => surface(Format::Gemini, Operation::Chat, ""),
        "prompt" => surface(Format::OpenAi, Operation::Completions, "completions"),
        _ if parts.headers.contains_key("anthropic-version") => {
            surface(Format::Anthropic, Operation::Chat, "messages")
        }
        _ => surface(Format::OpenAi, Operation::Chat, "chat/completions"),
    })
}

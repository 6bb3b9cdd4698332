//! What is asked for: format and operation from the path, or from the body where the path is the user's own; the model;
//! whether it streams.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use sluice_llm::dropped::Dropped;
use sluice_llm::form::{self, Form, FormError};
use sluice_llm::json::{Draft, Object, ScanError};
use sluice_llm::surface::{self, Surface};
use sluice_llm::{Format, Operation, Wire};
use sluice_policy::route_type::RouteType;
use sluice_vocab::ErrorCode;

use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Route;

/// A request, read. What nobody has looked at yet is [`super::guard::Unseen`].
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
#[derive(Clone)]
pub(crate) enum AskedBody {
    /// JSON, and the edits so far.
    Json(Box<Draft>),
    /// A form, and its parts.
    Form(Bytes, Form),
}

impl AskedBody {
    /// The bytes as they came.
    pub(crate) fn bytes(&self) -> &Bytes {
        match self {
            Self::Json(draft) => draft.original().bytes(),
            Self::Form(bytes, _) => bytes,
        }
    }
}

/// The format that a path is in, for errors before it is read.
pub(crate) fn format(uri: &Uri, taken: usize) -> Option<Format> {
    surface(uri, taken).map(|surface| surface.format())
}

fn surface(uri: &Uri, taken: usize) -> Option<Surface<'_>> {
    let rest = uri.path().get(taken..).unwrap_or("");
    surface::parse(uri.path())
        .or_else(|| surface::parse(rest))
        .or_else(|| surface::parse_below_version(rest))
}

/// Reads the path: the format's own below `/`, below what the route's prefix took, and there with or without the version.
/// `None` for a path of the user's own, where the body has to tell.
pub(crate) fn wanted<'u>(uri: &'u Uri, taken: usize, parts: &Parts) -> Option<Surface<'u>> {
    let mut found = surface(uri, taken)?;
    // OpenAI's and Anthropic's lists of models have one path; Anthropic's clients send their version.
    if found.operation == Operation::Models
        && found.format() == Format::OpenAi
        && parts.headers.contains_key("anthropic-version")
    {
        found.wire = Wire::Messages;
    }
    Some(found)
}

/// Refuses what no such path takes.
pub(crate) fn check(
    wanted: Option<&Surface<'_>>,
    uri: &Uri,
    taken: usize,
    method: &Method,
    upgrade: Option<&HeaderValue>,
) -> Result<(), Rejected> {
    let Some(surface) = wanted else {
        let path = uri.path();
        if !matches!(path.get(taken..), None | Some("" | "/")) {
            let text = format!("{path} is no path of the OpenAI, Anthropic or Gemini API");
            return Err(Rejection::new(Stage::Match, ErrorCode::NotFound, text));
        }
        if method != Method::POST {
            return Err(method_not_allowed("POST"));
        }
        return Ok(());
    };
    if surface.wire == Wire::Responses
        && upgrade.is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"))
    {
        let text = "this gateway serves the Responses API over HTTP, not over WebSocket";
        let code = ErrorCode::WebsocketNotSupported;
        return Err(Rejection::new(Stage::Match, code, text));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match (surface.operation == Operation::Models, reads, method) {
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

/// A body that has been taken apart so far that one can tell what it is.
pub(crate) enum Parsed {
    Json(Object),
    Form(Bytes, Form),
}

/// Takes a body apart.
pub(crate) fn parse(
    wanted: Option<&Surface<'_>>,
    bytes: Bytes,
    headers: &HeaderMap,
) -> Result<Parsed, Rejected> {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|v| v.to_str().ok()).unwrap_or("");
    let is_media = wanted.is_some_and(|surface| surface.operation == Operation::Media);
    if !is_media || !form::is_form(content_type) {
        return Object::scan(bytes).map(Parsed::Json).map_err(malformed);
    }
    let form = Form::parse(content_type, &bytes).map_err(|e| wrong_form(&e))?;
    Ok(Parsed::Form(bytes, form))
}

/// A form that not everybody would read alike.
pub(super) fn wrong_form(error: &FormError) -> Rejected {
    let rejection = Rejection::new(Stage::Read, ErrorCode::InvalidForm, error.to_string());
    match error.field() {
        Some("model") => rejection.param("model"),
        _ => rejection,
    }
}

/// What is asked for, by the path or else by the body.
pub(crate) fn asked_surface<'u>(
    wanted: Option<Surface<'u>>,
    parsed: &Parsed,
    headers: &HeaderMap,
    route: &Route,
) -> Result<Surface<'u>, Rejected> {
    match (wanted, parsed) {
        (Some(surface), _) => Ok(surface),
        (None, Parsed::Json(object)) => infer(object, headers, route.prompt_type),
        // Forms have paths of their own.
        (None, Parsed::Form(..)) => {
            let text = "the body is a form, so that it is unclear what is asked for";
            Err(Rejection::new(Stage::Read, ErrorCode::MissingField, text))
        }
    }
}

/// Reads the rest of the body.
pub(crate) fn asked<'u>(
    surface: Surface<'u>,
    parsed: Parsed,
    route: &Route,
) -> Result<Asked<'u>, Rejected> {
    let dropped = Dropped::default();
    let object = match parsed {
        Parsed::Json(object) => object,
        Parsed::Form(bytes, form) => {
            let name = form.text("model", &bytes).map_err(|e| wrong_form(&e))?;
            return Ok(Asked {
                surface,
                model: checked(name.map(str::to_owned))?,
                stream: false,
                body: AskedBody::Form(bytes, form),
                dropped,
            });
        }
    };
    let in_body = object.str("model").map_err(malformed)?;
    let model = surface.model.as_deref().or(in_body.as_deref());
    let model = model.map(|m| m.strip_prefix("models/").unwrap_or(m).to_owned());
    let explicit = object.bool("stream").map_err(malformed)?;
    let default = route.plan.route_type;
    let default = default.map(|t| t == RouteType::ChatStreaming);
    let can = surface.operation.streams();
    let stream = can && explicit.or(surface.stream).or(default).unwrap_or(false);
    let mut draft = Draft::new(object);
    if surface.format() == Format::Gemini {
        // The path says it upstream, the field is not Gemini's.
        draft.remove("stream").map_err(malformed)?;
    } else if can && explicit.is_none() && default.is_some() {
        let value = if stream { "true" } else { "false" };
        draft.set("stream", value).map_err(malformed)?;
    }
    Ok(Asked {
        surface,
        model: checked(model)?,
        stream,
        body: AskedBody::Json(Box::new(draft)),
        dropped,
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
    headers: &HeaderMap,
    prompt_type: Option<Wire>,
) -> Result<Surface<'static>, Rejected> {
    let surface = |wire, rest| Surface {
        wire,
        operation: Operation::Chat,
        model: None,
        stream: None,
        rest,
    };
    let field = match prompt_type {
        Some(Wire::Completions) => "prompt",
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
        "contents" => surface(Wire::Generate, ""),
        "prompt" => surface(Wire::Completions, "completions"),
        _ if headers.contains_key("anthropic-version") => surface(Wire::Messages, "messages"),
        _ => surface(Wire::Chat, "chat/completions"),
    })
}

//! OpenAI, and who speaks its format: Azure OpenAI and, with a strict body, Mistral.

mod chat;
mod media;
mod moderation;
mod request;
mod responses;
mod text;

use http::StatusCode;
use serde_json::{Value, json};

use crate::check::{self, What, Wrong};
use crate::reply::{Call, Refusal, Reply};
use crate::route::{Format, Verb};
use crate::script::Event;

pub(crate) use chat::halves as chat_halves;
pub(crate) use media::form_field;
pub(crate) use request::tool_name;
pub(crate) use text::embedding;

/// `created` of everything: a mock has no clock.
pub(crate) const CREATED: u64 = 1_700_000_000;

/// The credential, in the provider's form.
pub(crate) fn authorize(call: &Call<'_>) -> Result<(), Refusal> {
    if call.format != Format::Azure {
        return call.accept(call.bearer());
    }
    let classic = call.path_model.is_some() && call.param("api-version").is_none();
    if classic {
        return Err(Refusal::NoRoute("api-version".into()));
    }
    match (call.header("api-key"), call.bearer()) {
        (Some(_), Some(_)) => Err(Refusal::WrongCredential),
        (key, token) => call.accept(key.or(token)),
    }
}

/// The answer of an operation.
pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Refusal> {
    let reply = match &call.verb {
        Verb::Chat => chat::answer(call, &check::body(call.body)?),
        Verb::Completions => text::completions(call, &check::body(call.body)?),
        Verb::Embeddings => text::embeddings(call, &check::body(call.body)?),
        Verb::Responses => responses::answer(call, &check::body(call.body)?),
        Verb::Moderations => moderation::answer(call, &check::body(call.body)?),
        Verb::Images => media::images(call, &check::body(call.body)?),
        Verb::Transcriptions => media::transcriptions(call),
        Verb::Models(id) => Ok(models(id.as_deref())),
        _ => Err(Refusal::NoRoute(String::new())),
    }?;
    Ok(reply
        .header("x-request-id", &format!("req_mock{}", call.number))
        .header("openai-processing-ms", "1")
        .header("x-ratelimit-limit-requests", "10000")
        .header("x-ratelimit-remaining-requests", "9999")
        .header("x-ratelimit-limit-tokens", "200000")
        .header("x-ratelimit-remaining-tokens", "199000")
        .header("x-ratelimit-reset-requests", "6ms")
        .header("x-ratelimit-reset-tokens", "1s"))
}

fn models(id: Option<&str>) -> Reply {
    let model =
        |id: &str| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "mock"});
    let body = match id {
        Some(id) => model(id),
        None => json!({"object": "list", "data": [model("mock-model"), model("mock-embedding")]}),
    };
    Reply::json(StatusCode::OK, &body)
}

/// A refusal, worded as the provider does.
pub(crate) fn refuse(call: &Call<'_>, refusal: &Refusal) -> Reply {
    if call.format == Format::Mistral {
        return refuse_as_mistral(refusal);
    }
    let (status, error) = match refusal {
        Refusal::NoRoute(what) => no_route(call, what),
        Refusal::NoCredential if call.format == Format::Azure => azure_denied(),
        Refusal::WrongCredential if call.format == Format::Azure => azure_denied(),
        Refusal::NoCredential => {
            let message = "You didn't provide an API key. You need to provide your API key in an Authorization header \
                using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
            (
                StatusCode::UNAUTHORIZED,
                error("invalid_request_error", message, None, None),
            )
        }
        Refusal::WrongCredential => {
            let message = "Incorrect API key provided.";
            (
                StatusCode::UNAUTHORIZED,
                error(
                    "invalid_request_error",
                    message,
                    None,
                    Some("invalid_api_key"),
                ),
            )
        }
        Refusal::Wrong(wrong) => (StatusCode::BAD_REQUEST, wrong_request(wrong)),
        Refusal::Status(status) => (*status, of_status(*status)),
    };
    Reply::json(status, &error).header("x-request-id", &format!("req_mock{}", call.number))
}

fn no_route(call: &Call<'_>, what: &str) -> (StatusCode, Value) {
    let error = if call.format == Format::Azure {
        json!({"error": {"code": "404", "message": "Resource not found"}})
    } else {
        error(
            "invalid_request_error",
            &format!("Invalid URL ({what})"),
            None,
            None,
        )
    };
    (StatusCode::NOT_FOUND, error)
}

fn azure_denied() -> (StatusCode, Value) {
    let message = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key \
        for an active subscription and use a correct regional API endpoint for your resource.";
    (
        StatusCode::UNAUTHORIZED,
        json!({"error": {"code": "401", "message": message}}),
    )
}

fn error(kind: &str, message: &str, param: Option<&str>, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

fn wrong_request(wrong: &Wrong) -> Value {
    let path = Some(wrong.path.as_str()).filter(|p| !p.is_empty());
    let at = &wrong.path;
    let (message, code) = match &wrong.what {
        What::NotJson => (
            "We could not parse the JSON body of your request.".to_owned(),
            None,
        ),
        What::Missing if at == "model" => ("you must provide a model parameter".to_owned(), None),
        What::Missing => (
            format!("Missing required parameter: '{at}'."),
            Some("missing_required_parameter"),
        ),
        What::Unknown => (
            format!("Unknown parameter: '{at}'."),
            Some("unknown_parameter"),
        ),
        What::Type { wanted, got } => (
            format!("Invalid type for '{at}': expected {wanted}, but got {got} instead."),
            Some("invalid_type"),
        ),
        What::Value(reason) => (reason.clone(), Some("invalid_value")),
    };
    error("invalid_request_error", &message, path, code)
}

/// The body of a status.
pub(crate) fn of_status(status: StatusCode) -> Value {
    let (kind, code, message) = match status.as_u16() {
        401 => (
            "invalid_request_error",
            Some("invalid_api_key"),
            "Incorrect API key provided.",
        ),
        403 => (
            "invalid_request_error",
            Some("forbidden"),
            "You don't have access to this resource.",
        ),
        404 => (
            "invalid_request_error",
            Some("model_not_found"),
            "The model does not exist.",
        ),
        429 => (
            "requests",
            Some("rate_limit_exceeded"),
            "Rate limit reached for requests.",
        ),
        400..=499 => (
            "invalid_request_error",
            None,
            "The request was refused by fault.",
        ),
        503 => (
            "server_error",
            None,
            "The engine is currently overloaded, please try again later",
        ),
        _ => (
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        ),
    };
    error(kind, message, None, code)
}

/// What an error looks like within a stream.
pub(crate) fn error_event() -> Event {
    Event {
        name: None,
        data: of_status(StatusCode::INTERNAL_SERVER_ERROR).to_string(),
    }
}

fn refuse_as_mistral(refusal: &Refusal) -> Reply {
    let problem = |message: Value, kind: &str, code: Value| json!({"object": "error", "message": message, "type": kind, "param": null, "code": code});
    let (status, body) = match refusal {
        Refusal::NoRoute(_) => (StatusCode::NOT_FOUND, json!({"detail": "Not Found"})),
        Refusal::NoCredential | Refusal::WrongCredential => {
            (StatusCode::UNAUTHORIZED, json!({"detail": "Unauthorized"}))
        }
        Refusal::Status(s) if *s == StatusCode::TOO_MANY_REQUESTS => (
            *s,
            problem(json!("Rate limit exceeded"), "rate_limited", json!("1300")),
        ),
        Refusal::Status(s) => (
            *s,
            problem(
                json!("Refused by fault"),
                "internal_server_error",
                json!("1000"),
            ),
        ),
        Refusal::Wrong(wrong) => {
            let (kind, text) = match &wrong.what {
                What::NotJson => ("json_invalid", "JSON decode error".to_owned()),
                What::Missing => ("missing", "Field required".to_owned()),
                What::Unknown => (
                    "extra_forbidden",
                    "Extra inputs are not permitted".to_owned(),
                ),
                What::Type { wanted, .. } => ("type_error", format!("Input should be {wanted}")),
                What::Value(reason) => ("value_error", reason.clone()),
            };
            let place: Vec<&str> = std::iter::once("body")
                .chain(wrong.path.split('.'))
                .collect();
            let detail = json!({"detail": [{"type": kind, "loc": place, "msg": text}]});
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                problem(detail, "invalid_request_error", Value::Null),
            )
        }
    };
    Reply::json(status, &body)
}

//! The request as the provider wants it.

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use sluice_llm::dropped::Dropped;
use sluice_llm::embeddings::Vectors;
use sluice_llm::format::chat::adapt;
use sluice_llm::json::Segments;
use sluice_llm::surface::Surface;
use sluice_llm::{Format, Operation, Wire};
use sluice_vocab::{ErrorCode, Secret};

use super::ask::{Asked, AskedBody, malformed};
use super::authn::CREDENTIAL_HEADERS;
use super::credential;
use super::cross::{self, Crossing};
use crate::budget::Share;
use crate::client::Outgoing;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Auth, Leaf, Plan, Resolution};

/// What is sent, and how its answer is to be read.
pub(crate) struct Outbound {
    pub(crate) request: Request<Outgoing>,
    pub(crate) format: Format,
    pub(crate) operation: Operation,
    /// The caller didn't ask for the usage chunk, we did.
    pub(crate) strip_usage: bool,
    /// Set where the provider speaks another wire than the caller.
    pub(crate) crossing: Option<Box<Crossing>>,
    /// What the provider can't be given.
    pub(crate) dropped: Dropped,
}

pub(crate) fn translate(
    parts: Parts,
    credential: Option<Secret>,
    mut asked: Asked<'_>,
    resolution: &Resolution<'_>,
    plan: &Plan,
    share: &mut Share,
    record: &Record,
) -> Result<Outbound, Rejected> {
    let leaf = resolution.leaf;
    let (format, operation, stream) = (asked.surface.format, asked.surface.operation, asked.stream);
    let model = resolution
        .model
        .as_ref()
        .map(|m| &*m.text)
        .or(asked.model.as_deref())
        .unwrap_or("")
        .to_owned();
    let (mut dropped, mut signable) = (std::mem::take(&mut asked.dropped), None);
    let (path, body, strip_usage, crossing) = match wires(&asked.surface, leaf, &model)? {
        Some((from, to)) => {
            let counts = operation == Operation::CountTokens;
            let surface = to.surface(if counts { operation } else { to.operation() });
            let path = leaf
                .path(&surface, &model, stream)
                .ok_or_else(|| unsupported(operation, leaf))?;
            let (body, crossing) =
                cross::request(asked, (from, to), &model, leaf, &mut dropped, record)?;
            if from.format() != to.format() && parts.headers.contains_key("anthropic-beta") {
                dropped.add("anthropic-beta");
            }
            if !share.try_grow_to(share.bytes() + body.len()) {
                return Err(super::read::no_memory());
            }
            signable = Some(body.clone());
            (path, Segments::one(body), false, Some(crossing))
        }
        None if let Some(vectors) = vectors(&asked.surface, leaf, &model)? => {
            let path = leaf.path(&vectors.surface(), &model, false);
            let path = path.ok_or_else(|| unsupported(operation, leaf))?;
            let named = leaf
                .provider
                .deployment(&leaf.settings, operation)
                .unwrap_or(&model);
            let (body, crossing) = cross::embeddings(asked, vectors, named, &mut dropped, record)?;
            signable = Some(body.clone());
            (path, Segments::one(body), false, Some(crossing))
        }
        None => {
            let path = leaf
                .path(&asked.surface, &model, stream)
                .ok_or_else(|| unsupported(operation, leaf))?;
            let strip_usage = edit(&mut asked, resolution, &mut dropped)?;
            (
                with_query(path, parts.uri.query()),
                finish(asked.body, resolution),
                strip_usage,
                None,
            )
        }
    };
    if plan.strict
        && let Some(fields) = dropped.header()
    {
        return Err(lossy(leaf, &fields));
    }
    let mut headers = parts.headers;
    clean(&mut headers);
    if format != leaf.provider.format {
        cross::clean(&mut headers);
    }
    if matches!(leaf.auth, Auth::Credential(_) | Auth::Minted(_)) {
        // Whose account pays is decided by who holds the credential.
        for name in [
            "openai-organization",
            "openai-project",
            "x-goog-user-project",
        ] {
            headers.remove(name);
        }
    }
    if let Some(credential) = credential {
        credential::show(
            &mut headers,
            leaf,
            &credential,
            (&path, signable.as_deref()),
        )?;
    }
    for (name, value) in leaf.provider.quirks.headers {
        if !headers.contains_key(*name) {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
    }
    for (name, value) in &leaf.headers {
        headers.insert(name, value.clone());
    }
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    headers.insert(crate::record::REQUEST_ID, record.id.clone());
    if !headers.contains_key(header::CONTENT_TYPE) || operation.has_json_body() {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
    }
    let mut request = Request::new(Outgoing::Read(body));
    *request.method_mut() = parts.method;
    *request.uri_mut() = Uri::from(path);
    *request.headers_mut() = headers;
    // Who reads the answer reads what the provider was asked for.
    let operation = crossing
        .as_ref()
        .map_or(operation, |crossing| crossing.sent());
    Ok(Outbound {
        request,
        format: leaf.provider.format,
        operation,
        strip_usage,
        crossing,
        dropped,
    })
}

/// How the provider is asked for vectors of texts, where it is not as the caller asks.
fn vectors(surface: &Surface<'_>, leaf: &Leaf, model: &str) -> Result<Option<Vectors>, Rejected> {
    if surface.operation != Operation::Embeddings {
        return Ok(None);
    }
    let vectors =
        Vectors::of(leaf.provider, model).ok_or_else(|| unsupported(surface.operation, leaf))?;
    Ok(Some(vectors).filter(|vectors| !vectors.is_of(surface.format)))
}

/// A request that would lose something, on a route where nothing may be lost.
fn lossy(leaf: &Leaf, fields: &str) -> Rejected {
    let text = format!(
        "{} can't be given these fields, and this route's fidelity is Strict: {fields}",
        leaf.provider.name
    );
    Rejection::new(Stage::Translate, ErrorCode::FieldsWouldBeDropped, text)
}

/// The caller's wire and the provider's, where they differ.
fn wires(
    surface: &Surface<'_>,
    leaf: &Leaf,
    model: &str,
) -> Result<Option<(Wire, Wire)>, Rejected> {
    let (format, operation) = (surface.format, surface.operation);
    let Some((from, to)) = Wire::of(format, operation)
        .and_then(|from| Some((from, leaf.provider.wire_for(&leaf.settings, from, model)?)))
    else {
        // Media are not translated.
        return if format == leaf.provider.format || operation == Operation::Embeddings {
            Ok(None)
        } else {
            Err(untranslated(format, leaf))
        };
    };
    // OpenAI's formats have no counting of a conversation's tokens.
    if operation == Operation::CountTokens && to.format() == Format::OpenAi {
        return Err(unsupported(operation, leaf));
    }
    Ok((from != to).then_some((from, to)))
}

/// Parameters of a query that are the gateway's to decide, or the caller's credential.
const OWN_PARAMETERS: [&str; 4] = ["key", "alt", "$alt", "api-version"];

/// The caller's query goes along, as in Anthropic's `?beta=true`.
fn with_query(path: PathAndQuery, query: Option<&str>) -> PathAndQuery {
    let Some(query) = query else { return path };
    let is_own = |pair: &&str| OWN_PARAMETERS.contains(&pair.split('=').next().unwrap_or(""));
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_own(pair))
        .collect();
    if rest.is_empty() {
        return path;
    }
    let separator = if path.query().is_some() { '&' } else { '?' };
    format!("{path}{separator}{}", rest.join("&"))
        .parse()
        .unwrap_or(path)
}

/// What is no conversation is asked of each provider in its own format.
fn untranslated(format: Format, leaf: &Leaf) -> Rejected {
    let own = leaf.provider.format;
    let text = format!(
        "this model is served by {}, which speaks the {own} format; requests in the {format} format are not translated yet: call it in the {own} format",
        leaf.provider.name
    );
    Rejection::new(Stage::Translate, ErrorCode::FormatNotSupported, text)
}

fn unsupported(operation: Operation, leaf: &Leaf) -> Rejected {
    let text = format!("{} has no {}", leaf.provider.name, operation.as_str());
    Rejection::new(Stage::Translate, ErrorCode::UnsupportedOperation, text)
}

/// Splices the model, and asks for usage on streams. True when only we asked.
fn edit(
    asked: &mut Asked<'_>,
    resolution: &Resolution<'_>,
    dropped: &mut Dropped,
) -> Result<bool, Rejected> {
    let leaf = resolution.leaf;
    let (operation, stream) = (asked.surface.operation, asked.stream);
    let AskedBody::Json(draft) = &mut asked.body else {
        return Ok(false);
    };
    if let Some(version) = leaf.provider.quirks.anthropic_version {
        draft
            .set("anthropic_version", sluice_llm::json::quote(version))
            .map_err(malformed)?;
        if operation == Operation::Chat {
            draft.remove("model").map_err(malformed)?;
            return Ok(false);
        }
    }
    if let Some(name) = leaf.provider.deployment(&leaf.settings, operation) {
        if asked.model.as_deref() != Some(name) {
            draft
                .set("model", sluice_llm::json::quote(name))
                .map_err(malformed)?;
        }
    } else if leaf.provider.format != Format::Gemini
        && let Some(model) = resolution
            .model
            .as_ref()
            .filter(|m| asked.model.as_deref() != Some(&*m.text))
    {
        draft.set("model", model.json.clone()).map_err(malformed)?;
    }
    let manners = &leaf.provider.quirks.chat;
    if asked.surface.format == Format::OpenAi && operation == Operation::Chat && manners.differ() {
        adapt::adapt(draft, manners, dropped).map_err(malformed)?;
    }
    let asks = stream
        && leaf.provider.format == Format::OpenAi
        && leaf.provider.quirks.chat.stream_options;
    if !asks || !matches!(operation, Operation::Chat | Operation::Completions) {
        return Ok(false);
    }
    let given = draft.pending("stream_options").map_err(malformed)?;
    let mut options: serde_json::Map<String, serde_json::Value> = match given {
        None => {
            draft
                .set("stream_options", "{\"include_usage\":true}")
                .map_err(malformed)?;
            return Ok(true);
        }
        Some(text) => serde_json::from_slice(&text).map_err(|_| {
            let text = "stream_options must be an object";
            Rejection::new(Stage::Translate, ErrorCode::InvalidField, text).param("stream_options")
        })?,
    };
    if options.get("include_usage") == Some(&true.into()) {
        return Ok(false);
    }
    options.insert("include_usage".to_owned(), true.into());
    draft
        .set(
            "stream_options",
            serde_json::Value::Object(options).to_string(),
        )
        .map_err(malformed)?;
    Ok(true)
}

fn finish(body: AskedBody, resolution: &Resolution<'_>) -> Segments {
    match (body, &resolution.model) {
        (AskedBody::Json(draft), _) => draft.finish(),
        (AskedBody::Form(bytes, Some(at)), Some(model))
            if bytes[at.clone()] != *model.text.as_bytes() =>
        {
            let name = Bytes::copy_from_slice(model.text.as_bytes());
            Segments::join([bytes.slice(..at.start), name, bytes.slice(at.end..)])
        }
        (AskedBody::Form(bytes, _), _) => Segments::one(bytes),
    }
}

/// Headers of one connection only (RFC 9110, section 7.6.1).
pub(crate) static HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers that say who and where the caller is, which a provider need not know.
static PRIVATE: [HeaderName; 8] = [
    header::HOST,
    header::COOKIE,
    header::FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-ai-route-metadata"),
];

/// Takes out what belongs to one connection, the `connection` header's own list included.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("").split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed {
        headers.remove(name);
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn clean(headers: &mut HeaderMap) {
    for name in CREDENTIAL_HEADERS.iter().chain(&PRIVATE) {
        headers.remove(name);
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::EXPECT);
}

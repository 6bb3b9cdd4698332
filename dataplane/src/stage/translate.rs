//! The request as a provider wants it.

mod cross;
mod headers;
mod splice;

use std::borrow::Cow;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use sluice_llm::dropped::Dropped;
use sluice_llm::embeddings::Vectors;
use sluice_llm::flow::Crossing;
use sluice_llm::json::Segments;
use sluice_llm::surface::{Surface, of_provider, percent_decode};
use sluice_llm::{Format, Operation, Wire};
use sluice_vocab::{ErrorCode, Secret};

use super::credential;
use super::enrich::Prepared;
use crate::answer::Sent;
use crate::budget::Share;
use crate::client::Outgoing;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::room::room;
use crate::table::{Auth, Leaf, Plan, Resolution};

use headers::Withheld;
pub(crate) use headers::remove_hop_by_hop;
use splice::splice;

/// What is sent, and what its answer depends on.
pub(crate) struct Outbound {
    pub(crate) request: Request<Outgoing>,
    pub(crate) sent: Sent,
}

/// A request as one provider wants it, but for its headers.
struct Written {
    path: PathAndQuery,
    body: Segments,
    /// The body in one piece, where it was written anew: signatures are made over it.
    signable: Option<Bytes>,
    /// The caller didn't ask for the usage chunk, we did.
    strip_usage: bool,
    crossing: Option<Box<Crossing>>,
}

/// Writes the request for a target. What is prepared stays as it is, for other targets.
pub(crate) async fn translate(
    prepared: &Prepared<'_>,
    resolution: &Resolution<'_>,
    credential: Option<Secret>,
    plan: &Plan,
    id: &HeaderValue,
    share: &mut Share,
) -> Result<Outbound, Rejected> {
    let leaf = resolution.leaf;
    let mut dropped = prepared.asked.dropped.clone();
    let model = model(prepared, resolution);
    let way = Way::of(&prepared.asked.surface, leaf, model)?;
    let room = match way {
        Way::Spliced => None,
        _ => Some(room(share, Stage::Translate, prepared.asked.body.bytes()).await?),
    };
    let written = write(prepared, resolution, id, (way, model), &mut dropped)?;
    drop(room);
    // What was written anew is held beside what was read.
    let anew = written.signable.as_ref().map_or(0, Bytes::len);
    if !share.try_grow_to(share.bytes() + anew) {
        return Err(Rejection::no_memory(Stage::Translate));
    }
    if plan.strict
        && let Some(fields) = dropped.header()
    {
        return Err(lossy(leaf, &fields));
    }
    let headers = headers(prepared, leaf, credential, &written, id)?;
    let mut request = Request::new(Outgoing::Read(written.body));
    *request.method_mut() = prepared.parts.method.clone();
    *request.uri_mut() = Uri::from(written.path);
    *request.headers_mut() = headers;
    let surface = &prepared.asked.surface;
    let crossing = written.crossing;
    let sent = Sent {
        // Who reads the answer reads what the provider was asked for.
        wire: crossing
            .as_ref()
            .map_or(surface.wire, |crossing| crossing.provider),
        operation: surface.operation,
        strip_usage: written.strip_usage,
        crossing,
        dropped,
    };
    Ok(Outbound { request, sent })
}

fn write(
    prepared: &Prepared<'_>,
    resolution: &Resolution<'_>,
    id: &HeaderValue,
    (way, model): (Way, &str),
    dropped: &mut Dropped,
) -> Result<Written, Rejected> {
    let Prepared { asked, parts } = prepared;
    let leaf = resolution.leaf;
    let (operation, stream) = (asked.surface.operation, asked.stream);
    let unsupported = || unsupported(operation, leaf);
    let crossed = |path, body: Bytes, crossing| Written {
        path,
        body: Segments::one(body.clone()),
        signable: Some(body),
        strip_usage: false,
        crossing: Some(Box::new(crossing)),
    };
    let request = cross::Crossed {
        asked,
        model,
        leaf,
        id,
    };
    match way {
        Way::Crossed(from, to) => {
            let surface = of_provider(to, operation);
            let path = leaf.path(&surface, model, stream).ok_or_else(unsupported)?;
            let (body, crossing) = request.conversation((from, to), dropped)?;
            if from.format() != to.format() && parts.headers.contains_key("anthropic-beta") {
                dropped.add("anthropic-beta");
            }
            Ok(crossed(path, body, crossing))
        }
        Way::Vectors(vectors) => {
            let path = leaf.path(&vectors.surface(), model, false);
            let path = path.ok_or_else(unsupported)?;
            let (body, crossing) = request.vectors(vectors, dropped)?;
            Ok(crossed(path, body, crossing))
        }
        Way::Spliced => {
            let path = leaf.path(&asked.surface, model, stream);
            let path = path.ok_or_else(unsupported)?;
            let (body, strip_usage) = splice(asked, resolution, dropped)?;
            Ok(Written {
                path: with_query(path, parts.uri.query()),
                body,
                signable: None,
                strip_usage,
                crossing: None,
            })
        }
    }
}

/// The model to ask for.
fn model<'m>(prepared: &'m Prepared<'_>, resolution: &'m Resolution<'_>) -> &'m str {
    let model = resolution.model.as_ref().map(|m| &*m.text);
    model
        .or(prepared.asked.model.as_deref())
        .unwrap_or_default()
}

/// How a request is written for its provider.
#[derive(Clone, Copy)]
enum Way {
    /// Anew, from the caller's wire to the provider's.
    Crossed(Wire, Wire),
    /// Anew, as the provider is asked for vectors of texts.
    Vectors(Vectors),
    /// As it came, but for single fields.
    Spliced,
}

impl Way {
    fn of(surface: &Surface<'_>, leaf: &Leaf, model: &str) -> Result<Self, Rejected> {
        if let Some((from, to)) = wires(surface, leaf, model)? {
            return Ok(Self::Crossed(from, to));
        }
        let vectors = vectors(surface, leaf, model)?;
        Ok(vectors.map_or(Self::Spliced, Self::Vectors))
    }
}

fn headers(
    prepared: &Prepared<'_>,
    leaf: &Leaf,
    credential: Option<Secret>,
    written: &Written,
    id: &HeaderValue,
) -> Result<HeaderMap, Rejected> {
    let surface = &prepared.asked.surface;
    let withheld = Withheld {
        format: surface.format() != leaf.provider.format,
        account: matches!(leaf.auth, Auth::Credential(_) | Auth::Minted(_)),
    };
    let mut headers = headers::going_on(&prepared.parts.headers, withheld);
    if let Some(credential) = credential {
        let signed = (&written.path, written.signable.as_deref());
        credential::show(&mut headers, leaf, &credential, signed)?;
    }
    for (name, value) in leaf.provider.quirks.headers {
        if !headers.contains_key(*name) {
            let value = HeaderValue::from_static(value);
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    for (name, value) in &leaf.headers {
        headers.insert(name, value.clone());
    }
    let identity = HeaderValue::from_static("identity");
    headers.insert(header::ACCEPT_ENCODING, identity);
    headers.insert(crate::record::REQUEST_ID, id.clone());
    if !headers.contains_key(header::CONTENT_TYPE) || surface.operation.has_json_body() {
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
    }
    Ok(headers)
}

/// How the provider is asked for vectors of texts, where it is not as the caller asks.
fn vectors(surface: &Surface<'_>, leaf: &Leaf, model: &str) -> Result<Option<Vectors>, Rejected> {
    if surface.operation != Operation::Embeddings {
        return Ok(None);
    }
    let vectors =
        Vectors::of(leaf.provider, model).ok_or_else(|| unsupported(surface.operation, leaf))?;
    Ok(Some(vectors).filter(|vectors| !vectors.is_of(surface.format())))
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
    let (format, operation) = (surface.format(), surface.operation);
    let from = surface.wire;
    let to = leaf.provider.wire_for(&leaf.settings, from, model);
    let Some(to) = to.filter(|_| operation.is_conversation()) else {
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

/// Parameters of a query that are the gateway's to decide, or the caller's credential: their letters and digits, in lower case.
const OWN_PARAMETERS: [&str; 8] = [
    "key",
    "alt",
    "apiversion",
    "apikey",
    "xapikey",
    "accesstoken",
    "subscriptionkey",
    "authorization",
];

/// Whether a parameter is one of them, however it is spelled.
fn is_own(pair: &&str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    let name: String = percent_decode(name)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    OWN_PARAMETERS.contains(&name.as_str())
}

/// The caller's query goes along, as in Anthropic's `?beta=true`.
fn with_query(path: PathAndQuery, query: Option<&str>) -> PathAndQuery {
    let Some(query) = query else { return path };
    // Some readers part pairs at semicolons too, to others they belong to the value.
    let rest: Vec<Cow<'_, str>> = query
        .split('&')
        .map(|pair| match pair.split(';').any(|piece| is_own(&piece)) {
            false => pair.into(),
            true => {
                let rest: Vec<_> = pair.split(';').filter(|piece| !is_own(piece)).collect();
                rest.join(";").into()
            }
        })
        .filter(|pair: &Cow<'_, str>| !pair.is_empty())
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

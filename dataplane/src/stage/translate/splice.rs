//! A body of the provider's own format: the same bytes, but for what has to be another.

use bytes::Bytes;
use sluice_llm::dialect::openai::chat::adapt;
use sluice_llm::dropped::Dropped;
use sluice_llm::form::Form;
use sluice_llm::json::{Draft, Segments};
use sluice_llm::{Format, Operation, Wire};
use sluice_vocab::ErrorCode;

use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::ask::{Asked, AskedBody, malformed, wrong_form};
use crate::table::Resolution;

/// The provider's body. True when only we asked for the usage chunk.
pub(super) fn splice(
    asked: &Asked<'_>,
    resolution: &Resolution<'_>,
    dropped: &mut Dropped,
) -> Result<(Segments, bool), Rejected> {
    match &asked.body {
        AskedBody::Json(draft) => {
            let mut draft = Draft::clone(draft);
            let strips = edit(&mut draft, asked, resolution, dropped)?;
            Ok((draft.finish(), strips))
        }
        AskedBody::Form(bytes, parts) => Ok((form(bytes, parts, resolution)?, false)),
    }
}

/// Splices the model, and asks for usage on streams. True when only we asked.
fn edit(
    draft: &mut Draft,
    asked: &Asked<'_>,
    resolution: &Resolution<'_>,
    dropped: &mut Dropped,
) -> Result<bool, Rejected> {
    let leaf = resolution.leaf;
    let (wire, operation) = (asked.surface.wire, asked.surface.operation);
    let stream = asked.stream;
    if let Some(version) = leaf.provider.quirks.anthropic_version {
        draft
            .set("anthropic_version", sluice_llm::json::quote(version))
            .map_err(malformed)?;
        if operation == Operation::Chat {
            draft.remove("model").map_err(malformed)?;
            return Ok(false);
        }
    }
    if let Some(name) = leaf.provider.deployment(&leaf.settings, wire) {
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
    if wire == Wire::Chat && operation == Operation::Chat && manners.differ() {
        adapt::adapt(draft, manners, dropped).map_err(malformed)?;
    }
    let asks = stream
        && leaf.provider.format == Format::OpenAi
        && leaf.provider.quirks.chat.stream_options;
    if !asks || !matches!(wire, Wire::Chat | Wire::Completions) || !operation.streams() {
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

/// A form with the model's name in its place, or before all else where it doesn't say one.
fn form(bytes: &Bytes, form: &Form, resolution: &Resolution<'_>) -> Result<Segments, Rejected> {
    let Some(model) = &resolution.model else {
        return Ok(Segments::one(bytes.clone()));
    };
    let at = form.only("model").map_err(|e| wrong_form(&e))?;
    Ok(match at.map(|field| field.value.clone()) {
        Some(at) if bytes[at.clone()] == *model.text.as_bytes() => Segments::one(bytes.clone()),
        Some(at) => {
            let name = Bytes::copy_from_slice(model.text.as_bytes());
            Segments::join([bytes.slice(..at.start), name, bytes.slice(at.end..)])
        }
        None => Segments::join([form.part("model", &model.text).into(), bytes.clone()]),
    })
}

//! Headers that routes and upstreams add or take away.

use http::{HeaderName, HeaderValue};
use sluice_snapshot::model;

/// A header's name; an error when nobody but the gateway may decide on it.
pub(super) fn header_name(text: &str) -> Result<HeaderName, String> {
    let name = HeaderName::try_from(text).map_err(|_| format!("{text:?} is no valid header"))?;
    match sluice_vocab::header::refusal(name.as_str()) {
        Some(why) => Err(why),
        None => Ok(name),
    }
}

/// A header.
pub(super) fn header(field: &model::Field) -> Result<(HeaderName, HeaderValue), String> {
    let value = HeaderValue::try_from(field.value.as_str())
        .map_err(|_| format!("{:?} is no valid header", field.name))?;
    Ok((header_name(&field.name)?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sets_what_frames_a_message() {
        for name in [
            "Content-Length",
            "transfer-encoding",
            "Connection",
            "Host",
            "upgrade",
            "te",
        ] {
            let field = model::Field {
                name: name.into(),
                value: "1".into(),
            };
            let said = header(&field).unwrap_err();
            assert!(said.contains(&name.to_lowercase()), "{said}");
        }
        assert!(header_name("a b").is_err());
        assert_eq!(header_name("X-Own").unwrap(), "x-own");
    }
}

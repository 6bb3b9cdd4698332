//! Headers that routes and upstreams add or take away.

use http::{HeaderName, HeaderValue, header};
use sluice_snapshot::model;

/// Headers that say where a message ends and whom it is for: who could set them could put a second message behind the first (RFC 9112,
/// section 11.2).
static FRAMING: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A header's name; an error when nobody but the gateway may decide on it.
pub(super) fn header_name(text: &str) -> Result<HeaderName, String> {
    let name = HeaderName::try_from(text).map_err(|_| format!("{text:?} is no valid header"))?;
    match FRAMING.contains(&name) {
        true if name == header::HOST => Err(
            "the header host can't be set or removed: a URLRewrite filter's hostname does it"
                .to_owned(),
        ),
        true => Err(format!(
            "the header {name} is the gateway's own: it can't be set or removed"
        )),
        false => Ok(name),
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

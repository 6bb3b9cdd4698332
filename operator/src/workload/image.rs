//! Which image data planes run.

use super::facts::GatewayFacts;
use super::settings::WorkloadSettings;

/// The image of a Gateway's data planes: the installation's, with the pinned version as its tag if there is one.
pub fn image(gateway: &GatewayFacts, settings: &WorkloadSettings) -> String {
    match gateway.pinned_version() {
        Some(version) => format!("{}:{version}", split(&settings.image).0),
        None => settings.image.clone(),
    }
}

/// The tag of an image, where it can be a label.
pub(super) fn version(image: &str) -> Option<&str> {
    let tag = split(image).1?;
    let is_label = tag.len() <= 63
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric())
        && tag.ends_with(|c: char| c.is_ascii_alphanumeric());
    is_label.then_some(tag)
}

/// Repository and tag; a digest belongs to neither. A colon before the last slash is a registry's port.
fn split(image: &str) -> (&str, Option<&str>) {
    let image = image.split_once('@').map_or(image, |(named, _)| named);
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{split, version};

    #[test]
    fn an_image_has_a_repository_and_perhaps_a_tag() {
        assert_eq!(
            split("sluice/dataplane:0.1.0"),
            ("sluice/dataplane", Some("0.1.0"))
        );
        assert_eq!(
            split("host:5000/sluice/dataplane"),
            ("host:5000/sluice/dataplane", None)
        );
        assert_eq!(
            split("host:5000/dataplane:1"),
            ("host:5000/dataplane", Some("1"))
        );
        assert_eq!(split("dataplane@sha256:0123"), ("dataplane", None));
        assert_eq!(split("dataplane:1@sha256:0123"), ("dataplane", Some("1")));
    }

    #[test]
    fn a_tag_that_is_no_label_is_no_version() {
        assert_eq!(version("dataplane:0.1.0"), Some("0.1.0"));
        assert_eq!(version("dataplane:_wip"), None);
        assert_eq!(version(&format!("dataplane:{}", "1".repeat(64))), None);
    }
}

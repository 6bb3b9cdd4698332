//! References from one Upstream to another.

use sluice_crds::{UpstreamRef, UpstreamSpec};

use crate::item::Item;
use crate::resources::Name;

/// What is referred to: of the referrer's own namespace where none is named.
pub(super) fn target(item: &Item<UpstreamSpec>, reference: &UpstreamRef) -> Name {
    Name::new(
        reference
            .namespace
            .as_deref()
            .unwrap_or(&item.name().namespace),
        reference.name.as_str(),
    )
}

//! Why an Upstream can't be had.

use std::borrow::Cow;

use sluice_vocab::Finding;

/// A finding and the field below the provider's that it is about.
pub(super) type Refused = (Cow<'static, str>, Finding);

//! The files of `e2e/scenarios`.

use anyhow::Context;

use crate::generate::root;

/// A file of `e2e/scenarios`, for a namespace.
pub(super) fn manifest(name: &str, namespace: &str) -> anyhow::Result<String> {
    let path = root().join("e2e/scenarios").join(format!("{name}.yaml"));
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} is missing", path.display()))?;
    Ok(text
        .replace("$NAMESPACE", namespace)
        .replace("$VERSION", env!("CARGO_PKG_VERSION")))
}

//! Dated reports in `docs/reports`.

use std::path::PathBuf;

use crate::generate::root;

/// Writes a report of today.
pub(crate) fn report(name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let folder = root().join("docs/reports");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}-{today}.md"));
    std::fs::write(&path, text)?;
    Ok(path)
}

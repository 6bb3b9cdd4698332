//! Generated files: written by one command, committed, and checked for drift.

mod crds;
mod docs;
mod proto;
mod values;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A file that is generated: its path below the root, and its text.
pub(crate) struct Generated {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Writes every generated file, or checks that none would change.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let root = root();
    let mut drifted = Vec::new();
    let files = proto::generate(&root)?
        .into_iter()
        .chain(crds::generate()?)
        .chain(docs::generate()?);
    let files = files.chain(values::generate(&root)?);
    for file in files {
        let path = root.join(&file.path);
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        if old == file.text {
            continue;
        }
        drifted.push(file.path.display().to_string());
        if !check {
            std::fs::create_dir_all(path.parent().context("a generated file has a folder")?)?;
            std::fs::write(&path, &file.text)?;
            println!("wrote {}", file.path.display());
        }
    }
    if check && !drifted.is_empty() {
        bail!(
            "generated files differ, run `cargo xtask generate`: {}",
            drifted.join(", ")
        );
    }
    Ok(())
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

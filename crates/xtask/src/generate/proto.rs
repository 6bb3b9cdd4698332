//! Rust types of the snapshot's messages, without protoc.

use std::path::Path;

use super::Generated;

/// The compiled model, as `crates/snapshot` uses it.
pub(super) fn generate(root: &Path) -> anyhow::Result<Vec<Generated>> {
    let proto = root.join("proto");
    let file = proto.join("sluice/snapshot/v1/snapshot.proto");
    let descriptors = protox::compile([&file], [&proto])?;
    let out = tempdir()?;
    let mut config = prost_build::Config::new();
    // Secrets never print, and neither does what holds them.
    config.skip_debug(["sluice.snapshot.v1.Credential"]);
    config.out_dir(&out);
    config.compile_fds(descriptors)?;
    let text = std::fs::read_to_string(out.join("sluice.snapshot.v1.rs"))?;
    std::fs::remove_dir_all(&out)?;
    Ok(vec![Generated { path: "crates/snapshot/src/gen/snapshot.rs".into(), text }])
}

fn tempdir() -> anyhow::Result<std::path::PathBuf> {
    let dir = std::env::temp_dir().join(format!("sluice-generate-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

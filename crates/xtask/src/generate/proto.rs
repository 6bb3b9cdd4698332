//! Rust types of the contracts' messages and services, without protoc.

use std::path::Path;

use super::Generated;

/// Messages of which something is secret: they never print, and neither does what holds them.
const SECRET: [&str; 6] = [
    "sluice.snapshot.v1.Certificate",
    "sluice.snapshot.v1.Credential",
    "sluice.sync.v1.FollowResponse",
    "sluice.sync.v1.Welcome",
    "sluice.sync.v1.UpdatePart",
    "sluice.sync.v1.Upsert",
];

const CONVERSATION: &str = "sluice/sync/v1/sync.proto";
/// What both builders call their file.
const SYNC: &str = "sluice.sync.v1.rs";

/// The compiled model, as `crates/snapshot` uses it, and what operators and data planes say to each other.
pub(super) fn generate(root: &Path) -> anyhow::Result<Vec<Generated>> {
    let out = tempdir()?;
    let generated = snapshot(root, &out)
        .and_then(|s| Ok(vec![s, messages(root, &out)?, services(root, &out)?]));
    std::fs::remove_dir_all(&out)?;
    generated
}

fn snapshot(root: &Path, out: &Path) -> anyhow::Result<Generated> {
    let proto = root.join("proto");
    let descriptors = protox::compile([proto.join("sluice/snapshot/v1/snapshot.proto")], [&proto])?;
    let mut config = prost_build::Config::new();
    config.skip_debug(SECRET);
    config.out_dir(out);
    config.compile_fds(descriptors)?;
    let text = std::fs::read_to_string(out.join("sluice.snapshot.v1.rs"))?;
    Ok(Generated {
        path: "crates/snapshot/src/gen/snapshot.rs".into(),
        text,
    })
}

fn messages(root: &Path, out: &Path) -> anyhow::Result<Generated> {
    let proto = root.join("proto");
    let descriptors = protox::compile([proto.join(CONVERSATION)], [&proto])?;
    let mut config = prost_build::Config::new();
    config
        .extern_path(".sluice.snapshot.v1", "::sluice_snapshot::model")
        // Entries are shared between data planes, not copied.
        .bytes([".sluice.sync.v1.Upsert.bytes"])
        .skip_debug(SECRET)
        .out_dir(out);
    config.compile_fds(descriptors)?;
    let text = std::fs::read_to_string(out.join(SYNC))?;
    Ok(Generated {
        path: "crates/session/src/gen/sync.rs".into(),
        text,
    })
}

fn services(root: &Path, out: &Path) -> anyhow::Result<Generated> {
    let proto = root.join("proto");
    let descriptors = protox::compile([proto.join(CONVERSATION)], [&proto])?;
    tonic_prost_build::configure()
        // Who connects, and how, is not this crate's business.
        .build_transport(false)
        .extern_path(".sluice.snapshot.v1", "::sluice_snapshot::model")
        .extern_path(".sluice.sync.v1", "::sluice_session::wire")
        .out_dir(out)
        .compile_fds(descriptors)?;
    let text = std::fs::read_to_string(out.join(SYNC))?;
    Ok(Generated {
        path: "proto/src/gen/sync.rs".into(),
        text,
    })
}

fn tempdir() -> anyhow::Result<std::path::PathBuf> {
    let dir = std::env::temp_dir().join(format!("sluice-generate-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

//! Sluice's images, made of what cargo builds and the libraries it is linked with.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use tokio::process::Command;

use crate::child::{self, step};
use crate::cluster::lab;
use crate::generate::root;

#[derive(Args)]
pub(crate) struct Load {
    /// Only these
    #[arg(long, value_delimiter = ',', default_values_t = IMAGES.map(|image| image.name.to_owned()))]
    only: Vec<String>,
    /// The tag; charts use their version unless told otherwise
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    tag: String,
    /// How they are built
    #[arg(long, default_value = "ci")]
    profile: String,
    /// Build them from there instead
    #[arg(long)]
    from: Option<PathBuf>,
    /// Take what is built already
    #[arg(long)]
    no_build: bool,
}

impl Load {
    /// Operator and data plane of another tree.
    pub(crate) fn older(from: PathBuf, tag: &str) -> Self {
        let only = ["operator", "dataplane"].map(str::to_owned).to_vec();
        Self {
            only,
            tag: tag.to_owned(),
            from: Some(from),
            ..Self::all("ci")
        }
    }

    /// Every image, built anew.
    pub(crate) fn all(profile: &str) -> Self {
        let only = IMAGES.map(|image| image.name.to_owned()).to_vec();
        Self {
            only,
            tag: env!("CARGO_PKG_VERSION").to_owned(),
            profile: profile.to_owned(),
            from: None,
            no_build: false,
        }
    }
}

/// An image: `sluice/<name>`, with one program.
struct Image {
    name: &'static str,
    /// None where the program is the machine's own.
    package: Option<&'static str>,
    program: &'static str,
    /// What it is called with unless told otherwise.
    args: &'static [&'static str],
}

const IMAGES: [Image; 4] = [
    Image {
        name: "operator",
        package: Some("sluice-operator"),
        program: "sluice-operator",
        args: &[],
    },
    Image {
        name: "dataplane",
        package: Some("sluice-dataplane"),
        program: "sluice-dataplane",
        args: &[],
    },
    Image {
        name: "sluice",
        package: Some("sluice-cli"),
        program: "sluice",
        args: &["run"],
    },
    // For scenarios: somebody in the cluster who calls a gateway.
    Image {
        name: "curl",
        package: None,
        program: "curl",
        args: &[],
    },
];

/// Where TLS finds the certificates that the system trusts.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Builds and loads.
pub(crate) async fn load(load: Load) -> anyhow::Result<()> {
    for name in &load.only {
        anyhow::ensure!(
            IMAGES.iter().any(|image| image.name == name),
            "{name:?} is no image: there are {}",
            IMAGES.map(|image| image.name).join(", ")
        );
    }
    let images: Vec<&Image> = IMAGES
        .iter()
        .filter(|i| load.only.iter().any(|o| o == i.name))
        .collect();
    if !load.no_build {
        build(&images, &load).await?;
    }
    for image in images {
        let began = Instant::now();
        let stripped = strip(image, &load.profile).await?;
        let size = std::fs::metadata(&stripped)?.len() / 1_000_000;
        make(image, &stripped, &load.tag).await?;
        let seconds = began.elapsed().as_secs_f64();
        step(&format!(
            "loaded sluice/{}:{} ({size} MB, {seconds:.1} s)",
            image.name, load.tag
        ));
    }
    Ok(())
}

async fn build(images: &[&Image], load: &Load) -> anyhow::Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--profile", &load.profile]);
    // Whatever it is built from: what it stands on is built once.
    cargo.env("CARGO_TARGET_DIR", root().join("target"));
    cargo.current_dir(load.from.clone().unwrap_or_else(root));
    for image in images {
        let Some(package) = image.package else {
            continue;
        };
        // For tests, as the tests are built; for anything else, with its own features and no others.
        if load.profile != "ci" {
            cargo.args(["-p", package]);
        }
        cargo.args(["--bin", image.program]);
    }
    child::run(&mut cargo).await
}

/// A copy without line tables, a third of the size.
async fn strip(image: &Image, profile: &str) -> anyhow::Result<PathBuf> {
    let folder = root().join("target/images");
    std::fs::create_dir_all(&folder)?;
    let to = folder.join(image.program);
    let folder = if image.package.is_some() {
        root().join("target").join(profile)
    } else {
        PathBuf::from("/usr/bin")
    };
    let from = folder.join(image.program);
    child::run(
        Command::new("strip")
            .arg("--strip-debug")
            .arg("-o")
            .arg(&to)
            .arg(from),
    )
    .await?;
    Ok(to)
}

async fn make(image: &Image, program: &Path, tag: &str) -> anyhow::Result<()> {
    let entrypoint = format!("/{}", image.program);
    let mut command = lab::cluster(["build-image", &format!("sluice/{}:{tag}", image.name)]);
    command
        .args(["--user", "65532:65532", "--file"])
        .arg(placed(program, &entrypoint));
    for library in libraries(program).await? {
        command
            .arg("--file")
            .arg(placed(&library, &library.display().to_string()));
    }
    if Path::new(CERTIFICATES).exists() {
        command
            .arg("--file")
            .arg(placed(CERTIFICATES.as_ref(), CERTIFICATES));
    }
    lab::output(command.args(["--", &entrypoint]).args(image.args)).await?;
    Ok(())
}

fn placed(from: &Path, to: &str) -> String {
    format!("{}={to}", from.display())
}

/// The loader and the libraries that a program names: lines such as `libc.so.6 => /lib/libc.so.6 (0x…)`.
async fn libraries(program: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let said = lab::output(Command::new("ldd").arg(program)).await?;
    let path = |line: &str| {
        line.split_whitespace()
            .find(|word| word.starts_with('/'))
            .map(PathBuf::from)
    };
    let found: Vec<PathBuf> = said.lines().filter_map(path).collect();
    (!found.is_empty())
        .then_some(found)
        .context("ldd names no library")
}

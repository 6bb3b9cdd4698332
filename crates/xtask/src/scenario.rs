//! `cargo xtask cluster test`: Sluice in a real cluster, as its users meet it.
//!
//! The cluster is started, the images are loaded and both charts installed; then this program runs itself once more in the cluster's
//! network, where Services have names, and goes through the scenarios. Each has a namespace of its own; what they apply stands in
//! `e2e/scenarios`. One that fails shows what the cluster says about it.

mod api;
mod chaos;
mod guards;
mod identity;
mod kgateway;
mod kong;
mod latency;
mod load;
mod manifest;
mod model;
mod providers;
mod scale;
mod secrets;
pub(crate) mod skew;
mod standalone;
mod status;
mod upgrade;
mod upkeep;
mod world;

use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Instant;

use clap::Args;

use crate::child::{self, step};
use crate::cluster::{image, lab, model as real_model};
use providers::Providers;
use world::World;

#[derive(Args)]
pub(crate) struct Scenarios {
    /// Only these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Take the images and the installation as they are
    #[arg(long)]
    installed: bool,
    /// Leave the namespaces as they are at the end
    #[arg(long)]
    keep: bool,
    /// How the images are built
    #[arg(long, default_value = "ci")]
    profile: String,
    /// Begin within the cluster's network (it calls itself so)
    #[arg(long, hide = true)]
    inside: bool,
}

impl Scenarios {
    /// One of them, with images of a profile.
    pub(crate) fn one(name: &str, profile: &str, installed: bool) -> Self {
        let (only, profile) = (vec![name.to_owned()], profile.to_owned());
        Self {
            only,
            installed,
            keep: false,
            profile,
            inside: false,
        }
    }

    /// All that don't take long.
    pub(crate) fn short() -> Self {
        Self {
            only: Vec::new(),
            ..Self::one("", "ci", false)
        }
    }
}

type Outcome<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

/// A scenario, and what it shows.
struct Scenario {
    name: &'static str,
    shows: &'static str,
    /// Only on demand: `cargo xtask verify`.
    is_long: bool,
    run: for<'a> fn(&'a World) -> Outcome<'a>,
}

const SCENARIOS: [Scenario; 14] = [
    Scenario {
        name: "kong",
        shows: "an AIGateway becomes a gateway that answers at its address",
        is_long: false,
        run: |world| Box::pin(kong::run(world)),
    },
    Scenario {
        name: "model",
        shows: "a real model answers through it, streaming too",
        is_long: false,
        run: |world| Box::pin(model::run(world)),
    },
    Scenario {
        name: "kgateway",
        shows: "Upstreams with three ways of authentication, a route, a policy",
        is_long: false,
        run: |world| Box::pin(kgateway::run(world)),
    },
    Scenario {
        name: "guards",
        shows: "recognisers, moderation, a webhook and enrichment, in every client's format, plain and streamed",
        is_long: false,
        run: |world| Box::pin(guards::run(world)),
    },
    Scenario {
        name: "standalone",
        shows: "a Deployment of the gateway without an operator becomes ready",
        is_long: false,
        run: |world| Box::pin(standalone::run(world)),
    },
    Scenario {
        name: "status",
        shows: "each cause of failure is told where it lies, and its repair too",
        is_long: false,
        run: |world| Box::pin(status::run(world)),
    },
    Scenario {
        name: "secrets",
        shows: "a key is changed and taken away: within two seconds it is used no more, and no stream breaks",
        is_long: false,
        run: |world| Box::pin(secrets::run(world)),
    },
    Scenario {
        name: "upkeep",
        shows: "what the operator made is put back when changed, others' objects are left alone, and nothing stays behind",
        is_long: false,
        run: |world| Box::pin(upkeep::run(world)),
    },
    Scenario {
        name: "upgrade",
        shows: "nothing is taken away by a value that an upgrade forgot",
        is_long: false,
        run: |world| Box::pin(upgrade::run(world)),
    },
    Scenario {
        name: "identity",
        shows: "a pod of one Gateway gets no other Gateway's configuration",
        is_long: false,
        run: |world| Box::pin(identity::run(world)),
    },
    Scenario {
        name: "latency",
        shows: "how long a change takes until every pod has acknowledged it",
        is_long: true,
        run: |world| Box::pin(latency::run(world)),
    },
    Scenario {
        name: "scale",
        shows: "what a change costs beside thousands of routes and policies",
        is_long: true,
        run: |world| Box::pin(scale::run(world)),
    },
    Scenario {
        name: "skew",
        shows: "operators and data planes of different versions work together",
        is_long: true,
        run: |world| Box::pin(skew::run(world)),
    },
    Scenario {
        name: "chaos",
        shows: "no request is lost while everything around changes",
        is_long: true,
        run: |world| Box::pin(chaos::run(world)),
    },
];

/// Runs them.
pub(crate) async fn run(scenarios: Scenarios) -> anyhow::Result<()> {
    if let Some(unknown) = scenarios
        .only
        .iter()
        .find(|name| !SCENARIOS.iter().any(|s| s.name == *name))
    {
        let names: Vec<&str> = SCENARIOS.iter().map(|s| s.name).collect();
        anyhow::bail!("{unknown:?} is no scenario: there are {}", names.join(", "));
    }
    if scenarios.inside {
        return inside(&scenarios).await;
    }
    child::run(&mut lab::cluster(["up"])).await?;
    if !scenarios.installed {
        lab::gateway_api().await?;
        image::load(image::Load::all(&scenarios.profile)).await?;
        install().await?;
    }
    let _model = real_model::start().await?;
    let mut again = lab::cluster(["exec"]);
    again
        .arg(std::env::current_exe()?)
        .args(["cluster", "test", "--inside"]);
    if !scenarios.only.is_empty() {
        again.arg("--only").arg(scenarios.only.join(","));
    }
    again.args(scenarios.keep.then_some("--keep"));
    child::run(&mut again).await
}

/// Both charts, as docs/install.md has them.
async fn install() -> anyhow::Result<()> {
    step("installing charts/sluice-crds and charts/sluice");
    let helm = |chart: &str, more: &[&str]| {
        let path = format!("charts/{chart}");
        let mut helm = lab::tool("helm", ["upgrade", "--install", chart, &path]);
        helm.args(["--namespace", "sluice-system", "--create-namespace"])
            .args(more);
        helm.current_dir(crate::generate::root())
            .stdout(std::process::Stdio::null());
        helm
    };
    child::run(&mut helm("sluice-crds", &["--take-ownership"])).await?;
    // The tag stays the same from build to build: new pods take the new image.
    let when = jiff::Timestamp::now().to_string();
    let annotation = format!("podAnnotations.loaded={when}");
    child::run(&mut helm(
        "sluice",
        &[
            "--set",
            "ai.enabled=true",
            "--set-string",
            &annotation,
            "--wait",
            "--timeout",
            "90s",
        ],
    ))
    .await?;
    child::run(&mut lab::tool(
        "helm",
        [
            "test",
            "sluice",
            "--namespace",
            "sluice-system",
            "--hide-notes",
        ],
    ))
    .await
}

/// What a scenario measured when it ran last.
pub(crate) fn told(scenario: &str) -> PathBuf {
    crate::generate::root()
        .join("target/scenarios")
        .join(format!("{scenario}.md"))
}

async fn inside(scenarios: &Scenarios) -> anyhow::Result<()> {
    let providers = Rc::new(Providers::start().await?);
    let mut failed = Vec::new();
    let is_asked = |s: &Scenario| scenarios.only.iter().any(|o| o == s.name);
    let chosen = SCENARIOS.iter().filter(|s| {
        if scenarios.only.is_empty() {
            !s.is_long
        } else {
            is_asked(s)
        }
    });
    for scenario in chosen {
        step(&format!("{}: {}", scenario.name, scenario.shows));
        let began = Instant::now();
        let world = World::begin(scenario.name, providers.clone()).await?;
        let outcome = (scenario.run)(&world).await;
        let seconds = began.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                println!("    passed ({seconds:.1} s)");
                std::fs::create_dir_all(crate::generate::root().join("target/scenarios"))?;
                std::fs::write(told(scenario.name), world.told.borrow().as_str())?;
            }
            Err(error) => {
                println!(
                    "    FAILED ({seconds:.1} s): {error:#}\n{}",
                    world.evidence().await
                );
                failed.push(scenario.name);
            }
        }
        if !scenarios.keep {
            world.end().await?;
        }
    }
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

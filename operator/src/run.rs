//! The process: what runs beside what.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use kube::Client;
use sluice_compiler::Settings;
use sluice_process::{Admin, Gate, Readiness, Signals, Supervisor};
use sluice_session::ServerSettings;
use sluice_vocab::Egress;
use tokio::sync::watch;

use crate::api;
use crate::args::Args;
use crate::authority::{State, Store};
use crate::events::Events;
use crate::fleet::{Certificate, Fleet, Listener};
use crate::leader::{self, Candidate, Leadership};
use crate::metrics::Metrics;
use crate::provision::{Findings, Projections, Provisioned, Workloads};
use crate::release::{Engine, Outputs};
use crate::status::{Sources, Writer};
use crate::trust::Trust;
use crate::watch::Reach;
use crate::workload::WorkloadSettings;

/// How often data planes hear that this replica lives.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long an update may stay without an ack.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs until it is told to stop, or something ends that shouldn't.
///
/// # Errors
/// When something that it needs isn't there: the API server, its Secret, a port.
pub async fn run(args: Args) -> anyhow::Result<()> {
    // Another library may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut signals = Signals::listen()?;
    let metrics = Metrics::default();
    let client = api::connect(metrics.clone())
        .await
        .context("no API server to talk to")?;
    let mut operator = Operator::start(&args, client.clone(), metrics).await?;
    tokio::select! {
        ended = operator.tasks.ended() => return Err(anyhow::Error::from(ended)),
        signal = signals.next() => tracing::info!(signal, "stopping"),
    }
    drop(operator);
    let release = leader::release(client, &args.namespace, &args.pod_name);
    if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(3), release).await {
        tracing::warn!(%error, "the Lease can't be released: another replica has to wait for it");
    }
    Ok(())
}

/// Everything that runs, and what it shares.
struct Operator<'a> {
    args: &'a Args,
    client: Client,
    /// Writes only while this replica leads.
    leading: Client,
    leadership: watch::Receiver<Leadership>,
    outputs: Outputs,
    reach: Reach,
    metrics: Metrics,
    tasks: Supervisor,
}

impl<'a> Operator<'a> {
    async fn start(args: &'a Args, client: Client, metrics: Metrics) -> anyhow::Result<Self> {
        let readiness = Readiness::new();
        let synced = readiness.gate("everything listed once");
        let admin = Admin::bind(args.admin).await?;
        let (lead, leadership) = leader::channel();
        let leading = api::while_leading(client.clone(), leadership.clone());
        let store = Store::new(client.clone(), leading.clone(), &args.namespace);
        let state = store.load().await.context("the operator's own Secret")?;
        let mut operator = Self {
            args,
            client,
            leading,
            leadership,
            outputs: Outputs::default(),
            reach: Reach {
                namespaces: args.watch_namespaces.clone(),
            },
            metrics: metrics.clone(),
            tasks: Supervisor::new(),
        };
        let fleet = operator.fleet(&state);
        let certificate = Certificate::default();
        let leadership = operator.leadership.clone();
        let trust = Trust::new(store, state, certificate.clone(), leadership)?;
        let listener = Listener::bind(args.listen, certificate).await?;
        operator.lead(lead, &listener, &fleet)?;
        operator.compile(&trust, &fleet)?;
        operator.write(&trust, &fleet)?;
        let compiled = operator.outputs.compiled.subscribe();
        let tasks = &mut operator.tasks;
        tasks.spawn("authority", trust.run());
        tasks.spawn("data planes", serve(fleet, listener, compiled, synced));
        tasks.spawn("admin", admin.serve(readiness, move || metrics.text()));
        Ok(operator)
    }

    fn fleet(&self, state: &State) -> Arc<Fleet> {
        let server = ServerSettings {
            heartbeat: HEARTBEAT,
            patience: PATIENCE,
            install_key: state.install_key.clone(),
            software: concat!("sluice-operator ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        Fleet::new(
            self.client.clone(),
            server,
            self.leadership.clone(),
            self.metrics.clone(),
        )
    }

    /// Would lead, reached at the listener's port.
    fn lead(
        &mut self,
        lead: watch::Sender<Leadership>,
        listener: &Listener,
        fleet: &Fleet,
    ) -> anyhow::Result<()> {
        let args = self.args;
        let port = listener.address()?.port();
        let address = std::net::SocketAddr::new(args.pod_ip, port).to_string();
        let client = self.client.clone();
        let candidate = Candidate::new(client, &args.namespace, &args.pod_name, &address);
        let raise = fleet.raise();
        self.tasks.spawn(
            "leader",
            async move { never(candidate.run(lead, raise).await) },
        );
        Ok(())
    }

    /// Watches, compiles, and has data planes told.
    fn compile(&mut self, trust: &Trust, fleet: &Arc<Fleet>) -> anyhow::Result<()> {
        let settings = Settings {
            controller_name: self.args.controller_name.clone(),
            ai_enabled: self.args.ai_enabled,
            // Where the API server is each data plane knows.
            egress: Some(Egress {
                allowed: workload_settings(self.args)?.defaults.egress_allow,
                ..Egress::default()
            }),
            ..Settings::new(trust.install_key().expose())
        };
        let engine = Engine::new(
            self.client.clone(),
            self.reach.clone(),
            settings,
            self.outputs.clone(),
            self.metrics.clone(),
        );
        let leadership = self.leadership.clone();
        self.tasks.spawn("compiler", engine.run(leadership));
        let compiled = self.outputs.compiled.subscribe();
        self.tasks
            .spawn("releases", fleet.clone().publish(compiled));
        Ok(())
    }

    /// Makes true in the cluster what was compiled.
    fn write(&mut self, trust: &Trust, fleet: &Arc<Fleet>) -> anyhow::Result<()> {
        let (leading, metrics) = (&self.leading, &self.metrics);
        let (events, write_events) = Events::new(leading.clone(), &self.args.pod_name);
        let (version, bundle) = watch::channel(None);
        let (made, workloads) = watch::channel(Arc::new(Provisioned::default()));
        let (shown, projections) = watch::channel(Arc::new(Findings::default()));
        let sources = Sources {
            workloads,
            projections,
            bundle,
        };
        let status = Writer::new(
            leading.clone(),
            fleet.clone(),
            &self.args.controller_name,
            sources,
            events,
            metrics.clone(),
        );
        let workloads = Workloads::new(
            leading.clone(),
            &self.reach,
            workload_settings(self.args)?,
            trust.bundle(),
            made,
            metrics.clone(),
        );
        let projections = Projections::new(leading.clone(), shown, metrics.clone());
        let follow = crate::bundle::follow(self.client.clone(), version);
        let (outputs, lead) = (&self.outputs, &self.leadership);
        let tasks = &mut self.tasks;
        tasks.spawn("events", async move { never(write_events.await) });
        tasks.spawn("bundle", follow);
        tasks.spawn("status", status.run(outputs.clone(), lead.clone()));
        tasks.spawn("workloads", workloads.run(outputs.clone(), lead.clone()));
        tasks.spawn(
            "projections",
            projections.run(outputs.clone(), lead.clone()),
        );
        Ok(())
    }
}

fn workload_settings(args: &Args) -> anyhow::Result<WorkloadSettings> {
    let defaults = serde_json::from_str(&args.dataplane_defaults)
        .map_err(|error| anyhow::anyhow!("--dataplane-defaults: {error}"))?;
    Ok(WorkloadSettings {
        image_pull_policy: args.dataplane_image_pull_policy.clone(),
        image_pull_secrets: args.dataplane_image_pull_secrets.clone(),
        defaults,
        ..WorkloadSettings::new(&args.dataplane_image, &args.service)
    })
}

/// Listens to data planes as soon as there is something to tell them.
async fn serve(
    fleet: Arc<Fleet>,
    listener: Listener,
    mut compiled: watch::Receiver<Option<Arc<crate::release::Compiled>>>,
    synced: Gate,
) -> anyhow::Result<()> {
    compiled.wait_for(Option::is_some).await?;
    synced.open();
    tracing::info!(address = %listener.address()?, "listening for data planes");
    Ok(fleet.serve(listener).await?)
}

fn never(infallible: std::convert::Infallible) -> anyhow::Result<()> {
    match infallible {}
}

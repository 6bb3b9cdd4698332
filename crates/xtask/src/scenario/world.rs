//! What scenarios do: apply, wait, look, call.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::manifest::manifest;
use super::providers::Providers;
use crate::cluster::lab;
use crate::http::{Answer, Request};

/// Within this time everything comes true that is going to.
const PATIENCE: &str = "--timeout=90s";

/// A namespace of a scenario's own.
pub(super) struct World {
    pub(super) namespace: String,
    pub(super) providers: Rc<Providers>,
    /// What was measured.
    pub(super) told: RefCell<String>,
}

async fn kubectl<const N: usize>(args: [&str; N]) -> anyhow::Result<String> {
    lab::output(&mut lab::tool("kubectl", args)).await
}

impl World {
    /// In a namespace that is there.
    pub(super) fn of(namespace: String, providers: Rc<Providers>) -> Self {
        Self {
            namespace,
            providers,
            told: RefCell::default(),
        }
    }

    pub(super) async fn begin(scenario: &str, providers: Rc<Providers>) -> anyhow::Result<Self> {
        // The last run's may take minutes to go.
        let now = jiff::Timestamp::now().as_second();
        let namespace = format!("{scenario}-{now:x}");
        kubectl(["create", "namespace", &namespace]).await?;
        Ok(Self::of(namespace, providers))
    }

    /// Gateways first: what is left of a namespace waits for half the time that its pods may take to stop.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        let all = "aigateways,gateways";
        self.kubectl(["delete", all, "--all", "--cascade=foreground"])
            .await?;
        kubectl(["delete", "namespace", &self.namespace, "--wait=false"]).await?;
        Ok(())
    }

    /// Says what was measured, on the terminal and for the report.
    pub(super) fn tell(&self, line: &str) {
        println!("    {line}");
        let mut told = self.told.borrow_mut();
        told.push_str(line);
        told.push('\n');
    }

    /// Runs kubectl in the namespace.
    pub(super) async fn kubectl<const N: usize>(&self, args: [&str; N]) -> anyhow::Result<String> {
        let namespace = ["--namespace", &self.namespace];
        lab::output(&mut lab::tool("kubectl", args.iter().chain(&namespace))).await
    }

    /// Runs curl in a pod, as somebody in the cluster would. Gives what it printed.
    pub(super) async fn curl<const N: usize>(
        &self,
        name: &str,
        args: [&str; N],
    ) -> anyhow::Result<String> {
        let image = format!("--image=sluice/curl:{}", env!("CARGO_PKG_VERSION"));
        let run = [
            "run",
            name,
            "--restart=Never",
            &image,
            "--namespace",
            &self.namespace,
            "--",
        ];
        lab::output(&mut lab::tool("kubectl", run.iter().chain(&args))).await?;
        let pod = format!("pod/{name}");
        self.wait_for(&pod, "{.status.phase}", "Succeeded").await?;
        self.kubectl(["logs", &pod]).await
    }

    /// Merges JSON into an object.
    pub(super) async fn merge(
        &self,
        object: &str,
        patch: &serde_json::Value,
    ) -> anyhow::Result<()> {
        self.kubectl([
            "patch",
            object,
            "--type=merge",
            "--patch",
            &patch.to_string(),
        ])
        .await?;
        Ok(())
    }

    /// Applies a file of `e2e/scenarios`.
    pub(super) async fn apply(&self, name: &str) -> anyhow::Result<()> {
        lab::apply(&manifest(name, &self.namespace)?).await
    }

    /// Waits until a condition of an object is true: `wait("aigateway/x", "Ready")`.
    pub(super) async fn wait(&self, object: &str, condition: &str) -> anyhow::Result<()> {
        let what = format!("--for=condition={condition}");
        self.kubectl(["wait", &what, object, PATIENCE]).await?;
        Ok(())
    }

    /// Waits until a field of an object has a value: `wait_for("aigateway/x", "{.status.phase}", "Failed")`.
    pub(super) async fn wait_for(
        &self,
        object: &str,
        field: &str,
        value: &str,
    ) -> anyhow::Result<()> {
        let what = format!("--for=jsonpath={field}={value}");
        self.kubectl(["wait", &what, object, PATIENCE]).await?;
        Ok(())
    }

    /// Waits until every data plane has what an object says now.
    pub(super) async fn programmed(&self, object: &str) -> anyhow::Result<()> {
        let generation = self.field(object, "{.metadata.generation}").await?;
        let field = r#"{.status.conditions[?(@.type=="Programmed")].observedGeneration}"#;
        self.wait_for(object, field, &generation).await?;
        self.wait(object, "Programmed").await
    }

    /// Waits until a log says something; gives the whole log.
    pub(super) async fn logged(&self, object: &str, text: &str) -> anyhow::Result<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            // Before its container has started, a pod has no log.
            let log = self.kubectl(["logs", object]).await.unwrap_or_default();
            if log.contains(text) {
                return Ok(log);
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the log of {object} doesn't say {text:?}: {log}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Looks again and again, where kubectl can't wait: for fields that go away, and lists.
    pub(super) async fn eventually(
        &self,
        object: &str,
        field: &str,
        value: &str,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let is = self.field(object, field).await?;
            if is == value {
                return Ok(());
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "{object} {field} stays {is:?}, not {value:?}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A field of an object; empty when it isn't there.
    pub(super) async fn field(&self, object: &str, field: &str) -> anyhow::Result<String> {
        let template = format!("-o=jsonpath={field}");
        self.kubectl(["get", object, &template]).await
    }

    /// Where a Gateway says that it is reached.
    pub(super) async fn address(&self, gateway: &str) -> anyhow::Result<String> {
        let address = self
            .field(
                &format!("gateway/{gateway}"),
                "{.status.addresses[0].value}",
            )
            .await?;
        anyhow::ensure!(
            !address.is_empty(),
            "Gateway {gateway} has no address in its status"
        );
        Ok(format!("http://{address}"))
    }

    /// Posts JSON.
    pub(super) async fn post(&self, url: &str, body: &serde_json::Value) -> anyhow::Result<Answer> {
        Request::post(url, body).send().await
    }

    /// What the cluster says, when something went wrong.
    pub(super) async fn evidence(&self) -> String {
        let namespace = format!("--namespace={}", self.namespace);
        let kinds = "sluice,gateways,httproutes,deployments,pods,services";
        let looks: [Vec<&str>; 4] = [
            vec!["get", kinds, &namespace, "--output=wide"],
            vec!["get", "events", &namespace, "--sort-by=.lastTimestamp"],
            vec![
                "logs",
                "--selector=app.kubernetes.io/name=sluice-dataplane",
                &namespace,
                "--tail=20",
            ],
            vec![
                "logs",
                "deployment/sluice-operator",
                "--namespace=sluice-system",
                "--tail=20",
            ],
        ];
        let mut evidence = String::new();
        for look in looks {
            evidence += &format!("\n--- kubectl {}\n", look.join(" "));
            evidence += &match lab::output(&mut lab::tool("kubectl", &look)).await {
                Ok(said) => said,
                Err(error) => format!("{error:#}\n"),
            };
        }
        evidence
    }
}

//! What scenarios do: apply, wait, look, call.

use anyhow::Context;

use crate::cluster::lab;
use crate::generate::root;
use crate::http::{self, Answer};

/// Within this time everything comes true that is going to.
const PATIENCE: &str = "--timeout=90s";

/// A namespace of a scenario's own.
pub(super) struct World {
    namespace: String,
}

/// Doubles of the providers, for all scenarios: `http://mock.providers.svc:9000`.
pub(super) async fn providers() -> anyhow::Result<()> {
    lab::apply(&manifest("providers", "")?).await?;
    kubectl(["rollout", "status", "deployment/mock", "--namespace=providers", PATIENCE]).await?;
    Ok(())
}

/// A file of `e2e/scenarios`, for a namespace.
fn manifest(name: &str, namespace: &str) -> anyhow::Result<String> {
    let path = root().join("e2e/scenarios").join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} is missing", path.display()))?;
    Ok(text.replace("$NAMESPACE", namespace).replace("$VERSION", env!("CARGO_PKG_VERSION")))
}

async fn kubectl<const N: usize>(args: [&str; N]) -> anyhow::Result<String> {
    lab::output(&mut lab::tool("kubectl", args)).await
}

impl World {
    pub(super) async fn begin(scenario: &str) -> anyhow::Result<Self> {
        // The last run's may take minutes to go.
        let now = jiff::Timestamp::now().as_second();
        let namespace = format!("{scenario}-{now:x}");
        kubectl(["create", "namespace", &namespace]).await?;
        Ok(Self { namespace })
    }

    /// Gateways first: what is left of a namespace waits for half the time that its pods may take to stop.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        let all = ["delete", "aigateways", "--all", "--cascade=foreground", "--namespace", &self.namespace];
        kubectl(all).await?;
        kubectl(["delete", "namespace", &self.namespace, "--wait=false"]).await?;
        Ok(())
    }

    /// Applies a file of `e2e/scenarios`.
    pub(super) async fn apply(&self, name: &str) -> anyhow::Result<()> {
        lab::apply(&manifest(name, &self.namespace)?).await
    }

    /// Waits until a condition of an object is true: `wait("aigateway/x", "Ready")`.
    pub(super) async fn wait(&self, object: &str, condition: &str) -> anyhow::Result<()> {
        let what = format!("--for=condition={condition}");
        kubectl(["wait", &what, object, "--namespace", &self.namespace, PATIENCE]).await?;
        Ok(())
    }

    /// Waits until a field of an object has a value: `wait_for("aigateway/x", "{.status.phase}", "Failed")`.
    #[expect(dead_code, reason = "for the next scenarios")]
    pub(super) async fn wait_for(&self, object: &str, field: &str, value: &str) -> anyhow::Result<()> {
        let what = format!("--for=jsonpath={field}={value}");
        kubectl(["wait", &what, object, "--namespace", &self.namespace, PATIENCE]).await?;
        Ok(())
    }

    /// A field of an object; empty when it isn't there.
    pub(super) async fn field(&self, object: &str, field: &str) -> anyhow::Result<String> {
        let template = format!("-o=jsonpath={field}");
        kubectl(["get", object, "--namespace", &self.namespace, &template]).await
    }

    /// Where a Gateway says that it is reached.
    pub(super) async fn address(&self, gateway: &str) -> anyhow::Result<String> {
        let address = self.field(&format!("gateway/{gateway}"), "{.status.addresses[0].value}").await?;
        anyhow::ensure!(!address.is_empty(), "Gateway {gateway} has no address in its status");
        Ok(format!("http://{address}"))
    }

    /// Posts JSON.
    pub(super) async fn post(&self, url: &str, body: &serde_json::Value) -> anyhow::Result<Answer> {
        http::post_to(url, &body.to_string(), |_| {}).await
    }

    /// What the cluster says, when something went wrong.
    pub(super) async fn evidence(&self) -> String {
        let namespace = format!("--namespace={}", self.namespace);
        let kinds = "sluice,gateways,httproutes,deployments,pods,services";
        let looks: [Vec<&str>; 4] = [
            vec!["get", kinds, &namespace, "--output=wide"],
            vec!["get", "events", &namespace, "--sort-by=.lastTimestamp"],
            vec!["logs", "--selector=app.kubernetes.io/name=sluice-dataplane", &namespace, "--tail=20"],
            vec!["logs", "deployment/sluice-operator", "--namespace=sluice-system", "--tail=20"],
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

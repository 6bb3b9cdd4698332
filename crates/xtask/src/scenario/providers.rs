//! Doubles of the providers, in this process: pods reach them as `http://mock.providers.svc:9000`, and what came can be looked at.

use sluice_mock::{Mock, MockOptions, Recorded};

use super::manifest::manifest;
use crate::cluster::lab;

/// As in `e2e/scenarios/providers.yaml`.
const ADDRESS: &str = "0.0.0.0:19000";

/// Running doubles.
pub(super) struct Providers {
    pub(super) mock: Mock,
}

impl Providers {
    /// Must be called in the cluster's network.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let mock = Mock::start(MockOptions {
            addr: ADDRESS.to_owned(),
            ..MockOptions::default()
        })
        .await?;
        let node = lab::output(&mut lab::tool("printenv", ["KUBE_LAB_NODE_IP"])).await?;
        lab::apply(&manifest("providers", "")?.replace("$NODE", node.trim())).await?;
        Ok(Self { mock })
    }

    /// The newest request.
    pub(super) fn last(&self) -> anyhow::Result<Recorded> {
        self.mock
            .requests()
            .pop()
            .ok_or_else(|| anyhow::anyhow!("no request reached a provider"))
    }
}

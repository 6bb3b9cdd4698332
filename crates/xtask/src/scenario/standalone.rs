//! liuzl's Deployment: the gateway by itself, its key from the environment.

use anyhow::ensure;

use super::world::World;
use crate::http::Request;

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("standalone").await?;
    world.wait("deployment/ai-gateway", "Available").await?;
    world
        .wait_for("deployment/ai-gateway", "{.status.readyReplicas}", "3")
        .await?;
    let address = world
        .field("service/ai-gateway", "{.spec.clusterIP}")
        .await?;
    let health = Request::get(&format!("http://{address}/health"))
        .send()
        .await?
        .json(200)?;
    ensure!(health["status"] == "healthy", "it is healthy: {health}");
    Ok(())
}

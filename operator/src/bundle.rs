//! Which version of Gateway API the cluster has, as its CRDs say.

use std::convert::Infallible;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::Api;
use tokio::sync::watch;

const CRD: &str = "gateways.gateway.networking.k8s.io";
const ANNOTATION: &str = "gateway.networking.k8s.io/bundle-version";
const PERIOD: Duration = Duration::from_secs(60);

/// Looks from time to time. Without the right to, the version stays unknown.
pub(crate) async fn follow(
    client: Client,
    version: watch::Sender<Option<String>>,
) -> Result<(), Infallible> {
    let api: Api<CustomResourceDefinition> = Api::all(client);
    loop {
        if let Ok(found) = api.get_metadata_opt(CRD).await {
            let annotations = found
                .and_then(|crd| crd.metadata.annotations)
                .unwrap_or_default();
            let next = annotations.get(ANNOTATION).cloned();
            version.send_if_modified(|old| {
                let is_other = *old != next;
                *old = next;
                is_other
            });
        }
        tokio::time::sleep(PERIOD).await;
    }
}

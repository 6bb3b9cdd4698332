//! The API server without kubectl's own time: for what is measured.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc;

use crate::cluster::lab;
use crate::http::Request;

/// `kubectl proxy`, which ends when this is dropped.
pub(super) struct Api {
    base: String,
    _proxy: Child,
}

impl Api {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let mut kubectl = lab::tool("kubectl", ["proxy", "--port=0"]);
        let mut proxy = kubectl
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut said =
            BufReader::new(proxy.stdout.take().context("kubectl has an output")?).lines();
        let line = said.next_line().await?.unwrap_or_default();
        let address = line
            .rsplit(' ')
            .next()
            .filter(|a| a.starts_with("127."))
            .context("kubectl has no proxy")?;
        Ok(Self {
            base: format!("http://{address}"),
            _proxy: proxy,
        })
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Request::get(&format!("{}{path}", self.base))
            .send()
            .await?
            .json(200)
    }

    /// What a pod says at an HTTP path.
    pub(super) async fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = Request::get(&format!("{}{path}", self.base)).send().await?;
        ensure!(
            answer.status == 200,
            "{path} answers {}: {}",
            answer.status,
            answer.text
        );
        Ok(answer.text)
    }

    /// Gives the object as it is after it.
    pub(super) async fn merge(&self, path: &str, patch: &Value) -> anyhow::Result<Value> {
        Request::merge(&format!("{}{path}", self.base), patch)
            .send()
            .await?
            .json(200)
    }

    pub(super) async fn create(&self, path: &str, object: &Value) -> anyhow::Result<()> {
        let answer = Request::post(&format!("{}{path}", self.base), object)
            .send()
            .await?;
        ensure!(
            answer.status == 201,
            "{path} refuses it: {} {}",
            answer.status,
            answer.text
        );
        Ok(())
    }

    /// The states of one object from now on.
    pub(super) fn watch(&self, collection: &str, name: &str) -> mpsc::UnboundedReceiver<Value> {
        let url = format!(
            "{}{collection}?watch=1&fieldSelector=metadata.name%3D{name}",
            self.base
        );
        let (sender, states) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let each = |line: &str| {
                let event: Value = serde_json::from_str(line).unwrap_or_default();
                // Whoever waited may have gone.
                let _ = sender.send(event["object"].clone());
            };
            Request::get(&url).send_each(each).await
        });
        states
    }
}

/// A path of one of our kinds.
pub(super) fn ours(namespace: &str, plural: &str) -> String {
    format!("/apis/sluice.dev/v1alpha1/namespaces/{namespace}/{plural}")
}

/// A change of one field.
pub(super) fn spec(value: Value) -> Value {
    json!({ "spec": value })
}

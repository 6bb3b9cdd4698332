//! kgateway's guards and enrichment in a cluster, by every client's format, plain and streamed.

use anyhow::ensure;
use serde_json::{Value, json};

use super::world::World;
use crate::http::{Answer, Request};

/// How a client asks.
const FORMATS: [&str; 4] = ["chat", "responses", "anthropic", "gemini"];
/// What the recognisers know, and what they don't.
const PRIVATE: &str =
    "Write to ann.lee@example.com or call +1 415-555-2671, card 5105 1051 0510 5100, thank you";

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("guards").await?;
    for policy in ["builtins", "moderation", "webhook", "openai-opt"] {
        world
            .wait(&format!("routepolicy/{policy}"), "Ready")
            .await?;
    }
    world.wait("gateway/guarded", "Programmed").await?;
    let base = format!("{}:8080", world.address("guarded").await?);
    for format in FORMATS {
        for is_stream in [false, true] {
            let asking = Asking {
                world,
                base: &base,
                format,
                is_stream,
            };
            asking.recognisers().await?;
            asking.moderation().await?;
            asking.webhook().await?;
            asking.enrichment().await?;
        }
    }
    Ok(())
}

struct Asking<'a> {
    world: &'a World,
    base: &'a str,
    format: &'static str,
    is_stream: bool,
}

impl Asking<'_> {
    async fn recognisers(&self) -> anyhow::Result<()> {
        let refused = self.ask("builtins", PRIVATE).await?;
        ensure!(
            refused.status == 403,
            "{}: {} {}",
            self.what(),
            refused.status,
            refused.text
        );
        let said = self.told("builtins", PRIVATE).await?;
        ensure!(
            said.contains("thank you"),
            "{}: the rest stays: {said}",
            self.what()
        );
        for secret in ["ann.lee", "555-2671", "5105"] {
            ensure!(
                !said.contains(secret),
                "{}: {secret} is masked: {said}",
                self.what()
            );
        }
        Ok(())
    }

    async fn moderation(&self) -> anyhow::Result<()> {
        let refused = self.ask("moderation", "how to kill").await?;
        ensure!(
            refused.status == 403,
            "{}: {} {}",
            self.what(),
            refused.status,
            refused.text
        );
        let passed = self.told("moderation", "of course").await?;
        ensure!(passed == "of course", "{}: {passed}", self.what());
        Ok(())
    }

    async fn webhook(&self) -> anyhow::Result<()> {
        let refused = self.ask("webhook", "mock-reject").await?;
        ensure!(
            refused.status == 451,
            "{}: {} {}",
            self.what(),
            refused.status,
            refused.text
        );
        ensure!(
            refused.text.contains("Not that, please."),
            "{}: {}",
            self.what(),
            refused.text
        );
        let said = self.told("webhook", "it is mock-mask, indeed").await?;
        ensure!(said == "it is [MASKED], indeed", "{}: {said}", self.what());
        self.ask("webhook", "it is mock-mask").await?;
        let sent = self.sent()?;
        ensure!(
            sent.contains("[MASKED]") && !sent.contains("mock-mask"),
            "{}: {sent}",
            self.what()
        );
        Ok(())
    }

    async fn enrichment(&self) -> anyhow::Result<()> {
        ensure!(
            self.ask("enriched", "A painting").await?.status == 200,
            "{}",
            self.what()
        );
        let sent = self.sent()?;
        let at = |text: &str| sent.find(text);
        let places = [at("in French."), at("A painting"), at("famous art critic")];
        let [Some(first), Some(own), Some(last)] = places else {
            anyhow::bail!("{}: {sent}", self.what());
        };
        ensure!(
            first < own && own < last,
            "{}: prompts stand before and behind: {sent}",
            self.what()
        );
        Ok(())
    }

    /// What the provider got last: questions to guards are asked before it.
    fn sent(&self) -> anyhow::Result<String> {
        let requests = self.world.providers.mock.requests();
        let sent = requests
            .iter()
            .rev()
            .find(|r| !matches!(r.path.as_str(), "/request" | "/response"));
        let sent = sent.ok_or_else(|| anyhow::anyhow!("no request reached the provider"))?;
        Ok(sent.json().to_string())
    }

    /// What the client reads when the provider says this, a few bytes at a time.
    async fn told(&self, host: &str, text: &str) -> anyhow::Result<String> {
        let fault = format!("split=7;text={}", percent(text));
        let answer = self
            .request(host, "Tell me")
            .header("x-mock-fault", &fault)
            .send()
            .await?;
        ensure!(
            answer.status == 200,
            "{}: {} {}",
            self.what(),
            answer.status,
            answer.text
        );
        Ok(said(&answer.text))
    }

    async fn ask(&self, host: &str, text: &str) -> anyhow::Result<Answer> {
        self.request(host, text).send().await
    }

    fn request(&self, host: &str, text: &str) -> Request {
        let messages = json!([{ "role": "user", "content": text }]);
        let (path, body) = match self.format {
            "responses" => (
                "/v1/responses",
                json!({ "model": "m", "input": text, "stream": self.is_stream }),
            ),
            "anthropic" => (
                "/v1/messages",
                json!({ "model": "m", "max_tokens": 99, "messages": messages, "stream": self.is_stream }),
            ),
            "gemini" if self.is_stream => (
                "/v1beta/models/m:streamGenerateContent?alt=sse",
                json!({ "contents": contents(text) }),
            ),
            "gemini" => (
                "/v1beta/models/m:generateContent",
                json!({ "contents": contents(text) }),
            ),
            _ => (
                "/v1/chat/completions",
                json!({ "model": "m", "messages": messages, "stream": self.is_stream }),
            ),
        };
        Request::post(&format!("{}{path}", self.base), &body)
            .header("Host", &format!("{host}.example.com"))
    }

    fn what(&self) -> String {
        format!(
            "{}{}",
            self.format,
            if self.is_stream { ", streamed" } else { "" }
        )
    }
}

fn contents(text: &str) -> Value {
    json!([{ "role": "user", "parts": [{ "text": text }] }])
}

/// The text of an answer or of a stream, in any format.
fn said(answer: &str) -> String {
    if let Ok(whole) = serde_json::from_str::<Value>(answer) {
        return [
            "/choices/0/message/content",
            "/output/0/content/0/text",
            "/content/0/text",
        ]
        .iter()
        .chain(&["/candidates/0/content/parts/0/text"])
        .find_map(|at| whole.pointer(at)?.as_str())
        .unwrap_or_default()
        .to_owned();
    }
    let events = answer
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    events
        .filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .filter_map(|event| {
            let at = match event["type"].as_str() {
                Some("response.output_text.delta") => "/delta",
                Some("content_block_delta") => "/delta/text",
                Some(_) => return None,
                None if event["choices"].is_array() => "/choices/0/delta/content",
                None => "/candidates/0/content/parts/0/text",
            };
            Some(event.pointer(at)?.as_str()?.to_owned())
        })
        .collect()
}

/// Percent-encodes what a fault's list or a header could take for its own.
fn percent(text: &str) -> String {
    let escape = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | '-' => c.to_string(),
        c => c.to_string().bytes().map(|b| format!("%{b:02X}")).collect(),
    };
    text.chars().map(escape).collect()
}

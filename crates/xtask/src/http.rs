//! As much HTTP as talking to our own gateway takes.

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON, if the status is this one.
    pub(crate) fn json(&self, status: u16) -> anyhow::Result<serde_json::Value> {
        anyhow::ensure!(
            self.status == status,
            "want status {status}, is {}: {}",
            self.status,
            self.text
        );
        serde_json::from_str(&self.text).with_context(|| format!("this is no JSON: {}", self.text))
    }
}

/// A request, on a connection of its own.
pub(crate) struct Request {
    method: &'static str,
    url: String,
    headers: String,
    host: Option<String>,
    body: String,
}

impl Request {
    pub(crate) fn get(url: &str) -> Self {
        let (url, headers, body) = (url.to_owned(), String::new(), String::new());
        Self {
            method: "GET",
            url,
            headers,
            host: None,
            body,
        }
    }

    /// With a body of JSON.
    pub(crate) fn post(url: &str, body: &serde_json::Value) -> Self {
        Self::with("POST", url, "application/json", body)
    }

    /// Merges JSON into an object of an API server.
    pub(crate) fn merge(url: &str, patch: &serde_json::Value) -> Self {
        Self::with("PATCH", url, "application/merge-patch+json", patch)
    }

    fn with(method: &'static str, url: &str, kind: &str, body: &serde_json::Value) -> Self {
        let body = body.to_string();
        let headers = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
        Self {
            method,
            url: url.to_owned(),
            headers,
            host: None,
            body,
        }
    }

    /// With one more header; `Host` in place of the URL's.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if name == "Host" {
            self.host = Some(value.to_owned());
        } else {
            self.headers += &format!("{name}: {value}\r\n");
        }
        self
    }

    pub(crate) async fn send(&self) -> anyhow::Result<Answer> {
        self.send_each(|_| {}).await
    }

    /// Each line of the answer's body is handed over as it comes.
    pub(crate) async fn send_each(&self, each: impl FnMut(&str)) -> anyhow::Result<Answer> {
        self.exchange(each)
            .await
            .with_context(|| format!("{} {}", self.method, self.url))
    }

    /// HTTP/1.0, so that the end of the connection is the end of the body.
    async fn exchange(&self, mut each: impl FnMut(&str)) -> anyhow::Result<Answer> {
        let (authority, path) = split(&self.url)?;
        let address = if authority.contains(':') {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        };
        let host = self.host.as_deref().unwrap_or(authority);
        let mut stream = TcpStream::connect(address).await?;
        let Self {
            method,
            headers,
            body,
            ..
        } = self;
        let request = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).await?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|s| s.parse().ok())
            .context("this is no HTTP")?;
        while !matches!(line.as_str(), "\r\n" | "") {
            line.clear();
            lines.read_line(&mut line).await?;
        }
        let mut text = String::new();
        loop {
            let mut bytes = Vec::new();
            if lines.read_until(b'\n', &mut bytes).await? == 0 {
                break;
            }
            let line = String::from_utf8_lossy(&bytes);
            each(line.trim_end());
            text.push_str(&line);
        }
        lines.read_to_string(&mut text).await?;
        Ok(Answer { status, text })
    }
}

/// Host and port, and the rest.
fn split(url: &str) -> anyhow::Result<(&str, &str)> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} is no plain URL"))?;
    Ok(rest
        .find('/')
        .map_or((rest, "/"), |slash| rest.split_at(slash)))
}

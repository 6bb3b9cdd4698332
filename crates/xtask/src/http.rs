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
        anyhow::ensure!(self.status == status, "want status {status}, is {}: {}", self.status, self.text);
        serde_json::from_str(&self.text).with_context(|| format!("this is no JSON: {}", self.text))
    }
}

pub(crate) async fn get(port: u16, path: &str) -> anyhow::Result<Answer> {
    get_from(&format!("http://127.0.0.1:{port}{path}")).await
}

/// Posts JSON; each line of the answer's body is handed over as it comes.
pub(crate) async fn post(
    port: u16,
    path: &str,
    body: &str,
    each: impl FnMut(&str),
) -> anyhow::Result<Answer> {
    post_to(&format!("http://127.0.0.1:{port}{path}"), body, each).await
}

/// Gets a URL.
pub(crate) async fn get_from(url: &str) -> anyhow::Result<Answer> {
    let (authority, path) = split(url)?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {authority}\r\n\r\n");
    exchange(authority, &request, |_| {}).await.with_context(|| format!("GET {url}"))
}

/// Posts JSON to a URL; each line of the answer's body is handed over as it comes.
pub(crate) async fn post_to(url: &str, body: &str, each: impl FnMut(&str)) -> anyhow::Result<Answer> {
    let (authority, path) = split(url)?;
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {authority}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    exchange(authority, &format!("{head}{body}"), each).await.with_context(|| format!("POST {url}"))
}

/// Host and port, and the rest.
fn split(url: &str) -> anyhow::Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} is no plain URL"))?;
    Ok(rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash)))
}

/// HTTP/1.0, so that the end of the connection is the end of the body.
async fn exchange(authority: &str, request: &str, mut each: impl FnMut(&str)) -> anyhow::Result<Answer> {
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).context("this is no HTTP")?;
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

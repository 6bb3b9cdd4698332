//! As much HTTP as talking to our own gateway takes.

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

pub(crate) async fn get(port: u16, path: &str) -> anyhow::Result<Answer> {
    exchange(port, &format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"), |_| {}).await
}

/// Posts JSON; each line of the answer's body is handed over as it comes.
pub(crate) async fn post(
    port: u16,
    path: &str,
    body: &str,
    each: impl FnMut(&str),
) -> anyhow::Result<Answer> {
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    exchange(port, &format!("{head}{body}"), each).await
}

/// HTTP/1.0, so that the end of the connection is the end of the body.
async fn exchange(port: u16, request: &str, mut each: impl FnMut(&str)) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
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

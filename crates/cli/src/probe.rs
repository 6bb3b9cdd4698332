//! `sluice probe`: for images that have no shell and no curl.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::args;
use crate::report::say;

/// More of an answer is not looked at.
const MOST: u64 = 64 << 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Succeeds as soon as the URL answers with 2xx.
#[expect(
    clippy::disallowed_methods,
    reason = "no runtime: the command does nothing else"
)]
pub(crate) fn probe(args: &args::Probe) -> anyhow::Result<ExitCode> {
    let deadline = Instant::now() + Duration::from_secs(args.timeout);
    loop {
        match ask(&args.url, deadline) {
            Ok(text) => {
                say(text.trim());
                return Ok(ExitCode::SUCCESS);
            }
            Err(error) if Instant::now() + PAUSE >= deadline => return Err(error),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

fn ask(url: &str, deadline: Instant) -> anyhow::Result<String> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} has to begin with http://"))?;
    let (authority, path) = rest
        .find('/')
        .map_or((rest, "/"), |slash| rest.split_at(slash));
    let address = if authority.contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let left = || {
        deadline
            .saturating_duration_since(Instant::now())
            .max(PAUSE)
    };
    let found = address
        .to_socket_addrs()
        .with_context(|| format!("{authority} can't be found"))?;
    let first = found
        .into_iter()
        .next()
        .with_context(|| format!("{authority} has no address"))?;
    let mut stream = TcpStream::connect_timeout(&first, left())
        .with_context(|| format!("{authority} can't be reached"))?;
    stream.set_read_timeout(Some(left()))?;
    stream.set_write_timeout(Some(left()))?;
    // In one piece: who answers early must not close on a rest that was not read.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {authority}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream
        .take(MOST)
        .read_to_string(&mut answer)
        .with_context(|| format!("{url} does not answer"))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("{url} speaks no HTTP"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{url} answers {status}: {}", body.trim());
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server that answers once.
    fn served(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/readyz", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        url
    }

    #[test]
    fn only_a_2xx_is_well() {
        let ask = |answer| ask(&served(answer), Instant::now() + Duration::from_secs(10));
        assert_eq!(
            ask("HTTP/1.1 200 OK\r\nx: y\r\n\r\nready").unwrap(),
            "ready"
        );
        let error = ask("HTTP/1.1 503 Service Unavailable\r\n\r\nnot yet: sync\n")
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("answers 503: not yet: sync"), "{error}");
        assert!(
            ask("SSH-2.0-x\r\n")
                .unwrap_err()
                .to_string()
                .ends_with("speaks no HTTP")
        );
    }
}

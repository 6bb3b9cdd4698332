//! nginx as the yardstick: one worker, upstream keep-alive, no log. Its configuration lives in a temporary folder.

use std::fs;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::{Process, free_addr};

/// A running nginx.
pub(crate) struct Nginx {
    pub(crate) process: Process,
    /// For whole answers: buffered, as most people run it.
    pub(crate) whole: SocketAddr,
    /// For streams: not buffered.
    pub(crate) stream: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    pub(crate) fn start(core: &str, upstream: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for nginx")?;
        let (whole, stream) = (free_addr()?, free_addr()?);
        let path = folder.path().join("nginx.conf");
        fs::write(&path, configuration(&folder, upstream, whole, stream))?;
        let command = [
            "nginx",
            "-e",
            "stderr",
            "-p",
            &folder.path().to_string_lossy(),
            "-c",
            &path.to_string_lossy(),
        ];
        let process = Process::start("nginx", Some(core), &command.map(str::to_owned), whole)?;
        Ok(Self {
            process,
            whole,
            stream,
            _folder: folder,
        })
    }
}

fn configuration(
    folder: &TempDir,
    upstream: SocketAddr,
    whole: SocketAddr,
    stream: SocketAddr,
) -> String {
    let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|t| format!("{t}_temp_path {}/{t};", folder.path().display()))
        .join("\n  ");
    let server = |listen: SocketAddr, buffering: &str| {
        format!(
            "server {{
    listen {listen} backlog=4096;
    location / {{
      proxy_pass http://upstream;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_buffering {buffering};
    }}
  }}"
        )
    };
    format!(
        "daemon off;
master_process on;
worker_processes 1;
pid {}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 8192;
events {{ worker_connections 8192; }}
http {{
  {temp}
  access_log off;
  keepalive_requests 10000000;
  client_body_buffer_size 512k;
  client_max_body_size 64m;
  upstream upstream {{ server {upstream}; keepalive 2048; keepalive_requests 10000000; }}
  {}
  {}
}}
",
        folder.path().display(),
        server(whole, "on"),
        server(stream, "off"),
    )
}

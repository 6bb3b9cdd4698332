//! `cargo xtask up`: a gateway in front of a real model, on this machine.

pub(crate) mod model;

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use sluice_mock::free_port;
use tokio::process::{Child, Command};

use crate::child::{self, build_sluice, shown, sluice, step, stop, wait_for};
use crate::generate::root;
use crate::http::Request;

#[derive(Args)]
pub(crate) struct Up {
    /// Put doubles of the providers behind the gateway, not a real model; needs no Python
    #[arg(long)]
    mock: bool,
    /// Stop after the first answer
    #[arg(long)]
    once: bool,
    /// Where the gateway listens on this machine [default: 8080, or a free port when it is taken]
    #[arg(long)]
    port: Option<u16>,
}

impl Up {
    /// With the real model, until the first answer, on a free port.
    pub(crate) fn once() -> Self {
        Self {
            mock: false,
            once: true,
            port: None,
        }
    }
}

/// Builds, starts, asks, and waits for Ctrl-C.
pub(crate) async fn run(up: Up) -> anyhow::Result<()> {
    let began = Instant::now();
    step("building the gateway (a few minutes the first time)");
    build_sluice().await?;
    let scratch = root().join("target/up");
    std::fs::create_dir_all(&scratch)?;
    let port = up.port.unwrap_or_else(default_port);
    let model_port = free_port();
    let _model = if up.mock {
        child::mock(model_port).await?
    } else {
        model::start(model_port, &scratch).await?
    };
    let mut gateway = gateway(port, model_port, &scratch)?;
    wait_for(&mut gateway, port, "/health").await?;
    step(&format!(
        "the gateway answers on http://127.0.0.1:{port} ({:.0} s since the start)",
        began.elapsed().as_secs_f64()
    ));
    let asked = Instant::now();
    let tokens = ask(port).await?;
    println!(
        "\n    ({tokens} events in {:.1} s)\n",
        asked.elapsed().as_secs_f64()
    );
    if !up.once {
        print!("{}", lines_to_try(port));
        tokio::select! {
            signal = sluice_process::shutdown::signalled() => { signal?; }
            ended = gateway.wait() => bail!("the gateway ended by itself: {}", ended?),
        }
    }
    stop(&mut gateway).await?;
    step("stopped");
    Ok(())
}

fn default_port() -> u16 {
    match std::net::TcpListener::bind(("127.0.0.1", 8080)) {
        Ok(_) => 8080,
        Err(_) => free_port(),
    }
}

/// The gateway with examples/quickstart, of which only the model's port differs.
fn gateway(port: u16, model_port: u16, scratch: &std::path::Path) -> anyhow::Result<Child> {
    let example = root().join("examples/quickstart/gateway.yaml");
    let text = std::fs::read_to_string(&example)
        .with_context(|| format!("{} is missing", example.display()))?;
    let adapted = text.replace("port: 9000", &format!("port: {model_port}"));
    anyhow::ensure!(
        adapted != text,
        "{} does not name the port 9000",
        example.display()
    );
    let file = scratch.join("quickstart.yaml");
    std::fs::write(&file, adapted)?;
    let log = scratch.join("gateway.log");
    step(&format!(
        "starting the gateway with examples/quickstart (its log: {})",
        shown(&log)
    ));
    Command::new(sluice())
        .arg("run")
        .arg("-f")
        .arg(&file)
        .args([
            "--env-file",
            "/dev/null",
            "--listen",
            &format!("127.0.0.1:{port}"),
        ])
        .stdout(std::fs::File::create(&log)?)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the gateway cannot be started")
}

/// Streams an answer to the terminal; gives the number of its events.
async fn ask(port: u16) -> anyhow::Result<usize> {
    let question = "What is the theory of relativity?";
    println!("\n    POST /devteam-chatgpt (no model in the body): {question}\n");
    print!("    ");
    let body = serde_json::json!({ "messages": [{ "role": "user", "content": question }], "stream": true });
    let mut text = String::new();
    let each = |line: &str| {
        if let Some(piece) = line.strip_prefix("data: ").and_then(delta) {
            print!("{piece}");
            let _ = std::io::Write::flush(&mut std::io::stdout());
            text.push_str(&piece);
        }
    };
    let url = format!("http://127.0.0.1:{port}/devteam-chatgpt");
    let answer = Request::post(&url, &body).send_each(each).await?;
    anyhow::ensure!(
        answer.status == 200,
        "the gateway answered {}: {}",
        answer.status,
        answer.text
    );
    anyhow::ensure!(
        answer.text.contains("[DONE]"),
        "the stream ended early: {}",
        answer.text
    );
    anyhow::ensure!(
        !text.trim().is_empty(),
        "the answer is empty: {}",
        answer.text
    );
    println!();
    Ok(answer.text.matches("data: ").count())
}

/// The text of one chunk.
fn delta(data: &str) -> Option<String> {
    let chunk: serde_json::Value = serde_json::from_str(data).ok()?;
    chunk["choices"][0]["delta"]["content"]
        .as_str()
        .map(str::to_owned)
}

fn lines_to_try(port: u16) -> String {
    format!(
        r#"Try it from another terminal:

    curl http://127.0.0.1:{port}/devteam-chatgpt -H 'Content-Type: application/json' -d '{{
      "messages": [{{"role": "user", "content": "What is the theory of relativity?"}}]
    }}'
    curl http://127.0.0.1:{port}/v1/models
    curl http://127.0.0.1:{port}/metrics

    # Python: pip install openai
    from openai import OpenAI
    client = OpenAI(base_url="http://127.0.0.1:{port}/v1", api_key="any")
    for chunk in client.chat.completions.create(model="devteam-chatgpt", stream=True,
            messages=[{{"role": "user", "content": "Hello!"}}]):
        print(chunk.choices[0].delta.content or "", end="", flush=True)

Ctrl-C stops everything.
"#
    )
}

//! The command as users run it: files, environment, edits, signals.
#![expect(
    clippy::disallowed_methods,
    reason = "no runtime: the process under test is waited for"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod run {
    mod edits;
}

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sluice_mock::{Mock, MockOptions};

struct Gateway {
    child: Child,
    port: u16,
}

impl Gateway {
    fn start(dir: &Path, args: &[&str]) -> Self {
        let port = sluice_mock::free_port();
        let listen = format!("127.0.0.1:{port}");
        Self::start_on(port, dir, &[args, &["-listen", &listen]].concat())
    }

    /// Where the configuration says the port.
    fn start_on(port: u16, dir: &Path, args: &[&str]) -> Self {
        let child = command(dir)
            .arg("run")
            .args(args)
            .stdout(std::fs::File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap();
        let gateway = Self { child, port };
        gateway.until("it answers", || {
            gateway.try_request("GET /health", "").is_some()
        });
        gateway
    }

    fn try_request(&self, line: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let head = format!(
            "{line} HTTP/1.0\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        (!answer.is_empty()).then_some(answer)
    }

    fn request(&self, line: &str, body: &str) -> String {
        self.try_request(line, body).expect("an answer")
    }

    /// Fails when it takes long; how long is not what is tested.
    fn until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// As Kubernetes stops a pod. Gives what was logged.
    fn stop(mut self, dir: &Path) -> String {
        assert!(
            Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.child.wait().unwrap().success());
        std::fs::read_to_string(dir.join("log")).unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.current_dir(dir).env_clear().stdin(Stdio::null());
    command
}

fn sluice(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(dir).args(args).output().unwrap();
    (
        status.code().unwrap(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

fn chat(model: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Hello!"}}]}}"#)
}

const CONFIG: &str = "version: \"1.0\"\n\nmodels:\n  - name: \"gpt-4\"\n    provider: \"openai\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_proxy_config_is_served_and_followed_as_it_changes() {
    let mock = Mock::start(MockOptions {
        api_key: Some("from-file".into()),
        ..MockOptions::default()
    })
    .await
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("config")).unwrap();
    let config = dir.path().join("config/proxy-config.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let env = format!(
        "OPENAI_API_KEY=from-file\r\nOPENAI_BASE_URL=http://{}/v1\r\n",
        mock.addr()
    );
    std::fs::write(dir.path().join(".env"), env).unwrap();
    let gateway = Gateway::start(dir.path(), &[]);
    let answer = gateway.request("POST /openai/v1/chat/completions", &chat("gpt-4"));
    assert!(
        answer.starts_with("HTTP/1.0 200") && answer.contains("Hello!"),
        "{answer}"
    );
    assert!(
        gateway
            .request("POST /v1/chat/completions", &chat("gpt-5"))
            .contains("unknown_model")
    );
    std::fs::write(&config, CONFIG.replace("gpt-4", "gpt-5")).unwrap();
    gateway.until("the edit is live", || {
        gateway.request("GET /v1/models", "").contains("gpt-5")
    });
    std::fs::write(&config, CONFIG.replace("models:", "modles:")).unwrap();
    let log = || std::fs::read_to_string(dir.path().join("log")).unwrap();
    gateway.until("the bad edit is told of", || {
        log().contains("config/proxy-config.yaml:3: error Unreadable")
    });
    assert!(
        gateway
            .request("POST /v1/chat/completions", &chat("gpt-5"))
            .starts_with("HTTP/1.0 200")
    );
    let log = gateway.stop(dir.path());
    let message = |text: &str| {
        log.lines()
            .any(|l| l.contains(&format!("\"message\":\"{text}\"")))
    };
    assert!(
        message("listening") && message("configuration taken over") && message("stopped"),
        "{log}"
    );
    let access = log
        .lines()
        .find(|l| l.contains("request completed successfully"))
        .unwrap();
    let access: serde_json::Value = serde_json::from_str(access).unwrap();
    for (key, value) in [
        ("status_code", serde_json::Value::from(200)),
        ("format", "openai".into()),
        ("model", "gpt-4".into()),
        ("provider", "openai".into()),
        ("streaming", false.into()),
    ] {
        assert_eq!(access[key], value, "{access}");
    }
    assert!(!log.contains("from-file"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_easegress_gateway_answers_its_curl() {
    let mock = Mock::start(MockOptions::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/easegress/gateway.yaml"
    );
    let text = std::fs::read_to_string(example).unwrap();
    let text = text.replace(
        "https://api.deepseek.com",
        &format!("http://{}", mock.addr()),
    );
    std::fs::write(dir.path().join("gateway.yaml"), text).unwrap();
    let gateway = Gateway::start(dir.path(), &["-f", "gateway.yaml"]);
    let body = r#"{"model": "deepseek-chat", "messages": [{"role": "user", "content": "Hello, who are you?"}], "max_tokens": 100}"#;
    for body in [
        body.to_owned(),
        body.replace("deepseek-chat", "whatever-model"),
    ] {
        let answer = gateway.request("POST /v1/chat/completions", &body);
        assert!(
            answer.starts_with("HTTP/1.0 200") && answer.contains("who are you?"),
            "{answer}"
        );
    }
}

#[test]
fn without_anything_to_serve_it_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, error) = sluice(dir.path(), &["run"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("OPENAI_API_KEY") && error.contains("-f"),
        "{error}"
    );
}

#[test]
fn check_names_file_line_field_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let good = "apiVersion: sluice.dev/v1alpha1\nkind: Upstream\nmetadata:\n  name: a\nspec:\n  ai:\n    openai:\n      authToken:\n        secretRef:\n          name: missing\n";
    std::fs::write(dir.path().join("a.yaml"), good).unwrap();
    let (code, out, _) = sluice(dir.path(), &["check", "a.yaml"]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("a.yaml:")
            && out.contains("SecretNotFound")
            && out.contains("default/missing"),
        "{out}"
    );
    std::fs::write(
        dir.path().join("a.yaml"),
        good.replace("openai:", "opanai:"),
    )
    .unwrap();
    let (code, out, _) = sluice(dir.path(), &["check", "a.yaml"]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("a.yaml:7: error") && out.contains("opanai"),
        "{out}"
    );
    std::fs::write(dir.path().join("proxy.yaml"), CONFIG).unwrap();
    assert_eq!(sluice(dir.path(), &["check", "proxy.yaml"]).0, 0);
    assert_eq!(sluice(dir.path(), &["check", "nowhere.yaml"]).0, 1);
}

#[test]
fn render_shows_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart");
    let (code, out, error) = sluice(dir.path(), &["render", example]);
    assert_eq!(code, 0, "{error}");
    assert!(
        out.contains("route/") && !out.contains("a-local-server-takes-any"),
        "{out}"
    );
}

/// Standard output goes to a pipe that nobody reads, and a file is written without a pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_blocked_output_and_an_edit_without_rest_stop_nothing() {
    let mock = Mock::start(MockOptions::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("proxy-config.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let env = format!(
        "OPENAI_API_KEY=x\nOPENAI_BASE_URL=http://{}/v1\n",
        mock.addr()
    );
    std::fs::write(dir.path().join(".env"), env).unwrap();
    let port = sluice_mock::free_port();
    let child = command(dir.path())
        .args(["run", "-config", "proxy-config.yaml"])
        .args(["-listen", &format!("127.0.0.1:{port}")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut gateway = Gateway { child, port };
    gateway.until("it answers", || {
        gateway.try_request("GET /health", "").is_some()
    });
    // More lines than a pipe takes.
    let long = format!("POST /v1/{}", "x".repeat(4000));
    for _ in 0..64 {
        gateway.request(&long, "{}");
    }
    let mut edits = 0;
    gateway.until("an edit is live", || {
        edits += 1;
        let text = CONFIG.replace("gpt-4", "gpt-5");
        std::fs::write(&config, format!("{text}#{}", "-".repeat(edits))).unwrap();
        gateway.request("GET /v1/models", "").contains("gpt-5")
    });
    let pid = gateway.child.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(killed.success());
    assert!(gateway.child.wait().unwrap().success());
}

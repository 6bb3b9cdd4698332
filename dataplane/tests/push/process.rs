//! The program itself: flags, probes, signals.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use http_body_util::BodyExt;
use sluice_mock::{Mock, MockOptions, free_port};

use crate::authority::Authority;
use crate::config::{PROVIDER_KEY, mk_snapshot};
use crate::operator::Operator;
use crate::pod::{CHAT_STREAM, Files, chat, get, post, text};

struct Process {
    child: Child,
    admin: u16,
    _files: Files,
}

impl Process {
    fn start(authority: &Authority, operator: &Operator, more: &[&str]) -> Self {
        let files = Files::new(&authority.pem, "secret-token");
        let admin = free_port();
        let child = Command::new(env!("CARGO_BIN_EXE_sluice-dataplane"))
            .env_clear()
            .env("SLUICE_GATEWAY", "default/edge")
            .env("SLUICE_INSTANCE", "uid-1")
            .env("SLUICE_OPERATOR", operator.address.to_string())
            .arg(format!("--ca-file={}", files.path("ca.crt").display()))
            .arg(format!("--token-file={}", files.path("token").display()))
            .arg(format!("--admin=127.0.0.1:{admin}"))
            .args(["--bind=127.0.0.1", "--workers=2", "--verbose"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            child,
            admin,
            _files: files,
        }
    }

    fn terminate(&self) {
        let kill = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }

    async fn readyz(&self, status: u16) -> String {
        let asking = async {
            loop {
                let (seen, body) = get(self.admin, "/readyz").await;
                if seen == status {
                    return body;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), asking)
            .await
            .unwrap()
    }

    /// Waits for the end; gives what was written too.
    async fn ended(self) -> (ExitStatus, String) {
        let output = tokio::task::spawn_blocking(move || self.child.wait_with_output().unwrap());
        let output = tokio::time::timeout(Duration::from_secs(60), output)
            .await
            .unwrap()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status, String::from_utf8(text).unwrap())
    }
}

/// The doubles are on this machine, where no resource leads unless it is allowed.
const ALLOW: &str = "--egress-allow=127.0.0.0/8";

async fn mk_running(more: &[&str]) -> (Process, Operator, Mock, u16) {
    let authority = Authority::new();
    let mut operator = Operator::start(authority.acceptor(sluice_proto::SERVER_NAME)).await;
    let mock = Mock::start(MockOptions::default()).await.unwrap();
    let process = Process::start(&authority, &operator, more);
    operator.stream().await;
    assert_eq!(get(process.admin, "/healthz").await.0, 200);
    assert_eq!(
        process.readyz(503).await,
        "not yet: configured\nnot yet: listening\n"
    );
    let port = free_port();
    let one = mk_snapshot(port, mock.addr(), "one");
    operator.publish(1, &one);
    operator.applied(&one).await;
    process.readyz(200).await;
    (process, operator, mock, port)
}

#[tokio::test]
async fn a_pod_that_is_told_to_stop_ends_when_its_requests_have() {
    let (process, _operator, _mock, port) = mk_running(&[ALLOW, "--shutdown-delay=3s"]).await;
    let mut streaming = post(port, CHAT_STREAM, "chunks=25;interval-ms=200").await;
    streaming.body_mut().frame().await.unwrap().unwrap();
    process.terminate();
    assert_eq!(process.readyz(503).await, "not yet: accepting\n");
    // Whoever has not heard yet is still served.
    assert_eq!(chat(port).await.0, 200);
    let (_, metrics) = get(process.admin, "/metrics").await;
    assert!(
        metrics.contains("proxy_requests_total") && metrics.contains("sluice_configuration_info")
    );
    assert!(text(streaming).await.contains("[DONE]"));
    let (status, log) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    for line in [
        "connected",
        "configuration applied",
        "draining",
        "\"all_ended\":true",
    ] {
        assert!(log.contains(line), "{line} in {log}");
    }
    for secret in [PROVIDER_KEY, "secret-token", "of this installation"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (process, _operator, _mock, port) = mk_running(&[ALLOW, "--shutdown-delay=0s"]).await;
    let mut streaming = post(port, CHAT_STREAM, "chunks=3;stall=2").await;
    streaming.body_mut().frame().await.unwrap().unwrap();
    process.terminate();
    process.readyz(503).await;
    process.terminate();
    let (status, log) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("\"all_ended\":false"), "{log}");
}

#[test]
fn wrong_usage_names_the_flag_and_ends_with_2() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_sluice-dataplane"))
            .env_clear()
            .args(args)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, error) = run(&[]);
    assert_eq!(code, Some(2));
    for flag in ["--gateway", "--instance", "--operator"] {
        assert!(error.contains(flag), "{error}");
    }
}

#[tokio::test]
async fn a_pods_resources_do_not_lead_to_the_pod_itself() {
    let (process, _operator, mock, port) = mk_running(&["--shutdown-delay=0s"]).await;
    assert_eq!(chat(port).await.0, 502);
    assert!(mock.requests().is_empty(), "nobody connected");
    process.terminate();
    let (_, log) = process.ended().await;
    assert!(log.contains("an address of the machine itself"), "{log}");
}

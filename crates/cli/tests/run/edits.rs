//! What an edit does, and what it doesn't; ports, signals, and what is said.

use super::super::*;

const CLOSED: &str = r#"
apiVersion: sluice.dev/v1alpha1
kind: AIGateway
metadata: {name: closed}
spec:
  listeners: [{port: 8080}]
  providers: [{name: local, providerType: openai, baseURL: "http://MOCK/v1", apiKey: k}]
  defaultProvider: local
  policy: {authentication: {apiKeys: {secretSelector: {matchLabels: {keys: closed}}}}}
"#;

fn caller(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, labels: {{keys: closed}}}}\nstringData: {{k: sk-{name}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_that_is_taken_out_is_refused_though_another_document_is_broken() {
    let mock = Mock::start(MockOptions::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let gateway = CLOSED.replace("MOCK", &mock.addr().to_string());
    let keys = dir.path().join("keys.yaml");
    std::fs::write(dir.path().join("gateway.yaml"), &gateway).unwrap();
    std::fs::write(&keys, format!("{}---\n{}", caller("alice"), caller("bob"))).unwrap();
    let running = Gateway::start(dir.path(), &["-f", "."]);
    let status = |name: &str| {
        let line = format!("POST /v1/chat/completions?key=sk-{name}");
        running.request(&line, &chat("m"))[9..12].to_owned()
    };
    assert_eq!(
        (status("alice").as_str(), status("bob").as_str()),
        ("200", "200")
    );
    std::fs::write(
        dir.path().join("gateway.yaml"),
        gateway.replace("spec:", "sepc:"),
    )
    .unwrap();
    std::fs::write(&keys, format!("{}---\n{}", caller("bob"), caller("carol"))).unwrap();
    running.until("the key is refused", || status("alice") == "401");
    assert_eq!(
        (status("bob").as_str(), status("carol").as_str()),
        ("200", "200")
    );
    let log = running.stop(dir.path());
    assert!(
        log.contains("sepc") && log.contains("keys taken over, and nothing else"),
        "{log}"
    );
    assert!(!log.contains("sk-alice"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_that_the_environment_lost_is_not_sent_though_the_file_is_broken() {
    let options = MockOptions {
        api_key: Some("from-file".into()),
        ..MockOptions::default()
    };
    let mock = Mock::start(options).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let env = format!("OPENAI_BASE_URL=http://{}/v1\n", mock.addr());
    std::fs::write(dir.path().join("c.yaml"), CONFIG).unwrap();
    std::fs::write(
        dir.path().join(".env"),
        format!("{env}OPENAI_API_KEY=from-file\n"),
    )
    .unwrap();
    let running = Gateway::start(dir.path(), &["--config", "c.yaml"]);
    let ask = || running.request("POST /v1/chat/completions", &chat("gpt-4"));
    assert!(ask().starts_with("HTTP/1.0 200"));
    std::fs::write(
        dir.path().join("c.yaml"),
        CONFIG.replace("models:", "modles:"),
    )
    .unwrap();
    std::fs::write(dir.path().join(".env"), env).unwrap();
    running.until("the key is gone", || ask().starts_with("HTTP/1.0 500"));
}

/// The process' start and its edits, as two listeners on two ports.
const TWO_PORTS: &str = r#"
apiVersion: sluice.dev/v1alpha1
kind: AIGateway
metadata: {name: two}
spec:
  listeners: [{name: one, port: ONE}, {name: two, port: TWO}]
  providers: [{name: local, providerType: openai, baseURL: "http://127.0.0.1:9/v1"}]
  defaultProvider: local
"#;

#[test]
fn a_port_that_comes_free_later_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.yaml");
    let one = sluice_mock::free_port();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let two = taken.local_addr().unwrap().port();
    let both = TWO_PORTS.replace("ONE", &one.to_string());
    std::fs::write(&file, both.replace(", {name: two, port: TWO}", "")).unwrap();
    let running = Gateway::start_on(one, dir.path(), &["-f", "gateway.yaml"]);
    std::fs::write(&file, both.replace("TWO", &two.to_string())).unwrap();
    let log = || std::fs::read_to_string(dir.path().join("log")).unwrap();
    running.until("the port is missed", || {
        log().contains("and is tried again")
    });
    drop(taken);
    running.until("the port is open", || {
        TcpStream::connect(("127.0.0.1", two)).is_ok()
    });
    let log = running.stop(dir.path());
    assert_eq!(log.matches("and is tried again").count(), 1, "{log}");
}

#[test]
fn a_port_that_is_taken_at_the_start_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let text = TWO_PORTS
        .replace(", {name: two, port: TWO}", "")
        .replace("ONE", "8080");
    std::fs::write(dir.path().join("gateway.yaml"), text).unwrap();
    let (code, _, error) = sluice(
        dir.path(),
        &["run", "-f", "gateway.yaml", "--listen", &listen],
    );
    assert!(code == 1 && error.contains(&listen), "{error}");
}

#[test]
fn a_hangup_reads_the_files_again() {
    let dir = tempfile::tempdir().unwrap();
    let port = sluice_mock::free_port();
    let text = TWO_PORTS
        .replace(", {name: two, port: TWO}", "")
        .replace("ONE", &port.to_string());
    std::fs::write(dir.path().join("gateway.yaml"), text).unwrap();
    let running = Gateway::start_on(port, dir.path(), &["-f", "gateway.yaml"]);
    let log = || std::fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(!log().contains("configuration taken over"));
    let id = running.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-HUP", &id])
            .status()
            .unwrap()
            .success()
    );
    running.until("it was read again", || {
        log().contains("configuration taken over")
    });
    running.stop(dir.path());
}

#[test]
fn what_is_said_on_a_terminal_is_printable() {
    let dir = tempfile::tempdir().unwrap();
    let text =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {\"\\e[31m\\n\": 1}\n";
    std::fs::write(dir.path().join("a.yaml"), text).unwrap();
    let (code, out, error) = sluice(dir.path(), &["check", "a.yaml"]);
    assert!(code == 1 && out.contains("\\u{1b}[31m"), "{out}");
    let both = format!("{out}{error}");
    assert!(
        !both.contains(|c: char| c.is_control() && c != '\n'),
        "{both:?}"
    );
    let (_, _, error) = sluice(
        dir.path(),
        &[
            "run",
            "--env-file",
            "\u{1b}]0;x\u{7}",
            "--listen",
            "\u{1b}[31m",
        ],
    );
    assert!(
        !error.contains(|c: char| c.is_control() && c != '\n'),
        "{error:?}"
    );
}

//! Every format that clients speak, at every provider, in every situation. The table that comes out is `docs/reference/matrix.md`.

mod ask;
mod read;

use std::fmt::Write as _;

use ask::{Ask, CLIENTS, Client};
use read::{Said, read};
use serde_json::{Value, json};

use crate::support::{Answer, Lab, PROVIDERS, Plan};

/// A situation: its name, what is asked, what the double does, and what has to come of it.
struct Case {
    name: &'static str,
    ask: fn() -> Ask,
    fault: &'static str,
    check: fn(&Answer, &Said) -> Result<(), String>,
}

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn says(said: &Said, text: &str) -> Result<(), String> {
    ensure(
        said.text == text && said.is_whole,
        &format!("said {:?} and not {text:?}", said.text),
    )
}

fn calls(said: &Said, count: usize) -> Result<(), String> {
    ensure(
        said.calls.len() == count,
        &format!("{} calls and not {count}", said.calls.len()),
    )?;
    ensure(
        said.calls.iter().all(|c| c.name == "get_weather"),
        "another function",
    )?;
    let right = |c: &read::Call| {
        serde_json::from_str::<Value>(&c.arguments).ok() == Some(json!({"city": "text"}))
    };
    ensure(
        said.calls.iter().all(right),
        &format!("arguments {:?}", said.calls),
    )?;
    let mut ids: Vec<&str> = said.calls.iter().map(|c| c.id.as_str()).collect();
    ids.dedup();
    ensure(
        ids.len() == count && ids.iter().all(|id| !id.is_empty()),
        "ids are not apart",
    )?;
    ensure(
        said.is_whole && said.finish == "tools",
        &format!("ended in {:?}", said.finish),
    )
}

/// No stream that broke may look like one that ended.
fn broke(said: &Said) -> Result<(), String> {
    ensure(
        !said.is_whole && said.finish.is_empty(),
        "looks like a clean end",
    )?;
    ensure(said.error.is_some(), "no error in the caller's format")
}

/// What the shape of an answer is called by each client.
const FORMATS: [&str; 4] = [
    "response_format",
    "text.format",
    "output_config.format",
    "generationConfig.responseMimeType",
];

/// Cells that a provider's nature refuses, and says so.
const REFUSED: [(&str, &str); 1] = [("deepseek", "image")];

const CASES: [Case; 16] = [
    Case {
        name: "plain",
        ask: Ask::plain,
        fault: "",
        check: |_, s| says(s, "You said: Hello!"),
    },
    Case {
        name: "system",
        ask: || Ask {
            system: Some("be kind"),
            ..Ask::plain()
        },
        fault: "",
        check: |_, s| says(s, "You said: Hello! [system: be kind]"),
    },
    Case {
        name: "multi-turn",
        ask: || Ask {
            before: vec![("user", "a"), ("assistant", "b")],
            ..Ask::plain()
        },
        fault: "",
        check: |_, s| says(s, "You said: Hello!"),
    },
    Case {
        name: "tools",
        ask: Ask::tools,
        fault: "",
        check: |_, s| calls(s, 1),
    },
    Case {
        name: "parallel tools",
        ask: Ask::tools,
        fault: "tools=2",
        check: |_, s| calls(s, 2),
    },
    Case {
        name: "tool results",
        ask: || Ask {
            result: Some("sunny"),
            ..Ask::tools()
        },
        fault: "",
        check: |_, s| {
            ensure(
                s.text.contains("sunny") && s.is_whole,
                &format!("said {:?}", s.text),
            )
        },
    },
    Case {
        name: "stream",
        ask: || Ask {
            stream: true,
            ..Ask::plain()
        },
        fault: "chunks=3;split=11",
        check: |_, s| says(s, "You said: Hello!"),
    },
    Case {
        name: "stream+tools",
        ask: || Ask {
            stream: true,
            ..Ask::tools()
        },
        fault: "tools=2;split=7",
        check: |_, s| calls(s, 2),
    },
    Case {
        name: "image",
        ask: || Ask {
            image: true,
            ..Ask::plain()
        },
        fault: "",
        check: |_, s| says(s, "You said: Hello!"),
    },
    Case {
        name: "JSON schema",
        ask: || Ask {
            schema: true,
            ..Ask::plain()
        },
        fault: "",
        check: |answer, s| {
            // Where no schema can be asked for, any JSON is.
            let lost = answer.header("x-sluice-dropped");
            if FORMATS.iter().any(|name| lost.contains(name)) {
                let is_object = serde_json::from_str::<Value>(&s.text).is_ok_and(|v| v.is_object());
                return ensure(is_object, &format!("said {:?}", s.text));
            }
            says(s, "{\"answer\":\"text\"}")
        },
    },
    Case {
        name: "reasoning",
        ask: || Ask {
            reasoning: true,
            max: Some(9000),
            ..Ask::plain()
        },
        fault: "reasoning",
        check: |_, s| {
            says(s, "You said: Hello!")?;
            ensure(
                s.reasoning == "The user wants: Hello!",
                &format!("thought {:?}", s.reasoning),
            )
        },
    },
    Case {
        name: "max tokens",
        // The fewest that every provider takes.
        ask: || Ask {
            max: Some(16),
            ..Ask::plain()
        },
        fault: "chunks=20",
        check: |_, s| {
            let sixteen = format!("{}You ", "You said: Hello!".repeat(5));
            ensure(
                s.text == sixteen && s.finish == "length",
                &format!("{:?} {}", s.text, s.finish),
            )
        },
    },
    Case {
        name: "usage",
        ask: || Ask {
            stream: true,
            ..Ask::plain()
        },
        fault: "usage=11/7",
        check: |_, s| ensure(s.usage == (11, 7), &format!("counted {:?}", s.usage)),
    },
    Case {
        name: "errors",
        ask: Ask::plain,
        fault: "status=429;retry-after=3",
        check: |answer, s| {
            ensure(
                answer.status == 429 && answer.header("retry-after") == "3",
                "another status or wait",
            )?;
            ensure(
                s.error.as_deref().is_some_and(|e| !e.is_empty()),
                "no message",
            )
        },
    },
    Case {
        name: "timeout",
        ask: || Ask {
            stream: true,
            ..Ask::plain()
        },
        fault: "chunks=9;stall=3",
        check: |_, s| broke(s),
    },
    Case {
        name: "cut stream",
        ask: || Ask {
            stream: true,
            ..Ask::plain()
        },
        fault: "chunks=9;cut=3",
        check: |_, s| broke(s),
    },
];

/// One cell: what was dropped, or why it is refused.
async fn cell(lab: &Lab, client: Client, provider: &str, case: &Case) -> Result<String, String> {
    let ask = (case.ask)();
    let (path, body) = client.request(&ask, provider);
    let fault = [("x-mock-fault", case.fault)];
    let answer = lab.post(&path, &fault, body.to_string()).await;
    let said = read(client, ask.stream, &answer);
    let expects_error = case.name == "errors";
    if answer.status == 400 && !expects_error {
        let code = answer.json()["error"].to_string();
        return Err(format!("refused: {code}"));
    }
    if answer.status != 200 && !expects_error {
        return Err(format!("status {}: {}", answer.status, answer.text()));
    }
    (case.check)(&answer, &said).map_err(|why| format!("{why}; {}", answer.text()))?;
    Ok(answer.header("x-sluice-dropped").to_owned())
}

#[tokio::test]
async fn every_client_format_works_at_every_provider_in_every_case() {
    let models = PROVIDERS.map(|name| (name, name)).to_vec();
    let slow = ("timeouts", r#"{"request":"400ms"}"#.to_owned());
    let (quick, patient) = (
        Lab::start(&Plan {
            models: models.clone(),
            policies: vec![slow],
            ..Plan::default()
        })
        .await,
        Lab::start(&Plan {
            models,
            ..Plan::default()
        })
        .await,
    );
    let (mut table, mut notes, mut failures, mut cells) =
        (String::new(), Vec::<String>::new(), Vec::new(), 0);
    for client in CLIENTS {
        let head: Vec<&str> = CASES.iter().map(|c| c.name).collect();
        let _ = writeln!(
            table,
            "\n### {}\n\n| | {} |\n| --- |{}",
            client.name(),
            head.join(" | "),
            " --- |".repeat(CASES.len())
        );
        for provider in PROVIDERS {
            let label = if provider == "gpt-5-pro" {
                "openai by Responses"
            } else {
                provider
            };
            let mut row = format!("| {label} |");
            for case in &CASES {
                let lab = if case.name == "timeout" {
                    &quick
                } else {
                    &patient
                };
                cells += 1;
                let refuses = REFUSED.contains(&(provider, case.name));
                let outcome = match cell(lab, client, provider, case).await {
                    Err(why) if refuses && why.starts_with("refused:") => {
                        row.push_str(" – |");
                        continue;
                    }
                    Ok(_) if refuses => Err("was to be refused".to_owned()),
                    outcome => outcome,
                };
                match outcome {
                    Ok(dropped) if dropped.is_empty() => row.push_str(" ✓ |"),
                    Ok(dropped) => {
                        let at = notes.iter().position(|n| *n == dropped).unwrap_or_else(|| {
                            notes.push(dropped);
                            notes.len() - 1
                        });
                        let _ = write!(row, " ✓ ({}) |", at + 1);
                    }
                    Err(why) => {
                        row.push_str(" **✗** |");
                        failures.push(format!(
                            "{} at {provider}, {}: {why}",
                            client.name(),
                            case.name
                        ));
                    }
                }
            }
            table.push_str(&row);
            table.push('\n');
        }
    }
    let notes: String = notes
        .iter()
        .enumerate()
        .map(|(i, note)| format!("{}. without `{note}`\n", i + 1))
        .collect();
    let text = format!(
        "{HEAD}{table}\n{} cells. Left out, and named in `x-sluice-dropped`:\n\n{notes}",
        cells
    );
    settle(&text);
    assert!(
        failures.is_empty(),
        "{} of {cells} cells fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(quick.stop().await && patient.stop().await);
}

const HEAD: &str = "# Every client format at every provider

Written by `cargo xtask verify matrix`: a real data plane in front of doubles that check requests as strictly as the providers do. Each
cell is one request and its answer, read back in the client's format. \"usage\", \"timeout\" and \"cut stream\" are streams; the last
two must end in an error of the client's format.

✓: all of it arrived. ✓ (1): but for what the note says. –: refused with 400, since the provider takes no pictures.
";

/// The table in the documentation is this one.
fn settle(text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/matrix.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let was = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        was == text,
        "{} is another table: run `cargo xtask verify matrix --update`",
        path.display()
    );
}

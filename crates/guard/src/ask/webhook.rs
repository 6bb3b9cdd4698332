//! The words of `docs/guard-webhook.md`: those of kgateway's and agentgateway's guardrail webhooks (`GuardrailsPromptRequest`,
//! `GuardrailsResponseRequest`, and the actions in their answers).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_llm::text::Kind;

use super::{Direction, Misunderstood, Question, Text, Verdict};
use crate::Scope;

/// Longest message for a caller, in bytes.
const MAX_MESSAGE: usize = 1 << 10;

#[derive(Serialize)]
struct Asked<T> {
    body: T,
}

#[derive(Serialize)]
struct Messages<'t> {
    messages: Vec<Message<'t>>,
}

#[derive(Serialize)]
struct Choices<'t> {
    choices: Vec<Choice<'t>>,
}

#[derive(Serialize)]
struct Choice<'t> {
    message: Message<'t>,
}

#[derive(Serialize)]
struct Message<'t> {
    role: &'static str,
    content: &'t str,
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    before: &'t str,
}

impl<'t> Message<'t> {
    fn of(text: &'t Text) -> Self {
        let role = match text.part.kind {
            Kind::System => "system",
            Kind::User => "user",
            Kind::Assistant | Kind::ToolArguments | Kind::Reasoning => "assistant",
            Kind::ToolResults => "tool",
        };
        let kind = Scope::from(text.part.kind).as_str();
        Self {
            role,
            content: &text.text,
            kind,
            before: &text.before,
        }
    }
}

pub(super) fn question(direction: Direction, texts: &[&Text]) -> Question {
    let messages = texts.iter().map(|text| Message::of(text));
    let (path, body) = match direction {
        Direction::Request => (
            "/request",
            serde_json::to_vec(&Asked {
                body: Messages {
                    messages: messages.collect(),
                },
            }),
        ),
        Direction::Response => {
            let choices = messages.map(|message| Choice { message }).collect();
            (
                "/response",
                serde_json::to_vec(&Asked {
                    body: Choices { choices },
                }),
            )
        }
    };
    // Strings in structs: this cannot fail.
    Question {
        path,
        body: body.unwrap_or_default(),
        asked: texts.len(),
    }
}

#[derive(Deserialize)]
struct Answer {
    action: Action,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    body: Value,
    #[serde(default)]
    status_code: Option<i64>,
    #[serde(default, rename = "reason")]
    _reason: serde::de::IgnoredAny,
    /// Whatever else is there.
    #[serde(flatten)]
    other: std::collections::BTreeMap<String, serde::de::IgnoredAny>,
}

/// Which of the three actions it is, the fields tell, as they do for those whose contract it is.
pub(super) fn verdict(
    direction: Direction,
    texts: &[&Text],
    answer: &[u8],
) -> Result<Verdict, Misunderstood> {
    let Answer { action } =
        serde_json::from_slice(answer).map_err(|_| Misunderstood("is no JSON with an action"))?;
    match (action.body, action.status_code) {
        (Value::String(message), status) => Ok(reject(message, status)),
        // Without a word for the caller, and yet no pass.
        (Value::Null, Some(status)) => Ok(reject(String::new(), Some(status))),
        // Who writes {"reject": {…}} means no pass.
        (Value::Null, None) if action.other.is_empty() => Ok(Verdict::Pass),
        (Value::Null, None) => Err(Misunderstood(
            "has an action that is neither pass, mask nor reject",
        )),
        (Value::Object(mut body), _) => {
            let field = if direction == Direction::Request {
                "messages"
            } else {
                "choices"
            };
            let Some(Value::Array(list)) = body.remove(field) else {
                return Err(Misunderstood(
                    "masks without the texts that were asked about",
                ));
            };
            mask(direction, texts, list).map(Verdict::Mask)
        }
        _ => Err(Misunderstood(
            "has an action whose body is neither a text nor texts",
        )),
    }
}

fn reject(mut message: String, status: Option<i64>) -> Verdict {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    let status = status.and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| (400..600).contains(status));
    Verdict::Reject {
        message: Some(message).filter(|text| !text.is_empty()),
        status,
    }
}

fn mask(
    direction: Direction,
    texts: &[&Text],
    list: Vec<Value>,
) -> Result<Vec<String>, Misunderstood> {
    if list.len() != texts.len() {
        return Err(Misunderstood(
            "has another number of texts than was asked about",
        ));
    }
    let mut new = Vec::with_capacity(list.len());
    for (mut one, text) in list.into_iter().zip(texts) {
        let message = if direction == Direction::Request {
            Some(&mut one)
        } else {
            one.get_mut("message")
        };
        let Some(Value::String(content)) =
            message.and_then(|m| m.get_mut("content")).map(Value::take)
        else {
            return Err(Misunderstood("masks with something that is no text"));
        };
        let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if text.whole && text.part.json && is_json(&text.text) && !is_json(&content) {
            return Err(Misunderstood("masks JSON with something that is none"));
        }
        new.push(content);
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_llm::text::Part;

    fn text(kind: Kind, json: bool, text: &str) -> Text {
        Text::whole(Part { kind, json }, text)
    }

    fn said(direction: Direction, texts: &[Text], answer: &str) -> Result<Verdict, Misunderstood> {
        verdict(
            direction,
            &texts.iter().collect::<Vec<_>>(),
            answer.as_bytes(),
        )
    }

    #[test]
    fn the_bodies_are_those_of_the_contract() {
        let mut second = text(Kind::ToolArguments, true, "{}");
        second.before = "x".into();
        let texts = [text(Kind::User, false, "a \"b\""), second];
        let refs: Vec<&Text> = texts.iter().collect();
        let read = |q: Question| (q.path, String::from_utf8(q.body).unwrap());
        assert_eq!(
            read(question(Direction::Request, &refs)),
            (
                "/request",
                r#"{"body":{"messages":[{"role":"user","content":"a \"b\"","kind":"User"},{"role":"assistant","content":"{}","kind":"ToolArguments","before":"x"}]}}"#
                    .to_owned()
            )
        );
        assert_eq!(
            read(question(Direction::Response, &refs[..1])),
            (
                "/response",
                r#"{"body":{"choices":[{"message":{"role":"user","content":"a \"b\"","kind":"User"}}]}}"#
                    .to_owned()
            )
        );
    }

    #[test]
    fn the_fields_of_an_action_say_which_it_is() {
        let texts = [text(Kind::User, false, "a")];
        let request = |answer| said(Direction::Request, &texts, answer);
        for pass in [
            r#"{"action":{}}"#,
            r#"{"action":{"reason":"r"},"x":1}"#,
            r#"{"action":{"reason":null}}"#,
        ] {
            assert_eq!(request(pass), Ok(Verdict::Pass), "{pass}");
        }
        let mask = r#"{"action":{"body":{"messages":[{"role":"x","content":"b"}]},"reason":null}}"#;
        assert_eq!(request(mask), Ok(Verdict::Mask(vec!["b".into()])));
        let choices = r#"{"action":{"body":{"choices":[{"message":{"content":""}}]}}}"#;
        assert_eq!(
            said(Direction::Response, &texts, choices),
            Ok(Verdict::Mask(vec![String::new()]))
        );
        let reject = |message: &str, status| {
            let message = (!message.is_empty()).then(|| message.to_owned());
            Ok(Verdict::Reject { message, status })
        };
        assert_eq!(
            request(r#"{"action":{"body":"no","status_code":451}}"#),
            reject("no", Some(451))
        );
        assert_eq!(request(r#"{"action":{"body":"no"}}"#), reject("no", None));
        assert_eq!(
            request(r#"{"action":{"body":"","status_code":200}}"#),
            reject("", None)
        );
        assert_eq!(
            request(r#"{"action":{"status_code":403}}"#),
            reject("", Some(403))
        );
        let long = format!(
            r#"{{"action":{{"body":"{}","status_code":400}}}}"#,
            "é".repeat(4000)
        );
        assert_eq!(request(&long), reject(&"é".repeat(512), Some(400)));
    }

    #[test]
    fn json_stays_json_and_other_texts_may_become_anything() {
        let masked = |part: Text, content: &str| {
            let body = serde_json::json!({ "messages": [{ "content": content }] });
            let answer = serde_json::json!({ "action": { "body": body } });
            said(Direction::Request, &[part], &answer.to_string()).is_ok()
        };
        let arguments = |text_| text(Kind::ToolArguments, true, text_);
        assert!(masked(arguments("{}"), "[]") && !masked(arguments("{}"), "gone"));
        // What was no JSON before need not become it; a number that a person wrote is a text; and a piece is no whole.
        assert!(masked(arguments("{"), "gone"));
        assert!(masked(text(Kind::User, false, "12"), "gone"));
        let piece = Text {
            whole: false,
            ..arguments("12")
        };
        assert!(masked(piece, "gone"));
    }

    #[test]
    fn an_action_of_another_name_is_told_as_such() {
        let texts = [text(Kind::User, false, "a")];
        let why = |answer| said(Direction::Request, &texts, answer).unwrap_err().0;
        let other = why(r#"{"action":{"reject":{"body":"no"}}}"#);
        assert_eq!(other, "has an action that is neither pass, mask nor reject");
        let odd = why(r#"{"action":{"body":7}}"#);
        assert_eq!(odd, "has an action whose body is neither a text nor texts");
    }

    #[test]
    fn what_is_none_of_the_three_is_no_pass() {
        let texts = [
            text(Kind::User, false, "a"),
            text(Kind::ToolArguments, true, "{\"a\":1}"),
        ];
        for answer in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"action":null}"#,
            r#"{"action":"pass"}"#,
            r#"{"action":{"reject":{"body":"no","status_code":403}}}"#,
            r#"{"action":{"body":7}}"#,
            r#"{"action":{"body":{}}}"#,
            r#"{"action":{"body":{"choices":[]}}}"#,
            r#"{"action":{"body":{"messages":[{"content":"a"}]}}}"#,
            r#"{"action":{"body":{"messages":[{"content":"a"},{"content":null}]}}}"#,
            r#"{"action":{"body":{"messages":[{"content":"a"},7]}}}"#,
            r#"{"action":{"body":{"messages":[{"content":"a"},{"content":"no JSON"}]}}}"#,
        ] {
            assert!(
                said(Direction::Request, &texts, answer).is_err(),
                "{answer}"
            );
        }
    }
}

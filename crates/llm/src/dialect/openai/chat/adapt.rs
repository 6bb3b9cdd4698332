//! A chat request for a provider that speaks chat, but not all of OpenAI's: what it would refuse is renamed or taken out, and nothing
//! else is touched.

use memchr::memmem;

use super::{Manners, NO_THOUGHT, asks_nothing};
use crate::dropped::Dropped;
use crate::json::{Draft, Fields, Object, ScanError, Writer, quote};

/// Edits a request for such a provider.
pub fn adapt(draft: &mut Draft, manners: &Manners, dropped: &mut Dropped) -> Result<(), ScanError> {
    let names: Vec<String> = draft.original().names().collect();
    for name in &names {
        let value = draft.pending(name)?;
        let Some(value) = value else { continue };
        let instead = match name.as_str() {
            "max_completion_tokens" if !manners.completion_tokens => Some("max_tokens"),
            "seed" if manners.seed != "seed" => Some(manners.seed),
            _ => None,
        };
        if let Some(instead) = instead {
            draft.remove(name)?;
            if !draft.has(instead) {
                draft.set(instead, value)?;
            }
            continue;
        }
        let Some(only) = manners.only else { continue };
        let is_empty =
            name == "tools" && value.iter().filter(|b| !b.is_ascii_whitespace()).eq(b"[]");
        if is_empty || !only.contains(&name.as_str()) {
            draft.remove(name)?;
            let says = name != "stream_options" && !is_empty;
            if says && !asks_nothing(name, &String::from_utf8_lossy(&value)) {
                dropped.add(name.clone());
            }
        }
    }
    messages(draft, manners, dropped)?;
    if !manners.schemas {
        any_json(draft, dropped)?;
    }
    if manners.reasoning_history {
        thoughts(draft)
    } else {
        Ok(())
    }
}

/// Asks for any JSON where a schema can't be asked for.
fn any_json(draft: &mut Draft, dropped: &mut Dropped) -> Result<(), ScanError> {
    let Some(format) = draft.pending("response_format")? else {
        return Ok(());
    };
    let kind = std::str::from_utf8(&format)
        .ok()
        .and_then(|text| Fields::parse(text, "").ok()?.text("type", "").ok()?);
    if kind.as_deref() != Some("json_schema") {
        return Ok(());
    }
    dropped.add("response_format");
    draft.set("response_format", "{\"type\":\"json_object\"}")
}

/// Says that nothing was thought where a message has calls and no thoughts: most clients don't give those back.
fn thoughts(draft: &mut Draft) -> Result<(), ScanError> {
    let Some(bytes) = draft.pending("messages")? else {
        return Ok(());
    };
    let is_off = draft
        .pending("thinking")?
        .is_some_and(|value| memmem::find(&value, b"disabled").is_some());
    if is_off || memmem::find(&bytes, b"\"tool_calls\"").is_none() {
        return Ok(());
    }
    let Ok(all) = serde_json::from_slice::<Vec<&serde_json::value::RawValue>>(&bytes) else {
        return Ok(());
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut changed = false;
    out.push(b'[');
    for (i, message) in all.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let lacks = Fields::parse(message.get(), "")
            .is_ok_and(|f| f.has("tool_calls") && !f.has("reasoning_content"));
        if !lacks {
            out.extend_from_slice(message.get().as_bytes());
            continue;
        }
        changed = true;
        let mut message = Draft::new(Object::scan(bytes::Bytes::copy_from_slice(
            message.get().as_bytes(),
        ))?);
        message.set("reasoning_content", quote(NO_THOUGHT))?;
        out.extend_from_slice(&message.finish().concat());
    }
    out.push(b']');
    if changed {
        draft.set("messages", out)
    } else {
        Ok(())
    }
}

/// Messages are written anew only where one of them has to change.
fn messages(draft: &mut Draft, manners: &Manners, dropped: &mut Dropped) -> Result<(), ScanError> {
    let Some(bytes) = draft.pending("messages")? else {
        return Ok(());
    };
    let has_developer = !manners.developer && memmem::find(&bytes, b"\"developer\"").is_some();
    if manners.message_only.is_none() && !has_developer {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Ok(());
    };
    // What is no list of objects is for the provider to refuse.
    let Ok(all) = serde_json::from_str::<Vec<Fields<'_>>>(text) else {
        return Ok(());
    };
    let (mut out, mut changed) = (Vec::with_capacity(text.len()), false);
    Writer::new(&mut out).array(|w| {
        for message in all {
            w.object(|w| {
                for (name, value) in message.rest() {
                    let is_known = manners
                        .message_only
                        .is_none_or(|only| only.contains(&&*name));
                    if !is_known {
                        changed = true;
                        if !asks_nothing(&name, value.get()) {
                            dropped.add(format!("messages[].{name}"));
                        }
                    } else if name == "role" && value.get() == "\"developer\"" && !manners.developer
                    {
                        changed = true;
                        w.put("role", "system");
                    } else {
                        w.name(&name).raw(value.get());
                    }
                }
            });
        }
    });
    if changed {
        draft.set("messages", out)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::json::Object;
    use crate::provider::by_type;

    fn adapted(provider: &str, body: &str) -> (String, Option<String>) {
        let mut draft = Draft::new(Object::scan(Bytes::copy_from_slice(body.as_bytes())).unwrap());
        let mut dropped = Dropped::default();
        adapt(
            &mut draft,
            &by_type(provider).unwrap().quirks.chat,
            &mut dropped,
        )
        .unwrap();
        (
            String::from_utf8(draft.finish().concat().to_vec()).unwrap(),
            dropped.header(),
        )
    }

    #[test]
    fn a_strict_provider_gets_what_it_takes_and_the_rest_is_named() {
        let body = r#"{"model":"m","seed":1,"max_completion_tokens":5,"logit_bias":{"1":1},"store":false,"tools":[],"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"developer","content":"a"},{"role":"assistant","content":"b","reasoning_content":"c","refusal":null}]}"#;
        let want = r#"{"model":"m","stream":true,"messages":[{"role":"system","content":"a"},{"role":"assistant","content":"b"}],"random_seed":1,"max_tokens":5}"#;
        assert_eq!(
            adapted("mistral", body),
            (
                want.to_owned(),
                Some("logit_bias,messages[].reasoning_content".to_owned())
            )
        );
    }

    #[test]
    fn deepseek_gets_a_thought_beside_each_call_and_no_schema() {
        let body = r#"{"model":"m","response_format":{"type":"json_schema","json_schema":{}},"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"reasoning_content":null,"tool_calls":[{"id":"1"}]},{"role":"assistant","reasoning_content":"hm","tool_calls":[]}]}"#;
        let (sent, dropped) = adapted("deepseek", body);
        let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(
            sent["response_format"],
            serde_json::json!({"type": "json_object"})
        );
        assert_eq!(
            (
                &sent["messages"][1]["reasoning_content"],
                &sent["messages"][1]["content"]
            ),
            (&" ".into(), &serde_json::Value::Null)
        );
        assert_eq!(sent["messages"][2]["reasoning_content"], "hm");
        assert_eq!(dropped.as_deref(), Some("response_format"));
        let off =
            r#"{"thinking":{"type":"disabled"},"messages":[{"role":"assistant","tool_calls":[]}]}"#;
        assert_eq!(adapted("deepseek", off), (off.to_owned(), None));
    }

    #[test]
    fn what_needs_no_change_stays_byte_for_byte() {
        let body = r#"{ "model" : "m", "messages":[ {"content":"developer" ,"role":"user"} ], "temperature":1.0 }"#;
        assert_eq!(adapted("mistral", body), (body.to_owned(), None));
        assert_eq!(adapted("deepseek", body), (body.to_owned(), None));
    }
}

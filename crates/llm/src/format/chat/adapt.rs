//! A chat request for a provider that speaks chat, but not all of OpenAI's: what it would refuse is renamed or taken out, and nothing
//! else is touched.

use memchr::memmem;

use super::{Manners, asks_nothing};
use crate::dropped::Dropped;
use crate::json::{Draft, Fields, ScanError, Writer};

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
        let is_empty = name == "tools" && value.iter().filter(|b| !b.is_ascii_whitespace()).eq(b"[]");
        if is_empty || !only.contains(&name.as_str()) {
            draft.remove(name)?;
            let says = name != "stream_options" && !is_empty;
            if says && !asks_nothing(name, &String::from_utf8_lossy(&value)) {
                dropped.add(name.clone());
            }
        }
    }
    messages(draft, manners, dropped)
}

/// Messages are written anew only where one of them has to change.
fn messages(draft: &mut Draft, manners: &Manners, dropped: &mut Dropped) -> Result<(), ScanError> {
    let Some(bytes) = draft.pending("messages")? else { return Ok(()) };
    let has_developer = !manners.developer && memmem::find(&bytes, b"\"developer\"").is_some();
    if manners.message_only.is_none() && !has_developer {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
    // What is no list of objects is for the provider to refuse.
    let Ok(all) = serde_json::from_str::<Vec<Fields<'_>>>(text) else { return Ok(()) };
    let (mut out, mut changed) = (Vec::with_capacity(text.len()), false);
    Writer::new(&mut out).array(|w| {
        for message in all {
            w.object(|w| {
                for (name, value) in message.rest() {
                    let is_known = manners.message_only.is_none_or(|only| only.contains(&&*name));
                    if !is_known {
                        changed = true;
                        if !asks_nothing(&name, value.get()) {
                            dropped.add(format!("messages[].{name}"));
                        }
                    } else if name == "role" && value.get() == "\"developer\"" && !manners.developer {
                        changed = true;
                        w.put("role", "system");
                    } else {
                        w.name(&name).raw(value.get());
                    }
                }
            });
        }
    });
    if changed { draft.set("messages", out) } else { Ok(()) }
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
        adapt(&mut draft, &by_type(provider).unwrap().quirks.chat, &mut dropped).unwrap();
        (String::from_utf8(draft.finish().concat().to_vec()).unwrap(), dropped.header())
    }

    #[test]
    fn a_strict_provider_gets_what_it_takes_and_the_rest_is_named() {
        let body = r#"{"model":"m","seed":1,"max_completion_tokens":5,"logit_bias":{"1":1},"store":false,"tools":[],"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"developer","content":"a"},{"role":"assistant","content":"b","reasoning_content":"c","refusal":null}]}"#;
        let want = r#"{"model":"m","stream":true,"messages":[{"role":"system","content":"a"},{"role":"assistant","content":"b"}],"random_seed":1,"max_tokens":5}"#;
        assert_eq!(
            adapted("mistral", body),
            (want.to_owned(), Some("logit_bias,messages[].reasoning_content".to_owned()))
        );
    }

    #[test]
    fn what_needs_no_change_stays_byte_for_byte() {
        let body =
            r#"{ "model" : "m", "messages":[ {"content":"developer" ,"role":"user"} ], "temperature":1.0 }"#;
        assert_eq!(adapted("mistral", body), (body.to_owned(), None));
        assert_eq!(adapted("deepseek", body), (body.to_owned(), None));
    }
}

//! Bytes on their way: cuts, ends, framing, and what vendors add.

use bytes::Bytes;
use sluice_llm::event::Finish;
use sluice_llm::flow::{Door, End, Tally};
use sluice_llm::usage::Usage;
use sluice_llm::{Operation, Wire, sse};

use crate::heard::{CLIENTS, hear, input, inputs, through};

fn relayed(wire: Wire, pieces: &[&[u8]]) -> (Vec<u8>, Usage, End) {
    let mut tally = Tally::new(wire, Operation::Chat, false);
    let (mut door, mut out) = (Door::events(), Vec::new());
    let mut pass = |frame| {
        tally.frame(frame, &mut |frame| {
            out.extend_from_slice(&frame.into_bytes())
        });
    };
    for piece in pieces {
        door.push(Bytes::copy_from_slice(piece), &mut pass);
    }
    door.close().into_iter().for_each(pass);
    let reading = tally.reading();
    (out, reading.usage, reading.end.unwrap())
}

#[test]
fn t1_every_stream_cut_at_every_byte_gives_the_same() {
    for (wire, name, stream) in inputs("streams", "in.sse") {
        let passes = CLIENTS.contains(&wire);
        let whole = relayed(wire, &[&stream]);
        let translated: Vec<Vec<u8>> = CLIENTS.map(|to| through(wire, to, &[&stream])).into();
        for cut in 0..=stream.len() {
            let pieces = [&stream[..cut], &stream[cut..]];
            if passes {
                assert_eq!(relayed(wire, &pieces), whole, "{name} cut at {cut}");
                assert_eq!(whole.0, stream, "{name} is not passed on as it came");
            }
            // Each cut is tried for one client, in turn: the golden tests try all.
            let to = cut % CLIENTS.len();
            assert_eq!(
                through(wire, CLIENTS[to], &pieces),
                translated[to],
                "{name} cut at {cut}"
            );
        }
    }
}

#[test]
fn t2_a_character_of_several_bytes_survives_a_cut_within_it() {
    let text = "é日本🐧\u{1f468}\u{200d}\u{1f469}";
    let stream = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let start = stream.find(text).unwrap();
    for cut in start..start + text.len() {
        let (a, b) = stream.as_bytes().split_at(cut);
        assert_eq!(
            hear(
                Wire::Messages,
                &through(Wire::Chat, Wire::Messages, &[a, b])
            )
            .text,
            text
        );
        assert_eq!(relayed(Wire::Chat, &[a, b]).0, stream.as_bytes());
    }
}

#[test]
fn t3_the_last_event_counts_without_its_blank_line() {
    for (wire, path) in [
        (
            Wire::Chat,
            "streams/chat/deepseek_usage_on_finish_without_blank_line/in.sse",
        ),
        (
            Wire::Messages,
            "streams/anthropic/thinking_text_tools/in.sse",
        ),
        (
            Wire::Responses,
            "streams/responses/reasoning_text_and_calls/in.sse",
        ),
        (
            Wire::Cohere,
            "streams/cohere/plan_and_parallel_calls/in.sse",
        ),
    ] {
        let whole = input(path);
        let bare = whole.trim_ascii_end();
        assert_eq!(hear(wire, bare), hear(wire, &whole), "{path}");
        assert_eq!(hear(wire, bare).end, Some(Ok(())), "{path}");
        assert!(hear(wire, bare).usage.is_known(), "{path}");
        if CLIENTS.contains(&wire) {
            let (_, usage, end) = relayed(wire, &[bare]);
            assert!(usage.is_known() && end == End::Complete, "{path}");
        }
    }
}

#[test]
fn t4_every_legal_way_to_write_an_event_is_read_alike() {
    let plain = String::from_utf8(input("streams/anthropic/thinking_text_tools/in.sse")).unwrap();
    let want = hear(Wire::Messages, plain.as_bytes());
    assert!(!want.text.is_empty() && want.end == Some(Ok(())));
    for (name, written) in [
        (
            "no blank after the colon",
            plain
                .replace("data: ", "data:")
                .replace("event: ", "event:"),
        ),
        ("CRLF", plain.replace('\n', "\r\n")),
        ("CR", plain.replace('\n', "\r")),
        (
            "comments",
            plain.replace("event: ", ": keep-alive\n\n:\nevent: "),
        ),
        (
            "id and retry",
            plain.replace("event: ", "id: 1\nretry: 100\nevent: "),
        ),
        (
            "data in several lines",
            plain.replace("{\"type\":", "{\ndata: \"type\":\ndata:"),
        ),
        ("a byte order mark", format!("\u{feff}{plain}")),
        ("the name after the data", {
            let events: Vec<String> = plain
                .split("\n\n")
                .map(|event| event.lines().rev().collect::<Vec<_>>().join("\n"))
                .collect();
            events.join("\n\n")
        }),
    ] {
        assert_eq!(hear(Wire::Messages, written.as_bytes()), want, "{name}");
        assert_eq!(
            relayed(Wire::Messages, &[written.as_bytes()]).2,
            End::Complete,
            "{name}"
        );
    }
}

#[test]
fn t5_azure_s_events_without_choices_or_delta_say_nothing_and_stay() {
    let stream = input("streams/chat/azure_first_chunk_and_offsets/in.sse");
    let text = String::from_utf8(stream.clone()).unwrap();
    assert!(
        text.contains("\"choices\":[]") && text.contains("content_filter_offsets"),
        "{text}"
    );
    assert_eq!(relayed(Wire::Chat, &[&stream]).0, stream);
    let heard = hear(Wire::Chat, &stream);
    assert_eq!(
        (heard.end, heard.finish),
        (Some(Ok(())), Some(Finish::Stop))
    );
    for to in [Wire::Messages, Wire::Responses, Wire::Generate] {
        let out = through(Wire::Chat, to, &[&stream]);
        let told = String::from_utf8_lossy(&out);
        assert!(
            !told.contains("content_filter") && !told.contains("prompt_filter"),
            "{told}"
        );
        assert!(
            !told.contains("\"model\":\"\"") && !told.contains("\"modelVersion\":\"\""),
            "{told}"
        );
    }
}

#[test]
fn t6_usage_on_the_last_chunk_empty_ids_and_obfuscation_are_no_news() {
    let deepseek = hear(
        Wire::Chat,
        &input("streams/chat/deepseek_usage_on_finish_without_blank_line/in.sse"),
    );
    assert!(
        deepseek.usage.is_known() && deepseek.finish.is_some(),
        "{deepseek:?}"
    );
    let qwen = hear(Wire::Chat, &input("streams/chat/qwen_empty_ids/in.sse"));
    assert_eq!(
        qwen.calls,
        [("call_q".to_owned(), "f".to_owned(), "{\"a\":1}".to_owned())]
    );
    assert_eq!((qwen.usage.input, qwen.usage.output), (Some(4), Some(6)));
    let plain = String::from_utf8(input("streams/chat/text_with_usage/in.sse")).unwrap();
    let obfuscated = plain.replace("{\"id\"", "{\"obfuscation\":\"xYz\",\"id\"");
    assert_ne!(obfuscated, plain);
    assert_eq!(
        hear(Wire::Chat, obfuscated.as_bytes()),
        hear(Wire::Chat, plain.as_bytes())
    );
    let told = through(Wire::Chat, Wire::Messages, &[obfuscated.as_bytes()]);
    assert!(!String::from_utf8_lossy(&told).contains("obfuscation"));
}

#[test]
fn t9_thoughts_keep_their_proofs_whatever_pieces_those_come_in() {
    let only = input("streams/anthropic/signature_only/in.sse");
    let heard = hear(Wire::Messages, &only);
    assert_eq!(
        (heard.reasoning.as_str(), heard.signatures.as_str()),
        ("", "c2ln")
    );
    let chat = String::from_utf8(through(Wire::Messages, Wire::Chat, &[&only])).unwrap();
    assert!(
        chat.contains("\"thinking_blocks\"") && chat.contains("\"signature\":\"c2ln\""),
        "{chat}"
    );
    let several = input("streams/anthropic/thinking_text_tools/in.sse");
    let heard = hear(Wire::Messages, &several);
    assert_eq!(
        (heard.reasoning.as_str(), heard.signatures.as_str()),
        ("Let me", "c2ln")
    );
    assert_eq!(heard.redacted, ["eHl6"]);
    let chat = String::from_utf8(through(Wire::Messages, Wire::Chat, &[&several])).unwrap();
    // In one piece, since clients give it back as it came.
    assert!(
        chat.contains("\"signature\":\"c2ln\"") && chat.contains("\"data\":\"eHl6\""),
        "{chat}"
    );
    let mut frames = sse::Decoder::default();
    let responses = through(Wire::Messages, Wire::Responses, &[&several]);
    let mut sealed = Vec::new();
    frames
        .push(Bytes::from(responses), |event| {
            // Pings are comments here.
            let Some(data) = event.data() else { return };
            let data: serde_json::Value = serde_json::from_slice(&data).unwrap();
            if data["type"] == "response.output_item.done" && data["item"]["type"] == "reasoning" {
                sealed.push(
                    data["item"]["encrypted_content"]
                        .as_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        })
        .unwrap();
    assert_eq!(sealed, ["sluice.signed.c2ln", "sluice.redacted.eHl6"]);
}

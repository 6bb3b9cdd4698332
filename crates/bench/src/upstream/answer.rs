//! What the upstream says: once made, always the same bytes.

use bytes::Bytes;

use super::Plan;

/// In OpenAI's format.
pub(super) fn chat(plan: &Plan) -> Vec<Bytes> {
    match plan {
        Plan::Json(size) => whole(&filled(*size, |text| {
            format!(
                "{{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"bench\",\
                 \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\",\"refusal\":null}},\
                 \"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":100,\"completion_tokens\":150,\
                 \"total_tokens\":250}}}}"
            )
        })),
        Plan::Sse { chunks, size, .. } => {
            let event = |i: usize| {
                filled(*size, |text| {
                    format!(
                        "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
                         \"model\":\"bench\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{i} {text}\"}},\
                         \"finish_reason\":null}}]}}\n\n"
                    )
                })
            };
            let finish = "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
                          \"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\
                          \"usage\":{\"prompt_tokens\":100,\"completion_tokens\":64,\"total_tokens\":164}}\n\n";
            stream("", (0..*chunks).map(event), &[finish, "data: [DONE]\n\n"])
        }
    }
}

/// In Anthropic's format.
pub(super) fn messages(plan: &Plan) -> Vec<Bytes> {
    match plan {
        Plan::Json(size) => whole(&filled(*size, |text| {
            format!(
                "{{\"id\":\"msg_bench\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"bench\",\
                 \"content\":[{{\"type\":\"text\",\"text\":\"{text}\"}}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\
                 \"usage\":{{\"input_tokens\":100,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\
                 \"output_tokens\":150}}}}"
            )
        })),
        Plan::Sse { chunks, size, .. } => {
            let first = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_bench\",\
                         \"type\":\"message\",\"role\":\"assistant\",\"model\":\"bench\",\"content\":[],\"stop_reason\":null,\
                         \"stop_sequence\":null,\"usage\":{\"input_tokens\":100,\"output_tokens\":1}}}\n\n\
                         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\
                         \"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
            let event = |i: usize| {
                filled(*size, |text| {
                    format!(
                        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
                         \"delta\":{{\"type\":\"text_delta\",\"text\":\"{i} {text}\"}}}}\n\n"
                    )
                })
            };
            let last = [
                "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\
                 \"stop_sequence\":null},\"usage\":{\"output_tokens\":64}}\n\n",
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            ];
            stream(first, (0..*chunks).map(event), &last)
        }
    }
}

fn whole(body: &str) -> Vec<Bytes> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
    vec![Bytes::from(format!("{head}{}\r\n\r\n{body}", body.len()))]
}

/// What comes before the first event goes with the head, what comes after the last one in one piece.
fn stream(first: &str, events: impl Iterator<Item = String>, last: &[&str]) -> Vec<Bytes> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let first = if first.is_empty() {
        head.to_owned()
    } else {
        head.to_owned() + &framed(first)
    };
    let last = last.iter().map(|event| framed(event)).collect::<String>() + "0\r\n\r\n";
    let pieces = [first]
        .into_iter()
        .chain(events.map(|event| framed(&event)))
        .chain([last]);
    pieces.map(Bytes::from).collect()
}

/// A frame, filled up to about this many bytes.
fn filled(size: usize, frame: impl Fn(&str) -> String) -> String {
    let rest = size.saturating_sub(frame("").len());
    frame(&"lorem ipsum ".repeat(rest / 12 + 1)[..rest])
}

fn framed(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

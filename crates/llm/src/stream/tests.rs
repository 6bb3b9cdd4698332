use super::*;

const OPEN_AI: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{}\"},\"finish_reason\":null}],\"usage\":null}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n\
    data: [DONE]\n\n";

fn run(relay: &mut Relay, chunks: &[&[u8]]) -> String {
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&relay.push(Bytes::copy_from_slice(chunk)).unwrap());
    }
    out.extend_from_slice(&relay.finish());
    String::from_utf8(out).unwrap()
}

fn mk_relay(strip: bool) -> Relay {
    Relay::new(Format::OpenAi, Operation::Chat, strip)
}

#[test]
fn a_stream_passes_byte_for_byte_at_every_cut() {
    for cut in 0..=OPEN_AI.len() {
        let mut relay = mk_relay(false);
        let (a, b) = OPEN_AI.as_bytes().split_at(cut);
        assert_eq!(run(&mut relay, &[a, b]), OPEN_AI);
        assert_eq!(
            (relay.usage().input, relay.usage().output, relay.end()),
            (Some(3), Some(4), End::Complete)
        );
    }
}

#[test]
fn the_usage_chunk_nobody_asked_for_is_taken_out_at_every_cut() {
    let lines: Vec<&str> = OPEN_AI.split_inclusive("\n\n").collect();
    let want = [lines[0], lines[1], lines[3]].concat();
    for cut in 0..=OPEN_AI.len() {
        let mut relay = mk_relay(true);
        let (a, b) = OPEN_AI.as_bytes().split_at(cut);
        assert_eq!(run(&mut relay, &[a, b]), want, "cut at {cut}");
        assert_eq!(relay.usage().output, Some(4));
    }
}

#[test]
fn usage_that_a_caller_wrote_is_not_counted() {
    let event = "data: {\"type\":\"response.completed\",\"response\":{\"metadata\":{\"usage\":{\"input_tokens\":99}},\"usage\":{\"input_tokens\":5}}}\n\n";
    let mut relay = Relay::new(Format::OpenAi, Operation::Responses, false);
    run(&mut relay, &[event.as_bytes()]);
    assert_eq!(relay.usage().input, Some(5));
}

#[test]
fn azure_s_first_chunk_without_choices_stays() {
    let first = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
    assert_eq!(run(&mut mk_relay(true), &[first.as_bytes()]), first);
}

#[test]
fn the_end_is_known_by_format() {
    for (format, operation, stream, end) in [
        (
            Format::OpenAi,
            Operation::Chat,
            "data: {\"choices\":[{\"finish_reason\":null}]}\n\n",
            End::Open,
        ),
        (
            Format::OpenAi,
            Operation::Chat,
            "data: {\"error\":{\"message\":\"x\"}}\n\n",
            End::Failed,
        ),
        (
            Format::OpenAi,
            Operation::Chat,
            "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}",
            End::Complete,
        ),
        (
            Format::OpenAi,
            Operation::Responses,
            "event: response.completed\ndata: {}\n\n",
            End::Complete,
        ),
        (
            Format::OpenAi,
            Operation::Responses,
            "data: {\"type\":\"response.failed\"}\n\n",
            End::Failed,
        ),
        (
            Format::Anthropic,
            Operation::Chat,
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            End::Complete,
        ),
        (
            Format::Anthropic,
            Operation::Chat,
            "event: error\ndata: {\"type\":\"error\"}\n\n",
            End::Failed,
        ),
        (
            Format::Anthropic,
            Operation::Chat,
            "event: message_delta\ndata: {}\n\n",
            End::Open,
        ),
        (
            Format::Gemini,
            Operation::Chat,
            "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n",
            End::Complete,
        ),
        (
            Format::OpenAi,
            Operation::Chat,
            "data: {\"id\":1,\"error\":{\"message\":\"x\"}}\n\n",
            End::Failed,
        ),
        (
            Format::OpenAi,
            Operation::Media,
            "data: {\"type\":\"transcript.text.done\"}\n\n",
            End::Complete,
        ),
        (
            Format::Gemini,
            Operation::Chat,
            "data: {\"candidates\":[{\"content\":{\"finishReason\":1}}]}\n\n",
            End::Open,
        ),
        (
            Format::Gemini,
            Operation::Chat,
            "data: {\"candidates\":[{}]}\n\n",
            End::Open,
        ),
    ] {
        let mut relay = Relay::new(format, operation, false);
        run(&mut relay, &[stream.as_bytes()]);
        assert_eq!(relay.end(), end, "{stream}");
    }
}

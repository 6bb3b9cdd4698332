use bytes::Bytes;

use super::*;
use crate::flow::{Door, Join};

const OPEN_AI: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{}\"},\"finish_reason\":null}],\"usage\":null}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n\
    data: [DONE]\n\n";

fn run(tally: &mut Tally, chunks: &[&[u8]]) -> String {
    let (mut door, mut join, mut out) = (Door::events(), Join::default(), Vec::new());
    for chunk in chunks {
        let chunk = Bytes::copy_from_slice(chunk);
        join.source(&chunk);
        door.push(chunk, &mut |frame| {
            tally.frame(frame, &mut |frame| join.push(frame))
        });
        out.extend_from_slice(&join.take());
    }
    if let Some(frame) = door.close() {
        tally.frame(frame, &mut |frame| join.push(frame));
    }
    out.extend_from_slice(&join.take());
    String::from_utf8(out).unwrap()
}

fn mk_tally(strip: bool) -> Tally {
    Tally::new(Wire::Chat, Operation::Chat, strip)
}

#[test]
fn a_stream_passes_byte_for_byte_at_every_cut() {
    for cut in 0..=OPEN_AI.len() {
        let mut tally = mk_tally(false);
        let (a, b) = OPEN_AI.as_bytes().split_at(cut);
        assert_eq!(run(&mut tally, &[a, b]), OPEN_AI);
        assert_eq!(
            (
                tally.reading().usage.input,
                tally.reading().usage.output,
                tally.reading().end.unwrap()
            ),
            (Some(3), Some(4), End::Complete)
        );
    }
}

#[test]
fn the_usage_chunk_nobody_asked_for_is_taken_out_at_every_cut() {
    let lines: Vec<&str> = OPEN_AI.split_inclusive("\n\n").collect();
    let want = [lines[0], lines[1], lines[3]].concat();
    for cut in 0..=OPEN_AI.len() {
        let mut tally = mk_tally(true);
        let (a, b) = OPEN_AI.as_bytes().split_at(cut);
        assert_eq!(run(&mut tally, &[a, b]), want, "cut at {cut}");
        assert_eq!(tally.reading().usage.output, Some(4));
    }
}

#[test]
fn usage_that_a_caller_wrote_is_not_counted() {
    let event = "data: {\"type\":\"response.completed\",\"response\":{\"metadata\":{\"usage\":{\"input_tokens\":99}},\"usage\":{\"input_tokens\":5}}}\n\n";
    let mut tally = Tally::new(Wire::Responses, Operation::Chat, false);
    run(&mut tally, &[event.as_bytes()]);
    assert_eq!(tally.reading().usage.input, Some(5));
}

#[test]
fn azure_s_first_chunk_without_choices_stays() {
    let first = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
    assert_eq!(run(&mut mk_tally(true), &[first.as_bytes()]), first);
}

#[test]
fn after_a_failure_no_word_makes_an_answer_complete() {
    for (wire, operation, stream) in [
        (
            Wire::Chat,
            Operation::Chat,
            "data: {\"error\":{\"message\":\"x\"}}\n\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ),
        (
            Wire::Responses,
            Operation::Chat,
            "data: {\"type\":\"response.failed\"}\n\ndata: {\"type\":\"response.completed\"}\n\n",
        ),
        (
            Wire::Messages,
            Operation::Chat,
            "event: error\ndata: {}\n\nevent: message_stop\ndata: {}\n\n",
        ),
        (
            Wire::Generate,
            Operation::Chat,
            "data: {\"error\":{}}\n\ndata: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n",
        ),
    ] {
        let mut tally = Tally::new(wire, operation, false);
        assert_eq!(run(&mut tally, &[stream.as_bytes()]), stream);
        assert_eq!(tally.reading().end, Some(End::Failed), "{stream}");
    }
}

#[test]
fn of_what_can_t_be_cut_nothing_is_known_and_all_passes() {
    let long = [b"data: ".as_slice(), &vec![b'x'; crate::sse::MAX_EVENT]].concat();
    let mut tally = mk_tally(true);
    let out = run(
        &mut tally,
        &[b"data: 1\n\n", &long, b"\n\ndata: [DONE]\n\n"],
    );
    assert_eq!(out.len(), 9 + long.len() + 16);
    assert_eq!(tally.reading().end, None);
}

#[test]
fn the_end_is_known_by_format() {
    for (wire, operation, stream, end) in [
        (
            Wire::Chat,
            Operation::Chat,
            "data: {\"choices\":[{\"finish_reason\":null}]}\n\n",
            End::Open,
        ),
        (
            Wire::Chat,
            Operation::Chat,
            "data: {\"error\":{\"message\":\"x\"}}\n\n",
            End::Failed,
        ),
        (
            Wire::Chat,
            Operation::Chat,
            "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}",
            End::Complete,
        ),
        (
            Wire::Responses,
            Operation::Chat,
            "event: response.completed\ndata: {}\n\n",
            End::Complete,
        ),
        (
            Wire::Responses,
            Operation::Chat,
            "data: {\"type\":\"response.failed\"}\n\n",
            End::Failed,
        ),
        (
            Wire::Messages,
            Operation::Chat,
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            End::Complete,
        ),
        (
            Wire::Messages,
            Operation::Chat,
            "event: error\ndata: {\"type\":\"error\"}\n\n",
            End::Failed,
        ),
        (
            Wire::Messages,
            Operation::Chat,
            "event: message_delta\ndata: {}\n\n",
            End::Open,
        ),
        (
            Wire::Generate,
            Operation::Chat,
            "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n",
            End::Complete,
        ),
        (
            Wire::Chat,
            Operation::Chat,
            "data: {\"id\":1,\"error\":{\"message\":\"x\"}}\n\n",
            End::Failed,
        ),
        (
            Wire::Chat,
            Operation::Media,
            "data: {\"type\":\"transcript.text.done\"}\n\n",
            End::Complete,
        ),
        (
            Wire::Generate,
            Operation::Chat,
            "data: {\"candidates\":[{\"content\":{\"finishReason\":1}}]}\n\n",
            End::Open,
        ),
        (
            Wire::Generate,
            Operation::Chat,
            "data: {\"candidates\":[{}]}\n\n",
            End::Open,
        ),
    ] {
        let mut tally = Tally::new(wire, operation, false);
        run(&mut tally, &[stream.as_bytes()]);
        assert_eq!(tally.reading().end.unwrap(), end, "{stream}");
    }
}

//! From an answer's events to what is put on the wire, and when. Faults of the stream are applied here, without I/O.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::fault::Fault;

/// What DeepSeek keeps a slow whole answer alive with.
pub(crate) const BLANK: &[u8] = b"\n\n\n";

/// One thing done on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Write these bytes.
    Write(Bytes),
    /// Wait.
    Wait(Duration),
    /// Say nothing more, until the client goes away.
    Stall,
    /// Reset the connection.
    Reset,
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The `event:` line, where the provider sends one.
    pub(crate) name: Option<&'static str>,
    /// The `data:` line.
    pub(crate) data: String,
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Sse,
    /// A JSON array, as Gemini streams without `alt=sse`.
    Array,
    /// AWS' event stream.
    Aws,
}

/// The script of a stream.
pub(crate) fn stream(
    events: Vec<Event>,
    error: Event,
    framing: Framing,
    fault: &Fault,
) -> VecDeque<Step> {
    let mut steps = VecDeque::new();
    let mut broke = false;
    if !fault.first_delay.is_zero() {
        steps.push_back(Step::Wait(fault.first_delay));
    }
    for (n, event) in events.into_iter().enumerate() {
        if let Some(end) = end_at(n, fault) {
            steps.push_back(end);
            broke = true;
            break;
        }
        if n > 0 && !fault.interval.is_zero() {
            steps.push_back(Step::Wait(fault.interval));
        }
        if fault.error_event == Some(n) {
            steps.push_back(Step::Write(frame(&error, n, framing, fault)));
            break;
        }
        let event = if fault.malformed == Some(n) {
            malformed(&event)
        } else {
            event
        };
        steps.push_back(Step::Write(frame(&event, n, framing, fault)));
    }
    if framing == Framing::Array && !broke {
        steps.push_back(Step::Write(Bytes::from_static(b"]")));
    }
    if fault.no_final_blank_line && framing == Framing::Sse && !broke {
        trim_end(&mut steps);
    }
    on_bytes(steps, fault)
}

/// The script of an answer that comes whole; it counts as one event.
pub(crate) fn whole(body: Bytes, fault: &Fault) -> VecDeque<Step> {
    let mut steps = VecDeque::new();
    if !fault.first_delay.is_zero() {
        steps.push_back(Step::Wait(fault.first_delay));
    }
    if fault.comments {
        steps.push_back(Step::Write(Bytes::from_static(BLANK)));
    }
    if let Some(end) = end_at(0, fault) {
        steps.push_back(end);
    } else if fault.malformed == Some(0) {
        steps.push_back(Step::Write(body.slice(..body.len() / 2)));
    } else {
        steps.push_back(Step::Write(body));
    }
    on_bytes(steps, fault)
}

fn end_at(event: usize, fault: &Fault) -> Option<Step> {
    if fault.cut == Some(event) {
        return Some(Step::Reset);
    }
    (fault.stall == Some(event)).then_some(Step::Stall)
}

fn malformed(event: &Event) -> Event {
    let half = event.data.len() / 2;
    let at = (0..=half)
        .rev()
        .find(|&i| event.data.is_char_boundary(i))
        .unwrap_or(0);
    Event {
        name: event.name,
        data: format!("{} oops", &event.data[..at]),
    }
}

fn frame(event: &Event, n: usize, framing: Framing, fault: &Fault) -> Bytes {
    if framing == Framing::Array {
        return Bytes::from(format!(
            "{}{}",
            if n == 0 { "[" } else { ",\r\n" },
            event.data
        ));
    }
    if framing == Framing::Aws {
        return crate::bedrock::frame(event.name.unwrap_or("chunk"), &event.data);
    }
    let eol = if fault.crlf { "\r\n" } else { "\n" };
    let comment = if fault.comments {
        format!(": keep-alive{eol}{eol}")
    } else {
        String::new()
    };
    let name = event
        .name
        .map(|n| format!("event: {n}{eol}"))
        .unwrap_or_default();
    Bytes::from(format!("{comment}{name}data: {}{eol}{eol}", event.data))
}

fn trim_end(steps: &mut VecDeque<Step>) {
    if let Some(Step::Write(last)) = steps.back_mut() {
        let end = last
            .iter()
            .rposition(|b| !matches!(b, b'\r' | b'\n'))
            .map_or(0, |i| i + 1);
        last.truncate(end);
    }
}

/// The faults that count bytes: `cut-bytes` and `split`.
fn on_bytes(steps: VecDeque<Step>, fault: &Fault) -> VecDeque<Step> {
    let mut left = fault.cut_bytes.unwrap_or(usize::MAX);
    let mut out = VecDeque::with_capacity(steps.len());
    for step in steps {
        let Step::Write(mut bytes) = step else {
            out.push_back(step);
            continue;
        };
        let cut = bytes.len() > left;
        bytes.truncate(left);
        left -= bytes.len();
        while !bytes.is_empty() {
            let size = fault.split.unwrap_or(bytes.len()).min(bytes.len());
            out.push_back(Step::Write(bytes.split_to(size)));
        }
        if cut {
            out.push_back(Step::Reset);
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_events() -> Vec<Event> {
        ["{\"a\":1}", "{\"b\":2}", "[DONE]"]
            .map(|d| Event {
                name: None,
                data: d.into(),
            })
            .into()
    }

    fn mk_stream(fault: &str) -> (String, Option<Step>) {
        let error = Event {
            name: None,
            data: "{\"error\":1}".into(),
        };
        let steps = stream(mk_events(), error, Framing::Sse, &fault.parse().unwrap());
        let mut text = Vec::new();
        let mut end = None;
        for step in steps {
            match step {
                Step::Write(b) => text.extend_from_slice(&b),
                Step::Wait(_) => {}
                other => end = Some(other),
            }
        }
        (String::from_utf8(text).unwrap(), end)
    }

    #[test]
    fn untouched_streams_have_every_event() {
        assert_eq!(
            mk_stream(""),
            (
                "data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n".into(),
                None
            )
        );
    }

    #[test]
    fn cut_and_stall_let_that_many_events_pass() {
        assert_eq!(
            mk_stream("cut=1"),
            ("data: {\"a\":1}\n\n".into(), Some(Step::Reset))
        );
        assert_eq!(mk_stream("stall=0"), (String::new(), Some(Step::Stall)));
    }

    #[test]
    fn cut_bytes_counts_across_events() {
        assert_eq!(
            mk_stream("cut-bytes=17"),
            ("data: {\"a\":1}\n\nda".into(), Some(Step::Reset))
        );
    }

    #[test]
    fn an_error_event_is_the_last() {
        assert_eq!(
            mk_stream("error-event=1").0,
            "data: {\"a\":1}\n\ndata: {\"error\":1}\n\n"
        );
    }

    #[test]
    fn framing_faults_change_bytes_only() {
        assert_eq!(
            mk_stream("no-final-blank-line").0,
            "data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]"
        );
        assert!(mk_stream("crlf").0.starts_with("data: {\"a\":1}\r\n\r\n"));
        assert!(
            mk_stream("comments")
                .0
                .starts_with(": keep-alive\n\ndata: ")
        );
        assert_eq!(mk_stream("split=1").0, mk_stream("").0);
        assert_eq!(
            mk_stream("malformed=1").0,
            "data: {\"a\":1}\n\ndata: {\"b oops\n\ndata: [DONE]\n\n"
        );
    }

    #[test]
    fn arrays_are_closed() {
        let steps = stream(
            mk_events(),
            mk_events().remove(0),
            Framing::Array,
            &Fault::default(),
        );
        let text: Vec<u8> = steps
            .iter()
            .flat_map(|s| {
                if let Step::Write(b) = s {
                    b.to_vec()
                } else {
                    vec![]
                }
            })
            .collect();
        assert!(text.starts_with(b"[{\"a\":1},\r\n") && text.ends_with(b"]"));
    }
}

//! What can be made to go wrong, and the one-line language it is asked for in.

use std::str::FromStr;
use std::time::Duration;

/// What a mock does to one answer. Read from the header `x-mock-fault`, from a model name that begins with `mock-`, from
/// [`Mock::fault_next`](crate::Mock::fault_next) or from the mock's default.
///
/// The text form is a list separated by `;` or `,`: `status=429;retry-after=2`. In model names `-` may stand for `=`, as in
/// `mock-cut-3`. Values are percent-decoded, so that `text=` can hold anything. Events are counted from 0: `cut=2` lets two
/// events pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// `status=N`: this status with the provider's error body.
    pub status: Option<u16>,
    /// `retry-after=V`: the header of that name (Gemini: also `RetryInfo` in the body), beside `status`.
    pub retry_after: Option<String>,
    /// `html502`: a load balancer's HTML page instead of the provider's answer.
    pub html502: bool,
    /// `cut=N`: reset the connection after N events (a whole answer counts as one event).
    pub cut: Option<usize>,
    /// `cut-bytes=N`: reset the connection after N bytes of the body.
    pub cut_bytes: Option<usize>,
    /// `stall=N`: after N events say nothing more, with the connection left open.
    pub stall: Option<usize>,
    /// `malformed=N`: event N is not JSON.
    pub malformed: Option<usize>,
    /// `error-event=N`: an error in the provider's stream form instead of event N, then the end.
    pub error_event: Option<usize>,
    /// `delay-ms=N`: wait before the response's head.
    pub delay: Duration,
    /// `first-delay-ms=N`: wait between the head and the first event.
    pub first_delay: Duration,
    /// `interval-ms=N`: wait between events.
    pub interval: Duration,
    /// `chunks=N`: the answer is N text events.
    pub chunks: Option<usize>,
    /// `chunk-bytes=N`: every text event holds N bytes of text.
    pub chunk_bytes: Option<usize>,
    /// `split=K`: K bytes per write, wherever that cuts.
    pub split: Option<usize>,
    /// `no-final-blank-line`: the stream ends without the last empty line.
    pub no_final_blank_line: bool,
    /// `crlf`: lines end in CR LF.
    pub crlf: bool,
    /// `comments`: an SSE comment before every event, and blank lines before a whole JSON answer (as DeepSeek keeps alive).
    pub comments: bool,
    /// `empty-choices-first`: Azure's first chunk, without choices, id or model.
    pub empty_choices_first: bool,
    /// `usage-on-finish`: usage rides on the finishing chunk, as DeepSeek sends it, not on one of its own.
    pub usage_on_finish: bool,
    /// `no-usage`: usage is left out.
    pub no_usage: bool,
    /// `usage=IN/OUT`: report these token counts.
    pub usage: Option<(u64, u64)>,
    /// `text=T`: answer with this text.
    pub text: Option<String>,
    /// `tools=N`: answer with N tool calls, if the request offers tools.
    pub tools: Option<usize>,
    /// `reasoning`: reason before answering, in the provider's form.
    pub reasoning: bool,
    /// `finish=R`: this finish reason, verbatim.
    pub finish: Option<String>,
}

/// A fault that could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FaultError {
    /// No fault has this name.
    #[error("no such fault: {0:?}")]
    Unknown(String),
    /// The fault is known but its value is not what it takes.
    #[error("fault {name:?} does not take {value:?}")]
    Value {
        /// The fault.
        name: String,
        /// What was given.
        value: String,
    },
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut fault = Self::default();
        for word in text
            .split([';', ','])
            .map(str::trim)
            .filter(|w| !w.is_empty())
        {
            let (name, value) = name_and_value(word);
            fault.set(name, &percent_decode(value))?;
        }
        Ok(fault)
    }
}

impl Fault {
    /// The fault a model name asks for: `mock-status=500`, `mock-cut-3`. Other names, also ones that only look like it, ask for none.
    pub fn of_model(model: &str) -> Option<Self> {
        model
            .strip_prefix("mock-")
            .filter(|f| !f.is_empty())?
            .parse()
            .ok()
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), FaultError> {
        match name {
            "status" => self.status = Some(status(name, value)?),
            "retry-after" => self.retry_after = Some(value.to_owned()),
            "cut" => self.cut = Some(number(name, value)?),
            "cut-bytes" => self.cut_bytes = Some(number(name, value)?),
            "stall" => self.stall = Some(number(name, value)?),
            "malformed" => self.malformed = Some(number(name, value)?),
            "error-event" => self.error_event = Some(number(name, value)?),
            "delay-ms" => self.delay = Duration::from_millis(number(name, value)?),
            "first-delay-ms" => self.first_delay = Duration::from_millis(number(name, value)?),
            "interval-ms" => self.interval = Duration::from_millis(number(name, value)?),
            "chunks" => self.chunks = Some(number(name, value)?),
            "chunk-bytes" => self.chunk_bytes = Some(number(name, value)?),
            "split" => self.split = Some(number::<usize>(name, value)?.max(1)),
            "usage" => self.usage = Some(pair(name, value)?),
            "text" => self.text = Some(value.to_owned()),
            "tools" => self.tools = Some(number(name, value)?),
            "finish" => self.finish = Some(value.to_owned()),
            _ => self.set_flag(name, value)?,
        }
        Ok(())
    }

    fn set_flag(&mut self, name: &str, value: &str) -> Result<(), FaultError> {
        let flag = match name {
            "html502" => &mut self.html502,
            "no-final-blank-line" => &mut self.no_final_blank_line,
            "crlf" => &mut self.crlf,
            "comments" => &mut self.comments,
            "empty-choices-first" => &mut self.empty_choices_first,
            "usage-on-finish" => &mut self.usage_on_finish,
            "no-usage" => &mut self.no_usage,
            "reasoning" => &mut self.reasoning,
            _ => return Err(FaultError::Unknown(name.to_owned())),
        };
        if !value.is_empty() {
            return Err(wrong(name, value));
        }
        *flag = true;
        Ok(())
    }
}

/// `cut=3`, or `cut-3` as it must be written where `=` is not allowed.
fn name_and_value(word: &str) -> (&str, &str) {
    if let Some(split) = word.split_once('=') {
        return split;
    }
    match word.rsplit_once('-') {
        Some((name, value)) if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
            (name, value)
        }
        _ => (word, ""),
    }
}

fn wrong(name: &str, value: &str) -> FaultError {
    FaultError::Value {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn number<N: FromStr>(name: &str, value: &str) -> Result<N, FaultError> {
    value.parse().map_err(|_| wrong(name, value))
}

fn status(name: &str, value: &str) -> Result<u16, FaultError> {
    let status = number(name, value)?;
    if (200..=999).contains(&status) {
        Ok(status)
    } else {
        Err(wrong(name, value))
    }
}

fn pair(name: &str, value: &str) -> Result<(u64, u64), FaultError> {
    let (a, b) = value.split_once('/').ok_or_else(|| wrong(name, value))?;
    Ok((number(name, a)?, number(name, b)?))
}

/// `%20` and the like; what is no escape stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = tail
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|h| std::str::from_utf8(h).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &tail[2..];
            }
            None => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_faults_is_read() {
        let fault: Fault = "status=429; retry-after=2,crlf".parse().unwrap();
        assert_eq!(fault.status, Some(429));
        assert_eq!(fault.retry_after.as_deref(), Some("2"));
        assert!(fault.crlf);
    }

    #[test]
    fn values_are_percent_decoded() {
        let fault: Fault = "text=a%3Bb%20%C3%A9%".parse().unwrap();
        assert_eq!(fault.text.as_deref(), Some("a;b é%"));
    }

    #[test]
    fn model_names_ask_for_faults_with_dashes() {
        assert_eq!(Fault::of_model("mock-cut-3").unwrap().cut, Some(3));
        assert_eq!(
            Fault::of_model("mock-status=503").unwrap().status,
            Some(503)
        );
        assert_eq!(
            Fault::of_model("mock-retry-after-2;status-429")
                .unwrap()
                .retry_after
                .as_deref(),
            Some("2")
        );
        assert_eq!(Fault::of_model("mock-model"), None);
        assert_eq!(Fault::of_model("gpt-4o"), None);
    }

    #[test]
    fn unknown_names_and_bad_values_are_refused() {
        assert_eq!(
            "boom".parse::<Fault>(),
            Err(FaultError::Unknown("boom".into()))
        );
        assert!("cut=x".parse::<Fault>().is_err());
        assert!("crlf=1".parse::<Fault>().is_err());
        assert!("status=42".parse::<Fault>().is_err());
    }
}

//! The process' own log: flat JSON lines, with the same keys as the access log's.

use std::fmt;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::lines::{self, Lines};
use crate::printable_json;

/// The log of the process, for as long as this lives: when it goes, what is left is written, or given up after [`lines::PATIENCE`].
#[derive(Debug)]
#[must_use]
pub struct Log(Lines);

impl Log {
    /// Standard output, for other lines than the log's. Nobody waits for it.
    pub fn lines(&self) -> Lines {
        self.0.clone()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // What is traced from anywhere has a handle too, which never goes.
        let _ = self.0.flush(lines::PATIENCE);
    }
}

/// Sends what is traced to standard output, without waiting for it. `RUST_LOG` decides how much; without it, `info`, or `debug` when
/// verbose.
///
/// Call it once; after a second call, what is traced goes where the first one sends it.
///
/// # Errors
/// When there is no thread to be had.
pub fn init(verbose: bool) -> io::Result<Log> {
    let default = if verbose {
        "info,sluice=debug,sluice_cli=debug,sluice_dataplane=debug"
    } else {
        "info"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = Lines::to(io::stdout())?;
    let out = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .event_format(Flat)
        .with_writer(move || Out(out.clone()));
    // It fails when there is one already, as in tests.
    let _ = subscriber.try_init();
    Ok(Log(lines))
}

/// An event is written in one piece.
struct Out(Lines);

impl io::Write for Out {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.add_now(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Flat;

impl<S, N> FormatEvent<S, N> for Flat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let stamp = jiff::Timestamp::from_millisecond(i64::try_from(now.as_millis()).unwrap_or(0))
            .unwrap_or_default();
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        write!(
            writer,
            "{{\"timestamp\":\"{stamp:.3}\",\"level\":\"{level}\","
        )?;
        let message = fields.0.remove("message").unwrap_or_default();
        let message = message.to_string();
        write!(writer, "\"message\":{}", printable_json(&message))?;
        for (key, value) in fields.0 {
            let value = value.to_string();
            write!(writer, ",{}:{}", Value::from(key), printable_json(&value))?;
        }
        writeln!(writer, "}}")
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_stands_in_the_log_is_printable() {
        let written = Written::default();
        let out = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(Flat)
            .with_writer(move || out.clone())
            .finish();
        let nasty = "a\u{1b}[31m\u{9b}2J\u{7f}\nb";
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(path = nasty, error = ?nasty, "{nasty}");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let (line, rest) = text.split_once('\n').unwrap();
        assert!(
            rest.is_empty() && !line.chars().any(char::is_control),
            "{line:?}"
        );
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&line["message"], &line["path"]),
            (&nasty.into(), &nasty.into())
        );
    }
}

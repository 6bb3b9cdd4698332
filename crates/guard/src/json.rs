//! JSON text that comes in pieces, as the arguments of tool calls do.
//!
//! Each string in it is a text of its own, looked at without its escapes and written with them again, so that `a\u0040b.example`
//! hides nothing and what is put in breaks nothing. A number that is masked becomes a string. From where it is no JSON, the rest is
//! one text.

use super::{Chain, Guards, Hits, Refusal, Scope};

/// Longest number, `true` or whatever else stands outside of strings, in bytes.
const MAX_SCALAR: usize = 1024;

/// A JSON text that comes in pieces.
#[derive(Debug)]
pub struct JsonChain {
    scope: Scope,
    state: State,
    chain: Chain,
    /// What stands outside of strings and has not ended.
    scalar: String,
    /// Of a string: what was read, without its escapes.
    text: String,
    /// The first half of a character that is written as two escapes.
    high: Option<u16>,
    /// Whether a string has begun that has not ended.
    open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    Escape,
    /// Hexadecimal digits read, and their value.
    Unicode(u8, u16),
    /// It is no JSON.
    Plain,
}

impl JsonChain {
    /// For a text of this kind.
    pub fn new(guards: &Guards, scope: Scope) -> Self {
        Self {
            scope,
            state: State::Outside,
            chain: guards.begin(scope),
            scalar: String::new(),
            text: String::new(),
            high: None,
            open: false,
        }
    }

    /// Bytes that are held back.
    pub fn held(&self) -> usize {
        self.chain.held() + self.scalar.len()
    }

    /// Takes the next piece, and appends what may pass to `out`.
    pub fn push(
        &mut self,
        guards: &Guards,
        piece: &str,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        for (at, c) in piece.char_indices() {
            match self.state {
                State::Plain => return self.chain.push(guards, &piece[at..], out, hits),
                State::Outside => self.outside(c, guards, out, hits)?,
                State::Inside => match c {
                    '"' => {
                        self.pass(guards, true, out, hits)?;
                        out.push('"');
                        self.state = State::Outside;
                        self.open = false;
                    }
                    '\\' => self.state = State::Escape,
                    _ => self.read(c),
                },
                State::Escape => self.escape(c),
                State::Unicode(n, value) => self.unicode(n, value, c),
            }
        }
        match self.state {
            State::Plain => Ok(()),
            _ => self.pass(guards, false, out, hits),
        }
    }

    /// The text has ended: appends what was held back.
    pub fn finish(
        &mut self,
        guards: &Guards,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        if self.open {
            self.pass(guards, true, out, hits)?;
        }
        if self.state != State::Plain {
            self.flush_scalar(guards, out, hits)?;
        }
        self.chain.finish(guards, out, hits)?;
        *self = Self::new(guards, self.scope);
        Ok(())
    }

    fn outside(
        &mut self,
        c: char,
        guards: &Guards,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        if matches!(c, '"' | '{' | '}' | '[' | ']' | ',' | ':') || c.is_ascii_whitespace() {
            self.flush_scalar(guards, out, hits)?;
            if self.state == State::Plain {
                return self
                    .chain
                    .push(guards, c.encode_utf8(&mut [0; 4]), out, hits);
            }
            out.push(c);
            if c == '"' {
                self.state = State::Inside;
                self.open = true;
            }
        } else {
            self.scalar.push(c);
            if self.scalar.len() > MAX_SCALAR {
                self.flush_scalar(guards, out, hits)?;
            }
        }
        Ok(())
    }

    fn flush_scalar(
        &mut self,
        guards: &Guards,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        if !is_scalar(&self.scalar) {
            self.state = State::Plain;
            self.chain.push(guards, &self.scalar, out, hits)?;
            self.scalar.clear();
        } else if !self.scalar.is_empty() {
            match guards.mask(self.scope, &self.scalar, hits)? {
                Some(masked) => out.push_str(&sluice_llm::json::quote(&masked)),
                None => out.push_str(&self.scalar),
            }
            self.scalar.clear();
        }
        Ok(())
    }

    fn read(&mut self, c: char) {
        if self.high.take().is_some() {
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        self.text.push(c);
    }

    fn escape(&mut self, c: char) {
        self.state = State::Inside;
        match c {
            'n' => self.read('\n'),
            't' => self.read('\t'),
            'r' => self.read('\r'),
            'b' => self.read('\u{8}'),
            'f' => self.read('\u{c}'),
            'u' => self.state = State::Unicode(0, 0),
            other => self.read(other),
        }
    }

    fn unicode(&mut self, n: u8, value: u16, c: char) {
        let Some(digit) = c.to_digit(16) else {
            // No JSON; whoever reads it will say so.
            self.read(char::REPLACEMENT_CHARACTER);
            self.state = State::Inside;
            return;
        };
        let value = value << 4 | digit as u16;
        if n < 3 {
            self.state = State::Unicode(n + 1, value);
            return;
        }
        self.state = State::Inside;
        match (self.high.take(), value) {
            (Some(high), 0xdc00..=0xdfff) => {
                let c = char::decode_utf16([high, value])
                    .next()
                    .and_then(Result::ok);
                self.text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (high, value) => {
                if high.is_some() {
                    self.text.push(char::REPLACEMENT_CHARACTER);
                }
                match value {
                    0xd800..=0xdbff => self.high = Some(value),
                    _ => self
                        .text
                        .push(char::from_u32(value.into()).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
        }
    }

    /// Gives what was read of a string to the guards, and writes what they let pass with its escapes.
    fn pass(
        &mut self,
        guards: &Guards,
        last: bool,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        if last && self.high.take().is_some() {
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        if self.text.is_empty() && !last {
            return Ok(());
        }
        let mut passed = String::with_capacity(self.text.len());
        self.chain.push(guards, &self.text, &mut passed, hits)?;
        self.text.clear();
        if last {
            self.chain.finish(guards, &mut passed, hits)?;
        }
        let quoted = sluice_llm::json::quote(&passed);
        out.push_str(&quoted[1..quoted.len() - 1]);
        Ok(())
    }
}

/// Whether JSON may have it outside of strings. Nothing is there between brackets.
fn is_scalar(text: &str) -> bool {
    let numeric = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
    matches!(text, "" | "true" | "false" | "null")
        || text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && text.bytes().all(numeric)
}

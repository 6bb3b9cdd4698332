//! Text as the built-in recognisers see it.
//!
//! Full-width letters and digits (U+FF01–U+FF5E) are folded to ASCII, unusual spaces and dashes to the usual ones, and characters
//! without width are taken out, so that `４１１１` or `41\u{200b}11` hide nothing. Each character is folded by itself, so that a
//! stream can be folded as it comes.

/// What becomes of a character.
enum Folded {
    Same,
    To(u8),
    Gone,
}

fn fold(c: char) -> Folded {
    match c {
        '\u{ff01}'..='\u{ff5e}' => Folded::To((c as u32 - 0xff01 + 0x21) as u8),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Folded::To(b' ')
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => Folded::To(b'-'),
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => Folded::Gone,
        _ => Folded::Same,
    }
}

/// Bytes that characters which are folded begin with.
fn may_fold(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xe2 | 0xe3 | 0xef)
}

/// Whether folding changes anything.
pub(super) fn changes(text: &str) -> bool {
    let is_other = |c: char| !matches!(fold(c), Folded::Same);
    !text.is_ascii() && text.bytes().any(may_fold) && text.chars().any(is_other)
}

/// A run of text, where it stands folded and where it stood.
#[derive(Debug, Clone, Copy)]
struct Run {
    folded: usize,
    folded_len: usize,
    original: usize,
    original_len: usize,
}

/// Folded text with the way back to the original. All offsets count from the beginning of the whole text, however much of it
/// has been let go.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// What is kept of the folded text.
    text: String,
    /// Where that begins.
    base: usize,
    runs: std::collections::VecDeque<Run>,
    /// How much of the original came so far.
    len: usize,
}

impl Lane {
    /// Adds text; `as_is` for a lane that folds nothing.
    pub(super) fn push(&mut self, text: &str, as_is: bool) {
        let bytes = text.as_bytes();
        let mut from = 0;
        if !as_is && !text.is_ascii() {
            let mut at = 0;
            while let Some(next) = bytes[at..].iter().position(|b| may_fold(*b)) {
                at += next;
                let Some(c) = text[at..].chars().next() else {
                    break;
                };
                let end = at + c.len_utf8();
                let folded = fold(c);
                if !matches!(folded, Folded::Same) {
                    self.keep(&text[from..at]);
                    if let Folded::To(byte) = folded {
                        self.run(1, end - at);
                        self.text.push(char::from(byte));
                    }
                    self.len += end - at;
                    from = end;
                }
                at = end;
            }
        }
        self.keep(&text[from..]);
    }

    fn keep(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let end = self.base + self.text.len();
        match self.runs.back_mut() {
            Some(run)
                if run.folded_len == run.original_len
                    && run.folded + run.folded_len == end
                    && run.original + run.original_len == self.len =>
            {
                run.folded_len += text.len();
                run.original_len += text.len();
            }
            _ => self.run(text.len(), text.len()),
        }
        self.text.push_str(text);
        self.len += text.len();
    }

    fn run(&mut self, folded_len: usize, original_len: usize) {
        let folded = self.base + self.text.len();
        self.runs.push_back(Run {
            folded,
            folded_len,
            original: self.len,
            original_len,
        });
    }

    /// What is kept of the folded text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where [`Lane::text`] begins.
    pub(super) fn base(&self) -> usize {
        self.base
    }

    fn run_at(&self, folded: usize) -> Option<Run> {
        let i = self
            .runs
            .partition_point(|run| run.folded + run.folded_len <= folded);
        self.runs.get(i).copied()
    }

    /// Where the character at an offset of the folded text began; the end for the end.
    pub(super) fn original_start(&self, folded: usize) -> usize {
        match self.run_at(folded) {
            Some(run) if run.folded_len == run.original_len => run.original + (folded - run.folded),
            Some(run) => run.original,
            None => self.len,
        }
    }

    /// Where the character before an offset of the folded text ended.
    pub(super) fn original_end(&self, folded: usize) -> usize {
        match folded.checked_sub(1).and_then(|last| self.run_at(last)) {
            Some(run) if run.folded_len == run.original_len => run.original + (folded - run.folded),
            Some(run) => run.original + run.original_len,
            None => 0,
        }
    }

    /// Lets go of what stands before an offset, but for `context` bytes.
    pub(super) fn let_go(&mut self, before: usize, context: usize) {
        let drop = self
            .text
            .floor_char_boundary((before - self.base).saturating_sub(context));
        if drop == 0 {
            return;
        }
        self.text.drain(..drop);
        self.base += drop;
        while self
            .runs
            .front()
            .is_some_and(|run| run.folded + run.folded_len <= self.base)
        {
            self.runs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_folded_is_known_where_it_stood() {
        let text = "a４\u{200b}2\u{a0}é—b";
        for cut in text.char_indices().map(|(i, _)| i) {
            let mut lane = Lane::default();
            lane.push(&text[..cut], false);
            lane.push(&text[cut..], false);
            assert_eq!(lane.text(), "a42 é-b");
            let back =
                |from: usize, to: usize| &text[lane.original_start(from)..lane.original_end(to)];
            assert_eq!(
                (back(0, 1), back(1, 3), back(2, 4)),
                ("a", "４\u{200b}2", "2\u{a0}")
            );
            assert_eq!((back(4, 6), back(6, 8), back(0, 8)), ("é", "—b", text));
        }
    }

    #[test]
    fn what_was_let_go_is_not_needed_to_find_the_rest() {
        let mut lane = Lane::default();
        lane.push("１２３４ abc", false);
        lane.let_go(5, 2);
        assert_eq!((lane.text(), lane.base()), ("4 abc", 3));
        assert_eq!((lane.original_start(5), lane.original_end(4)), (13, 12));
    }
}

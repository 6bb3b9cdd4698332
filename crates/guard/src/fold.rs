//! Text as the built-in recognisers see it.
//!
//! Full-width letters and marks (U+FF01–U+FF5E) are folded to ASCII, digits of every script (Nd) to their value, spaces (White_Space)
//! and dashes (Pd) to the usual ones, and what is not shown (Default_Ignorable_Code_Point) is taken out, so that `４１１１`, `٤١١١` or
//! `41\u{200b}11` hide nothing. Each character is folded by itself, so that a stream can be folded as it comes. What is ASCII stays.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folded {
    Same,
    To(u8),
    Gone,
}

/// What becomes of the characters of a range.
#[derive(Debug, Clone, Copy)]
enum Folding {
    /// They are ASCII's, so far away.
    Wide,
    /// Ten by ten.
    Digits,
    Space,
    Dash,
    Gone,
}

/// All characters that are folded, by Unicode's tables.
struct Table {
    /// By their beginning.
    ranges: Vec<(u32, u32, Folding)>,
    /// Bytes that they begin with.
    leads: [bool; 256],
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut ranges: Vec<(u32, u32, Folding)> = Vec::new();
    // Where two say something, the first counts.
    let sources = [
        (r"[\u{ff01}-\u{ff5e}]", Folding::Wide),
        (r"\p{Nd}", Folding::Digits),
        (r"\p{Default_Ignorable_Code_Point}", Folding::Gone),
        (r"\p{White_Space}", Folding::Space),
        (r"[\p{Pd}\u{2212}]", Folding::Dash),
    ];
    for (class, folding) in sources {
        for (start, end) in members(class) {
            if !ranges
                .iter()
                .any(|(from, to, _)| start <= *to && *from <= end)
            {
                ranges.push((start, end, folding));
            }
        }
    }
    ranges.sort_unstable_by_key(|(start, _, _)| *start);
    let mut leads = [false; 256];
    for (start, end, _) in &ranges {
        for c in (*start..=*end).filter_map(char::from_u32) {
            leads[usize::from(c.encode_utf8(&mut [0; 4]).as_bytes()[0])] = true;
        }
    }
    Table { ranges, leads }
});

/// The ranges of a class beyond ASCII. The classes are constants, and a test looks for each.
fn members(class: &str) -> Vec<(u32, u32)> {
    let parsed = regex_syntax::parse(class).ok();
    let class = parsed.as_ref().and_then(|hir| match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    });
    let ranges = class.into_iter().flat_map(|class| class.iter());
    let ranges = ranges.map(|range| (u32::from(range.start()), u32::from(range.end())));
    ranges.filter(|(start, _)| *start >= 0x80).collect()
}

fn fold(c: char) -> Folded {
    let c = u32::from(c);
    let ranges = &TABLE.ranges;
    let after = ranges.partition_point(|(start, _, _)| *start <= c);
    let Some((start, end, folding)) = after.checked_sub(1).and_then(|i| ranges.get(i)) else {
        return Folded::Same;
    };
    let byte = |value: u32| u8::try_from(value).map_or(Folded::Same, Folded::To);
    match folding {
        _ if c > *end => Folded::Same,
        Folding::Wide => byte(c - start + 0x21),
        Folding::Digits => byte((c - start) % 10 + u32::from(b'0')),
        Folding::Space => Folded::To(b' '),
        Folding::Dash => Folded::To(b'-'),
        Folding::Gone => Folded::Gone,
    }
}

/// Whether a character that is folded may begin with the byte.
fn may_fold(byte: u8) -> bool {
    byte >= 0x80 && TABLE.leads[usize::from(byte)]
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
    fn unicode_s_tables_say_what_is_a_digit_a_space_and_nothing() {
        for (c, want) in [
            ('٤', Folded::To(b'4')),
            ('۴', Folded::To(b'4')),
            ('९', Folded::To(b'9')),
            ('𝟗', Folded::To(b'9')),
            ('𝟎', Folded::To(b'0')),
            ('𝟘', Folded::To(b'0')),
            ('𞥐', Folded::To(b'0')),
            ('４', Folded::To(b'4')),
            ('Ａ', Folded::To(b'A')),
            ('\u{85}', Folded::To(b' ')),
            ('\u{1680}', Folded::To(b' ')),
            ('\u{2028}', Folded::To(b' ')),
            ('\u{3000}', Folded::To(b' ')),
            ('—', Folded::To(b'-')),
            ('－', Folded::To(b'-')),
            ('\u{2212}', Folded::To(b'-')),
            ('\u{34f}', Folded::Gone),
            ('\u{61c}', Folded::Gone),
            ('\u{180e}', Folded::Gone),
            ('\u{2065}', Folded::Gone),
            ('\u{fe0f}', Folded::Gone),
            ('\u{feff}', Folded::Gone),
            ('\u{e0041}', Folded::Gone),
            ('é', Folded::Same),
            ('四', Folded::Same),
            ('½', Folded::Same),
        ] {
            assert_eq!(fold(c), want, "{c:?}");
            assert!(want == Folded::Same || may_fold(c.to_string().as_bytes()[0]));
        }
        // Digits stand in rows of ten from zero.
        for (start, end, folding) in &TABLE.ranges {
            if matches!(folding, Folding::Digits) {
                assert_eq!((end - start + 1) % 10, 0, "{start:x}");
            }
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

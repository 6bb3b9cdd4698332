//! Masking of text that comes in pieces.

use super::find::{Found, Rules};
use super::fold::Lane;
use super::{Action, Refused};

/// The most that is held back for patterns without a longest match, in bytes.
pub const WINDOW: usize = 16 << 10;
/// So much of what was passed on is still looked at, as the surroundings of what follows, in bytes.
const CONTEXT: usize = 64;

/// Masks one text that comes in pieces. Whatever the pieces are, what is given out is together what masking the whole text gives.
///
/// Only what may still become part of a match is held back. [`Stream::finish`] has to be called at the end of the text, which is
/// the one place where `$` matches.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// What came and has not been passed on.
    held: String,
    /// How much was passed on or masked.
    passed: usize,
    lanes: Vec<(Lane, Vec<usize>)>,
    /// Found, and not reached yet.
    found: Vec<Found>,
    /// Where the last thing that was masked ends.
    masked: usize,
}

impl Stream {
    /// Bytes that are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes the next piece, and appends what may pass to `out`. `hits` gets the rules that found something.
    pub(super) fn push(
        &mut self,
        rules: &Rules,
        piece: &str,
        out: &mut String,
        hits: &mut Vec<usize>,
    ) -> Result<(), Refused> {
        self.take(rules, piece);
        let mut upto = self.passed + self.held.len();
        for (view, (lane, at)) in rules.views.iter().zip(&mut self.lanes) {
            let floor = at
                .iter()
                .min()
                .map_or(0, |min| min.saturating_sub(lane.base()));
            let live = lane.base() + view.live.start(lane.text(), floor.min(lane.text().len()));
            view.follow(lane, at, Some(live), &mut self.found);
            upto = upto.min(lane.original_start(live));
            lane.let_go(live, CONTEXT);
        }
        self.judge(rules, hits)?;
        self.pass(rules, upto, out);
        if self.held.len() > rules.longest.unwrap_or(0).max(WINDOW) {
            return Err(Refused::TooLong);
        }
        Ok(())
    }

    /// The text has ended: appends what was held back.
    pub(super) fn finish(
        &mut self,
        rules: &Rules,
        out: &mut String,
        hits: &mut Vec<usize>,
    ) -> Result<(), Refused> {
        self.take(rules, "");
        for (view, (lane, at)) in rules.views.iter().zip(&mut self.lanes) {
            view.follow(lane, at, None, &mut self.found);
        }
        self.judge(rules, hits)?;
        self.pass(rules, self.passed + self.held.len(), out);
        Ok(())
    }

    fn take(&mut self, rules: &Rules, piece: &str) {
        if self.lanes.len() != rules.views.len() {
            self.lanes = rules
                .views
                .iter()
                .map(|v| (Lane::default(), vec![0; v.searches()]))
                .collect();
        }
        self.held.push_str(piece);
        for (view, (lane, _)) in rules.views.iter().zip(&mut self.lanes) {
            lane.push(piece, !view.folds);
        }
    }

    /// Notes what was found, and refuses when a rule says so.
    fn judge(&mut self, rules: &Rules, hits: &mut Vec<usize>) -> Result<(), Refused> {
        self.found.sort_unstable();
        let mut refused = None;
        for found in &self.found {
            if !hits.contains(&found.rule) {
                hits.push(found.rule);
            }
            if rules.named[found.rule].action == Action::Reject {
                refused = refused.or(Some(found.rule));
            }
        }
        refused.map_or(Ok(()), |rule| {
            Err(Refused::Rule(rules.named[rule].name.clone()))
        })
    }

    /// Passes on up to a position that nothing found later can begin before.
    fn pass(&mut self, rules: &Rules, upto: usize, out: &mut String) {
        let mut found = self.found.iter().peekable();
        let (base, mut at) = (self.passed, self.passed);
        let mut done = 0;
        loop {
            // What overlaps is masked as one.
            while let Some(next) = found.next_if(|next| next.start < self.masked) {
                self.masked = self.masked.max(next.end);
                done += 1;
            }
            if self.masked > at {
                at = self.masked.min(upto);
                if self.masked >= upto {
                    break;
                }
            }
            let Some(next) = found.next_if(|next| next.start < upto) else {
                out.push_str(&self.held[at - base..upto - base]);
                break;
            };
            done += 1;
            out.push_str(&self.held[at - base..next.start - base]);
            out.push_str(&rules.named[next.rule].placeholder);
            at = next.start;
            self.masked = next.end;
        }
        self.found.drain(..done);
        self.held.drain(..upto - base);
        self.passed = upto;
    }
}

//! Guards one after the other over one text.

use std::sync::Arc;

use super::find::Found;
use super::stream::Stream;
use super::{Action, Guard, Mode, Refused, Scope};

/// What came of a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Something else stands in its place.
    Masked,
    /// The request or the answer was refused.
    Rejected,
    /// It was only counted.
    Audited,
    /// Who was to be asked didn't answer, and nothing passed.
    FailedClosed,
    /// Who was to be asked didn't answer, and what it was asked about passed.
    FailedOpen,
}

impl Outcome {
    /// As metrics and logs spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Masked => "masked",
            Outcome::Rejected => "rejected",
            Outcome::Audited => "audited",
            Outcome::FailedClosed => "failed_closed",
            Outcome::FailedOpen => "failed_open",
        }
    }
}

/// A rule that found something in a request or an answer, and what came of it. Never what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule's name.
    pub rule: Arc<str>,
    /// What came of it.
    pub outcome: Outcome,
}

/// Each rule that found something, once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hits(Vec<Hit>);

impl Hits {
    /// In the order in which they were first found.
    pub fn iter(&self) -> impl Iterator<Item = &Hit> {
        self.0.iter()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: &Hits) {
        for hit in other.iter() {
            self.add(&hit.rule, hit.outcome);
        }
    }

    /// Adds one, unless it is there.
    pub fn add(&mut self, rule: &Arc<str>, outcome: Outcome) {
        if !self
            .0
            .iter()
            .any(|hit| hit.outcome == outcome && hit.rule == *rule)
        {
            self.0.push(Hit {
                rule: rule.clone(),
                outcome,
            });
        }
    }
}

/// A refusal: what to tell, and which rule it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// For the caller.
    pub message: Arc<str>,
    /// HTTP status, where the answer has not begun.
    pub status: u16,
    /// The rule's name, for the log; `None` when a possible match was longer than what may be held back.
    pub rule: Option<Arc<str>>,
}

/// All guards of a route for one direction, in order: each sees what the one before it let pass.
#[derive(Debug, Default)]
pub struct Guards(Vec<Guard>);

impl From<Vec<Guard>> for Guards {
    fn from(guards: Vec<Guard>) -> Self {
        Self(guards)
    }
}

impl Guard {
    fn refuse(&self, refused: Refused, hits: &mut Hits) -> Refusal {
        let rule = match refused {
            Refused::Rule(name) => {
                hits.add(&name, Outcome::Rejected);
                Some(name)
            }
            Refused::TooLong => None,
        };
        Refusal {
            message: self.message.clone(),
            status: self.status,
            rule,
        }
    }

    fn note(&self, rules: &[usize], hits: &mut Hits) {
        for rule in rules {
            let rule = &self.rules.named[*rule];
            match (self.mode, rule.action) {
                (Mode::Audit, _) => hits.add(&rule.name, Outcome::Audited),
                (Mode::Enforce, Action::Mask) => hits.add(&rule.name, Outcome::Masked),
                // Noted with the refusal.
                (Mode::Enforce, Action::Reject) => {}
            }
        }
    }

    /// `None` when the text may pass as it is.
    fn mask(&self, text: &str, hits: &mut Hits) -> Result<Option<String>, Refusal> {
        let mut found = Vec::new();
        for view in &self.rules.views {
            view.find(text, &mut found);
        }
        if found.is_empty() {
            return Ok(None);
        }
        found.sort_unstable();
        let rules: Vec<usize> = found.iter().map(|f| f.rule).collect();
        self.note(&rules, hits);
        if self.mode == Mode::Audit {
            return Ok(None);
        }
        if let Some(rule) = rules
            .iter()
            .find(|r| self.rules.named[**r].action == Action::Reject)
        {
            return Err(self.refuse(Refused::Rule(self.rules.named[*rule].name.clone()), hits));
        }
        Ok(Some(self.replace(text, &found)))
    }

    /// What overlaps is masked as one, under the name of what begins first.
    fn replace(&self, text: &str, found: &[Found]) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for found in found {
            if found.start >= at {
                out.push_str(&text[at..found.start]);
                out.push_str(&self.rules.named[found.rule].placeholder);
            }
            at = at.max(found.end);
        }
        out.push_str(&text[at..]);
        out
    }
}

impl Guards {
    /// Adds one behind the others.
    pub fn push(&mut self, guard: Guard) {
        self.0.push(guard);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The guards.
    pub fn iter(&self) -> impl Iterator<Item = &Guard> {
        self.0.iter()
    }

    /// Whether any guard looks at texts of this kind.
    pub fn look_at(&self, scope: Scope) -> bool {
        self.0.iter().any(|guard| guard.scopes.has(scope))
    }

    /// Whether any guard may change or refuse a text, so that none may pass before it has been looked at.
    pub fn enforce(&self) -> bool {
        self.0.iter().any(|guard| guard.mode == Mode::Enforce)
    }

    /// Looks at a whole text. `None` when it may pass as it is.
    pub fn mask(
        &self,
        scope: Scope,
        text: &str,
        hits: &mut Hits,
    ) -> Result<Option<String>, Refusal> {
        let mut masked: Option<String> = None;
        for guard in self.0.iter().filter(|guard| guard.scopes.has(scope)) {
            if let Some(new) = guard.mask(masked.as_deref().unwrap_or(text), hits)? {
                masked = Some(new);
            }
        }
        Ok(masked)
    }

    /// Begins a text that comes in pieces.
    pub fn begin(&self, scope: Scope) -> Chain {
        Chain {
            scope,
            streams: self.0.iter().map(|_| Stream::default()).collect(),
        }
    }
}

/// A text that comes in pieces. The pieces have to go to the guards that it was begun with.
#[derive(Debug)]
pub struct Chain {
    scope: Scope,
    streams: Vec<Stream>,
}

impl Chain {
    /// Bytes that are held back.
    pub fn held(&self) -> usize {
        self.streams.iter().map(Stream::held).sum()
    }

    /// Takes the next piece, and appends what may pass to `out`.
    pub fn push(
        &mut self,
        guards: &Guards,
        piece: &str,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        self.run(guards, piece, false, out, hits)
    }

    /// The text has ended: appends what was held back. What comes afterwards is a new text.
    pub fn finish(
        &mut self,
        guards: &Guards,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        self.run(guards, "", true, out, hits)?;
        self.streams.fill_with(Stream::default);
        Ok(())
    }

    fn run(
        &mut self,
        guards: &Guards,
        piece: &str,
        last: bool,
        out: &mut String,
        hits: &mut Hits,
    ) -> Result<(), Refusal> {
        let mut carried: Option<String> = None;
        let mut rules = Vec::new();
        for (guard, stream) in guards.0.iter().zip(&mut self.streams) {
            if !guard.scopes.has(self.scope) {
                continue;
            }
            let piece = carried.as_deref().unwrap_or(piece);
            let mut next = String::with_capacity(piece.len() + stream.held());
            rules.clear();
            let mut result = stream.push(&guard.rules, piece, &mut next, &mut rules);
            if last && result.is_ok() {
                result = stream.finish(&guard.rules, &mut next, &mut rules);
            }
            guard.note(&rules, hits);
            match (guard.mode, result) {
                (Mode::Enforce, Ok(())) => carried = Some(next),
                (Mode::Enforce, Err(refused)) => return Err(guard.refuse(refused, hits)),
                // What is only watched passes as it comes. After a refusal nothing more can be learnt of this text.
                (Mode::Audit, Ok(())) => {}
                (Mode::Audit, Err(_)) => *stream = Stream::default(),
            }
        }
        out.push_str(carried.as_deref().unwrap_or(piece));
        Ok(())
    }
}

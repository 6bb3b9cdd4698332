//! Somebody who is asked, and what their answers mean for the texts.

use std::sync::Arc;

use super::{Ask, Engine, FailureMode, Misunderstood, Text, Verdict};
use crate::{Hits, Mode, Outcome, Refusal, Scope, Scopes, Side};

/// Why there is no verdict. Nothing that was asked or said is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It can't be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("it did not answer in time")]
    Slow,
    /// It answered with an error.
    #[error("it answered with status {0}")]
    Status(u16),
    /// It said too much.
    #[error("its answer is too long")]
    TooLong,
    /// Nobody knows what it said.
    #[error(transparent)]
    Misunderstood(#[from] Misunderstood),
}

/// Why texts must not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Somebody said no.
    Refused(Refusal),
    /// Nobody could say.
    Unavailable {
        /// Who, for the log.
        name: Arc<str>,
        /// Why, for the log.
        why: Failure,
    },
}

/// One who is asked in one direction.
#[derive(Debug)]
pub struct Asker {
    /// As metrics and logs have it.
    pub name: Arc<str>,
    /// In which words.
    pub engine: Engine,
    scopes: Scopes,
    mode: Mode,
    message: Arc<str>,
    status: u16,
    failure: FailureMode,
}

impl Asker {
    /// For a direction's guard; an error says why it can't be asked.
    pub fn realise(ask: &Ask, side: &Side) -> Result<Self, String> {
        if let Some(why) = &ask.broken {
            return Err(format!("{}: {why}", ask.name));
        }
        Ok(Self {
            name: ask.name.as_str().into(),
            engine: ask.engine.clone(),
            scopes: side.scopes.iter().copied().collect(),
            mode: side.mode,
            message: side.message.as_str().into(),
            status: side.status,
            failure: ask.failure_mode,
        })
    }

    /// Whether it is asked about texts of this kind.
    pub fn looks_at(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// Whether a text may not pass before it was asked.
    pub fn enforces(&self) -> bool {
        self.mode == Mode::Enforce
    }

    /// Which of the texts it is asked about.
    pub fn chosen(&self, texts: &[Text]) -> Vec<usize> {
        let is_chosen = |text: &Text| !text.text.is_empty() && self.looks_at(text.part.kind.into());
        (0..texts.len()).filter(|i| is_chosen(&texts[*i])).collect()
    }

    /// Does to the texts what was said about those that were chosen.
    pub fn judge(
        &self,
        texts: &mut [Text],
        chosen: &[usize],
        said: Result<Verdict, Failure>,
        hits: &mut Hits,
    ) -> Result<(), Stopped> {
        match (said, self.mode) {
            (Ok(Verdict::Pass), _) => {}
            (Ok(Verdict::Mask(new)), mode) => {
                let changes = |(i, new): (&usize, &String)| texts[*i].text != *new;
                if !chosen.iter().zip(&new).any(changes) {
                    return Ok(());
                }
                hits.add(
                    &self.name,
                    if mode == Mode::Audit {
                        Outcome::Audited
                    } else {
                        Outcome::Masked
                    },
                );
                if mode == Mode::Enforce {
                    for (i, new) in chosen.iter().zip(new) {
                        texts[*i].text = new;
                    }
                }
            }
            (Ok(Verdict::Reject { .. }), Mode::Audit) => hits.add(&self.name, Outcome::Audited),
            (Ok(Verdict::Reject { message, status }), Mode::Enforce) => {
                hits.add(&self.name, Outcome::Rejected);
                return Err(Stopped::Refused(Refusal {
                    message: message.map_or_else(|| self.message.clone(), Arc::from),
                    status: status.unwrap_or(self.status),
                    rule: Some(self.name.clone()),
                }));
            }
            (Err(why), Mode::Enforce) if self.failure == FailureMode::FailClosed => {
                hits.add(&self.name, Outcome::FailedClosed);
                return Err(Stopped::Unavailable {
                    name: self.name.clone(),
                    why,
                });
            }
            (Err(_), _) => hits.add(&self.name, Outcome::FailedOpen),
        }
        Ok(())
    }
}

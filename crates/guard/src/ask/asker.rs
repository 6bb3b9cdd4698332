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

#[cfg(test)]
mod tests {
    use sluice_llm::text::{Kind, Part};

    use super::*;
    use crate::{Address, Hit};

    fn mk_asker(failure: FailureMode, mode: Mode) -> Asker {
        let ask = Ask {
            name: "hook".into(),
            engine: Engine::Webhook {},
            address: Address::default(),
            credential: None,
            timeout_ms: 1,
            failure_mode: failure,
            forward_headers: Vec::new(),
            broken: None,
        };
        let side = Side {
            rules: Vec::new(),
            scopes: vec![Scope::User],
            mode,
            message: "no".into(),
            status: 403,
            asks: Vec::new(),
        };
        Asker::realise(&ask, &side).unwrap()
    }

    fn mk_texts() -> Vec<Text> {
        let text = |kind, text| Text::whole(Part { kind, json: false }, text);
        vec![
            text(Kind::System, "system"),
            text(Kind::User, ""),
            text(Kind::User, "user"),
        ]
    }

    /// What becomes of the texts, and what is counted.
    fn judged(
        asker: &Asker,
        said: Result<Verdict, Failure>,
    ) -> (Result<(), Stopped>, String, Vec<Outcome>) {
        let (mut texts, mut hits) = (mk_texts(), Hits::default());
        let chosen = asker.chosen(&texts);
        let result = asker.judge(&mut texts, &chosen, said, &mut hits);
        let last = texts.pop().unwrap().text;
        (
            result,
            last,
            hits.iter().map(|hit: &Hit| hit.outcome).collect(),
        )
    }

    #[test]
    fn a_guard_that_fails_closed_lets_nothing_pass_when_nobody_answers() {
        let asker = mk_asker(FailureMode::FailClosed, Mode::Enforce);
        for why in [
            Failure::Unreachable("refused".into()),
            Failure::Slow,
            Failure::Status(500),
            Failure::TooLong,
            Failure::Misunderstood(Misunderstood("is odd")),
        ] {
            let (result, _, outcomes) = judged(&asker, Err(why.clone()));
            let name = "hook".into();
            assert_eq!(result, Err(Stopped::Unavailable { name, why }));
            assert_eq!(outcomes, [Outcome::FailedClosed]);
        }
    }

    #[test]
    fn a_guard_fails_closed_unless_it_is_written_otherwise() {
        let spec: crate::Spec = serde_json::from_str(
            r#"{"request":{"webhook":{"host":"h","port":1},
                "moderation":{"openai":{"authToken":{"inline":"sk-1"}}}}}"#,
        )
        .unwrap();
        let asks = spec
            .compile("g", &crate::Alone)
            .0
            .unwrap()
            .request
            .unwrap()
            .asks;
        let modes: Vec<_> = asks.iter().map(|ask| ask.failure_mode).collect();
        assert_eq!(modes, [FailureMode::FailClosed; 2]);
    }

    #[test]
    fn who_cannot_be_asked_is_no_guard_that_lets_pass() {
        let spec: crate::Spec = serde_json::from_str(
            r#"{"request":{"moderation":{"openai":{"authToken":{"secretRef":{"name":"none"}},"failureMode":"FailOpen"}}}}"#,
        )
        .unwrap();
        let side = spec.compile("g", &crate::Alone).0.unwrap().request.unwrap();
        let error = Asker::realise(&side.asks[0], &side).unwrap_err();
        assert!(error.contains("nothing to refer to"), "{error}");
    }

    #[test]
    fn a_guard_that_fails_open_lets_all_pass_when_nobody_answers() {
        let asker = mk_asker(FailureMode::FailOpen, Mode::Enforce);
        let passed = (Ok(()), "user".to_owned(), vec![Outcome::FailedOpen]);
        assert_eq!(judged(&asker, Err(Failure::Slow)), passed);
    }

    #[test]
    fn an_audit_stops_and_changes_nothing_whatever_comes() {
        let asker = mk_asker(FailureMode::FailClosed, Mode::Audit);
        let reject = Verdict::Reject {
            message: None,
            status: None,
        };
        for (said, outcome) in [
            (Ok(reject), Outcome::Audited),
            (Ok(Verdict::Mask(vec!["masked".into()])), Outcome::Audited),
            (Err(Failure::Slow), Outcome::FailedOpen),
        ] {
            assert_eq!(
                judged(&asker, said),
                (Ok(()), "user".to_owned(), vec![outcome])
            );
        }
        assert!(!asker.enforces());
    }

    #[test]
    fn what_is_said_is_done() {
        let asker = mk_asker(FailureMode::FailOpen, Mode::Enforce);
        assert!(asker.enforces());
        let kept = |outcomes| (Ok(()), "user".to_owned(), outcomes);
        assert_eq!(judged(&asker, Ok(Verdict::Pass)), kept(vec![]));
        let same = Verdict::Mask(vec!["user".into()]);
        assert_eq!(judged(&asker, Ok(same)), kept(vec![]));
        let mask = Verdict::Mask(vec!["masked".into()]);
        let masked = (Ok(()), "masked".to_owned(), vec![Outcome::Masked]);
        assert_eq!(judged(&asker, Ok(mask)), masked);
        for (message, status, told, with) in [
            (None, None, "no", 403),
            (Some("never"), Some(451), "never", 451),
        ] {
            let message = message.map(str::to_owned);
            let (result, _, outcomes) = judged(&asker, Ok(Verdict::Reject { message, status }));
            let refusal = Refusal {
                message: told.into(),
                status: with,
                rule: Some("hook".into()),
            };
            assert_eq!(result, Err(Stopped::Refused(refusal)));
            assert_eq!(outcomes, [Outcome::Rejected]);
        }
    }

    #[test]
    fn it_is_asked_about_its_scopes_and_about_no_empty_text() {
        let asker = mk_asker(FailureMode::FailOpen, Mode::Enforce);
        assert_eq!(asker.chosen(&mk_texts()), [2]);
        assert!(asker.looks_at(Scope::User) && !asker.looks_at(Scope::System));
    }
}

//! The policies of a route, sorted into the stages that apply them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use sluice_guard::{Guard, Guards, Side};
use sluice_policy::Config;
use sluice_policy::enrichment::{Line, Message};
use sluice_policy::fidelity::Fidelity;
use sluice_policy::route_type::RouteType;

use super::asker::{self, Asker, Need};
use crate::party::Party;

/// What happens to a request on its way. Later policies are more specific: where one answer is needed theirs counts,
/// where policies add up they all do.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Why nothing may pass: a policy that this data plane can't run. Security fails closed.
    pub(crate) poisoned: Option<String>,
    /// Each has to let the caller in.
    pub(crate) authn: Vec<Authn>,
    /// Shared with whoever looks at a large text, and with streams.
    pub(crate) request_guards: Arc<Guards>,
    pub(crate) response_guards: Arc<Guards>,
    /// Who is asked after the guards.
    pub(crate) request_askers: Vec<Asker>,
    pub(crate) response_askers: Arc<Vec<Asker>>,
    pub(crate) prepend: Vec<Line>,
    pub(crate) append: Vec<Line>,
    /// Name and JSON text.
    pub(crate) defaults: Vec<(String, String)>,
    pub(crate) overrides: Vec<(String, String)>,
    pub(crate) route_type: Option<RouteType>,
    pub(crate) timeout: Option<Duration>,
    /// Requests that would lose a field are refused.
    pub(crate) strict: bool,
}

/// Who may call: keys by their digest.
#[derive(Debug)]
pub(crate) struct Authn {
    pub(crate) headers: Vec<HeaderName>,
    pub(crate) callers: Arc<Callers>,
}

/// A caller who has a key.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: Arc<str>,
    pub(crate) party: Arc<Party>,
}

/// By the digests of their keys.
pub(crate) type Callers = HashMap<[u8; 32], Known>;

/// The callers of each set of API keys.
pub(crate) type KeySets = HashMap<String, Arc<Callers>>;

impl Plan {
    /// Adds a policy; an error says why it can't be realised here.
    pub(super) fn add(
        &mut self,
        config: Config,
        keys: &KeySets,
        need: &Need<'_>,
    ) -> Result<(), String> {
        match config {
            Config::Authentication(c) => {
                let headers = c.headers.iter().map(|h| HeaderName::try_from(h.as_str()));
                let headers = headers
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|e| e.to_string())?;
                self.authn.push(Authn {
                    headers,
                    callers: keys.get(&c.set).cloned().unwrap_or_default(),
                });
            }
            Config::Timeouts(c) => self.timeout = c.request.map(|d| d.get()).or(self.timeout),
            Config::Guard(c) => {
                if let Some(side) = &c.request {
                    push(&mut self.request_guards, side)?;
                    self.request_askers.extend(asker::realise(side, need)?);
                }
                if let Some(side) = &c.response {
                    push(&mut self.response_guards, side)?;
                    let askers = asker::realise(side, need)?;
                    Arc::get_mut(&mut self.response_askers)
                        .ok_or(IN_USE)?
                        .extend(askers);
                }
            }
            Config::Enrichment(c) => {
                let realise =
                    |messages: &[Message]| messages.iter().map(Message::realise).collect();
                let (before, after): (Result<Vec<Line>, _>, Result<Vec<Line>, _>) =
                    (realise(&c.prepend), realise(&c.append));
                self.prepend.extend(before?);
                self.append.splice(0..0, after?);
            }
            Config::Parameters(c) => {
                // The last one that names a field decides on it.
                for (list, fields) in [
                    (&mut self.defaults, c.defaults),
                    (&mut self.overrides, c.overrides),
                ] {
                    for field in fields {
                        list.retain(|(name, _)| *name != field.field);
                        list.push((field.field, field.value.to_string()));
                    }
                }
            }
            Config::RouteType(t) => self.route_type = Some(t),
            Config::Fidelity(f) => self.strict = f == Fidelity::Strict,
        }
        Ok(())
    }

    /// Whether the request's body has to be edited.
    pub(crate) fn edits(&self) -> bool {
        !(self.prepend.is_empty()
            && self.append.is_empty()
            && self.defaults.is_empty()
            && self.overrides.is_empty())
    }
}

/// Nobody shares them while the table is built.
const IN_USE: &str = "the guards are in use";

/// Adds a guard that has something to look for.
fn push(guards: &mut Arc<Guards>, side: &Side) -> Result<(), String> {
    if !side.rules.is_empty() {
        let guard = Guard::realise(side)?;
        Arc::get_mut(guards).ok_or(IN_USE)?.push(guard);
    }
    Ok(())
}

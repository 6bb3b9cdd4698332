//! Upstreams as trees: leaves are providers, and what chooses is a model map.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};
use sluice_llm::Format;
use sluice_llm::provider::{Provider, Settings};
use sluice_llm::surface::Surface;
use sluice_vocab::Secret;

use crate::client::Pool;
use crate::metrics::{Metrics, Series};
use crate::token::Minter;

/// An upstream.
#[derive(Debug)]
pub(crate) enum Node {
    Provider(Box<Leaf>),
    Models(ModelMap),
    /// Can't be used; the text says why.
    Invalid(String),
}

/// How the provider knows us.
#[derive(Debug)]
pub(crate) enum Auth {
    Credential(Secret),
    /// One that ends, and is fetched.
    Minted(Arc<Minter>),
    Passthrough,
    None,
}

/// One provider.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) provider: &'static Provider,
    pub(crate) settings: Settings,
    pub(crate) pool: Arc<Pool>,
    pub(crate) auth: Auth,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Wins over the request's.
    pub(crate) model: Option<Name>,
    /// What metrics call its models when no name of ours applies.
    pub(crate) other: Arc<str>,
    /// What metrics call it.
    pub(crate) label: Arc<str>,
    pub(crate) paths: [OnceLock<Option<PathAndQuery>>; Surface::SLOTS],
    pub(crate) series: SeriesByFormat,
}

/// A model's name, also as JSON.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) text: Arc<str>,
    pub(crate) json: Bytes,
}

impl Name {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            json: sluice_llm::json::quote(text).into(),
        }
    }
}

/// Series that are looked up once.
#[derive(Debug, Default)]
pub(crate) struct SeriesByFormat([OnceLock<Arc<Series>>; Format::ALL.len()]);

impl SeriesByFormat {
    pub(crate) fn get(
        &self,
        metrics: &Metrics,
        format: Format,
        model: &Arc<str>,
        provider: &Arc<str>,
    ) -> &Arc<Series> {
        self.0[format.index()].get_or_init(|| metrics.series(format.as_str(), model, provider))
    }
}

impl Leaf {
    /// The path of a request that is sent to it.
    pub(crate) fn path(
        &self,
        surface: &Surface<'_>,
        model: &str,
        stream: bool,
    ) -> Option<PathAndQuery> {
        let make = || {
            self.provider
                .path(&self.settings, surface, model, stream)
                .and_then(|p| p.parse().ok())
        };
        if self.provider.path_varies(surface.operation) {
            return make();
        }
        self.paths[surface.slot()].get_or_init(make).clone()
    }
}

/// Chooses an upstream by the model's name.
#[derive(Debug, Default)]
pub(crate) struct ModelMap {
    pub(crate) entries: Vec<Entry>,
    /// Looked through in this order.
    ranks: Vec<Rank>,
    pub(crate) default: Option<Arc<Node>>,
}

/// Entries among which the most specific name wins.
#[derive(Debug, Default)]
struct Rank {
    exact: HashMap<String, usize>,
    /// Prefix, suffix and entry, the most specific first.
    wild: Vec<(String, String, usize)>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) upstream: Arc<Node>,
    /// Sent upstream; may hold a `*`.
    pub(crate) model: Option<Name>,
    pub(crate) description: String,
    pub(crate) owner: String,
    pub(crate) listed: bool,
    /// Entries of a lower rank are looked at first.
    pub(crate) rank: u32,
    pub(crate) series: SeriesByFormat,
}

/// Where a model is served.
#[derive(Debug)]
pub(crate) struct Resolution<'t> {
    pub(crate) leaf: &'t Leaf,
    /// The model to send; `None` for the request's own.
    pub(crate) model: Option<Name>,
    /// The name of ours that applied, and its series.
    pub(crate) alias: Option<(&'t Arc<str>, &'t SeriesByFormat)>,
}

impl Resolution<'_> {
    /// What is counted of it.
    pub(crate) fn series(&self, metrics: &Metrics, format: Format) -> &Arc<Series> {
        let leaf = self.leaf;
        match self.alias {
            Some((alias, series)) => series.get(metrics, format, alias, &leaf.label),
            None => leaf.series.get(metrics, format, &leaf.other, &leaf.label),
        }
    }
}

/// Why no leaf was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    UnknownModel,
    Invalid(String),
}

impl Node {
    /// Follows the tree. `asked` is the model that the request names.
    pub(crate) fn resolve<'t>(&'t self, asked: Option<&str>) -> Result<Resolution<'t>, Unresolved> {
        self.follow(asked, None, None)
    }

    fn follow<'t>(
        &'t self,
        asked: Option<&str>,
        sent: Option<Name>,
        alias: Option<(&'t Arc<str>, &'t SeriesByFormat)>,
    ) -> Result<Resolution<'t>, Unresolved> {
        match self {
            Node::Provider(leaf) => Ok(Resolution {
                leaf,
                model: leaf.model.clone().or(sent),
                alias,
            }),
            Node::Invalid(why) => Err(Unresolved::Invalid(why.clone())),
            Node::Models(map) => match map.find(asked.unwrap_or("")) {
                Some((entry, caught)) => {
                    let model = entry.model.as_ref().map(|m| match m.text.split_once('*') {
                        Some((before, after)) => Name::new(&format!("{before}{caught}{after}")),
                        None => m.clone(),
                    });
                    let model = model.or(sent);
                    // A wildcard's own name stands for all that it catches, so that strangers can't make series.
                    let next = model.as_ref().map(|m| m.text.clone());
                    let asked = next.as_deref().or(asked);
                    entry
                        .upstream
                        .follow(asked, model, Some((&entry.name, &entry.series)))
                }
                None => map
                    .default
                    .as_ref()
                    .ok_or(Unresolved::UnknownModel)?
                    .follow(asked, sent, alias),
            },
        }
    }

    /// The map that lists models, if there is one.
    pub(crate) fn models(&self) -> Option<&ModelMap> {
        match self {
            Node::Models(map) => Some(map),
            Node::Provider(_) | Node::Invalid(_) => None,
        }
    }
}

impl ModelMap {
    /// The entry for a name, and what its wildcard caught: the lowest rank first, there the exact name before wildcards.
    fn find<'t, 'n>(&'t self, name: &'n str) -> Option<(&'t Entry, &'n str)> {
        self.ranks.iter().find_map(|rank| {
            if let Some(i) = rank.exact.get(name) {
                return Some((&self.entries[*i], name));
            }
            rank.wild.iter().find_map(|(prefix, suffix, i)| {
                let caught = name
                    .strip_prefix(prefix.as_str())?
                    .strip_suffix(suffix.as_str())?;
                (!caught.is_empty()).then(|| (&self.entries[*i], caught))
            })
        })
    }

    /// Call once when the entries are complete.
    pub(super) fn index(&mut self) {
        let mut ranks: std::collections::BTreeMap<u32, Rank> = std::collections::BTreeMap::new();
        for (i, entry) in self.entries.iter().enumerate() {
            let rank = ranks.entry(entry.rank).or_default();
            match entry.name.split_once('*') {
                Some((prefix, suffix)) => rank.wild.push((prefix.to_owned(), suffix.to_owned(), i)),
                None => {
                    rank.exact.entry(entry.name.to_string()).or_insert(i);
                }
            }
        }
        for rank in ranks.values_mut() {
            rank.wild
                .sort_by_key(|(prefix, suffix, _)| std::cmp::Reverse(prefix.len() + suffix.len()));
        }
        self.ranks = ranks.into_values().collect();
    }

    /// The models that callers are shown.
    pub(crate) fn listed(&self) -> impl Iterator<Item = sluice_llm::models::Model<'_>> {
        self.entries
            .iter()
            .filter(|e| e.listed)
            .map(|e| sluice_llm::models::Model {
                id: &e.name,
                owner: &e.owner,
                description: &e.description,
            })
    }
}

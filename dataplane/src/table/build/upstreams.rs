//! Upstream entries -> nodes, each built once and shared by all who refer to it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sluice_llm::provider::{self, Provider, Settings};
use sluice_llm::{Wire, token};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, upstream::Kind};
use sluice_vocab::Secret;

use super::Diagnostic;
use super::header::header;
use crate::client::{Proxy, Target, Tls, Whose};
use crate::standing::Standing;
use crate::table::upstream::{Auth, Entry, Leaf, ModelMap, Name, Node};
use crate::token::Source;

pub(super) struct Upstreams<'s> {
    entries: &'s HashMap<EntryKey, (Option<model::Origin>, model::Upstream)>,
    credentials: &'s HashMap<EntryKey, Secret>,
    standing: &'s Standing,
    built: HashMap<EntryKey, Arc<Node>>,
    /// Those being built, to notice what leads back to itself.
    open: HashSet<EntryKey>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'s> Upstreams<'s> {
    pub(super) fn new(
        entries: &'s HashMap<EntryKey, (Option<model::Origin>, model::Upstream)>,
        credentials: &'s HashMap<EntryKey, Secret>,
        standing: &'s Standing,
    ) -> Self {
        let (built, open, diagnostics) = Default::default();
        Self {
            entries,
            credentials,
            standing,
            built,
            open,
            diagnostics,
        }
    }

    pub(super) fn get(&mut self, key: &EntryKey) -> Arc<Node> {
        if let Some(node) = self.built.get(key) {
            return node.clone();
        }
        if !self.open.insert(key.clone()) {
            return Arc::new(Node::Invalid(format!("{key} leads back to itself")));
        }
        let node = match self.entries.get(key) {
            None => Node::Invalid(format!("{key} is not in the snapshot")),
            Some((origin, upstream)) => self.build(upstream).unwrap_or_else(|message| {
                self.diagnostics.push(Diagnostic {
                    key: key.clone(),
                    origin: origin.clone(),
                    message: message.clone(),
                });
                Node::Invalid(message)
            }),
        };
        self.open.remove(key);
        let node = Arc::new(node);
        self.built.insert(key.clone(), node.clone());
        node
    }

    /// Distinct names that callers are shown.
    pub(super) fn listed(&self) -> usize {
        let maps = self.built.values().filter_map(|node| node.models());
        maps.flat_map(ModelMap::listed)
            .map(|m| m.id.to_owned())
            .collect::<HashSet<_>>()
            .len()
    }

    fn build(&mut self, upstream: &model::Upstream) -> Result<Node, String> {
        match &upstream.kind {
            Some(Kind::Provider(p)) => self
                .leaf(p, &upstream.label)
                .map(|leaf| Node::Provider(Box::new(leaf))),
            Some(Kind::Models(m)) => Ok(Node::Models(self.models(m))),
            // The compiler has told the user already.
            Some(Kind::Invalid(why)) => Ok(Node::Invalid(why.clone())),
            None => Err("this data plane does not know this kind of upstream".to_owned()),
        }
    }

    fn models(&mut self, models: &model::Models) -> ModelMap {
        let mut map = ModelMap::default();
        for m in &models.models {
            map.entries.push(Entry {
                name: m.name.as_str().into(),
                upstream: self.get(&EntryKey::from(m.upstream.as_str())),
                model: (!m.model.is_empty()).then(|| Name::new(&m.model)),
                description: m.description.clone(),
                owner: if m.owner.is_empty() {
                    "sluice".to_owned()
                } else {
                    m.owner.clone()
                },
                listed: m.listed,
                rank: m.rank,
                series: Default::default(),
            });
        }
        if !models.default_upstream.is_empty() {
            map.default = Some(self.get(&EntryKey::from(models.default_upstream.as_str())));
        }
        map.index();
        map
    }

    fn leaf(&self, p: &model::Provider, label: &str) -> Result<Leaf, String> {
        let publisher = p.vertex.as_ref().map_or("", |v| &v.publisher);
        let provider = provider::by_publisher(&p.r#type, publisher)
            .ok_or_else(|| format!("provider {:?} is not known to this data plane", p.r#type))?;
        let settings = settings(p)?;
        let target = match &p.endpoint {
            Some(endpoint) if !endpoint.host.is_empty() => target(endpoint)?,
            other => {
                let host = provider
                    .public_host(&settings)
                    .ok_or_else(|| format!("provider {} needs an endpoint", p.r#type))?;
                target(&model::Endpoint {
                    host,
                    port: 443,
                    tls: true,
                    ..other.clone().unwrap_or_default()
                })?
            }
        };
        let auth = self.auth(p.auth.as_ref(), provider, &settings)?;
        Ok(Leaf {
            provider,
            settings,
            pool: self.standing.pool(target, super::workers())?,
            auth,
            headers: p.headers.iter().map(header).collect::<Result<_, _>>()?,
            model: (!p.model.is_empty()).then(|| Name::new(&p.model)),
            other: if p.model.is_empty() {
                "other".into()
            } else {
                p.model.as_str().into()
            },
            label: if label.is_empty() {
                provider.name.into()
            } else {
                label.into()
            },
            paths: Default::default(),
            series: Default::default(),
        })
    }

    fn auth(
        &self,
        auth: Option<&model::provider::Auth>,
        provider: &Provider,
        settings: &Settings,
    ) -> Result<Auth, String> {
        Ok(match auth {
            None | Some(model::provider::Auth::Passthrough(false)) => Auth::None,
            Some(model::provider::Auth::Passthrough(true)) => Auth::Passthrough,
            Some(model::provider::Auth::Credential(key)) => {
                let found = self.credentials.get(&EntryKey::from(key.as_str())).cloned();
                let found = found.ok_or_else(|| format!("{key} is not in the snapshot"))?;
                if provider.name == "vertexAi" && token::google::is_file(&found) {
                    Auth::Minted(self.standing.minter(Source::GoogleKey(found)))
                } else {
                    Auth::Credential(found)
                }
            }
            Some(model::provider::Auth::WorkloadIdentity(false)) => Auth::None,
            Some(model::provider::Auth::WorkloadIdentity(true)) => {
                let source = match provider.name {
                    "vertexAi" => Source::Google,
                    "bedrock" => Source::Aws {
                        region: settings.location.as_str().into(),
                    },
                    name => {
                        return Err(format!(
                            "{name} has no workload identity on this data plane"
                        ));
                    }
                };
                Auth::Minted(self.standing.minter(source))
            }
        })
    }
}

/// What its provider has to know of a server: an account's places, and what it has.
fn settings(p: &model::Provider) -> Result<Settings, String> {
    let (azure, vertex) = (
        p.azure.clone().unwrap_or_default(),
        p.vertex.clone().unwrap_or_default(),
    );
    Ok(Settings {
        prefix: p.path_prefix.clone(),
        deployment: azure.deployment,
        api_version: if azure.api_version.is_empty() {
            vertex.api_version
        } else {
            azure.api_version
        },
        project: vertex.project,
        location: p
            .bedrock
            .clone()
            .map_or(vertex.location, |bedrock| bedrock.region),
        publisher: vertex.publisher,
        wires: wires(&p.apis)?,
    })
}

/// What a server says that it has.
fn wires(apis: &[String]) -> Result<Vec<Wire>, String> {
    let known = |api: &String| {
        [Wire::Chat, Wire::Responses, Wire::Completions]
            .into_iter()
            .find(|w| w.as_str() == api)
    };
    apis.iter()
        .map(|api| {
            known(api).ok_or_else(|| format!("{api:?} is no API that this data plane knows"))
        })
        .collect()
}

/// Where an endpoint leads.
pub(super) fn target(endpoint: &model::Endpoint) -> Result<Target, String> {
    let port = u16::try_from(endpoint.port).ok().filter(|p| *p != 0);
    Ok(Target {
        host: endpoint
            .host
            .trim_matches(['[', ']'])
            .to_ascii_lowercase()
            .into(),
        port: port.ok_or_else(|| format!("{} is no port", endpoint.port))?,
        tls: endpoint.tls.then(|| Tls {
            server_name: endpoint.server_name.as_str().into(),
            ca_pem: endpoint.ca_pem.as_str().into(),
        }),
        proxy: match (&endpoint.proxy, endpoint.no_proxy) {
            (_, true) => Proxy::Direct,
            (url, _) if url.is_empty() => Proxy::Environment,
            (url, _) => Proxy::Url(url.as_str().into()),
        },
        whose: Whose::Author,
    })
}

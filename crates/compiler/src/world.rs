//! What is compiled: what users wrote, and what their AIGateways expand into.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sluice_crds::gateway_api::gateways::GatewaySpec;
use sluice_crds::gateway_api::httproutes::HttpRouteSpec;
use sluice_crds::{AIGatewaySpec, Inline, RoutePolicySpec, UpstreamSpec};
use sluice_vocab::{Finding, Kind, ObjectRef, Origin, Reason};

use crate::expand::{Expanded, Generated, expand};
use crate::grant;
use crate::item::Item;
use crate::resources::{Name, Object, ResourceSet, SecretData, Table};
use crate::settings::Settings;
use crate::verdict::Verdicts;

/// Items by name.
pub(crate) type Items<T> = BTreeMap<Name, Item<T>>;

/// Everything by name, users' own and generated alike.
pub(crate) struct World<'a> {
    pub(crate) set: &'a ResourceSet,
    pub(crate) settings: &'a Settings,
    pub(crate) gateways: Items<GatewaySpec>,
    pub(crate) routes: Items<HttpRouteSpec>,
    pub(crate) upstreams: Items<UpstreamSpec>,
    pub(crate) policies: Items<RoutePolicySpec>,
    /// Credentials written into AIGateways, by the Upstream that was generated for them.
    pub(crate) inline: BTreeMap<Name, Inline>,
    /// Generated Upstreams that could not be made: whose fault it is, and why.
    pub(crate) invalid: BTreeMap<Name, (Origin, String)>,
    pub(crate) expanded: BTreeMap<ObjectRef, Expanded>,
    /// Secrets that were looked for, whether they exist or not.
    asked: RefCell<BTreeSet<Name>>,
}

impl<'a> World<'a> {
    pub(crate) fn new(
        set: &'a ResourceSet,
        settings: &'a Settings,
        verdicts: &mut Verdicts,
    ) -> Self {
        let mut world = Self {
            set,
            settings,
            gateways: own(Kind::Gateway, &set.gateways),
            routes: own(Kind::HTTPRoute, &set.http_routes),
            upstreams: own(Kind::Upstream, &set.upstreams),
            policies: own(Kind::RoutePolicy, &set.route_policies),
            inline: BTreeMap::new(),
            invalid: BTreeMap::new(),
            expanded: BTreeMap::new(),
            asked: RefCell::default(),
        };
        for (object, why) in &set.unreadable {
            let origin = Origin {
                object: object.clone(),
                generation: 0,
                path: String::new(),
            };
            verdicts.add(
                &origin,
                Finding::error(Reason::Unreadable, "", why.as_str()),
            );
        }
        let mut gateways: Vec<_> = set.ai_gateways.values().collect();
        gateways.sort_by_key(|g| (g.meta.created, &g.meta.name));
        for gateway in gateways {
            world.expand(gateway, verdicts);
        }
        world.see(verdicts);
        world
    }

    /// Every object of our own kinds gets a verdict, also when there is nothing to say.
    fn see(&self, verdicts: &mut Verdicts) {
        for item in self.upstreams.values() {
            let at = item.at("");
            verdicts.see(&at.object, at.generation);
        }
        for item in self.policies.values() {
            let at = item.at("");
            verdicts.see(&at.object, at.generation);
        }
    }

    fn expand(&mut self, gateway: &Object<AIGatewaySpec>, verdicts: &mut Verdicts) {
        let name = &gateway.meta.name;
        let object = ObjectRef {
            kind: Kind::AIGateway,
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        verdicts.see(&object, gateway.meta.generation);
        let at = |path: &str| Origin {
            object: object.clone(),
            generation: gateway.meta.generation,
            path: path.into(),
        };
        if !self.settings.ai_enabled {
            verdicts.add(&at(""), disabled());
            return;
        }
        if !self.is_our_class(&gateway.spec.gateway_class_name) {
            let message = format!(
                "GatewayClass {} is not one of controller {}: name another, or create it",
                gateway.spec.gateway_class_name, self.settings.controller_name
            );
            verdicts.add(
                &at("spec.gatewayClassName"),
                Finding::error(Reason::NotOurClass, "", message),
            );
            return;
        }
        let keys = self.credential_keys(gateway);
        let expanded = expand(gateway, keys.as_ref().and_then(|keys| keys.as_ref().ok()));
        // An Upstream that needs the Secret says what is wrong with it.
        if let Some(Err(finding)) = keys
            && !needs_credentials(gateway, &expanded)
        {
            verdicts.add(&at("spec.cloudProviderCredentials"), finding);
        }
        for finding in &expanded.findings {
            verdicts.add(&at(&finding.path), finding.clone());
        }
        self.take(&expanded, &at, verdicts);
        self.expanded.insert(object, expanded);
    }

    /// Puts the generated objects beside the users' own, which keep their names.
    fn take(&mut self, expanded: &Expanded, at: &dyn Fn(&str) -> Origin, verdicts: &mut Verdicts) {
        put(
            &mut self.gateways,
            Kind::Gateway,
            std::slice::from_ref(&expanded.gateway),
            at,
            verdicts,
        );
        put(
            &mut self.routes,
            Kind::HTTPRoute,
            &expanded.http_routes,
            at,
            verdicts,
        );
        let namespace = &expanded.gateway.object.meta.name.namespace;
        for (name, key) in &expanded.inline {
            let name = Name::new(namespace.clone(), name.as_str());
            // Whose Upstream has the name already must not be given the key.
            if !self.upstreams.contains_key(&name) {
                self.inline.insert(name, key.clone());
            }
        }
        put(
            &mut self.upstreams,
            Kind::Upstream,
            &expanded.upstreams,
            at,
            verdicts,
        );
        put(
            &mut self.policies,
            Kind::RoutePolicy,
            &expanded.route_policies,
            at,
            verdicts,
        );
        for (name, why) in &expanded.invalid {
            self.invalid.insert(
                Name::new(namespace.clone(), name.as_str()),
                (at(""), why.clone()),
            );
        }
    }

    /// The keys of the AIGateway's credentials, or what is wrong with the reference; none without one.
    fn credential_keys(
        &self,
        gateway: &Object<AIGatewaySpec>,
    ) -> Option<Result<BTreeSet<String>, Finding>> {
        let reference = gateway.spec.cloud_provider_credentials.as_ref()?;
        let namespace = &gateway.meta.name.namespace;
        let name = Name::new(
            reference.namespace.as_deref().unwrap_or(namespace),
            reference.name.as_str(),
        );
        let from = (Kind::AIGateway, &**namespace);
        if let Err(finding) = grant::check(&self.set.reference_grants, from, (Kind::Secret, &name))
        {
            return Some(Err(finding));
        }
        Some(match self.secret(&name) {
            Some(secret) => Ok(secret.spec.data.keys().cloned().collect()),
            None => {
                let message =
                    format!("Secret {name} does not exist: create it with a key for each provider");
                Err(Finding::error(Reason::SecretNotFound, "", message))
            }
        })
    }

    /// A Secret, and a note that it was looked for.
    pub(crate) fn secret(&self, name: &Name) -> Option<&Object<SecretData>> {
        self.asked.borrow_mut().insert(name.clone());
        self.set.secrets.get(name).map(Arc::as_ref)
    }

    /// What came of it: expansions, and the Secrets that were looked for.
    pub(crate) fn finish(self) -> (BTreeMap<ObjectRef, Expanded>, BTreeSet<Name>) {
        (self.expanded, self.asked.into_inner())
    }

    /// Whether a GatewayClass is ours. Where there are no such objects, as with files, `sluice` is.
    pub(crate) fn is_our_class(&self, class: &str) -> bool {
        match self.set.gateway_classes.get(&Name::new("", class)) {
            Some(object) => object.spec.controller_name == self.settings.controller_name,
            None => class == sluice_crds::CLASS,
        }
    }
}

/// Whether an Upstream of the AIGateway takes its key from `cloudProviderCredentials`.
fn needs_credentials(gateway: &Object<AIGatewaySpec>, expanded: &Expanded) -> bool {
    let Some(credentials) = &gateway.spec.cloud_provider_credentials else {
        return false;
    };
    let ais = expanded
        .upstreams
        .iter()
        .filter_map(|u| u.object.spec.ai.as_ref());
    let secrets = ais.filter_map(|ai| ai.provider()?.1.auth_token?.secret_ref.as_ref());
    secrets
        .into_iter()
        .any(|s| s.name == credentials.name && s.namespace == credentials.namespace)
}

/// AI resources are off.
pub(crate) fn disabled() -> Finding {
    let message = "AI resources are turned off: helm upgrade --reuse-values --set ai.enabled=true";
    Finding::error(Reason::AIDisabled, "", message)
}

/// Users' own objects: projections of AIGateways are left out, for they are made anew.
fn own<T>(kind: Kind, table: &Table<T>) -> Items<T> {
    let is_own = |o: &Arc<Object<T>>| {
        o.meta
            .owner
            .as_ref()
            .is_none_or(|owner| owner.kind != Kind::AIGateway)
    };
    table
        .iter()
        .filter(|(_, o)| is_own(o))
        .map(|(name, o)| (name.clone(), Item::own(kind, o)))
        .collect()
}

fn put<T: Clone>(
    items: &mut Items<T>,
    kind: Kind,
    generated: &[Generated<T>],
    at: &dyn Fn(&str) -> Origin,
    verdicts: &mut Verdicts,
) {
    for g in generated {
        let name = g.object.meta.name.clone();
        if items.contains_key(&name) {
            let message = format!(
                "{kind} {name} exists already and is not this AIGateway's: rename one of the two"
            );
            verdicts.add(
                &at(&g.path),
                Finding::error(Reason::NameConflict, "", message),
            );
            continue;
        }
        let item = Item {
            kind,
            object: Arc::new(g.object.clone()),
            parent: Some(at(&g.path)),
            label: g.label.clone(),
        };
        items.insert(name, item);
    }
}

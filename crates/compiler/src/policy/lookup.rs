//! What a RoutePolicy's guards refer to.

use std::cell::RefCell;

use sluice_crds::{Inline, RoutePolicySpec, SecretRef};
use sluice_guard::Address;
use sluice_guard::Lookup;
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, entry::Body};
use sluice_vocab::reference::ServiceRef;
use sluice_vocab::{Finding, Kind, Reason};

use crate::item::Item;
use crate::pool::Pool;
use crate::resources::Name;
use crate::world::World;
use crate::{secret, service};

/// Looks up what a policy refers to, and puts what it finds into the pool.
pub(super) struct Found<'a> {
    world: &'a World<'a>,
    item: &'a Item<RoutePolicySpec>,
    inner: RefCell<Inner<'a>>,
}

struct Inner<'a> {
    pool: &'a mut Pool,
    /// Entries that the policy needs.
    keys: Vec<EntryKey>,
}

impl<'a> Found<'a> {
    pub(super) fn new(
        world: &'a World<'a>,
        item: &'a Item<RoutePolicySpec>,
        pool: &'a mut Pool,
    ) -> Self {
        Self {
            world,
            item,
            inner: RefCell::new(Inner {
                pool,
                keys: Vec::new(),
            }),
        }
    }

    /// The entries that were found.
    pub(super) fn finish(self) -> Vec<EntryKey> {
        self.inner.into_inner().keys
    }

    fn from(&self) -> (Kind, &str) {
        (self.item.referrer(), &self.item.name().namespace)
    }

    fn keep(&self, key: EntryKey) -> String {
        let text = key.as_str().to_owned();
        self.inner.borrow_mut().keys.push(key);
        text
    }
}

impl Lookup for Found<'_> {
    fn host(&self, host: &str) -> Result<(), Finding> {
        self.world.settings.check_host(host)
    }

    fn service(&self, reference: &ServiceRef) -> Result<Address, Finding> {
        let own = &*self.item.name().namespace;
        let name = Name::new(
            reference.namespace.as_deref().unwrap_or(own),
            reference.name.as_str(),
        );
        let endpoint = service::endpoint(self.world, self.from(), &name, Some(reference.port))?;
        let port = u16::try_from(endpoint.port).unwrap_or(0);
        Ok(Address {
            host: endpoint.host,
            port,
            tls: false,
            direct: true,
        })
    }

    fn credential(&self, reference: &SecretRef) -> Result<String, Finding> {
        let found = secret::credential(self.world, self.from(), reference)?;
        let key = secret::pool(found, self.inner.borrow_mut().pool);
        Ok(self.keep(key))
    }

    fn inline(&self, path: &str, value: &Inline) -> Result<String, Finding> {
        if self.item.parent.is_some() {
            // Whoever made the object of it has taken the credential out.
            let message = "an AIGateway's policy is shown as a RoutePolicy, where everyone could read the key: put it into a Secret and use secretRef";
            return Err(Finding::error(Reason::Invalid, "", message));
        }
        let name = self.item.name();
        let key = EntryKey::new(&[
            "credential",
            &name.namespace,
            &format!("policy:{}", name.name),
            path,
        ]);
        let body = model::Credential {
            value: secret::bare(value.expose().as_bytes()).to_vec(),
        };
        let at = self.item.at(path);
        self.inner
            .borrow_mut()
            .pool
            .put(key.clone(), &at, Body::Credential(body), Vec::new());
        Ok(self.keep(key))
    }
}

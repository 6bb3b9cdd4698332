//! An object together with who wrote it.

use std::sync::Arc;

use sluice_vocab::{Kind, ObjectRef, Origin};

use crate::resources::{Name, Object};

/// An object that is compiled: a user's own, or one that an AIGateway expanded into.
#[derive(Debug, Clone)]
pub(crate) struct Item<T> {
    pub(crate) kind: Kind,
    pub(crate) object: Arc<Object<T>>,
    /// The AIGateway's field that it came from.
    pub(crate) parent: Option<Origin>,
    /// What metrics and logs call it.
    pub(crate) label: String,
}

impl<T> Item<T> {
    pub(crate) fn own(kind: Kind, object: &Arc<Object<T>>) -> Self {
        Self {
            kind,
            object: object.clone(),
            parent: None,
            label: object.meta.name.to_string(),
        }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.object.meta.name
    }

    pub(crate) fn spec(&self) -> &T {
        &self.object.spec
    }

    /// The place of a field in what the user wrote: the object's own, or the AIGateway's that stands for it.
    pub(crate) fn at(&self, path: impl Into<String>) -> Origin {
        if let Some(parent) = &self.parent {
            return parent.clone();
        }
        let name = self.name();
        let object = ObjectRef {
            kind: self.kind,
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        Origin {
            object,
            generation: self.object.meta.generation,
            path: path.into(),
        }
    }

    /// The kind that a ReferenceGrant has to name.
    pub(crate) fn referrer(&self) -> Kind {
        if self.parent.is_some() {
            Kind::AIGateway
        } else {
            self.kind
        }
    }
}

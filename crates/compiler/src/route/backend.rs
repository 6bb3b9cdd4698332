//! Where a rule sends requests.

use sluice_crds::GROUP;
use sluice_crds::gateway_api::httproutes::{
    HttpRouteRulesBackendRefs, HttpRouteRulesBackendRefsFiltersType as FilterType,
};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, backend::Target};
use sluice_vocab::{Finding, Reason};

use super::Rule;
use super::filter::refused;
use crate::resources::Name;
use crate::verdict::Verdicts;
use crate::{service, upstream};

impl Rule<'_> {
    /// Resolves the backends; one that cannot be answers with an error for its share.
    pub(super) fn backends(
        &self,
        body: &mut model::Route,
        refs: &mut Vec<EntryKey>,
        verdicts: &mut Verdicts,
    ) {
        for (i, reference) in self.rule.backend_refs.iter().flatten().enumerate() {
            let at = format!(".backendRefs[{i}]");
            let found = match self.target(reference) {
                Ok(target) => edits(reference).map(|edits| (target, edits)),
                Err(finding) => Err((String::new(), finding)),
            };
            let (target, request_headers) = found.unwrap_or_else(|(field, finding)| {
                verdicts.add(&self.at(&format!("{at}{field}")), finding.clone());
                (Target::Invalid(finding.message), None)
            });
            if let Target::Upstream(key) = &target {
                refs.push(EntryKey::from(key.as_str()));
            }
            let weight = reference
                .weight
                .map_or(1, |w| u32::try_from(w).unwrap_or_default());
            body.backends.push(model::Backend {
                weight,
                target: Some(target),
                request_headers,
            });
        }
    }

    fn target(&self, reference: &HttpRouteRulesBackendRefs) -> Result<Target, Finding> {
        let own = &self.item.name().namespace;
        let name = Name::new(
            reference.namespace.as_deref().unwrap_or(own),
            reference.name.as_str(),
        );
        match (
            reference.group.as_deref().unwrap_or_default(),
            reference.kind.as_deref().unwrap_or("Service"),
        ) {
            ("", "Service") => {
                let from = (self.item.referrer(), &**own);
                service::endpoint(self.world, from, &name, reference.port).map(Target::Service)
            }
            (GROUP, "Upstream") => {
                let key = upstream::resolve(self.world, (self.item.referrer(), own), &name)?;
                Ok(Target::Upstream(key.as_str().to_owned()))
            }
            (group, kind) => {
                let message = format!(
                    "{group}/{kind} is no kind of backend: use Service or {GROUP}/Upstream"
                );
                Err(Finding::error(Reason::InvalidKind, "", message))
            }
        }
    }
}

/// Headers for one backend only; other filters cannot stand there. An error comes with the field below the reference.
fn edits(
    reference: &HttpRouteRulesBackendRefs,
) -> Result<Option<model::HeaderEdits>, (String, Finding)> {
    let mut edits = None;
    for (i, filter) in reference.filters.iter().flatten().enumerate() {
        let modifier = filter.request_header_modifier.as_ref();
        let Some(modifier) =
            modifier.filter(|_| filter.r#type == FilterType::RequestHeaderModifier)
        else {
            let message = format!(
                "filters of type {:?} have to stand at the rule",
                filter.r#type
            );
            let finding = Finding::error(Reason::UnsupportedValue, "", message);
            return Err((String::new(), finding));
        };
        let field = |name: &str, value: &str| model::Field {
            name: name.to_ascii_lowercase(),
            value: value.to_owned(),
        };
        let found = model::HeaderEdits {
            set: modifier
                .set
                .iter()
                .flatten()
                .map(|h| field(&h.name, &h.value))
                .collect(),
            add: modifier
                .add
                .iter()
                .flatten()
                .map(|h| field(&h.name, &h.value))
                .collect(),
            remove: modifier
                .remove
                .iter()
                .flatten()
                .map(|n| n.to_ascii_lowercase())
                .collect(),
        };
        let refused = refused("requestHeaderModifier", Some(&found));
        if let Some((field, why)) = refused.into_iter().next() {
            let finding = Finding::error(Reason::Invalid, "", why);
            return Err((format!(".filters[{i}].{field}"), finding));
        }
        edits = Some(found);
    }
    Ok(edits)
}

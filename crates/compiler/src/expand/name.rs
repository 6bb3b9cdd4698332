//! Names of what an AIGateway expands into. Distinct within one gateway: what follows its name begins with `-` for
//! identifiers and with `.` for the rest.

use super::Expansion;

impl Expansion<'_> {
    pub(super) fn gateway_name(&self) -> String {
        self.meta.name.name.to_string()
    }

    /// Upstream, HTTPRoute and RoutePolicy of an identifier.
    pub(super) fn identifier_name(&self, identifier: &str) -> String {
        format!("{}-{identifier}", self.meta.name.name)
    }

    /// Upstream and HTTPRoute of the standard paths.
    pub(super) fn surface_name(&self) -> String {
        format!("{}.models", self.meta.name.name)
    }

    /// Upstream of a provider.
    pub(super) fn provider_name(&self, provider: &str) -> String {
        format!("{}.provider-{provider}", self.meta.name.name)
    }
}

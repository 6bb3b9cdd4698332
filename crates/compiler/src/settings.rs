//! What an installation decides.

use sluice_vocab::{Egress, Finding, Reason};

/// What an installation decides, as opposed to its users.
#[derive(Clone)]
pub struct Settings {
    /// Random once per installation; keys the hashes of entries.
    pub install_key: Vec<u8>,
    /// The controller whose GatewayClasses are ours.
    pub controller_name: String,
    /// Whether AI resources have any effect (`ai.enabled` of the chart).
    pub ai_enabled: bool,
    /// Whether whoever writes resources runs the process too, as with files: then its identity in a cloud is theirs.
    pub trusts_authors: bool,
    /// Where data planes let resources lead; anywhere without it, as where whoever writes resources runs the process too.
    pub egress: Option<Egress>,
}

impl Settings {
    /// Sluice's own controller name, AI resources on.
    pub fn new(install_key: impl Into<Vec<u8>>) -> Self {
        Self {
            install_key: install_key.into(),
            controller_name: sluice_crds::CONTROLLER.to_owned(),
            ai_enabled: true,
            trusts_authors: false,
            egress: None,
        }
    }
}

impl Settings {
    /// Whether data planes would let a resource lead to a host, where its name alone tells.
    ///
    /// # Errors
    /// When it is certain that they would not.
    pub(crate) fn check_host(&self, host: &str) -> Result<(), Finding> {
        let Some(Err(kept)) = self.egress.as_ref().map(|egress| egress.check_host(host)) else {
            return Ok(());
        };
        let message = format!(
            "{host} is {kept}, where data planes let no resource lead: name another host, or have an administrator allow it with \
             dataPlane.egressAllow"
        );
        Err(Finding::error(Reason::EgressRefused, "", message))
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("controller_name", &self.controller_name)
            .field("ai_enabled", &self.ai_enabled)
            .finish_non_exhaustive()
    }
}

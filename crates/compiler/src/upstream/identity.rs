//! Who the gateway is to a provider's cloud.

use sluice_crds::upstream::{Ai, Common};
use sluice_llm::token::google::{self, Key};
use sluice_vocab::{Finding, Reason};

use super::refused::Refused;
use crate::secret::Found;
use crate::settings::Settings;

/// Where a token of Google's may go.
const GOOGLE: &str = ".googleapis.com";

/// Whether the pod's own identity may be used.
///
/// Whoever has a token of Google's can do all that the pod may, so it goes to Google only: an Upstream's author need not be the one to
/// whom the pod belongs. Of AWS' keys nothing leaves but signatures, each for one request to one host.
pub(super) fn check(ai: &Ai, common: Common<'_>, settings: &Settings) -> Result<(), Refused> {
    if ai.bedrock.is_some() {
        return Ok(());
    }
    if ai.vertex_ai.is_none() {
        let message = "only vertexAi and bedrock know workloadIdentity: use secretRef";
        return Err((
            "authToken.workloadIdentity".into(),
            Finding::error(Reason::UnsupportedValue, "", message),
        ));
    }
    let Some(host) = common.custom_host.filter(|_| !settings.trusts_authors) else {
        return Ok(());
    };
    let own = host
        .tls
        .as_ref()
        .is_some_and(|t| t.ca_certificate.is_some() || t.server_name.is_some());
    let is_tls = host.tls.is_some() || host.port == 443;
    if is_tls && !own && host.host.to_ascii_lowercase().ends_with(GOOGLE) {
        return Ok(());
    }
    let message = format!(
        "with workloadIdentity the pod's token of Google's would go to {}: name a host below {GOOGLE} with TLS and without authorities of your own, or use secretRef",
        host.host
    );
    Err((
        "customHost".into(),
        Finding::error(Reason::Invalid, "", message),
    ))
}

/// Whether a credential of Vertex AI is a token, or a file that makes them.
pub(super) fn check_file(found: &Found) -> Result<(), Finding> {
    if !google::is_file(&found.value) {
        return Ok(());
    }
    let message = match Key::parse(found.value.expose()) {
        Ok(Key::ServiceAccount(_)) => return Ok(()),
        Ok(Key::External(_)) => "Google credentials of type \"external_account\" name a file of the data plane's pod, so they can't come from a Secret: give them to the pod and use workloadIdentity".to_owned(),
        Err(why) => why.to_string(),
    };
    let message = format!("key {} of Secret {}: {message}", found.key, found.secret);
    Err(Finding::error(Reason::Invalid, "", message))
}

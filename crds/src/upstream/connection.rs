//! How a provider is reached.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SecretRef;

/// Another address than the provider's public one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomHost {
    /// Host name or IP address, without a scheme.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9._:\[\]-]+$"))]
    pub host: String,
    /// Port. 443 means TLS, any other means plain HTTP unless `tls` is set.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// Speak TLS, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// How TLS is spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// Trust this certificate authority, beside the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<CaCertificate>,
    /// Name that the server's certificate has to bear, when it is not the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[A-Za-z0-9.-]+$"))]
    pub server_name: Option<String>,
}

/// A bundle of PEM certificates: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.secretRef) != has(self.inline)",
    "message": "exactly one of secretRef and inline has to be set",
}]))]
pub struct CaCertificate {
    /// From a Secret; its key `ca.crt` unless another is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Written here; certificates are no secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65536))]
    pub inline: Option<String>,
}

/// Whether requests go through an HTTP proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "(has(self.mode) && self.mode == 'URL') == has(self.url)",
    "message": "url has to be set when mode is URL, and only then",
}]))]
pub struct Proxy {
    /// `Environment`: what HTTPS_PROXY and NO_PROXY say. `Direct`: never. `URL`: through `url`.
    #[serde(default)]
    pub mode: ProxyMode,
    /// The proxy, such as `http://proxy.example.com:3128`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = "^http://[^@/]+/?$"))]
    pub url: Option<String>,
}

/// How a proxy is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProxyMode {
    /// What HTTPS_PROXY and NO_PROXY of the data plane say.
    #[default]
    Environment,
    /// Never through a proxy.
    Direct,
    /// Through the proxy that `url` names.
    #[serde(rename = "URL")]
    Url,
}

/// A header that is sent to the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// Its name.
    #[schemars(
        length(min = 1, max = 256),
        regex(pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
    )]
    pub name: String,
    /// Its value.
    #[schemars(length(max = 4096), regex(pattern = r"^[\t\x20-\x7e]*$"))]
    pub value: String,
}

//! Fields of the providers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AuthToken, CustomHost, Header, Proxy};

/// What every provider has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Common<'a> {
    /// How the gateway proves itself.
    pub auth_token: Option<&'a AuthToken>,
    /// Wins over the request's.
    pub model: Option<&'a str>,
    /// Another address than the public one.
    pub custom_host: Option<&'a CustomHost>,
    /// Path before the provider's own.
    pub path_prefix: Option<&'a str>,
    /// Whether requests go through an HTTP proxy.
    pub proxy: Option<&'a Proxy>,
    /// Sent with every request.
    pub headers: &'a [Header],
}

/// A provider's type: its own fields, then those that every provider has. (`flatten` and refusing unknown fields don't
/// go together in serde.)
macro_rules! provider {
    ($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$meta])* pub $field: $type,)*
            /// How the gateway proves itself to the provider; not at all when left out.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub auth_token: Option<AuthToken>,
            /// The model. Wins over the request's; without either, the request is refused.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(length(min = 1, max = 253))]
            pub model: Option<String>,
            /// Another address than the provider's public one.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub custom_host: Option<CustomHost>,
            /// Path before the provider's own, such as `/v1`; empty for none.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(length(max = 1024), regex(pattern = r"^(/[^\s?#]*)?$"))]
            pub path_prefix: Option<String>,
            /// Whether requests go through an HTTP proxy.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub proxy: Option<Proxy>,
            /// Sent with every request, over the caller's.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
            pub headers: Vec<Header>,
        }

        impl $name {
            /// What every provider has.
            pub fn common(&self) -> Common<'_> {
                Common {
                    auth_token: self.auth_token.as_ref(),
                    model: self.model.as_deref(),
                    custom_host: self.custom_host.as_ref(),
                    path_prefix: self.path_prefix.as_deref(),
                    proxy: self.proxy.as_ref(),
                    headers: &self.headers,
                }
            }
        }
    };
}

provider!(
    /// A provider without fields of its own.
    Basic {}
);

provider!(
    /// OpenAI, or a server that speaks its format.
    OpenAi {
        /// Which of OpenAI's APIs the server has; all of them when left out. Requests in the others are translated into the first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "set"))]
        apis: Vec<Api>,
    }
);

/// An API of OpenAI's that conversations are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Api {
    /// `/chat/completions`.
    Chat,
    /// `/responses`.
    Responses,
    /// `/completions`.
    Completions,
}

impl Api {
    /// As `model::Provider.apis` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Api::Chat => "chat",
            Api::Responses => "responses",
            Api::Completions => "completions",
        }
    }
}

impl From<Basic> for OpenAi {
    fn from(basic: Basic) -> Self {
        let Basic {
            auth_token,
            model,
            custom_host,
            path_prefix,
            proxy,
            headers,
        } = basic;
        Self {
            apis: Vec::new(),
            auth_token,
            model,
            custom_host,
            path_prefix,
            proxy,
            headers,
        }
    }
}

provider!(
    /// Azure OpenAI.
    AzureOpenAi {
        /// Host of the resource, such as `my-resource.openai.azure.com`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(length(min = 1, max = 253), regex(pattern = r"^(https://)?[A-Za-z0-9.-]+/?$"))]
        endpoint: Option<String>,
        /// Name of the deployment; the request's model when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(length(min = 1, max = 128), regex(pattern = "^[A-Za-z0-9._-]+$"))]
        deployment_name: Option<String>,
        /// Version of the API, such as `2024-10-21`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9._-]+$"))]
        api_version: Option<String>,
    }
);

provider!(
    /// Google's Vertex AI.
    VertexAi {
        /// The Google Cloud project.
        #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9._:-]+$"))]
        project_id: String,
        /// The region, such as `us-central1`, or `global`.
        #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9-]+$"))]
        location: String,
        /// Who publishes the model, in any case; `GOOGLE` when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9-]+$"))]
        publisher: Option<String>,
        /// Version of the API, such as `v1`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9._-]+$"))]
        api_version: Option<String>,
    }
);

provider!(
    /// AWS Bedrock.
    Bedrock {
        /// The AWS region, such as `eu-central-1`.
        #[schemars(length(min = 1, max = 64), regex(pattern = "^[a-z0-9-]+$"))]
        region: String,
    }
);

//! Who the pod is to a cloud. The variables are those of the clouds' own SDKs, so that what EKS, GKE and others put into a pod is found.

use std::path::PathBuf;
use std::sync::Arc;

/// Where the pod's identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySettings {
    pub(crate) google_file: Option<PathBuf>,
    pub(crate) metadata_host: Arc<str>,
    pub(crate) aws_role: Option<String>,
    pub(crate) aws_token_file: Option<PathBuf>,
    pub(crate) aws_session: String,
    pub(crate) aws_sts: Option<String>,
    pub(crate) aws_container: Option<String>,
    pub(crate) aws_container_token_file: Option<PathBuf>,
}

impl IdentitySettings {
    /// From the variables of a process; `get` looks one up.
    ///
    /// `GOOGLE_APPLICATION_CREDENTIALS`, `GCE_METADATA_HOST`; `AWS_ROLE_ARN`, `AWS_WEB_IDENTITY_TOKEN_FILE`,
    /// `AWS_ROLE_SESSION_NAME`, `AWS_ENDPOINT_URL_STS`; `AWS_CONTAINER_CREDENTIALS_FULL_URI`,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name: &str| {
            get(name)
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
        };
        Self {
            google_file: var("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from),
            metadata_host: var("GCE_METADATA_HOST")
                .as_deref()
                .unwrap_or("metadata.google.internal")
                .into(),
            aws_role: var("AWS_ROLE_ARN"),
            aws_token_file: var("AWS_WEB_IDENTITY_TOKEN_FILE").map(PathBuf::from),
            aws_session: var("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "sluice".to_owned()),
            aws_sts: var("AWS_ENDPOINT_URL_STS"),
            aws_container: var("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            aws_container_token_file: var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
                .map(PathBuf::from),
        }
    }
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self::from_env(|_| None)
    }
}

//! Upstreams that are a provider.

use sluice_crds::UpstreamSpec;
use sluice_crds::upstream::{Ai, CaCertificate, Common, CustomHost, Header, ProxyMode};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::entry::Body;
use sluice_snapshot::model::{self, provider::Auth, upstream::Kind as Compiled};
use sluice_vocab::header::{carries_credential, refusal};
use sluice_vocab::host::is_this_machine;
use sluice_vocab::{Finding, Kind, Origin, Reason};

use super::refused::Refused;
use super::{Draft, identity};
use crate::item::Item;
use crate::pool::Pool;
use crate::secret;
use crate::verdict::Verdicts;
use crate::world::World;

/// A provider that is being compiled.
pub(super) struct Context<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) item: &'a Item<UpstreamSpec>,
    pub(super) ai: &'a Ai,
    /// The provider's field, which is its type.
    pub(super) field: &'static str,
    pub(super) common: Common<'a>,
    /// Path of that field.
    pub(super) path: &'a str,
}

impl Context<'_> {
    pub(super) fn compile(&self, pool: &mut Pool, verdicts: &mut Verdicts) -> Draft {
        let at = self.item.at(self.path);
        match self.provider(pool, verdicts) {
            Ok((provider, refs)) => Draft {
                kind: Compiled::Provider(provider),
                label: self.item.label.clone(),
                at,
                refs,
                next: Vec::new(),
            },
            Err((field, finding)) => {
                verdicts.add(&self.at(&field), finding.clone());
                Draft::invalid(at, self.item.label.clone(), finding.message)
            }
        }
    }

    /// The place of a field below the provider's.
    fn at(&self, field: &str) -> Origin {
        self.item.at(if field.is_empty() {
            self.path.to_owned()
        } else {
            format!("{}.{field}", self.path)
        })
    }

    fn provider(
        &self,
        pool: &mut Pool,
        verdicts: &mut Verdicts,
    ) -> Result<(model::Provider, Vec<EntryKey>), Refused> {
        let auth = self.auth(pool, verdicts)?;
        let refs = match &auth {
            Some(Auth::Credential(key)) => vec![EntryKey::from(key.as_str())],
            Some(Auth::Passthrough(_) | Auth::WorkloadIdentity(_)) | None => Vec::new(),
        };
        let endpoint = self.endpoint()?;
        self.in_clear(auth.is_some(), endpoint.as_ref(), verdicts);
        let headers = self.headers()?;
        let provider = model::Provider {
            r#type: self.field.to_owned(),
            endpoint,
            path_prefix: self
                .common
                .path_prefix
                .map(|p| p.trim_end_matches('/').to_owned()),
            model: self.common.model.unwrap_or_default().to_owned(),
            auth,
            headers,
            apis: self.apis(),
            azure: self.azure(),
            vertex: self.vertex(),
            bedrock: self.ai.bedrock.as_ref().map(|b| model::Bedrock {
                region: b.region.clone(),
            }),
        };
        Ok((provider, refs))
    }

    fn auth(&self, pool: &mut Pool, verdicts: &mut Verdicts) -> Result<Option<Auth>, Refused> {
        let token = self.common.auth_token;
        let inline = self.world.inline.get(self.item.name());
        let written = token.and_then(|t| t.inline.as_ref());
        if written.is_some() {
            let message = "the key can be read by everyone who may read this Upstream: put it into a Secret and use secretRef";
            verdicts.add(
                &self.at("authToken.inline"),
                Finding::warning(Reason::InlineCredential, "", message),
            );
        }
        if let Some(value) = inline.or(written) {
            let name = self.item.name();
            let key = EntryKey::new(&[
                "credential",
                &name.namespace,
                &format!("upstream:{}", name.name),
            ]);
            let body = model::Credential {
                value: secret::bare(value.expose().as_bytes()).to_vec(),
            };
            pool.put(
                key.clone(),
                &self.at("authToken.inline"),
                Body::Credential(body),
                Vec::new(),
            );
            return Ok(Some(Auth::Credential(key.as_str().to_owned())));
        }
        if token.is_some_and(|t| t.passthrough.is_some()) {
            return Ok(Some(Auth::Passthrough(true)));
        }
        if token.is_some_and(|t| t.workload_identity.is_some()) {
            identity::check(self.ai, self.common, self.world.settings)?;
            return Ok(Some(Auth::WorkloadIdentity(true)));
        }
        let Some(reference) = token.and_then(|t| t.secret_ref.as_ref()) else {
            return Ok(None);
        };
        let found = match self
            .ai
            .bedrock
            .as_ref()
            .and_then(|_| secret::aws_keys(self.world, self.referrer(), reference))
        {
            Some(found) => found,
            None => secret::credential(self.world, self.referrer(), reference),
        }
        .map_err(|finding| ("authToken.secretRef".into(), finding))?;
        if self.ai.vertex_ai.is_some() {
            identity::check_file(&found)
                .map_err(|finding| ("authToken.secretRef".into(), finding))?;
        }
        let key = secret::pool(found, pool);
        Ok(Some(Auth::Credential(key.as_str().to_owned())))
    }

    /// The headers that are sent with every request.
    fn headers(&self) -> Result<Vec<model::Field>, Refused> {
        let field = |(i, header): (usize, &Header)| match refusal(&header.name) {
            Some(why) => Err((
                format!("headers[{i}].name").into(),
                Finding::error(Reason::Invalid, "", why),
            )),
            None => Ok(model::Field {
                name: header.name.to_ascii_lowercase(),
                value: header.value.clone(),
            }),
        };
        self.common.headers.iter().enumerate().map(field).collect()
    }

    /// Says so when a credential, of its own or in a header, leaves the machine without TLS.
    fn in_clear(
        &self,
        has_auth: bool,
        endpoint: Option<&model::Endpoint>,
        verdicts: &mut Verdicts,
    ) {
        let headers = self.common.headers;
        let has_credential = has_auth || headers.iter().any(|h| carries_credential(&h.name));
        let is_plain =
            |e: &&model::Endpoint| !e.tls && !e.host.is_empty() && !is_this_machine(&e.host);
        let Some(endpoint) = endpoint.filter(is_plain).filter(|_| has_credential) else {
            return;
        };
        let message = format!(
            "the credential goes to {} without TLS, so that everyone on the way can read it: use https, with tls or port 443",
            endpoint.host
        );
        verdicts.add(
            &self.at("customHost"),
            Finding::warning(Reason::PlainCredential, "", message),
        );
    }

    fn referrer(&self) -> (Kind, &str) {
        (self.item.referrer(), &self.item.name().namespace)
    }

    fn endpoint(&self) -> Result<Option<model::Endpoint>, Refused> {
        let azure = self.ai.azure_openai.as_ref();
        let mut endpoint = match (
            self.common.custom_host,
            azure.and_then(|a| a.endpoint.as_deref()),
        ) {
            (Some(host), _) => {
                self.may_lead_to("customHost.host", &host.host)?;
                self.custom(host)?
            }
            (None, Some(host)) => {
                let endpoint = public(host);
                self.may_lead_to("endpoint", &endpoint.host)?;
                endpoint
            }
            (None, None) if azure.is_some() => {
                let message =
                    "Azure has no public address: set endpoint to the host of your resource";
                return Err((
                    "endpoint".into(),
                    Finding::error(Reason::Invalid, "", message),
                ));
            }
            (None, None) => model::Endpoint::default(),
        };
        if let Some(proxy) = self.common.proxy {
            endpoint.no_proxy = proxy.mode == ProxyMode::Direct;
            endpoint.proxy = proxy.url.clone().unwrap_or_default();
            let url = endpoint
                .proxy
                .trim_start_matches("http://")
                .trim_end_matches('/');
            let host = match url.rsplit_once(':') {
                Some((host, port)) if !port.contains(']') => host,
                _ => url,
            };
            self.may_lead_to("proxy.url", host)?;
        }
        Ok((endpoint != model::Endpoint::default()).then_some(endpoint))
    }

    /// What is certain of a host before anybody connects to it.
    fn may_lead_to(&self, field: &'static str, host: &str) -> Result<(), Refused> {
        let checked = self.world.settings.check_host(host);
        checked.map_err(|finding| (field.into(), finding))
    }

    fn custom(&self, host: &CustomHost) -> Result<model::Endpoint, Refused> {
        let tls = host.tls.as_ref();
        let ca_pem = match tls.and_then(|t| t.ca_certificate.as_ref()) {
            Some(certificate) => self.ca(certificate)?,
            None => String::new(),
        };
        Ok(model::Endpoint {
            host: host
                .host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: u32::try_from(host.port).unwrap_or_default(),
            tls: tls.is_some() || host.port == 443,
            ca_pem,
            server_name: tls.and_then(|t| t.server_name.clone()).unwrap_or_default(),
            ..model::Endpoint::default()
        })
    }

    fn ca(&self, certificate: &CaCertificate) -> Result<String, Refused> {
        let (field, pem) = match (&certificate.inline, &certificate.secret_ref) {
            (Some(pem), _) => ("customHost.tls.caCertificate.inline", pem.clone()),
            (None, Some(reference)) => {
                let field = "customHost.tls.caCertificate.secretRef";
                let found = secret::value(self.world, self.referrer(), reference, &["ca.crt"])
                    .map_err(|finding| (field.into(), finding))?;
                (
                    field,
                    found.value.expose_str().unwrap_or_default().to_owned(),
                )
            }
            (None, None) => return Ok(String::new()),
        };
        if pem.contains("-----BEGIN CERTIFICATE-----") {
            return Ok(pem);
        }
        let message = "there is no PEM certificate: it begins with -----BEGIN CERTIFICATE-----";
        Err((field.into(), Finding::error(Reason::Invalid, "", message)))
    }

    fn apis(&self) -> Vec<String> {
        let apis = self.ai.openai.iter().flat_map(|openai| &openai.apis);
        apis.map(|api| api.as_str().to_owned()).collect()
    }

    fn azure(&self) -> Option<model::Azure> {
        let azure = self.ai.azure_openai.as_ref()?;
        Some(model::Azure {
            deployment: azure.deployment_name.clone().unwrap_or_default(),
            api_version: azure.api_version.clone().unwrap_or_default(),
        })
    }

    fn vertex(&self) -> Option<model::Vertex> {
        let vertex = self.ai.vertex_ai.as_ref()?;
        Some(model::Vertex {
            project: vertex.project_id.clone(),
            location: vertex.location.clone(),
            publisher: vertex
                .publisher
                .as_deref()
                .unwrap_or("google")
                .to_ascii_lowercase(),
            api_version: vertex.api_version.clone().unwrap_or_default(),
        })
    }
}

/// A host that may be written as a URL.
fn public(host: &str) -> model::Endpoint {
    let host = host.trim_start_matches("https://").trim_end_matches('/');
    model::Endpoint {
        host: host.to_owned(),
        port: 443,
        tls: true,
        ..model::Endpoint::default()
    }
}

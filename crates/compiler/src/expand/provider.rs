//! Providers by name: entries of `providers`, and the public services that there are credentials for.

use sluice_crds::ai_gateway::NamedProvider;
use sluice_crds::upstream::{Ai, AuthToken, AzureOpenAi, Basic};
use sluice_crds::{Inline, ProviderType, SecretRef, UpstreamSpec};
use sluice_vocab::{Finding, Reason};

use super::{Expansion, address};

/// What a provider's name means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Provider<'a> {
    pub(super) kind: ProviderType,
    /// The entry of `providers`; none for a public service.
    entry: Option<(usize, &'a NamedProvider)>,
}

/// Where a provider is named.
type Naming<'a> = (&'a str, String);

impl<'a> Provider<'a> {
    /// The name that the gateway's objects and metrics use.
    pub(super) fn name(&self) -> &'a str {
        self.entry
            .map_or(self.kind.as_str(), |(_, entry)| &entry.name)
    }

    /// The field that it comes from: its entry, or where a public service is named, or the credentials.
    fn path(&self, named: &[Naming<'_>]) -> String {
        if let Some((i, _)) = self.entry {
            return format!("spec.providers[{i}]");
        }
        let naming = named
            .iter()
            .find(|(name, _)| self.kind.as_str().eq_ignore_ascii_case(name));
        naming.map_or("spec.cloudProviderCredentials".to_owned(), |(_, path)| {
            path.clone()
        })
    }
}

impl<'a> Expansion<'a> {
    /// An Upstream for every provider that has a name here or a credential.
    pub(super) fn providers(&mut self) {
        let named = self.named_providers();
        for provider in self.known_providers() {
            let name = self.provider_name(provider.name());
            self.provider_upstream(&name, &provider.path(&named), provider, None);
        }
    }

    /// Entries of `providers`, then public services that there are credentials for, each once.
    pub(super) fn known_providers(&self) -> Vec<Provider<'a>> {
        let entries = self.spec.providers.iter().enumerate();
        let mut known: Vec<Provider<'a>> = entries
            .map(|(i, e)| Provider {
                kind: e.provider_type,
                entry: Some((i, e)),
            })
            .collect();
        let named = self.named_providers();
        for kind in ProviderType::ALL {
            let wanted = named
                .iter()
                .any(|(n, _)| kind.as_str().eq_ignore_ascii_case(n))
                || self
                    .credential_keys
                    .into_iter()
                    .flatten()
                    .any(|k| kind.as_str().eq_ignore_ascii_case(k));
            match self.resolve(kind.as_str()) {
                Ok(provider) if wanted && provider.entry.is_none() => known.push(provider),
                _ => {}
            }
        }
        known
    }

    fn named_providers(&self) -> Vec<Naming<'a>> {
        let hosted = self
            .spec
            .large_language_models
            .iter()
            .flat_map(|l| &l.cloud_hosted)
            .enumerate();
        let hosted = hosted.filter_map(|(i, c)| {
            let path = format!("spec.largeLanguageModels.cloudHosted[{i}].aiCloudProvider");
            c.ai_cloud_provider
                .as_ref()
                .map(|p| (p.name.as_str(), path))
        });
        let models = self.spec.models.iter().enumerate();
        let models = models.filter_map(|(i, m)| {
            m.provider
                .as_deref()
                .map(|p| (p, format!("spec.models[{i}].provider")))
        });
        let default = self
            .spec
            .default_provider
            .as_deref()
            .map(|p| (p, "spec.defaultProvider".to_owned()));
        hosted.chain(models).chain(default).collect()
    }

    /// The entry of that name, else the only entry of that type, else the public service of that type.
    pub(super) fn resolve(&self, name: &str) -> Result<Provider<'a>, Finding> {
        let entries = || self.spec.providers.iter().enumerate();
        let not_found = |message: String| Finding::error(Reason::ProviderNotFound, "", message);
        if let Some((i, entry)) = entries().find(|(_, e)| e.name == name) {
            return Ok(Provider {
                kind: entry.provider_type,
                entry: Some((i, entry)),
            });
        }
        let Some(kind) = ProviderType::find(name) else {
            let message = format!(
                "provider {name:?} is neither an entry of spec.providers nor a type of provider: add it to spec.providers"
            );
            return Err(not_found(message));
        };
        let mut of_type = entries().filter(|(_, e)| e.provider_type == kind);
        match (of_type.next(), of_type.next()) {
            (Some((i, entry)), None) => Ok(Provider {
                kind,
                entry: Some((i, entry)),
            }),
            (Some((_, a)), Some((_, b))) => Err(not_found(format!(
                "provider {name:?} may mean {:?} or {:?} of spec.providers: name one of them",
                a.name, b.name
            ))),
            (None, _) if !kind.is_public() => Err(not_found(format!(
                "provider {name:?} has no public address: add an entry of that type to spec.providers, or use upstreamRef"
            ))),
            (None, _) if self.spec.cloud_provider_credentials.is_none() => Err(not_found(format!(
                "there is no credential for provider {name:?}: set spec.cloudProviderCredentials, or add it to spec.providers"
            ))),
            (None, _) => Ok(Provider { kind, entry: None }),
        }
    }

    /// Makes the Upstream of a provider, with a model of its own or without.
    pub(super) fn provider_upstream(
        &mut self,
        name: &str,
        path: &str,
        provider: Provider<'_>,
        model: Option<&str>,
    ) {
        match self.provider_spec(provider, model) {
            Ok((ai, inline)) => {
                self.out
                    .inline
                    .extend(inline.map(|key| (name.to_owned(), key)));
                let spec = UpstreamSpec {
                    ai: Some(ai),
                    options: None,
                };
                let upstream = self.generated(name, path, provider.name(), spec);
                self.out.upstreams.push(upstream);
            }
            Err(finding) => {
                self.out
                    .invalid
                    .insert(name.to_owned(), finding.message.clone());
                self.out.findings.push(finding);
            }
        }
    }

    fn provider_spec(
        &mut self,
        provider: Provider<'_>,
        model: Option<&str>,
    ) -> Result<(Ai, Option<Inline>), Finding> {
        let path = provider.path(&[]);
        let entry = provider.entry.map(|(_, e)| e);
        let mut basic = Basic {
            model: model.map(str::to_owned),
            ..Basic::default()
        };
        if let Some(url) = entry.and_then(|e| e.base_url.as_deref()) {
            let address = address::parse(url, provider.kind).map_err(|message| {
                Finding::error(Reason::Invalid, format!("{path}.baseURL"), message)
            })?;
            basic.custom_host = Some(address.custom_host);
            basic.path_prefix = address.path_prefix;
        }
        basic.headers = entry.map(|e| e.headers.clone()).unwrap_or_default();
        let inline = entry.and_then(|e| e.api_key.clone());
        if inline.is_none() {
            basic.auth_token = self.secret_of(provider, &path)?;
        } else {
            self.out.findings.push(Finding::warning(
                Reason::InlineCredential,
                format!("{path}.apiKey"),
                "the key can be read by everyone who may read this AIGateway: put it into a Secret and use apiKeySecretRef",
            ));
        }
        Ok((spec_of(provider, basic, &path)?, inline))
    }

    /// The entry's own Secret, else the gateway's, under the name of the entry or of its type.
    ///
    /// A server of one's own may need no key, which only its user can say: a key of another name would be left out in silence.
    fn secret_of(
        &mut self,
        provider: Provider<'_>,
        path: &str,
    ) -> Result<Option<AuthToken>, Finding> {
        let entry = provider.entry.map(|(_, e)| e);
        if let Some(reference) = entry.and_then(|e| e.api_key_secret_ref.clone()) {
            return Ok(Some(AuthToken {
                secret_ref: Some(reference),
                ..AuthToken::default()
            }));
        }
        let credentials = self.spec.cloud_provider_credentials.as_ref();
        let Some(credentials) =
            credentials.filter(|_| entry.is_none_or(|e| e.auth_token.is_none()))
        else {
            return Ok(None);
        };
        let found = self
            .credential_key(provider.name())
            .or_else(|| self.credential_key(provider.kind.as_str()));
        // Of what isn't there, the Upstream says so.
        let is_told = provider.entry.is_none() || self.credential_keys.is_none();
        let Some(key) = found.or_else(|| is_told.then(|| provider.kind.as_str().to_owned())) else {
            let (kind, name) = (provider.kind.as_str(), provider.name());
            let names = if kind == name {
                kind.to_owned()
            } else {
                format!("{name} or {kind}")
            };
            let namespace = credentials.namespace.as_deref();
            let message = format!(
                "Secret {}/{} has no key {names}: add it, or say authToken: none where the server wants none",
                namespace.unwrap_or(&self.meta.name.namespace),
                credentials.name
            );
            return Err(Finding::error(Reason::SecretKeyNotFound, path, message));
        };
        let secret_ref = SecretRef {
            name: credentials.name.clone(),
            namespace: credentials.namespace.clone(),
            key: Some(key),
        };
        Ok(Some(AuthToken {
            secret_ref: Some(secret_ref),
            ..AuthToken::default()
        }))
    }

    /// The key of the credentials Secret that is this name in any case.
    fn credential_key(&mut self, name: &str) -> Option<String> {
        let keys: Vec<&String> = self
            .credential_keys
            .into_iter()
            .flatten()
            .filter(|k| k.eq_ignore_ascii_case(name))
            .collect();
        if let [first, second, ..] = keys[..] {
            let message = format!(
                "keys {first} and {second} of the Secret differ only in case: keep one of them"
            );
            let finding = Finding::error(
                Reason::SecretKeyAmbiguous,
                "spec.cloudProviderCredentials",
                message,
            );
            if !self.out.findings.contains(&finding) {
                self.out.findings.push(finding);
            }
        }
        keys.first().map(|key| (*key).clone())
    }
}

/// The provider's field of an Upstream.
fn spec_of(provider: Provider<'_>, basic: Basic, path: &str) -> Result<Ai, Finding> {
    let mut ai = Ai::default();
    match provider.kind {
        ProviderType::Anthropic => ai.anthropic = Some(basic),
        ProviderType::Azure => ai.azure_openai = Some(azure(provider, basic, path)?),
        ProviderType::Cohere => ai.cohere = Some(basic),
        ProviderType::DeepSeek => ai.deepseek = Some(basic),
        ProviderType::Gemini => ai.gemini = Some(basic),
        ProviderType::Mistral => ai.mistral = Some(basic),
        ProviderType::OpenAi => ai.openai = Some(basic.into()),
        ProviderType::Qwen => ai.qwen = Some(basic),
        ProviderType::Ollama if basic.custom_host.is_some() => ai.openai = Some(basic.into()),
        ProviderType::Ollama => {
            let message = "Ollama has no public address: set baseURL, such as http://ollama.ollama.svc.cluster.local:11434";
            return Err(Finding::error(Reason::Invalid, path, message));
        }
        ProviderType::Bedrock => {
            let message = "Bedrock wants a region, which stands in an Upstream: write one with bedrock, and name it in upstreamRef";
            return Err(Finding::error(Reason::Invalid, path, message));
        }
    }
    Ok(ai)
}

fn azure(provider: Provider<'_>, basic: Basic, path: &str) -> Result<AzureOpenAi, Finding> {
    let entry = provider.entry.map(|(_, e)| e);
    let endpoint = entry.and_then(|e| e.endpoint.clone());
    if endpoint.is_none() && basic.custom_host.is_none() {
        let message = "Azure has no public address: set endpoint to the host of your resource";
        return Err(Finding::error(Reason::Invalid, path, message));
    }
    Ok(AzureOpenAi {
        endpoint,
        deployment_name: entry.and_then(|e| e.deployment_id.clone()),
        api_version: entry.and_then(|e| e.api_version.clone()),
        auth_token: basic.auth_token,
        model: basic.model,
        custom_host: basic.custom_host,
        path_prefix: basic.path_prefix,
        proxy: basic.proxy,
        headers: basic.headers,
    })
}

//! The proxy-config.yaml that maps models to providers, and the environment alone: both become an AIGateway, so that there is
//! one compiler for all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use sluice_compiler::ResourceSet;
use sluice_compiler::resources::{Meta, Object, SecretData};
use sluice_crds::ai_gateway::{ModelRoute, NamedProvider, NoAuthToken};
use sluice_crds::{AIGatewaySpec, ProviderType, SecretRef};
use sluice_vocab::{Duration, Finding, Reason, Secret};

use crate::env_file::Environment;

/// Name of the AIGateway, and of the Secret that holds the environment's keys.
pub(crate) const NAME: &str = "sluice";
const SECRET: &str = "environment";

/// The file, field by field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyConfig {
    version: String,
    #[serde(default)]
    models: Vec<Model>,
    default_provider: Option<String>,
    timeout: Option<Duration>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    name: String,
    provider: String,
    description: Option<String>,
}

/// The file is no proxy-config.yaml.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) line: u32,
    pub(crate) message: String,
}

fn malformed(error: &serde_saphyr::Error) -> Malformed {
    let line = error
        .location()
        .map_or(1, |l| u32::try_from(l.line()).unwrap_or(1));
    // The first line says it; the place that follows the colon is told on its own.
    let text = error.without_snippet().to_string();
    let message = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let message = message
        .split_once(": ")
        .filter(|(at, _)| at.starts_with("line "))
        .map_or(message, |(_, rest)| rest);
    Malformed {
        line,
        message: message.to_owned(),
    }
}

/// Reads the file's text. An error says what is wrong and in which line.
pub(crate) fn read(
    text: &str,
    environment: &Environment,
) -> Result<(ResourceSet, Vec<Finding>), Malformed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let config: ProxyConfig = serde_saphyr::from_str(text).map_err(|e| malformed(&e))?;
    let mut findings = Vec::new();
    if config.version != "1.0" {
        let text = format!("version {:?} is not known: write \"1.0\"", config.version);
        findings.push(Finding::error(Reason::UnsupportedValue, "version", text));
    }
    let mut names = BTreeSet::new();
    let mut gateway = Draft::new(environment);
    for (i, model) in config.models.into_iter().enumerate() {
        if model.name.is_empty() {
            findings.push(Finding::error(
                Reason::Invalid,
                format!("models[{i}].name"),
                "a model needs a name",
            ));
        } else if !names.insert(model.name.clone()) {
            let text = format!("model {:?} is there twice: keep one", model.name);
            findings.push(Finding::error(
                Reason::DuplicateName,
                format!("models[{i}].name"),
                text,
            ));
        } else {
            match gateway.provider(&model.provider, true) {
                Ok(provider) => gateway.model(model.name, provider, model.description),
                Err(finding) => findings.push(Finding {
                    path: format!("models[{i}].provider"),
                    ..finding
                }),
            }
        }
    }
    if let Some(name) = &config.default_provider {
        match gateway.provider(name, true) {
            Ok(provider) => gateway.spec.default_provider = Some(provider),
            Err(finding) => findings.push(Finding {
                path: "default_provider".into(),
                ..finding
            }),
        }
    }
    gateway.spec.timeout = config.timeout;
    Ok((gateway.finish(), findings))
}

/// Families of models that are known by their names, for when nothing but credentials is given.
const FAMILIES: [(&str, ProviderType); 13] = [
    ("gpt-*", ProviderType::OpenAi),
    ("chatgpt-*", ProviderType::OpenAi),
    ("o1*", ProviderType::OpenAi),
    ("o3*", ProviderType::OpenAi),
    ("o4*", ProviderType::OpenAi),
    ("text-embedding-*", ProviderType::OpenAi),
    ("claude-*", ProviderType::Anthropic),
    ("gemini-*", ProviderType::Gemini),
    ("mistral-*", ProviderType::Mistral),
    ("codestral-*", ProviderType::Mistral),
    ("command-*", ProviderType::Cohere),
    ("deepseek-*", ProviderType::DeepSeek),
    ("qwen*", ProviderType::Qwen),
];

/// A gateway to every provider that the environment has a key for. `None` when it has none.
pub(crate) fn from_environment(environment: &Environment) -> Option<ResourceSet> {
    let mut gateway = Draft::new(environment);
    let known: Vec<ProviderType> = ProviderType::ALL
        .iter()
        .copied()
        .filter(|t| gateway.provider(t.as_str(), false).is_ok())
        .collect();
    let first = if known.contains(&ProviderType::OpenAi) {
        ProviderType::OpenAi
    } else {
        *known.first()?
    };
    for (pattern, provider) in FAMILIES.into_iter().filter(|(_, p)| known.contains(p)) {
        gateway.model(pattern.to_owned(), provider.as_str().to_owned(), None);
    }
    gateway.spec.default_provider = Some(first.as_str().to_owned());
    Some(gateway.finish())
}

/// The same resources, with the keys that the environment has now: a key that it no longer has is gone.
pub(crate) fn with_keys(resources: &ResourceSet, environment: &Environment) -> ResourceSet {
    let mut resources = resources.clone();
    let gateways = resources.ai_gateways.values();
    let references = gateways
        .flat_map(|gateway| &gateway.spec.providers)
        .filter_map(|provider| provider.api_key_secret_ref.as_ref()?.key.as_deref());
    let keys = references
        .filter_map(|key| Some((key.to_owned(), Secret::new(environment.get(key)?))))
        .collect();
    put_keys(&mut resources, keys);
    resources
}

fn put_keys(resources: &mut ResourceSet, keys: BTreeMap<String, Secret>) {
    let secret = Object {
        meta: Meta::named("default", SECRET),
        spec: SecretData { data: keys },
    };
    resources
        .secrets
        .insert(secret.meta.name.clone(), Arc::new(secret));
}

/// An AIGateway in the making.
struct Draft<'e> {
    environment: &'e Environment,
    spec: AIGatewaySpec,
    keys: BTreeMap<String, Secret>,
}

impl<'e> Draft<'e> {
    fn new(environment: &'e Environment) -> Self {
        Self {
            environment,
            spec: AIGatewaySpec::default(),
            keys: BTreeMap::new(),
        }
    }

    /// Adds a provider from `NAME_API_KEY` and `NAME_BASE_URL`; gives its name. With neither it is still added if `always`, so
    /// that only its own models fail.
    fn provider(&mut self, name: &str, always: bool) -> Result<String, Finding> {
        let provider_type = ProviderType::find(name).ok_or_else(|| {
            let all: Vec<&str> = ProviderType::ALL.iter().map(|t| t.as_str()).collect();
            Finding::error(
                Reason::ProviderNotFound,
                "",
                format!("{name:?} is no provider: write one of {}", all.join(", ")),
            )
        })?;
        let name = provider_type.as_str().to_owned();
        if self.spec.providers.iter().any(|p| p.name == name) {
            return Ok(name);
        }
        let prefix = name.to_ascii_uppercase().replace('-', "_");
        let (key_name, url_name) = (format!("{prefix}_API_KEY"), format!("{prefix}_BASE_URL"));
        let key = self.environment.get(&key_name);
        let url = self.environment.get(&url_name);
        if key.is_none() && url.is_none() {
            let text =
                format!("provider {name} needs {key_name} in the environment or the .env file");
            if !always {
                return Err(Finding::error(Reason::SecretKeyNotFound, "", text));
            }
        }
        if let Some(key) = key {
            self.keys.insert(key_name.clone(), Secret::new(key));
        }
        // Without a key but with an address it is a server that asks for none.
        let wants_key = key.is_some() || url.is_none();
        self.spec.providers.push(NamedProvider {
            name: name.clone(),
            provider_type,
            base_url: url.map(str::to_owned),
            api_key: None,
            api_key_secret_ref: wants_key.then(|| SecretRef {
                name: SECRET.into(),
                namespace: None,
                key: Some(key_name),
            }),
            auth_token: (!wants_key).then_some(NoAuthToken::None),
            headers: Vec::new(),
            endpoint: None,
            deployment_id: None,
            api_version: None,
        });
        Ok(name)
    }

    fn model(&mut self, name: String, provider: String, description: Option<String>) {
        self.spec.models.push(ModelRoute {
            name,
            provider: Some(provider),
            upstream_ref: None,
            model: None,
            description,
        });
    }

    fn finish(self) -> ResourceSet {
        let mut resources = ResourceSet::default();
        put_keys(&mut resources, self.keys);
        let gateway = Object {
            meta: Meta::named("default", NAME),
            spec: self.spec,
        };
        resources
            .ai_gateways
            .insert(gateway.meta.name.clone(), Arc::new(gateway));
        resources
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "version: \"1.0\"\r\n\r\nmodels:\r\n  - name: \"gpt-4\"\r\n    provider: \"openai\"\r\n\
        \x20 - name: claude-3-5-sonnet-20241022\r\n    provider: anthropic\r\n    description: good\r\n\
        default_provider: \"openai\"\r\ntimeout: \"5m\"\r\n";

    #[test]
    fn the_documented_file_becomes_a_gateway() {
        let environment = Environment::of(&[
            ("OPENAI_API_KEY", "k"),
            ("ANTHROPIC_BASE_URL", "http://localhost:1"),
        ]);
        let (resources, findings) = read(CONFIG, &environment).unwrap();
        assert_eq!(findings, []);
        let gateway = &resources.ai_gateways.values().next().unwrap().spec;
        assert_eq!((gateway.models.len(), gateway.providers.len()), (2, 2));
        assert_eq!(gateway.default_provider.as_deref(), Some("openai"));
        assert_eq!(gateway.timeout.unwrap().to_string(), "5m");
        assert!(gateway.providers[0].api_key_secret_ref.is_some());
        assert!(gateway.providers[1].api_key_secret_ref.is_none());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        let text = CONFIG
            .replace("\"1.0\"", "\"2\"")
            .replace("claude-3-5-sonnet-20241022", "gpt-4")
            .replace("default_provider: \"openai\"", "default_provider: skynet");
        let (_, findings) = read(&text, &Environment::default()).unwrap();
        let paths: Vec<&str> = findings.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["version", "models[1].name", "default_provider"]);
        for text in [
            "models: 1",
            "version: '1.0'\nmodel: []",
            "version: '1.0'\nversion: '1.0'",
            "\tx",
        ] {
            assert!(read(text, &Environment::default()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_that_the_environment_lost_is_gone_and_the_rest_stays() {
        let before = Environment::of(&[("OPENAI_API_KEY", "one"), ("ANTHROPIC_API_KEY", "two")]);
        let (set, _) = read(CONFIG, &before).unwrap();
        let now = Environment::of(&[("ANTHROPIC_API_KEY", "three")]);
        let held = with_keys(&set, &now);
        let keys: Vec<(&str, Option<&str>)> = held
            .secrets
            .values()
            .flat_map(|s| &s.spec.data)
            .map(|(key, value)| (key.as_str(), value.expose_str()))
            .collect();
        assert_eq!(keys, [("ANTHROPIC_API_KEY", Some("three"))]);
        assert_eq!(held.ai_gateways, set.ai_gateways);
    }

    #[test]
    fn the_environment_alone_is_enough() {
        assert!(from_environment(&Environment::default()).is_none());
        let resources = from_environment(&Environment::of(&[
            ("GEMINI_API_KEY", "k"),
            ("OPENAI_API_KEY", "k"),
        ]))
        .unwrap();
        let gateway = &resources.ai_gateways.values().next().unwrap().spec;
        assert_eq!(gateway.default_provider.as_deref(), Some("openai"));
        assert!(gateway.models.iter().any(|m| m.name == "gemini-*"));
    }
}

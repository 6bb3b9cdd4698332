//! A gateway with three providers behind it, all of them doubles, and a client that sees every byte.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use sluice_dataplane::access_log::AccessLog;
use sluice_dataplane::serve::{Binding, Server};
use sluice_dataplane::{Gateway, Settings, Shared};
use sluice_mock::{Mock, MockOptions};
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Sealer, Snapshot};
use sluice_vocab::{Kind, ObjectRef, Origin};

/// The key that the gateway shows to the doubles.
pub(crate) const PROVIDER_KEY: &str = "provider-key";

/// The keys that the double of Bedrock knows.
const AWS_KEYS: &str = "AKIAMOCKMOCKMOCKMOCK:mock/secret+key";

/// Every kind of provider that there is a double of.
pub(crate) const PROVIDERS: [&str; 12] = [
    "openai",
    // OpenAI, for a model that has Responses alone.
    "gpt-5-pro",
    "azure",
    "anthropic",
    "gemini",
    "vertex-google",
    "vertex-anthropic",
    "mistral",
    "cohere",
    "deepseek",
    "qwen",
    "bedrock",
];

/// How each finds its double: several share the one of OpenAI.
fn double(name: &str) -> model::Provider {
    let kind = |r#type: &str, prefix: Option<&str>| model::Provider {
        r#type: r#type.into(),
        path_prefix: prefix.map(str::to_owned),
        ..Default::default()
    };
    let vertex = |publisher: &str| model::Provider {
        vertex: Some(model::Vertex {
            project: "p".into(),
            location: "l".into(),
            publisher: publisher.into(),
            api_version: String::new(),
        }),
        ..kind("vertexAi", None)
    };
    match name {
        "azure" => model::Provider {
            azure: Some(model::Azure {
                deployment: "mine".into(),
                api_version: String::new(),
            }),
            ..kind("azureOpenai", None)
        },
        "vertex-google" => vertex("google"),
        "vertex-anthropic" => vertex("anthropic"),
        "gpt-5-pro" => kind("openai", None),
        "mistral" => kind("mistral", Some("/mistral/v1")),
        "deepseek" => kind("deepseek", Some("/deepseek/v1")),
        "bedrock" => model::Provider {
            bedrock: Some(model::Bedrock {
                region: "eu-central-1".into(),
            }),
            ..kind("bedrock", None)
        },
        other => kind(other, None),
    }
}

/// What to serve.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) models: Vec<(&'static str, &'static str)>,
    pub(crate) policies: Vec<(&'static str, String)>,
    pub(crate) api_keys: Vec<(&'static str, &'static str)>,
    pub(crate) passthrough: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            models: vec![
                ("gpt-4", "openai"),
                ("claude", "anthropic"),
                ("gemini-pro", "gemini"),
                ("mock-*", "openai"),
            ],
            policies: Vec::new(),
            api_keys: Vec::new(),
            passthrough: false,
        }
    }
}

pub(crate) struct Lab {
    pub(crate) mock: Mock,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) address: SocketAddr,
    server: Server,
}

impl Lab {
    pub(crate) async fn start(plan: &Plan) -> Self {
        Self::with(
            plan,
            Settings {
                workers: 2,
                ..Settings::default()
            },
        )
        .await
    }

    pub(crate) async fn with(plan: &Plan, settings: Settings) -> Self {
        Self::logged(plan, settings, AccessLog::off()).await
    }

    pub(crate) async fn logged(plan: &Plan, settings: Settings, log: AccessLog) -> Self {
        let mock = Mock::start(MockOptions::default()).await.unwrap();
        let shared = Shared::new(settings, log);
        let gateway = Gateway::new(shared.clone());
        assert_eq!(gateway.apply(&snapshot(plan, mock.addr())), []);
        let mut server = Server::start(shared.clone()).unwrap();
        let asked: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let binding = Binding {
            address: asked,
            port: 80,
            gateway: gateway.clone(),
        };
        assert!(server.sync(&[binding]).is_empty());
        let address = server.addresses()[&asked];
        Self {
            mock,
            gateway,
            shared,
            address,
            server,
        }
    }

    pub(crate) fn apply(&self, plan: &Plan) {
        assert_eq!(self.gateway.apply(&snapshot(plan, self.mock.addr())), []);
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let response = self
            .connect()
            .await
            .send(Method::POST, path, headers, body)
            .await;
        Answer::read(response).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        Answer::read(
            self.connect()
                .await
                .send(Method::GET, path, headers, "")
                .await,
        )
        .await
    }

    pub(crate) async fn stop(self) -> bool {
        self.server.shutdown().await
    }
}

/// One connection.
pub(crate) struct Client {
    sender: hyper::client::conn::http1::SendRequest<Full<Bytes>>,
    task: tokio::task::JoinHandle<()>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let task = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { sender, task }
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "gateway");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.sender.ready().await.unwrap();
        self.sender
            .send_request(request.body(Full::new(body.into())).unwrap())
            .await
            .unwrap()
    }

    /// Goes away without a word.
    pub(crate) fn vanish(self) {
        self.task.abort();
    }
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

/// A chat request.
pub(crate) fn chat(model: &str) -> String {
    format!(r#"{{ "model" : "{model}", "messages":[{{"role":"user","content":"Hello!"}}] }}"#)
}

/// A chat request that streams.
pub(crate) fn chat_stream(model: &str) -> String {
    format!(
        r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"Hello!"}}]}}"#
    )
}

pub(crate) fn origin() -> Origin {
    Origin {
        object: ObjectRef::new(Kind::AIGateway, "default", "lab"),
        generation: 1,
        path: String::new(),
    }
}

pub(crate) fn snapshot(plan: &Plan, mock: SocketAddr) -> Snapshot {
    snapshot_with(plan, mock, &|_, _| {})
}

/// With a last word on each entry.
pub(crate) fn snapshot_with(
    plan: &Plan,
    mock: SocketAddr,
    edit: &dyn Fn(&str, &mut Body),
) -> Snapshot {
    let sealer = Sealer::new(b"lab");
    let mut entries = BTreeMap::new();
    let mut add = |key: &str, mut body: Body| {
        edit(key, &mut body);
        entries.insert(EntryKey::from(key), sealer.seal(&origin(), body));
    };
    add(
        "listener/http",
        Body::Listener(model::Listener {
            name: "http".into(),
            port: 80,
            ..Default::default()
        }),
    );
    add(
        "credential/key",
        Body::Credential(model::Credential {
            value: PROVIDER_KEY.into(),
        }),
    );
    add(
        "credential/aws",
        Body::Credential(model::Credential {
            value: AWS_KEYS.into(),
        }),
    );
    for provider in PROVIDERS {
        let credential = if provider == "bedrock" {
            "credential/aws"
        } else {
            "credential/key"
        };
        let auth = if plan.passthrough {
            model::provider::Auth::Passthrough(true)
        } else {
            model::provider::Auth::Credential(credential.into())
        };
        let kind = model::Provider {
            endpoint: Some(model::Endpoint {
                host: mock.ip().to_string(),
                port: mock.port().into(),
                no_proxy: true,
                ..Default::default()
            }),
            auth: Some(auth),
            ..double(provider)
        };
        let kind = model::upstream::Kind::Provider(kind);
        add(
            &format!("upstream/{provider}"),
            Body::Upstream(model::Upstream {
                kind: Some(kind),
                label: provider.into(),
            }),
        );
    }
    let models = plan.models.iter().map(|(name, provider)| model::Model {
        name: (*name).into(),
        upstream: format!("upstream/{provider}"),
        listed: !name.contains('*'),
        owner: (*provider).into(),
        ..Default::default()
    });
    let kind = model::upstream::Kind::Models(model::Models {
        models: models.collect(),
        default_upstream: String::new(),
    });
    add(
        "upstream/models",
        Body::Upstream(model::Upstream {
            kind: Some(kind),
            label: String::new(),
        }),
    );
    for (i, (kind, config)) in plan.policies.iter().enumerate() {
        add(
            &format!("policy/{i}"),
            Body::Policy(model::Policy {
                kind: (*kind).into(),
                revision: 1,
                config: config.clone(),
            }),
        );
    }
    for (caller, key) in &plan.api_keys {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(key).to_vec();
        add(
            &format!("api-key/{caller}"),
            Body::ApiKey(model::ApiKey {
                set: "set".into(),
                caller: (*caller).into(),
                digest,
            }),
        );
    }
    add(
        "route/all",
        Body::Route(model::Route {
            listeners: vec!["listener/http".into()],
            matches: vec![model::RouteMatch::default()],
            backends: vec![model::Backend {
                weight: 1,
                target: Some(model::backend::Target::Upstream("upstream/models".into())),
                request_headers: None,
            }],
            policies: (0..plan.policies.len())
                .map(|i| format!("policy/{i}"))
                .collect(),
            label: "all".into(),
            ..Default::default()
        }),
    );
    add(
        "route/service",
        Body::Route(model::Route {
            listeners: vec!["listener/http".into()],
            matches: vec![model::RouteMatch {
                path: Some(model::route_match::Path::Prefix("/service".into())),
                ..Default::default()
            }],
            backends: vec![model::Backend {
                weight: 1,
                target: Some(model::backend::Target::Service(model::Endpoint {
                    host: mock.ip().to_string(),
                    port: mock.port().into(),
                    no_proxy: true,
                    ..Default::default()
                })),
                request_headers: None,
            }],
            rewrite: Some(model::Rewrite {
                hostname: String::new(),
                path: Some(model::rewrite::Path::Prefix("/".into())),
            }),
            label: "service".into(),
            ..Default::default()
        }),
    );
    Snapshot::new(entries)
}

//! Listeners with TLS on a lab's port, and clients that speak it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Sealer, Snapshot};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::support::{Lab, Plan, chat};

pub(crate) const CHAT: &str = "/v1/chat/completions";

/// A certificate for some names, signed by itself.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

pub(crate) fn mk_pair(names: &[&str]) -> Pair {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    Pair {
        chain: certificate.der().to_vec(),
        key: key.serialize_der(),
    }
}

/// A chat with a host.
pub(crate) fn mk_request(host: &str) -> Request<Full<Bytes>> {
    Request::post(CHAT)
        .header("host", host)
        .body(Full::from(chat("gpt-4")))
        .unwrap()
}

/// Listeners on one port, each with a route of its own that names it.
pub(crate) fn mk_snapshot(mock: SocketAddr, listeners: &[(&str, &[&Pair])]) -> Snapshot {
    let plain = crate::support::snapshot(&Plan::default(), mock);
    let sealer = Sealer::new(b"lab");
    let mut entries = plain.entries().clone();
    let mut decode = |key: &str| {
        let key = EntryKey::from(key);
        entries
            .remove(&key)
            .unwrap()
            .decode(&key)
            .unwrap()
            .body
            .unwrap()
    };
    let Body::Route(route) = decode("route/all") else {
        panic!()
    };
    decode("route/service");
    decode("listener/http");
    let mut add = |key: &str, body| {
        let sealed = sealer.seal(&crate::support::origin(), body);
        entries.insert(EntryKey::from(key), sealed);
    };
    for (i, (hostname, pairs)) in listeners.iter().enumerate() {
        let mut certificates = Vec::new();
        for (j, pair) in pairs.iter().enumerate() {
            let key = format!("certificate/{i}/{j}");
            let (chain, private) = (vec![pair.chain.clone()], pair.key.clone());
            add(
                &key,
                Body::Certificate(model::Certificate {
                    chain,
                    key: private,
                }),
            );
            certificates.push(key);
        }
        let (key, tls) = (
            format!("listener/{i}"),
            Some(model::ListenerTls { certificates }),
        );
        let hostname = (*hostname).to_owned();
        add(
            &key,
            Body::Listener(model::Listener {
                name: i.to_string(),
                port: 80,
                hostname,
                tls,
            }),
        );
        let set = vec![model::Field {
            name: "x-listener".into(),
            value: i.to_string(),
        }];
        let response_headers = Some(model::HeaderEdits {
            set,
            ..Default::default()
        });
        let route = model::Route {
            listeners: vec![key],
            response_headers,
            ..route.clone()
        };
        add(&format!("route/{i}"), Body::Route(route));
    }
    Snapshot::new(entries)
}

pub(crate) async fn start(listeners: &[(&str, &[&Pair])]) -> Lab {
    let lab = Lab::start(&Plan::default()).await;
    assert_eq!(
        lab.gateway.apply(&mk_snapshot(lab.mock.addr(), listeners)),
        []
    );
    lab
}

pub(crate) fn config(trusted: &[&Pair], alpn: &[&[u8]]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for pair in trusted {
        roots.add(CertificateDer::from(pair.chain.clone())).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    config
}

pub(crate) async fn shake(
    lab: &Lab,
    config: ClientConfig,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(lab.address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}

/// A connection for one name, on which requests to any host can be sent.
pub(crate) struct Client {
    http: hyper::client::conn::http1::SendRequest<Full<Bytes>>,
}

impl Client {
    pub(crate) async fn connect(lab: &Lab, trusted: &Pair, name: &str) -> std::io::Result<Self> {
        let tls = shake(lab, config(&[trusted], &[]), name).await?;
        let (http, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls))
            .await
            .unwrap();
        tokio::spawn(connection);
        Ok(Self { http })
    }

    /// The status, and the listener that answered.
    pub(crate) async fn send(&mut self, host: &str) -> (u16, String) {
        self.http.ready().await.unwrap();
        let response = self.http.send_request(mk_request(host)).await.unwrap();
        let listener = response
            .headers()
            .get("x-listener")
            .map_or("", |v| v.to_str().unwrap())
            .to_owned();
        let status = response.status().as_u16();
        response.into_body().collect().await.unwrap();
        (status, listener)
    }
}

pub(crate) async fn ask(lab: &Lab, trusted: &Pair, name: &str, host: &str) -> (u16, String) {
    Client::connect(lab, trusted, name)
        .await
        .unwrap()
        .send(host)
        .await
}

pub(crate) fn from(listener: &str) -> (u16, String) {
    (200, listener.to_owned())
}

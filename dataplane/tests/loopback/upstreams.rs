//! Upstreams behind TLS and behind a proxy.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sluice_dataplane::Settings;
use sluice_snapshot::model::{self, entry::Body};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::support::{Lab, Plan, chat, chat_stream};

const CHAT: &str = "/v1/chat/completions";

/// A TLS front of the doubles, for the name `models.test`. Gives its address and its authority's PEM.
async fn tls_front(behind: SocketAddr, alpn: &[&[u8]]) -> (SocketAddr, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["models.test".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let der = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(stream).await else {
                    return;
                };
                let mut plain = TcpStream::connect(behind).await.unwrap();
                let _ = copy_bidirectional(&mut tls, &mut plain).await;
            });
        }
    });
    (address, certificate.pem())
}

/// An HTTP proxy that leads every tunnel to one address. Tells what was asked for.
async fn proxy(
    behind: SocketAddr,
    status: &'static str,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, asks) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let asked = asked.clone();
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    stream.read_line(&mut head).await.unwrap();
                }
                asked.send(head).unwrap();
                stream
                    .write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes())
                    .await
                    .unwrap();
                let mut plain = TcpStream::connect(behind).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut plain).await;
            });
        }
    });
    (address, asks)
}

/// The lab's own OpenAI upstream, at another endpoint.
fn apply(lab: &Lab, endpoint: model::Endpoint) {
    let snapshot =
        crate::support::snapshot_with(&Plan::default(), lab.mock.addr(), &|key, body| {
            if let (
                "upstream/openai",
                Body::Upstream(model::Upstream {
                    kind: Some(model::upstream::Kind::Provider(p)),
                    ..
                }),
            ) = (key, body)
            {
                p.endpoint = Some(endpoint.clone());
            }
        });
    assert_eq!(lab.gateway.apply(&snapshot), []);
}

fn endpoint(address: SocketAddr, ca_pem: &str) -> model::Endpoint {
    model::Endpoint {
        host: "127.0.0.1".into(),
        port: address.port().into(),
        tls: true,
        ca_pem: ca_pem.into(),
        server_name: "models.test".into(),
        no_proxy: true,
        ..Default::default()
    }
}

#[tokio::test]
async fn tls_upstreams_are_reached_over_http1_and_http2() {
    let lab = Lab::start(&Plan::default()).await;
    for (alpn, version) in [
        (&[&b"http/1.1"[..]][..], http::Version::HTTP_11),
        (&[b"h2"], http::Version::HTTP_2),
        (&[], http::Version::HTTP_11),
    ] {
        let (address, ca) = tls_front(lab.mock.addr(), alpn).await;
        apply(&lab, endpoint(address, &ca));
        lab.mock.clear();
        for _ in 0..3 {
            assert_eq!(
                lab.post(CHAT, &[], chat("gpt-4")).await.status,
                200,
                "{version:?}"
            );
        }
        let stream = lab
            .post(CHAT, &[("x-mock-fault", "chunks=5")], chat_stream("gpt-4"))
            .await;
        assert!(
            stream.text().contains("[DONE]"),
            "{version:?}: {}",
            stream.text()
        );
        let requests = lab.mock.requests();
        assert!(
            requests.iter().all(|r| r.version == version),
            "{requests:?}"
        );
    }
}

#[tokio::test]
async fn an_upstream_that_cannot_prove_its_name_is_not_trusted() {
    let lab = Lab::start(&Plan::default()).await;
    let (address, ca) = tls_front(lab.mock.addr(), &[]).await;
    let (_, other_ca) = tls_front(lab.mock.addr(), &[]).await;
    for wrong in [
        endpoint(address, &other_ca),
        endpoint(address, ""),
        model::Endpoint {
            server_name: "other.test".into(),
            ..endpoint(address, &ca)
        },
    ] {
        apply(&lab, wrong);
        let answer = lab.post(CHAT, &[], chat("gpt-4")).await;
        assert_eq!(
            (answer.status, answer.header("x-sluice-error")),
            (502, "network")
        );
    }
    assert_eq!(lab.mock.counts().received, 0);
}

#[tokio::test]
async fn a_proxy_is_gone_through_and_its_refusal_told() {
    let lab = Lab::start(&Plan::default()).await;
    let (front, ca) = tls_front(lab.mock.addr(), &[]).await;
    let (address, mut asks) = proxy(front, "200 OK").await;
    let through = |proxy: SocketAddr| model::Endpoint {
        host: "models.test".into(),
        server_name: String::new(),
        no_proxy: false,
        proxy: format!("http://user:secret@{proxy}"),
        ..endpoint(front, &ca)
    };
    apply(&lab, through(address));
    assert_eq!(lab.post(CHAT, &[], chat("gpt-4")).await.status, 200);
    let ask = asks.recv().await.unwrap();
    assert!(
        ask.starts_with(&format!(
            "CONNECT models.test:{} HTTP/1.1\r\n",
            front.port()
        )),
        "{ask}"
    );
    assert!(
        ask.contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ="),
        "{ask}"
    );
    let (address, _asks) = proxy(front, "407 Proxy Authentication Required").await;
    apply(&lab, through(address));
    let answer = lab.post(CHAT, &[], chat("gpt-4")).await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-error")),
        (502, "network")
    );
}

#[tokio::test]
async fn an_http2_upstream_that_cuts_a_stream_is_noticed() {
    let lab = Lab::start(&Plan::default()).await;
    let (address, ca) = tls_front(lab.mock.addr(), &[b"h2"]).await;
    apply(&lab, endpoint(address, &ca));
    let answer = lab
        .post(
            CHAT,
            &[("x-mock-fault", "chunks=9;cut=3")],
            chat_stream("gpt-4"),
        )
        .await
        .text();
    assert!(
        answer.contains("\"type\":\"network\"") && !answer.contains("[DONE]"),
        "{answer}"
    );
}

/// An HTTP/2 server that answers the first request of its first connection, and says `last` to the second. Further connections lead to
/// `behind`. Gives its address, and how many requests it was sent itself.
async fn renewing(behind: SocketAddr, last: &'static [u8]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            // The client's preface, then frames (RFC 9113, sections 3.4 and 4.1).
            let mut preface = [0; 24];
            stream.read_exact(&mut preface).await.unwrap();
            stream
                .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
                .await
                .unwrap();
            let mut head = [0; 9];
            while stream.read_exact(&mut head).await.is_ok() {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                let mut payload = vec![0; length];
                stream.read_exact(&mut payload).await.unwrap();
                match (head[3], head[4]) {
                    // Settings, which are to be acknowledged.
                    (4, 0) => stream
                        .write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0])
                        .await
                        .unwrap(),
                    // Headers: `:status: 200`, and the end of the stream; then the last word.
                    (1, _) if counted.fetch_add(1, Ordering::SeqCst) == 0 => {
                        let stream_id = head[8];
                        let answer = [0, 0, 1, 1, 5, 0, 0, 0, stream_id, 0x88];
                        stream.write_all(&answer).await.unwrap();
                    }
                    (1, _) => stream.write_all(last).await.unwrap(),
                    _ => {}
                }
            }
        });
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut plain = TcpStream::connect(behind).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut plain).await;
            });
        }
    });
    (address, seen)
}

#[tokio::test]
async fn a_provider_that_renews_its_connections_loses_nothing() {
    // Stream 3 was refused; or the connection goes away, and stream 1 was the last that it began.
    const REFUSED: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 7];
    const GO_AWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    /// What was begun is not done again: it could be paid twice.
    const CANCELLED: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8];
    for (last, status) in [(REFUSED, 200), (GO_AWAY, 200), (CANCELLED, 502)] {
        let settings = Settings {
            workers: 1,
            ..Settings::default()
        };
        let lab = Lab::with(&Plan::default(), settings).await;
        let (behind, seen) = renewing(lab.mock.addr(), last).await;
        let (address, ca) = tls_front(behind, &[b"h2"]).await;
        apply(&lab, endpoint(address, &ca));
        lab.post(CHAT, &[], chat("gpt-4")).await;
        let answer = lab.post(CHAT, &[], chat("gpt-4")).await;
        assert_eq!(answer.status, status, "{last:?}: {}", answer.text());
        assert_eq!(seen.load(Ordering::SeqCst), 2, "{last:?}");
        assert_eq!(lab.mock.counts().received, u64::from(status == 200));
    }
}

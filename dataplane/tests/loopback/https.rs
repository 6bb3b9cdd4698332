//! Listeners with TLS.

mod tls;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore};
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{Sealer, Snapshot};
use tokio::net::TcpStream;

use crate::support::{Lab, Plan, chat, chat_stream};
use tls::*;

#[tokio::test]
async fn the_most_specific_listener_answers_with_its_own_certificate() {
    let (any, wild, one) = (
        mk_pair(&["other.org"]),
        mk_pair(&["*.example.com"]),
        mk_pair(&["a.example.com"]),
    );
    let lab = start(&[
        ("", &[&any]),
        ("*.example.com", &[&wild]),
        ("a.example.com", &[&one]),
    ])
    .await;
    assert_eq!(
        ask(&lab, &one, "a.example.com", "a.example.com").await,
        from("2")
    );
    assert_eq!(
        ask(&lab, &wild, "b.example.com", "b.example.com:443").await,
        from("1")
    );
    assert_eq!(ask(&lab, &any, "other.org", "other.org").await, from("0"));
    // Its own certificate and no other: the wildcard's would do for this name.
    assert!(Client::connect(&lab, &wild, "a.example.com").await.is_err());
}

#[tokio::test]
async fn a_request_for_another_listener_s_host_is_misdirected() {
    let (one, two) = (
        mk_pair(&["a.example.com", "b.example.com"]),
        mk_pair(&["b.example.com"]),
    );
    let lab = start(&[("a.example.com", &[&one]), ("b.example.com", &[&two])]).await;
    let mut client = Client::connect(&lab, &one, "a.example.com").await.unwrap();
    assert_eq!(client.send("b.example.com").await, (421, String::new()));
    assert_eq!(client.send("c.example.com").await, (404, String::new()));
    assert_eq!(client.send("A.example.com").await, from("0"));
}

#[tokio::test]
async fn a_name_that_nobody_listens_to_is_refused() {
    let one = mk_pair(&["a.example.com"]);
    let lab = start(&[("a.example.com", &[&one])]).await;
    assert!(Client::connect(&lab, &one, "b.example.com").await.is_err());
    // Without a name there is none that fits.
    assert!(Client::connect(&lab, &one, "127.0.0.1").await.is_err());
    assert_eq!(
        ask(&lab, &one, "a.example.com", "a.example.com").await,
        from("0")
    );
    let metrics = lab.shared.metrics().encode(0);
    assert!(
        metrics.contains("sluice_tls_handshakes_failed_total 2"),
        "{metrics}"
    );
}

#[tokio::test]
async fn http2_is_agreed_on_and_streams() {
    let one = mk_pair(&["a.example.com"]);
    let lab = start(&[("a.example.com", &[&one])]).await;
    let tls = shake(
        &lab,
        config(&[&one], &[b"h2", b"http/1.1"]),
        "a.example.com",
    )
    .await
    .unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut http, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("https://a.example.com{CHAT}"));
    let request: Request<Full<Bytes>> = request.body(chat_stream("gpt-4").into()).unwrap();
    let response = http.send_request(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (200, Version::HTTP_2)
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("[DONE]"));
}

#[tokio::test]
async fn tls_1_2_is_still_spoken_and_nothing_older() {
    let one = mk_pair(&["a.example.com"]);
    let lab = start(&[("a.example.com", &[&one])]).await;
    for (offered, agreed) in [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(one.chain.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[offered])
            .unwrap();
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        let tls = shake(&lab, config, "a.example.com").await.unwrap();
        assert_eq!(tls.get_ref().1.protocol_version(), Some(agreed));
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_old_ones_live_on() {
    let (old, new) = (mk_pair(&["a.example.com"]), mk_pair(&["a.example.com"]));
    let lab = start(&[("a.example.com", &[&old])]).await;
    let mut client = Client::connect(&lab, &old, "a.example.com").await.unwrap();
    assert_eq!(client.send("a.example.com").await, from("0"));
    assert_eq!(
        lab.gateway
            .apply(&mk_snapshot(lab.mock.addr(), &[("a.example.com", &[&new])])),
        []
    );
    assert_eq!(client.send("a.example.com").await, from("0"));
    assert!(Client::connect(&lab, &old, "a.example.com").await.is_err());
    assert_eq!(
        ask(&lab, &new, "a.example.com", "a.example.com").await,
        from("0")
    );
}

#[tokio::test]
async fn sessions_are_resumed_across_edits() {
    let one = mk_pair(&["a.example.com"]);
    let listeners: &[(&str, &[&Pair])] = &[("a.example.com", &[&one])];
    let lab = start(listeners).await;
    let config = Arc::new(config(&[&one], &[]));
    let mut kinds = Vec::new();
    for port in [80_u32, 80, 81] {
        if port == 81 {
            // Some other edit: another listener, without TLS, beside it.
            let mut entries = mk_snapshot(lab.mock.addr(), listeners).entries().clone();
            let plain = model::Listener {
                name: "plain".into(),
                port,
                ..Default::default()
            };
            let sealed = Sealer::new(b"lab").seal(&crate::support::origin(), Body::Listener(plain));
            entries.insert("listener/plain".into(), sealed);
            assert_eq!(lab.gateway.apply(&Snapshot::new(entries)), []);
        }
        let tcp = TcpStream::connect(lab.address).await.unwrap();
        let name = ServerName::try_from("a.example.com").unwrap();
        let tls = tokio_rustls::TlsConnector::from(config.clone())
            .connect(name, tcp)
            .await
            .unwrap();
        kinds.push(tls.get_ref().1.handshake_kind().unwrap());
        // The tickets come with the first answer.
        let (mut http, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls))
            .await
            .unwrap();
        tokio::spawn(connection);
        http.send_request(mk_request("a.example.com"))
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap();
    }
    assert_eq!(
        kinds,
        [
            HandshakeKind::Full,
            HandshakeKind::Resumed,
            HandshakeKind::Resumed
        ]
    );
}

#[tokio::test]
async fn a_broken_certificate_costs_its_own_listener_and_is_told() {
    let (good, other) = (mk_pair(&["a.example.com"]), mk_pair(&["b.example.com"]));
    let bad = Pair {
        chain: other.chain.clone(),
        key: good.key.clone(),
    };
    let lab = Lab::start(&Plan::default()).await;
    let wild = mk_pair(&["*.example.com", "b.example.com"]);
    let listeners: &[(&str, &[&Pair])] = &[
        ("a.example.com", &[&good]),
        ("b.example.com", &[&bad]),
        ("*.example.com", &[&wild]),
    ];
    let diagnostics = lab.gateway.apply(&mk_snapshot(lab.mock.addr(), listeners));
    let [diagnostic] = diagnostics.as_slice() else {
        panic!("{diagnostics:?}")
    };
    assert_eq!(diagnostic.key.as_str(), "certificate/1/0");
    assert!(
        diagnostic.origin.is_some() && diagnostic.message.contains("cannot be used"),
        "{diagnostic:?}"
    );
    assert_eq!(
        ask(&lab, &good, "a.example.com", "a.example.com").await,
        from("0")
    );
    // Its name goes to nobody else.
    assert!(Client::connect(&lab, &wild, "b.example.com").await.is_err());
}

#[tokio::test]
async fn of_several_certificates_the_one_for_the_name_is_shown() {
    let (one, two) = (mk_pair(&["a.example.com"]), mk_pair(&["b.example.com"]));
    let lab = start(&[("", &[&one, &two])]).await;
    assert_eq!(
        ask(&lab, &one, "a.example.com", "a.example.com").await,
        from("0")
    );
    assert_eq!(
        ask(&lab, &two, "b.example.com", "b.example.com").await,
        from("0")
    );
}

#[tokio::test]
async fn plain_http_on_a_port_with_tls_gets_no_answer() {
    let one = mk_pair(&["a.example.com"]);
    let lab = start(&[("a.example.com", &[&one])]).await;
    let tcp = TcpStream::connect(lab.address).await.unwrap();
    let (mut http, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp))
        .await
        .unwrap();
    tokio::spawn(connection);
    assert!(
        http.send_request(mk_request("a.example.com"))
            .await
            .is_err()
    );
    assert_eq!(lab.mock.counts().received, 0);
}

#[tokio::test]
async fn a_plain_connection_from_before_is_misdirected_when_its_port_gets_tls() {
    let lab = Lab::start(&Plan::default()).await;
    let mut client = lab.connect().await;
    let headers = [("host", "a.example.com")];
    assert_eq!(
        client
            .send(Method::POST, CHAT, &[], chat("gpt-4"))
            .await
            .status(),
        200
    );
    let one = mk_pair(&["a.example.com"]);
    assert_eq!(
        lab.gateway.apply(&mk_snapshot(
            lab.mock.addr(),
            &[("", &[&one]), ("gateway", &[&one])]
        )),
        []
    );
    assert_eq!(
        client
            .send(Method::POST, CHAT, &headers[..0], chat("gpt-4"))
            .await
            .status(),
        421
    );
}

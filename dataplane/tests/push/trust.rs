//! Who is believed, on both sides.

use sluice_mock::{Mock, MockOptions, free_port};
use sluice_proto::SERVER_NAME;

use crate::authority::Authority;
use crate::config::mk_snapshot;
use crate::operator::{Operator, Seen};
use crate::pod::{CHAT_STREAM, Files, Pod, mk_token, post, text};

#[tokio::test]
async fn an_operator_that_cannot_prove_its_name_gets_no_token() {
    let (authority, other) = (Authority::new(), Authority::new());
    for acceptor in [other.acceptor(SERVER_NAME), authority.acceptor("localhost")] {
        let mut operator = Operator::start(acceptor).await;
        let pod = Pod::start(Files::new(&authority.pem, "token"), operator.address);
        for _ in 0..2 {
            operator
                .until(|seen| match seen {
                    Seen::NoTls => Some(()),
                    other => panic!("{other:?}"),
                })
                .await;
        }
        assert!(!pod.readiness.is_ready());
        assert_eq!(pod.metric("sluice_operator_connected"), "0");
        // The right one, at the same address.
        operator.come_back(authority.acceptor(SERVER_NAME));
        assert_eq!(operator.stream().await, "token");
    }
}

#[tokio::test]
async fn a_new_authority_is_trusted_as_soon_as_it_is_in_the_bundle() {
    let (old, new) = (Authority::new(), Authority::new());
    let mut operator = Operator::start(old.acceptor(SERVER_NAME)).await;
    let pod = Pod::start(Files::new(&old.pem, "token"), operator.address);
    operator.stream().await;
    operator.leave();
    operator.come_back(new.acceptor(SERVER_NAME));
    operator
        .until(|seen| matches!(seen, Seen::NoTls).then_some(()))
        .await;
    pod.files.set_ca(&format!("{}{}", old.pem, new.pem));
    operator.stream().await;
}

#[tokio::test]
async fn a_token_that_was_refused_is_read_again() {
    let authority = Authority::new();
    let mut operator = Operator::start(authority.acceptor(SERVER_NAME)).await;
    operator.revoke("old");
    let pod = Pod::start(Files::new(&authority.pem, "old"), operator.address);
    pod.files.set_token("new");
    assert_eq!(operator.stream().await, "new");
}

#[tokio::test]
async fn the_stream_is_opened_anew_before_its_token_expires() {
    let authority = Authority::new();
    let mut operator = Operator::start(authority.acceptor(SERVER_NAME)).await;
    let mock = Mock::start(MockOptions::default()).await.unwrap();
    let (first, second) = (mk_token("first", 2), mk_token("second", 3600));
    let pod = Pod::start(Files::new(&authority.pem, &first), operator.address);
    let port = free_port();
    let one = mk_snapshot(port, mock.addr(), "one");
    operator.publish(1, &one);
    operator.applied(&one).await;
    let streaming = post(port, CHAT_STREAM, "chunks=20;interval-ms=100").await;
    pod.files.set_token(&second);
    assert_eq!(operator.stream().await, second);
    assert_eq!(pod.version(), one.version());
    assert_eq!(pod.metric("sluice_operator_streams_ended_total"), "0");
    assert!(text(streaming).await.contains("[DONE]"));
}

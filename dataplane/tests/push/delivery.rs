//! Snapshots on their way from the operator to traffic.

use std::time::Duration;

use http_body_util::BodyExt;
use sluice_dataplane::sync::Settings;
use sluice_mock::{Mock, MockOptions, free_port};
use sluice_session::ServerEvent;
use sluice_session::codec::Reason;

use crate::authority::Authority;
use crate::config::mk_snapshot;
use crate::operator::{Operator, Seen};
use crate::pod::{CHAT_STREAM, Files, Pod, chat, post, text};

/// An operator, and a pod that follows it, without configuration.
async fn mk_pair() -> (Operator, Pod, Mock, Authority) {
    mk_pair_with(|_| ()).await
}

async fn mk_pair_with(edit: impl FnOnce(&mut Settings)) -> (Operator, Pod, Mock, Authority) {
    let authority = Authority::new();
    let operator = Operator::start(authority.acceptor(sluice_proto::SERVER_NAME)).await;
    let pod = Pod::with(Files::new(&authority.pem, "token"), operator.address, edit);
    (
        operator,
        pod,
        Mock::start(MockOptions::default()).await.unwrap(),
        authority,
    )
}

#[tokio::test]
async fn the_first_snapshot_opens_the_listener_and_carries_traffic() {
    let (mut operator, pod, mock, _authority) = mk_pair().await;
    operator.stream().await;
    assert!(!pod.readiness.is_ready());
    let port = free_port();
    operator.publish(1, &mk_snapshot(port, mock.addr(), "one"));
    pod.readiness.ready().await;
    assert_eq!(chat(port).await.0, 200);
    let sent = mock.requests()[0].json().to_string();
    assert!(sent.contains("edition one"), "{sent}");
    assert_eq!(pod.metric("sluice_operator_connected"), "1");
    assert_eq!(pod.metric("sluice_configuration_applied_total"), "1");
}

#[tokio::test]
async fn a_change_under_a_stream_breaks_nothing() {
    let (mut operator, pod, mock, _authority) = mk_pair().await;
    let port = free_port();
    let (one, two) = (
        mk_snapshot(port, mock.addr(), "one"),
        mk_snapshot(port, mock.addr(), "two"),
    );
    operator.publish(1, &one);
    operator.applied(&one).await;
    let mut streaming = post(port, CHAT_STREAM, "chunks=20;interval-ms=20").await;
    streaming.body_mut().frame().await.unwrap().unwrap();
    operator.publish(1, &two);
    operator.applied(&two).await;
    assert_eq!(pod.version(), two.version());
    assert_eq!(chat(port).await.0, 200);
    let last = mock.requests().last().unwrap().json().to_string();
    assert!(last.contains("edition two"), "{last}");
    assert!(text(streaming).await.contains("[DONE]"));
}

#[tokio::test]
async fn another_port_is_opened_and_the_old_one_closed() {
    let (mut operator, _pod, mock, _authority) = mk_pair().await;
    let (before, after) = (free_port(), free_port());
    let one = mk_snapshot(before, mock.addr(), "one");
    operator.publish(1, &one);
    operator.applied(&one).await;
    let two = mk_snapshot(after, mock.addr(), "two");
    operator.publish(1, &two);
    operator.applied(&two).await;
    assert_eq!(chat(after).await.0, 200);
    let gone = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", before))
            .await
            .is_ok()
        {}
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_port_below_1024_is_served_above() {
    let port = free_port();
    let (mut operator, _pod, mock, _authority) = mk_pair_with(|s| s.port_offset = port - 80).await;
    let one = mk_snapshot(80, mock.addr(), "one");
    operator.publish(1, &one);
    operator.applied(&one).await;
    assert_eq!(chat(port).await.0, 200);
}

#[tokio::test]
async fn without_an_operator_it_goes_on_and_comes_back_by_itself() {
    let (mut operator, pod, mock, authority) = mk_pair().await;
    let port = free_port();
    let one = mk_snapshot(port, mock.addr(), "one");
    operator.publish(1, &one);
    operator.applied(&one).await;
    operator.leave();
    assert_eq!(chat(port).await.0, 200);
    assert!(pod.readiness.is_ready());
    let two = mk_snapshot(port, mock.addr(), "two");
    operator.publish(1, &two);
    operator.come_back(authority.acceptor(sluice_proto::SERVER_NAME));
    operator.applied(&two).await;
    assert_eq!(chat(port).await.0, 200);
}

#[tokio::test]
async fn a_replica_of_a_lower_epoch_changes_nothing() {
    let (mut operator, pod, mock, authority) = mk_pair().await;
    let port = free_port();
    let (one, two) = (
        mk_snapshot(port, mock.addr(), "one"),
        mk_snapshot(port, mock.addr(), "two"),
    );
    operator.publish(5, &two);
    operator.applied(&two).await;
    // An older state of things, as after a restore of a backup.
    operator.leave();
    operator.restart_with(4, &one);
    operator.come_back(authority.acceptor(sluice_proto::SERVER_NAME));
    let behind =
        |seen| matches!(seen, Seen::Server(ServerEvent::Behind(e)) if e.get() == 5).then_some(());
    operator.until(behind).await;
    assert_eq!(pod.version(), two.version());
    operator.publish(6, &one);
    operator.applied(&one).await;
}

#[tokio::test]
async fn an_epoch_that_another_leader_told_is_held_against_a_lagging_replica() {
    let (mut operator, pod, mock, _authority) = mk_pair().await;
    let port = free_port();
    let (one, two) = (
        mk_snapshot(port, mock.addr(), "one"),
        mk_snapshot(port, mock.addr(), "two"),
    );
    operator.publish(1, &one);
    operator.applied(&one).await;
    // The reports go to one that no longer leads, and says so; this replica has not heard of it.
    operator.dismiss_to("", 9);
    operator.lead(1);
    let refused = async {
        for edition in 0.. {
            let next = mk_snapshot(port, mock.addr(), &format!("lagging {edition}"));
            operator.publish(1, &next);
            let outcome = operator
                .until(|seen| match seen {
                    Seen::Server(ServerEvent::Refused(refusal)) => Some(Some(refusal)),
                    Seen::Server(ServerEvent::Applied(_)) => Some(None),
                    _ => None,
                })
                .await;
            if let Some(refusal) = outcome {
                return refusal;
            }
        }
        unreachable!()
    };
    assert_eq!(refused.await.reason, Reason::LowerEpoch);
    assert_ne!(pod.metric("sluice_configuration_refused_total"), "0");
    operator.publish(9, &two);
    operator.applied(&two).await;
}

#[tokio::test]
async fn credentials_that_nobody_confirmed_for_too_long_are_not_used() {
    let short =
        |settings: &mut Settings| settings.credentials_max_age = Duration::from_millis(1500);
    let (mut operator, pod, mock, authority) = mk_pair_with(short).await;
    let port = free_port();
    let one = mk_snapshot(port, mock.addr(), "one");
    operator.publish(1, &one);
    operator.applied(&one).await;
    assert_eq!(chat(port).await.0, 200);
    operator.leave();
    let (status, answer) = until_status(port, 503).await;
    assert!(
        answer.contains(r#""code":"credentials_expired""#),
        "{status} {answer}"
    );
    assert!(pod.readiness.is_ready());
    assert_eq!(pod.metric("sluice_credentials_expired"), "1");
    operator.come_back(authority.acceptor(sluice_proto::SERVER_NAME));
    until_status(port, 200).await;
}

async fn until_status(port: u16, wanted: u16) -> (u16, String) {
    let asking = async {
        loop {
            let answer = chat(port).await;
            if answer.0 == wanted {
                return answer;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking)
        .await
        .unwrap()
}

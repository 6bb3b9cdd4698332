//! What the leader is told.

use sluice_dataplane::sync::Settings;
use sluice_mock::{Mock, MockOptions, free_port};

use crate::authority::Authority;
use crate::config::{mk_snapshot, with_listener, with_unknown_policy};
use crate::operator::Operator;
use crate::pod::{Files, Pod, chat};

async fn mk_pair() -> (Operator, Pod, Mock) {
    mk_pair_with(|_| ()).await
}

async fn mk_pair_with(edit: impl FnOnce(&mut Settings)) -> (Operator, Pod, Mock) {
    let authority = Authority::new();
    let operator = Operator::start(authority.acceptor(sluice_proto::SERVER_NAME)).await;
    let pod = Pod::with(Files::new(&authority.pem, "token"), operator.address, edit);
    operator.lead(1);
    (
        operator,
        pod,
        Mock::start(MockOptions::default()).await.unwrap(),
    )
}

#[tokio::test]
async fn the_leader_learns_what_runs() {
    let (mut operator, _pod, mock) = mk_pair().await;
    let port = free_port();
    let one = mk_snapshot(port, mock.addr(), "one");
    operator.publish(1, &one);
    let version = one.version();
    let report = operator
        .report(|r| r.version.is_some_and(|v| v == version))
        .await;
    assert_eq!(report.identity.gateway.to_string(), "default/edge");
    assert_eq!(report.identity.instance, "uid-1");
    assert!(report.identity.software.starts_with("sluice-dataplane/"));
    assert!(
        report
            .identity
            .policies
            .iter()
            .any(|p| p.kind == "promptGuard")
    );
    assert_eq!((report.vitals.diagnostics, report.refusal), (vec![], None));
}

#[tokio::test]
async fn what_cannot_be_realised_is_told_with_its_origin_and_the_rest_runs() {
    let (mut operator, pod, mock) = mk_pair().await;
    let port = free_port();
    let bad = with_unknown_policy(&mk_snapshot(port, mock.addr(), "one"));
    operator.publish(1, &bad);
    let report = operator.report(|r| !r.vitals.diagnostics.is_empty()).await;
    let [diagnostic] = report.vitals.diagnostics.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!(diagnostic.key.as_str(), "policy/default/broken");
    let origin = diagnostic.origin.as_ref().unwrap();
    assert_eq!(
        (&*origin.kind, &*origin.name, origin.generation),
        ("RoutePolicy", "broken", 7)
    );
    assert!(
        diagnostic.message.contains("magic"),
        "{}",
        diagnostic.message
    );
    assert!(report.version.unwrap() == bad.version());
    assert_eq!(chat(port).await.0, 200);
    assert_eq!(pod.metric("sluice_configuration_diagnostics"), "1");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_and_tried_again() {
    let (mut operator, pod, mock) = mk_pair().await;
    let squatter = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = squatter.local_addr().unwrap().port();
    operator.publish(1, &mk_snapshot(port, mock.addr(), "one"));
    let report = operator.report(|r| !r.vitals.diagnostics.is_empty()).await;
    let [diagnostic] = report.vitals.diagnostics.as_slice() else {
        panic!("{report:?}")
    };
    assert!(
        diagnostic.message.contains(&port.to_string()),
        "{}",
        diagnostic.message
    );
    assert_eq!(diagnostic.origin.as_ref().unwrap().kind, "AIGateway");
    assert_eq!(
        pod.readiness.still_shut(),
        [std::sync::Arc::from("listening")]
    );
    drop(squatter);
    pod.readiness.ready().await;
    assert_eq!(chat(port).await.0, 200);
    operator
        .report(|r| r.version.is_some() && r.vitals.diagnostics.is_empty())
        .await;
}

#[tokio::test]
async fn a_listener_that_cannot_be_opened_later_does_not_take_the_others_traffic() {
    let (mut operator, pod, mock) = mk_pair().await;
    let (port, squatter) = (
        free_port(),
        std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let one = mk_snapshot(port, mock.addr(), "one");
    operator.publish(1, &one);
    operator.applied(&one).await;
    pod.readiness.ready().await;
    operator.publish(
        1,
        &with_listener(&one, squatter.local_addr().unwrap().port()),
    );
    let report = operator.report(|r| !r.vitals.diagnostics.is_empty()).await;
    assert_eq!(report.vitals.diagnostics[0].key.as_str(), "listener/other");
    assert!(pod.readiness.is_ready());
    assert_eq!(chat(port).await.0, 200);
}

#[tokio::test]
async fn two_ports_that_lead_to_one_are_told_apart() {
    let port = free_port();
    let (mut operator, _pod, mock) =
        mk_pair_with(|settings| settings.port_offset = port - 80).await;
    operator.publish(
        1,
        &with_listener(&mk_snapshot(port, mock.addr(), "one"), 80),
    );
    let report = operator.report(|r| !r.vitals.diagnostics.is_empty()).await;
    let [diagnostic] = report.vitals.diagnostics.as_slice() else {
        panic!("{report:?}")
    };
    assert!(
        diagnostic.message.contains("choose another port"),
        "{}",
        diagnostic.message
    );
    assert_eq!(chat(port).await.0, 200);
}

//! What HTTPRoutes ask for beside matches.

use http::Method;
use sluice_dataplane::Settings;
use sluice_snapshot::model::{Field, HeaderEdits, entry::Body};

use crate::support::*;

fn edits(set: &str, add: (&str, &str), remove: &str) -> Option<HeaderEdits> {
    let field = |name: &str, value: &str| Field {
        name: name.into(),
        value: value.into(),
    };
    Some(HeaderEdits {
        set: vec![field("x-set", set)],
        add: vec![field(add.0, add.1)],
        remove: vec![remove.into()],
    })
}

#[tokio::test]
async fn headers_of_a_backend_come_after_those_of_its_route() {
    let plan = Plan::default();
    let lab = Lab::with(
        &plan,
        Settings {
            workers: 1,
            ..Settings::default()
        },
    )
    .await;
    lab.gateway
        .apply(&snapshot_with(&plan, lab.mock.addr(), &|_, body| {
            if let Body::Route(route) = body {
                route.request_headers = edits("route", ("x-add", "route"), "x-gone");
                route.backends[0].request_headers =
                    edits("backend", ("x-add", "backend"), "x-gone-too");
            }
        }));
    let headers = [("x-gone", "1"), ("x-gone-too", "1"), ("x-stays", "1")];
    assert_eq!(
        lab.get("/service/x", &headers).await.status,
        404,
        "the double has no such path"
    );
    let request = &lab.mock.requests()[0];
    let values = |name| {
        request
            .headers
            .get_all(name)
            .iter()
            .map(|v| v.to_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(values("x-set"), ["backend"]);
    assert_eq!(values("x-add"), ["route", "backend"]);
    assert_eq!(
        (values("x-gone"), values("x-gone-too"), values("x-stays")),
        (vec![], vec![], vec!["1"])
    );
}

#[tokio::test]
async fn a_route_whose_backends_all_weigh_nothing_answers_500() {
    let plan = Plan::default();
    let lab = Lab::start(&plan).await;
    lab.gateway
        .apply(&snapshot_with(&plan, lab.mock.addr(), &|_, body| {
            if let Body::Route(route) = body {
                route.backends[0].weight = 0;
            }
        }));
    assert_eq!(lab.get("/service/x", &[]).await.status, 500);
    assert_eq!(lab.mock.counts().received, 0);
}

#[tokio::test]
async fn a_refusal_of_head_announces_nothing_to_parse() {
    let lab = Lab::start(&Plan::default()).await;
    let response = lab
        .connect()
        .await
        .send(Method::HEAD, "/nowhere", &[], "")
        .await;
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers().get("content-type"), None);
    assert_eq!(response.headers()["x-sluice-error"], "invalid_request");
}

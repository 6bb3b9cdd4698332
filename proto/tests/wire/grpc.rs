//! Through tonic's generated client and server with its limits as they are, without a socket between them.

use std::time::{Duration, Instant};

use futures_util::stream::{self, BoxStream, StreamExt};
use sluice_proto::wire::configuration_client::ConfigurationClient;
use sluice_proto::wire::configuration_server::{Configuration, ConfigurationServer};
use sluice_proto::wire::reporting_client::ReportingClient;
use sluice_proto::wire::reporting_server::{Reporting, ReportingServer};
use sluice_proto::wire::{FollowRequest, FollowResponse, ReportRequest, ReportResponse};
use sluice_session::codec::{Epoch, Leader, Report, ToClient, ToServer};
use sluice_session::{Client, ClientEvent, Releases, Server, ServerSettings};
use sluice_vocab::Secret;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use crate::samples;

/// A replica that has one snapshot, with an entry that is larger than any message.
struct Replica;

fn releases() -> Releases {
    let mut releases = Releases::default();
    releases.publish(
        Epoch::new(7),
        samples::mk_snapshot(&[("big", &"x".repeat(6 << 20)), ("small", "y")]),
    );
    releases.lead(samples::mk_leader());
    releases
}

fn stream<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> BoxStream<'static, T> {
    stream::unfold(receiver, |mut r| async {
        r.recv().await.map(|message| (message, r))
    })
    .boxed()
}

async fn serve(
    mut requests: Streaming<FollowRequest>,
    out: mpsc::Sender<Result<FollowResponse, Status>>,
) {
    let releases = releases();
    let mut server: Option<Server> = None;
    while let Ok(Some(request)) = requests.message().await {
        let message = ToServer::decode(request).unwrap().unwrap();
        let events = match (&mut server, message) {
            (Some(server), message) => server.receive(Instant::now(), message, &releases),
            (None, ToServer::Hello(hello)) => {
                let settings = ServerSettings {
                    heartbeat: Duration::from_secs(10),
                    patience: Duration::from_secs(60),
                    install_key: Secret::new("install key"),
                    software: "test".into(),
                };
                let (accepted, events) =
                    Server::accept(Instant::now(), hello, settings, &releases).unwrap();
                server = Some(accepted);
                events
            }
            (None, _) => return,
        };
        for message in events.into_iter().flat_map(|event| event.into_messages()) {
            if out.send(Ok(message.encode())).await.is_err() {
                return;
            }
        }
        // Applied: that is all that is tested here.
        if server.as_ref().and_then(Server::runs).is_some() {
            return;
        }
    }
}

#[tonic::async_trait]
impl Configuration for Replica {
    type FollowStream = BoxStream<'static, Result<FollowResponse, Status>>;

    async fn follow(
        &self,
        request: Request<Streaming<FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let (out, messages) = mpsc::channel(1);
        tokio::spawn(serve(request.into_inner(), out));
        Ok(Response::new(stream(messages)))
    }
}

#[tonic::async_trait]
impl Reporting for Replica {
    async fn report(
        &self,
        request: Request<Streaming<ReportRequest>>,
    ) -> Result<Response<ReportResponse>, Status> {
        let mut reports = request.into_inner();
        let report = reports.message().await?.map(Report::try_from);
        assert_eq!(report, Some(Ok(samples::mk_report())));
        Ok(Response::new(ReportResponse {
            leader: Some(samples::mk_leader().into()),
        }))
    }
}

#[tokio::test]
async fn a_snapshot_arrives_and_is_acknowledged() {
    let mut client = Client::new(samples::mk_identity());
    let (out, requests) = mpsc::channel(16);
    let mut leader = None;
    let mut todo = client.connect(Instant::now());
    let mut grpc = ConfigurationClient::new(ConfigurationServer::new(Replica));
    let mut responses = grpc.follow(stream(requests)).await.unwrap().into_inner();
    loop {
        while !todo.is_empty() {
            match todo.remove(0) {
                ClientEvent::Send(message) => out.send(message.encode()).await.unwrap(),
                ClientEvent::Build(_) => todo.extend(client.built(Instant::now(), Ok(()))),
                ClientEvent::Leader(l) => leader = Some(l),
                ClientEvent::Install(_) => {}
                ClientEvent::Reconnect(why) => panic!("{why}"),
            }
        }
        let Some(response) = responses.message().await.unwrap() else {
            break;
        };
        todo = client.receive(Instant::now(), ToClient::decode(response).unwrap().unwrap());
    }
    assert_eq!(client.running(), releases().current().map(|r| r.snapshot()));
    assert_eq!(
        (client.epoch(), leader),
        (Epoch::new(7), Some(samples::mk_leader()))
    );
}

#[tokio::test]
async fn whoever_does_not_lead_names_who_does() {
    let reports = stream::iter([samples::mk_report().encode()]).chain(stream::pending());
    let mut grpc = ReportingClient::new(ReportingServer::new(Replica));
    let answer = tokio::time::timeout(Duration::from_secs(10), grpc.report(reports))
        .await
        .unwrap();
    assert_eq!(
        answer.unwrap().into_inner().leader.map(Leader::from),
        Some(samples::mk_leader())
    );
}

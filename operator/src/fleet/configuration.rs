//! Configuration streams: the driver of [`sluice_session::Server`].

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use sluice_process::task;
use sluice_proto::wire::configuration_server::Configuration;
use sluice_proto::wire::{FollowRequest, FollowResponse};
use sluice_session::codec::{Hello, ToServer, WireError};
use sluice_session::{Server, ServerEvent};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tonic::{Request, Response, Status, Streaming};

use super::hub::Hub;
use super::identity::Peer;
use super::{Fleet, Service};

const HELLO_TIME: Duration = Duration::from_secs(10);
/// Who doesn't take a message for so long is gone.
const SEND_TIME: Duration = Duration::from_secs(60);
/// Messages that may wait to be taken; parts of updates are about 1 MiB long.
const QUEUE: usize = 4;

#[tonic::async_trait]
impl Configuration for Service {
    type FollowStream = Pin<Box<dyn Stream<Item = Result<FollowResponse, Status>> + Send>>;

    async fn follow(
        &self,
        request: Request<Streaming<FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let fleet = self.0.clone();
        let slot = fleet.streams.clone().try_acquire_owned();
        let slot = slot.map_err(|_| Status::resource_exhausted("too many streams"))?;
        let peer = fleet
            .gate
            .peer(request.metadata())
            .await
            .inspect_err(|status| fleet.deny(None, status))?;
        let (sender, responses) = mpsc::channel(QUEUE);
        let follow = Follow {
            fleet,
            peer,
            requests: request.into_inner(),
            sender,
            _slot: slot,
        };
        task::spawn("configuration stream", follow.run());
        let responses = futures_util::stream::unfold(responses, |mut responses| async {
            responses.recv().await.map(|response| (response, responses))
        });
        Ok(Response::new(Box::pin(responses)))
    }
}

/// One stream.
struct Follow {
    fleet: Arc<Fleet>,
    peer: Peer,
    requests: Streaming<FollowRequest>,
    sender: mpsc::Sender<Result<FollowResponse, Status>>,
    _slot: OwnedSemaphorePermit,
}

/// Why a stream ends: said to the peer, unless it left.
type Ended = Option<Status>;

impl Follow {
    async fn run(mut self) {
        let began = Instant::now();
        self.fleet.metrics.streams(1);
        let ended = match self.accept().await {
            Ok((hub, server)) => self.serve(&hub, server, began).await,
            Err(status) => Some(status),
        };
        self.fleet.metrics.streams(-1);
        if let Some(status) = ended {
            tracing::info!(
                pod = self.peer.pod_name,
                namespace = self.peer.namespace,
                why = status.message(),
                "a configuration stream ends"
            );
            let _ = tokio::time::timeout(SEND_TIME, self.sender.send(Err(status))).await;
        }
    }

    async fn accept(&mut self) -> Result<(Arc<Hub>, Server), Status> {
        let hello = self.hello().await?;
        let gateway = hello.identity.gateway.clone();
        let hub = self.fleet.hub(&gateway);
        let hub = hub.filter(|hub| {
            self.peer
                .is_of(&gateway, &hub.account(), &hello.identity.instance)
        });
        let Some(hub) = hub else {
            // The same answer for what doesn't exist and what isn't theirs.
            let status =
                Status::permission_denied(format!("this pod is not one of Gateway {gateway}"));
            self.fleet.deny(Some(&self.peer), &status);
            return Err(status);
        };
        tracing::info!(
            gateway = gateway.to_string(),
            pod = self.peer.pod_name,
            software = hello.identity.software,
            "a data plane follows"
        );
        let settings = self.fleet.settings.clone();
        let accepted =
            hub.read(|releases| Server::accept(Instant::now(), hello, settings, releases));
        let (server, events) =
            accepted.map_err(|denied| Status::failed_precondition(denied.to_string()))?;
        self.act(events)
            .await
            .map_err(|ended| ended.unwrap_or_else(|| Status::cancelled("gone")))?;
        Ok((hub, server))
    }

    async fn hello(&mut self) -> Result<Hello, Status> {
        let first = tokio::time::timeout(HELLO_TIME, self.requests.next()).await;
        let first = first.map_err(|_| Status::deadline_exceeded("no hello"))?;
        let first = first.ok_or_else(|| Status::cancelled("gone"))??;
        match ToServer::decode(first).map_err(malformed)? {
            Some(ToServer::Hello(hello)) => Ok(hello),
            _ => Err(Status::invalid_argument("a stream begins with a hello")),
        }
    }

    async fn serve(&mut self, hub: &Hub, mut server: Server, began: Instant) -> Ended {
        let mut changes = hub.changes();
        let over = tokio::time::sleep_until((began + self.peer.life).into());
        tokio::pin!(over);
        loop {
            let events = tokio::select! {
                request = self.requests.next() => match self.message(request) {
                    Ok(Some(message)) => hub.read(|r| server.receive(Instant::now(), message, r)),
                    Ok(None) => continue,
                    Err(ended) => return ended,
                },
                changed = changes.changed() => match changed {
                    Ok(()) => hub.read(|r| server.step(Instant::now(), r)),
                    Err(_) => return Some(Status::permission_denied("the Gateway is gone")),
                },
                () = tokio::time::sleep_until(server.wake().into()) => {
                    hub.read(|r| server.step(Instant::now(), r))
                }
                () = &mut over => return Some(Status::unauthenticated("the token expires: come back with another")),
                () = self.sender.closed() => return None,
            };
            if let Err(ended) = self.act(events).await {
                return ended;
            }
        }
    }

    fn message(
        &self,
        request: Option<Result<FollowRequest, Status>>,
    ) -> Result<Option<ToServer>, Ended> {
        match request {
            Some(Ok(request)) => ToServer::decode(request).map_err(|error| Some(malformed(error))),
            Some(Err(_)) | None => Err(None),
        }
    }

    async fn act(&self, events: Vec<ServerEvent>) -> Result<(), Ended> {
        for event in events {
            self.note(&event);
            match event {
                ServerEvent::Close(close) => return Err(Some(Status::aborted(close.to_string()))),
                // Whoever may be behind says nothing, so that its data planes look for another.
                ServerEvent::Heartbeat(_) if !self.fleet.is_current() => {}
                event => {
                    for message in event.into_messages() {
                        self.send(message.encode()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    fn note(&self, event: &ServerEvent) {
        let pod = self.peer.pod_name.as_str();
        match event {
            ServerEvent::Push(update) => {
                let bytes = update.upserts.values().map(bytes::Bytes::len).sum();
                self.fleet.metrics.pushed(update.from.is_some(), bytes);
                tracing::debug!(pod, to = update.to.to_string(), bytes, "pushed");
            }
            ServerEvent::Refused(refusal) => {
                self.fleet.metrics.refused();
                tracing::warn!(
                    pod,
                    refusal = refusal.to_string(),
                    "a data plane refuses an update"
                );
            }
            ServerEvent::Behind(epoch) => self.fleet.behind(*epoch),
            ServerEvent::Applied(version) => {
                tracing::debug!(pod, version = version.to_string(), "applied")
            }
            ServerEvent::Unknown(policies) => {
                tracing::warn!(
                    pod,
                    count = policies.len(),
                    "a data plane doesn't know some policies"
                );
            }
            ServerEvent::Welcome(_) | ServerEvent::Heartbeat(_) | ServerEvent::Close(_) => {}
        }
    }

    async fn send(&self, response: FollowResponse) -> Result<(), Ended> {
        match tokio::time::timeout(SEND_TIME, self.sender.send(Ok(response))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(None),
            Err(_) => Err(Some(Status::deadline_exceeded("nothing is taken"))),
        }
    }
}

fn malformed(error: WireError) -> Status {
    Status::invalid_argument(error.to_string())
}

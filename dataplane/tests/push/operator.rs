//! An operator's replica: its state machines as they are, behind TLS, with nothing watched and nothing written.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sluice_proto::wire::configuration_server::{Configuration, ConfigurationServer};
use sluice_proto::wire::reporting_server::{Reporting, ReportingServer};
use sluice_proto::wire::{FollowRequest, FollowResponse, ReportRequest, ReportResponse};
use sluice_session::codec::{Epoch, Leader, Report, ToServer};
use sluice_session::{Releases, Server, ServerEvent, ServerSettings};
use sluice_snapshot::Snapshot;
use sluice_vocab::Secret;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::config::INSTALL_KEY;

/// What happened to it, in order.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The handshake failed.
    NoTls,
    /// A configuration stream, with that token.
    Stream(String),
    Server(ServerEvent),
    Report(Box<Report>),
}

pub(crate) struct Operator {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

struct State {
    releases: Mutex<Releases>,
    changed: watch::Sender<()>,
    /// Nothing while it is away.
    acceptor: Mutex<Option<TlsAcceptor>>,
    connections: Mutex<Vec<AbortHandle>>,
    seen: mpsc::UnboundedSender<Seen>,
    /// Who leads, when it isn't this one.
    other_leader: Mutex<Option<Leader>>,
    /// The token that is refused.
    revoked: Mutex<String>,
}

impl Operator {
    pub(crate) async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            releases: Mutex::default(),
            changed: watch::Sender::new(()),
            acceptor: Mutex::new(Some(acceptor)),
            connections: Mutex::default(),
            seen: sender,
            other_leader: Mutex::default(),
            revoked: Mutex::default(),
        });
        tokio::spawn(accept(listener, state.clone()));
        Self {
            address,
            state,
            seen,
        }
    }

    /// What data planes are to run.
    pub(crate) fn publish(&self, epoch: u64, snapshot: &Arc<Snapshot>) {
        assert!(
            self.state
                .releases
                .lock()
                .unwrap()
                .publish(Epoch::new(epoch), snapshot.clone())
        );
        self.state.changed.send_replace(());
    }

    /// Everything anew, as after a restart of a replica that knows less.
    pub(crate) fn restart_with(&self, epoch: u64, snapshot: &Arc<Snapshot>) {
        *self.state.releases.lock().unwrap() = Releases::default();
        self.publish(epoch, snapshot);
    }

    /// It says that it leads, so that reports come.
    pub(crate) fn lead(&self, epoch: u64) {
        let leader = Leader {
            address: self.address.to_string(),
            epoch: Epoch::new(epoch),
        };
        self.state.releases.lock().unwrap().lead(leader);
        self.state.changed.send_replace(());
    }

    /// Whoever reports here is told that another leads.
    pub(crate) fn dismiss_to(&self, address: &str, epoch: u64) {
        let leader = Leader {
            address: address.to_owned(),
            epoch: Epoch::new(epoch),
        };
        *self.state.other_leader.lock().unwrap() = Some(leader);
    }

    pub(crate) fn revoke(&self, token: &str) {
        *self.state.revoked.lock().unwrap() = token.to_owned();
    }

    /// Without a word.
    pub(crate) fn leave(&self) {
        *self.state.acceptor.lock().unwrap() = None;
        self.state
            .connections
            .lock()
            .unwrap()
            .drain(..)
            .for_each(|connection| connection.abort());
    }

    pub(crate) fn come_back(&self, acceptor: TlsAcceptor) {
        *self.state.acceptor.lock().unwrap() = Some(acceptor);
    }

    /// The first that is meant, of what is still to be looked at.
    pub(crate) async fn until<T>(&mut self, mut meant: impl FnMut(Seen) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let seen = self.seen.recv().await.unwrap();
                if let Some(found) = meant(seen) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting)
            .await
            .expect("it never happened")
    }

    pub(crate) async fn applied(&mut self, snapshot: &Snapshot) {
        let version = snapshot.version();
        let is_it = |seen| match seen {
            Seen::Server(ServerEvent::Applied(claim)) => (claim == version).then_some(()),
            Seen::Server(ServerEvent::Refused(refusal)) => panic!("{refusal}"),
            _ => None,
        };
        self.until(is_it).await;
    }

    /// The token of the next stream.
    pub(crate) async fn stream(&mut self) -> String {
        self.until(|seen| {
            if let Seen::Stream(token) = seen {
                Some(token)
            } else {
                None
            }
        })
        .await
    }

    /// The next report that is meant.
    pub(crate) async fn report(&mut self, meant: impl Fn(&Report) -> bool) -> Report {
        self.until(|seen| match seen {
            Seen::Report(report) if meant(&report) => Some(*report),
            _ => None,
        })
        .await
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let routes = Routes::new(ConfigurationServer::new(Replica(state.clone())));
    let routes = routes
        .add_service(ReportingServer::new(Replica(state.clone())))
        .prepare();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Some(acceptor) = state.acceptor.lock().unwrap().clone() else {
            continue;
        };
        let (routes, seen) = (routes.clone(), state.seen.clone());
        let serving = tokio::spawn(async move {
            let Ok(tls) = acceptor.accept(stream).await else {
                let _ = seen.send(Seen::NoTls);
                return;
            };
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = http
                .serve_connection(TokioIo::new(tls), TowerToHyperService::new(routes))
                .await;
        });
        state
            .connections
            .lock()
            .unwrap()
            .push(serving.abort_handle());
    }
}

struct Replica(Arc<State>);

impl Replica {
    fn token<T>(&self, request: &Request<T>) -> Result<String, Status> {
        let header = request
            .metadata()
            .get("authorization")
            .and_then(|v| v.to_str().ok());
        let token = header
            .and_then(|h| h.strip_prefix("Bearer "))
            .unwrap_or_default()
            .to_owned();
        if token.is_empty() || token == *self.0.revoked.lock().unwrap() {
            return Err(Status::unauthenticated("the token is not valid"));
        }
        Ok(token)
    }
}

#[tonic::async_trait]
impl Configuration for Replica {
    type FollowStream = BoxStream<'static, Result<FollowResponse, Status>>;

    async fn follow(
        &self,
        request: Request<Streaming<FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let token = self.token(&request)?;
        let _ = self.0.seen.send(Seen::Stream(token));
        let (out, messages) = mpsc::channel(4);
        tokio::spawn(follow(self.0.clone(), request.into_inner(), out));
        let messages = stream::unfold(messages, |mut m| async {
            m.recv().await.map(|item| (item, m))
        });
        Ok(Response::new(messages.boxed()))
    }
}

async fn follow(
    state: Arc<State>,
    mut requests: Streaming<FollowRequest>,
    out: mpsc::Sender<Result<FollowResponse, Status>>,
) -> Option<()> {
    let mut changed = state.changed.subscribe();
    let ToServer::Hello(hello) = ToServer::decode(requests.message().await.ok()??).unwrap()? else {
        panic!("no hello");
    };
    let settings = ServerSettings {
        heartbeat: Duration::from_millis(100),
        patience: Duration::from_secs(60),
        install_key: Secret::new(INSTALL_KEY),
        software: "test".into(),
    };
    let accepted = Server::accept(
        Instant::now(),
        hello,
        settings,
        &state.releases.lock().unwrap(),
    );
    let (mut server, mut events) = accepted.unwrap();
    loop {
        for event in events {
            let _ = state.seen.send(Seen::Server(event.clone()));
            for message in event.into_messages() {
                out.send(Ok(message.encode())).await.ok()?;
            }
        }
        let message = tokio::select! {
            message = requests.message() => Some(ToServer::decode(message.ok()??).unwrap()?),
            _ = changed.changed() => None,
            () = tokio::time::sleep_until(server.wake().into()) => None,
        };
        let (now, releases) = (Instant::now(), state.releases.lock().unwrap());
        events = match message {
            Some(message) => server.receive(now, message, &releases),
            None => server.step(now, &releases),
        };
    }
}

#[tonic::async_trait]
impl Reporting for Replica {
    async fn report(
        &self,
        request: Request<Streaming<ReportRequest>>,
    ) -> Result<Response<ReportResponse>, Status> {
        self.token(&request)?;
        let mut reports = request.into_inner();
        loop {
            let leader = self.0.other_leader.lock().unwrap().clone();
            if let Some(leader) = leader {
                return Ok(Response::new(ReportResponse {
                    leader: Some(leader.into()),
                }));
            }
            let Some(report) = reports.message().await? else {
                break;
            };
            let _ = self
                .0
                .seen
                .send(Seen::Report(Box::new(report.try_into().unwrap())));
        }
        Ok(Response::new(ReportResponse { leader: None }))
    }
}

//! The two streams, each carried by a task that ends with its handle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use futures_util::Stream as FutureStream;
use sluice_process::task;
use sluice_proto::wire;
use sluice_proto::wire::configuration_client::ConfigurationClient;
use sluice_proto::wire::reporting_client::ReportingClient;
use sluice_session::codec::{Leader, PART_BYTES, ToClient};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};

use super::link::Link;
use super::token::Token;
use super::{Address, Settings};
use crate::gateway::Shared;

/// Messages that wait to be sent; more are a peer that doesn't read.
const OUTGOING: usize = 16;
/// Messages that wait to be looked at; parts of updates are long.
const INCOMING: usize = 2;
/// Of one message: a part, and room for keys that are long.
const MAX_MESSAGE: usize = 4 * PART_BYTES;

/// What becomes of a stream, in order.
pub(super) enum Event<In> {
    /// There is a connection; what is sent goes out.
    Open(Opened),
    /// The peer said something.
    Message(In),
    /// The last: the stream is gone, or never was.
    Ended(String),
}

/// An open stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    pub(super) peer: SocketAddr,
    /// When it has to be opened anew, before its token expires.
    pub(super) renew: Option<Instant>,
}

/// One stream; dropped, it is closed.
pub(super) struct Stream<Out, In> {
    out: mpsc::Sender<Out>,
    events: mpsc::Receiver<Event<In>>,
    task: AbortHandle,
}

impl<Out, In> Stream<Out, In> {
    /// False when the peer doesn't take what is sent.
    #[must_use]
    pub(super) fn send(&self, message: Out) -> bool {
        self.out.try_send(message).is_ok()
    }

    pub(super) async fn next(&mut self) -> Event<In> {
        let stopped = || Event::Ended("its task stopped".to_owned());
        self.events.recv().await.unwrap_or_else(stopped)
    }
}

impl<Out, In> Drop for Stream<Out, In> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Configuration, from any replica.
pub(super) type Follow = Stream<wire::FollowRequest, ToClient>;
/// Reports, to the leader. What comes back is who leads instead.
pub(super) type Report = Stream<wire::ReportRequest, Leader>;

/// What it takes to open streams.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Settings,
}

impl Opener {
    pub(super) fn follow(&self) -> Follow {
        let ((out, requests), (sender, events)) =
            (mpsc::channel(OUTGOING), mpsc::channel(INCOMING));
        let opener = self.clone();
        let task = task::spawn("configuration stream", async move {
            let ended = opener.carry_configuration(requests, &sender).await;
            let _ = sender.send(Event::Ended(ended)).await;
        });
        Stream { out, events, task }
    }

    pub(super) fn report(&self, leader: Address) -> Report {
        let ((out, requests), (sender, events)) =
            (mpsc::channel(OUTGOING), mpsc::channel(INCOMING));
        let opener = self.clone();
        let task = task::spawn("report stream", async move {
            let ended = opener.carry_reports(&leader, requests, &sender).await;
            let _ = sender.send(Event::Ended(ended)).await;
        });
        Stream { out, events, task }
    }

    /// Says how it ended.
    async fn carry_configuration(
        &self,
        requests: mpsc::Receiver<wire::FollowRequest>,
        events: &mpsc::Sender<Event<ToClient>>,
    ) -> String {
        let (link, metadata, opened) = match self.open(&self.settings.operator).await {
            Ok(open) => open,
            Err(why) => return why,
        };
        let _ = events.send(Event::Open(opened)).await;
        let grpc = ConfigurationClient::with_origin(link, Link::origin());
        let mut grpc = grpc.max_decoding_message_size(MAX_MESSAGE);
        let mut responses = match grpc.follow(with(metadata, requests)).await {
            Ok(response) => response.into_inner(),
            Err(status) => return said(&status),
        };
        loop {
            let message = match responses.message().await {
                Ok(Some(response)) => ToClient::decode(response),
                Ok(None) => return "the operator ended the stream".to_owned(),
                Err(status) => return said(&status),
            };
            match message {
                Ok(Some(message)) => drop(events.send(Event::Message(message)).await),
                Ok(None) => {}
                Err(error) => return error.to_string(),
            }
        }
    }

    /// Says how it ended.
    async fn carry_reports(
        &self,
        leader: &Address,
        requests: mpsc::Receiver<wire::ReportRequest>,
        events: &mpsc::Sender<Event<Leader>>,
    ) -> String {
        let (link, metadata, opened) = match self.open(leader).await {
            Ok(open) => open,
            Err(why) => return why,
        };
        let _ = events.send(Event::Open(opened)).await;
        let mut grpc = ReportingClient::with_origin(link, Link::origin());
        match grpc.report(with(metadata, requests)).await {
            Ok(response) => {
                if let Some(leader) = response.into_inner().leader {
                    let _ = events.send(Event::Message(leader.into())).await;
                }
                "it does not lead, or no longer".to_owned()
            }
            Err(status) => said(&status),
        }
    }

    async fn open(&self, address: &Address) -> Result<(Link, MetadataMap, Opened), String> {
        let token = Token::read(&self.settings.token_file).map_err(|e| e.to_string())?;
        let lasts = token.lasts(SystemTime::now(), self.settings.delays.renewal);
        let metadata = token.metadata().unwrap_or_default();
        let (link, peer) = Link::open(&self.shared.engine.client, address, &self.settings.ca_file)
            .await
            .map_err(|e| format!("{address}: {e}"))?;
        Ok((
            link,
            metadata,
            Opened {
                peer,
                renew: lasts.map(|lasts| Instant::now() + lasts),
            },
        ))
    }
}

fn with<M: Send + 'static>(
    metadata: MetadataMap,
    messages: mpsc::Receiver<M>,
) -> Request<impl FutureStream<Item = M> + Send + 'static> {
    let messages = futures_util::stream::unfold(messages, |mut m| async {
        m.recv().await.map(|message| (message, m))
    });
    let mut request = Request::new(messages);
    *request.metadata_mut() = metadata;
    request
}

/// A status, for people.
fn said(status: &Status) -> String {
    let what = match status.code() {
        Code::Unauthenticated => "the operator does not accept the token".to_owned(),
        Code::PermissionDenied => "the operator refuses this pod".to_owned(),
        Code::Unavailable | Code::Unknown | Code::Cancelled => "the stream broke".to_owned(),
        code => format!("the operator answered {code:?}"),
    };
    if status.message().is_empty() {
        what
    } else {
        format!("{what}: {}", status.message())
    }
}

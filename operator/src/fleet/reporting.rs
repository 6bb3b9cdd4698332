//! Reports of data planes, to whoever leads.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use sluice_proto::wire::reporting_server::Reporting;
use sluice_proto::wire::{ReportRequest, ReportResponse};
use sluice_session::codec::Report;
use sluice_vocab::GatewayKey;
use tonic::{Request, Response, Status, Streaming};

use super::identity::Peer;
use super::{Fleet, Service, lock};

#[tonic::async_trait]
impl Reporting for Service {
    async fn report(
        &self,
        request: Request<Streaming<ReportRequest>>,
    ) -> Result<Response<ReportResponse>, Status> {
        let fleet = &self.0;
        let slot = fleet.streams.try_acquire();
        let _slot = slot.map_err(|_| Status::resource_exhausted("too many streams"))?;
        let peer = fleet
            .gate
            .peer(request.metadata())
            .await
            .inspect_err(|status| fleet.deny(None, status))?;
        let mut told = None;
        let ended = listen(fleet, &peer, request.into_inner(), &mut told).await;
        if let Some((gateway, instance)) = told
            && Arc::make_mut(&mut lock(&fleet.ledger)).forget(&gateway, &instance)
        {
            fleet.tell();
        }
        ended.map(Response::new)
    }
}

/// Takes reports while this replica leads; the answer names another leader.
async fn listen(
    fleet: &Fleet,
    peer: &Peer,
    mut reports: Streaming<ReportRequest>,
    told: &mut Option<(GatewayKey, String)>,
) -> Result<ReportResponse, Status> {
    let mut leadership = fleet.leadership.clone();
    let over = tokio::time::sleep(peer.life);
    tokio::pin!(over);
    loop {
        let lead = leadership.borrow_and_update().clone();
        if !lead.is_me() {
            return Ok(ReportResponse {
                leader: Some(lead.leader().into()),
            });
        }
        tokio::select! {
            report = reports.next() => {
                let Some(report) = report else { return Ok(ReportResponse { leader: None }) };
                accept(fleet, peer, report?, told)?;
            }
            changed = leadership.changed() => changed.map_err(|_| Status::unavailable("stopping"))?,
            () = &mut over => return Err(Status::unauthenticated("the token expires: come back with another")),
        }
    }
}

fn accept(
    fleet: &Fleet,
    peer: &Peer,
    report: ReportRequest,
    told: &mut Option<(GatewayKey, String)>,
) -> Result<(), Status> {
    let report =
        Report::try_from(report).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let gateway = &report.identity.gateway;
    let instance = &report.identity.instance;
    let is_theirs = fleet
        .hub(gateway)
        .is_some_and(|hub| peer.is_of(gateway, &hub.account(), instance));
    if !is_theirs {
        let status = Status::permission_denied(format!("this pod is not one of Gateway {gateway}"));
        fleet.deny(Some(peer), &status);
        return Err(status);
    }
    *told = Some((gateway.clone(), instance.clone()));
    fleet.behind(report.epoch);
    if Arc::make_mut(&mut lock(&fleet.ledger)).accept(Instant::now(), report) {
        fleet.tell();
    }
    Ok(())
}

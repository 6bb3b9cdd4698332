//! The conversation with the operator: sockets, threads and a clock for the state machines of `sluice_session`.
//!
//! ```text
//! Driver --follow--> any replica: snapshots in, acks out     Listeners: the ports that the running snapshot wants
//!        --report--> the leader: what runs, what can't       Backoff, Token, Link: when, who, and how streams are opened
//! ```
//!
//! Whatever happens to the operator, what was installed goes on running.

mod address;
mod backoff;
mod credentials;
mod driver;
mod link;
mod listeners;
mod metrics;
mod reports;
mod stream;
mod token;
mod vitals;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use address::{Address, AddressError};
pub use backoff::Delays;
pub use driver::Driver;
pub use metrics::Metrics;

/// How a data plane finds its operator and proves who it is, and where it listens.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where configuration comes from: any replica.
    pub operator: Address,
    /// PEM bundle that the operator's certificate is verified against; read for every connection.
    pub ca_file: PathBuf,
    /// The token that says who we are; read for every stream.
    pub token_file: PathBuf,
    /// How old a confirmation may be before the gateway's credentials are no longer used.
    pub credentials_max_age: Duration,
    /// Where listeners listen.
    pub bind: IpAddr,
    /// Added to listener ports below 1024.
    pub port_offset: u16,
    /// Between attempts to reach the operator.
    pub delays: Delays,
}

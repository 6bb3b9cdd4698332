//! What every Sluice process does alike: its log, its tasks, its admin port, and how it is told to stop.
//!
//! ```text
//! log, Lines  what is said on standard output, for which nobody waits
//! Supervisor  named tasks; when one ends, the process ends with an error that names it
//! task        all others: one that panics is logged and counted
//! Readiness   named gates; ready when all are open
//! Admin       /healthz, /readyz and /metrics on a port of their own
//! metrics     registered as they are made
//! Signals     SIGTERM and SIGINT, none lost between two of them; Reloads, SIGHUP
//! printable   text of others, as it may stand in a log or on a terminal
//! flag        values of flags that several commands have
//! ```

pub mod admin;
pub mod flag;
pub mod lines;
pub mod log;
pub mod metrics;
mod printable;
pub mod readiness;
pub mod shutdown;
pub mod supervise;
pub mod task;

pub use admin::Admin;
pub use lines::Lines;
pub use printable::{printable, printable_json};
pub use readiness::{Gate, Readiness};
pub use shutdown::{Reloads, Signals};
pub use supervise::{Ended, Supervisor};

//! What every Sluice process does alike: its log, and how it is told to stop.

pub mod log;
pub mod shutdown;

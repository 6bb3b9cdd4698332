//! sluice-snapshot

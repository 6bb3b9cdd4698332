//! sluice-process

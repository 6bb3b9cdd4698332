//! The `sluice` command: both halves, compiler and data plane, in one process.

pub mod files;

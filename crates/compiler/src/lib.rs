//! sluice-compiler

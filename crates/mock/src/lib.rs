//! sluice-mock

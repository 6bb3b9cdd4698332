//! sluice-vocab

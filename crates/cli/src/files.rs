//! Resources from files. What there is to say about them stands in `sluice-files`, which the compiler's tests read with too.

pub use sluice_files::{FileFinding, Loaded, load, parse};

//! Numbers for ids and weights.

use std::cell::Cell;

/// A number that nobody needs to be unable to guess: for ids and weights.
pub(crate) fn number() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    thread_local!(static STATE: Cell<u64> = Cell::new(std::hash::RandomState::new().build_hasher().finish() | 1));
    STATE.with(|state| {
        // xorshift64* (Vigna 2016).
        let mut x = state.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        state.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    })
}

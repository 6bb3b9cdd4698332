//! Values of flags that several commands have.

/// The most that a flag in MiB can say: more than any machine has.
const MOST: usize = 1 << 24;

/// A size in MiB. None at all would refuse everything, and is hardly meant.
///
/// # Errors
/// What to write instead.
pub fn mib(text: &str) -> Result<usize, String> {
    let mib = text.parse().ok().filter(|mib| (1..=MOST).contains(mib));
    mib.ok_or_else(|| "write a whole number of MiB, 1 or more".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_size_is_none() {
        assert_eq!(mib("1"), Ok(1));
        for text in ["0", "-1", "", "1.5", "16777217", "99999999999999999999"] {
            assert!(mib(text).is_err(), "{text}");
        }
    }
}

//! Tools that a vendor runs itself, which no other provider has.

use crate::dropped::Dropped;
use crate::json::Invalid;

/// The vendor's own tools of a request. Beside functions they are left out and named; alone, the request would be another one without
/// them.
#[derive(Debug, Default)]
pub(crate) struct NativeTools(Vec<String>);

impl NativeTools {
    pub(crate) fn add(&mut self, kind: &str) {
        self.0.push(kind.to_owned());
    }

    pub(crate) fn settle(
        self,
        alone: bool,
        vendor: &str,
        dropped: &mut Dropped,
    ) -> Result<(), Invalid> {
        match self.0.first() {
            Some(kind) if alone => {
                let reason =
                    format!("{kind:?} is a tool of {vendor}'s own, which no other provider has");
                Err(Invalid::new("tools[].type", reason))
            }
            _ => {
                self.0
                    .iter()
                    .for_each(|kind| dropped.add(format!("tools[].{kind}")));
                Ok(())
            }
        }
    }
}

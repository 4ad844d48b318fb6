//! Remembers the first failed write, and refuses everything after it.

use super::StoreError;
use std::sync::OnceLock;

/// Closed for good by the first failure.
#[derive(Debug, Default)]
pub(super) struct Latch(OnceLock<StoreError>);

impl Latch {
    /// Refuses when something failed before.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.0.get() {
            None => Ok(()),
            Some(first) => Err(StoreError::Latched(Box::new(first.clone()))),
        }
    }

    /// Runs a write, and closes when it fails.
    pub(super) fn guard(
        &self,
        write: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.check()?;
        write().inspect_err(|error| {
            self.0.get_or_init(|| error.clone());
        })
    }
}

//! Upgrading a contract under test.

use crate::{Account, Chain, TestFailure};
use codec::Encode;
use dure_types::Address;
use std::path::Path;

impl Chain {
    /// Builds the contract crate at `manifest_dir` and gives its code to a contract that lives.
    ///
    /// `migrate` is a tuple of the arguments of the migration that runs, `()` when none does or it
    /// takes none. Only the contract's upgrader may, which is its creator at first. The contract
    /// has no shadow afterwards.
    ///
    /// # Errors
    /// [`TestFailure`] when it does not build or is refused; then nothing of the contract changed.
    pub fn upgrade(
        &mut self,
        by: Account,
        contract: Address,
        manifest_dir: impl AsRef<Path>,
        migrate: impl Encode,
    ) -> Result<(), TestFailure> {
        let wasm = crate::build::build(manifest_dir.as_ref())?;
        self.upgrade_wasm(by, contract, &wasm, migrate)
    }

    /// Stores a module, unless its code is stored, and gives it to a contract that lives.
    ///
    /// # Errors
    /// As [`Chain::upgrade`]. What refused says so itself: the system contract in a
    /// [`SystemError`](crate::SystemError), the migration in the error of the new code.
    pub fn upgrade_wasm(
        &mut self,
        by: Account,
        contract: Address,
        wasm: &[u8],
        migrate: impl Encode,
    ) -> Result<(), TestFailure> {
        let code = self.store(wasm, by)?;
        let args = (contract, code, migrate.encode());
        self.call::<()>(by, Address::SYSTEM, "upgrade", args)?;
        // What it was a shadow of is gone.
        self.shadows.remove(&contract);
        Ok(())
    }
}

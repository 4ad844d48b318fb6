//! Upgrading a contract under test.

use crate::{Account, Chain, TestFailure, chain::fault};
use codec::Encode;
use dure_abi::spec::ContractSpec;
use dure_json::Unset;
use dure_runtime::system;
use dure_types::Address;
use std::path::Path;

impl Chain {
    /// From here on, upgrades may add fields of one value that they do not set, as `dure upgrade
    /// --allow-unset`: for code that reads them by `try_get`.
    pub fn allow_unset(&mut self) {
        self.may_be_unset = true;
    }

    /// Builds the contract crate at `manifest_dir` and gives its code to a contract that lives.
    ///
    /// `migrate` is a tuple of the arguments of the migration that runs, `()` when none does or it
    /// takes none. Only the contract's upgrader may, which is its creator at first. The contract
    /// has no shadow afterwards.
    ///
    /// # Errors
    /// [`TestFailure`] when it does not build or is refused, or leaves a new field without a value
    /// ([`TestFailure::Unset`]); then nothing of the contract changed.
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
        let (before, stored) = (self.snapshot(), self.spec(contract)?);
        let args = (contract, code, migrate.encode());
        self.call::<()>(by, Address::SYSTEM, "upgrade", args)?;
        if let (Some(stored), Some(offered)) = (stored, self.spec(contract)?)
            && !self.may_be_unset
        {
            let is_set = |key: &[u8]| matches!(self.storage(contract, key), Ok(Some(_)));
            if let Some(unset) = Unset::find(&stored, &offered, is_set) {
                self.restore(&before);
                return Err(TestFailure::Unset(unset));
            }
        }
        // What it was a shadow of is gone.
        self.shadows.remove(&contract);
        Ok(())
    }

    fn spec(&self, contract: Address) -> Result<Option<ContractSpec>, TestFailure> {
        system::spec_of(self.state().as_ref(), contract).map_err(fault)
    }
}

//! What a method knows about the call it serves.

use crate::{
    CallError, Event,
    buffer::{Buffer, SMALL},
    host,
    published::ReadError,
};
use alloc::vec::Vec;
use dure_abi::{Address, FLAG_READ_ONLY, Gas, Hash, Height, Selector, TimestampMs};

/// The call that runs: who, when, and the ways out of the contract.
///
/// It holds nothing; each method asks the host, so keep what is used twice in a variable.
pub struct Cx {
    /// Only the entry points make it.
    _entry: (),
}

impl Cx {
    pub(crate) const fn new() -> Self {
        Self { _entry: () }
    }

    /// The account or contract that called this contract: the immediate caller, never the origin.
    #[must_use]
    pub fn caller(&self) -> Address {
        Address(host::caller())
    }

    /// This contract's own address.
    #[must_use]
    pub fn address(&self) -> Address {
        Address(host::self_address())
    }

    /// The block's time, the same for every transaction in it.
    #[must_use]
    pub fn time(&self) -> TimestampMs {
        TimestampMs(host::time_ms())
    }

    /// The height of the block.
    #[must_use]
    pub fn height(&self) -> Height {
        Height(host::height())
    }

    /// The id of the transaction; zero in a query.
    #[must_use]
    pub fn transaction_id(&self) -> Hash {
        Hash(host::transaction_id())
    }

    /// The gas that is left to this call.
    #[must_use]
    pub fn gas_left(&self) -> Gas {
        Gas(host::gas_left())
    }

    /// Emits an event: it becomes part of the receipt, unless the call fails.
    #[inline]
    pub fn emit<E: Event>(&self, event: &E) {
        let mut data = Buffer::<SMALL>::new();
        event.encode_to(&mut data);
        host::event(&E::TOPIC, data.as_slice());
    }

    /// Shows a text in simulations and tests; in a block it only costs gas.
    pub fn debug(&self, text: &str) {
        host::debug(text);
    }

    /// Calls a contract whose types are not at hand: `arguments` are SCALE, the output is too.
    ///
    /// Where the contract's crate is a dependency, its typed client is the better way. What did
    /// not succeed has changed nothing, and this contract may go on.
    ///
    /// # Errors
    /// [`CallError`]; `Contract` carries the SCALE bytes of the callee's error.
    pub fn call(
        &self,
        contract: Address,
        method: Selector,
        arguments: &[u8],
    ) -> Result<Vec<u8>, CallError<Vec<u8>>> {
        self.raw(contract, method, arguments, 0)
    }

    /// Asks a contract whose types are not at hand; neither it nor what it calls can write.
    ///
    /// # Errors
    /// As [`Cx::call`].
    pub fn query(
        &self,
        contract: Address,
        method: Selector,
        arguments: &[u8],
    ) -> Result<Vec<u8>, CallError<Vec<u8>>> {
        self.raw(contract, method, arguments, FLAG_READ_ONLY)
    }

    /// Reads a value of a published field of a contract whose types are not at hand: `key` is the
    /// field's number (two bytes, big-endian), then the ordered key.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn read(&self, contract: Address, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let mut bytes = host::Bytes::new();
        let found = crate::storage::published::read(&contract, key, &mut bytes)?;
        Ok(found.then(|| bytes.as_slice().to_vec()))
    }

    fn raw(
        &self,
        contract: Address,
        method: Selector,
        arguments: &[u8],
        flags: u32,
    ) -> Result<Vec<u8>, CallError<Vec<u8>>> {
        let mut data = Buffer::<SMALL>::new();
        data.extend(&method.0);
        data.extend(arguments);
        match host::call(&contract, data.as_slice(), 0, flags) {
            Ok(Ok(output)) => Ok(output.as_slice().to_vec()),
            Ok(Err(error)) => Err(CallError::Contract(error.as_slice().to_vec())),
            Err(fault) => Err(CallError::from_fault(fault)),
        }
    }
}

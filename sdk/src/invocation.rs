//! Calls of other contracts, with types.

use crate::{entry::Crossing, host};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use dure_abi::{Address, CallFault, FLAG_READ_ONLY, Selector};

/// Says why a call of another contract gave no value. What the callee did was undone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub enum CallError<E> {
    /// The callee refused with its own error.
    Contract(E),
    /// No contract has that address.
    UnknownContract,
    /// The callee is already on the call stack and the method does not allow it.
    Reentrant,
    /// Too many contracts call each other.
    Depth,
    /// The callee used up the gas it was given.
    OutOfGas,
    /// The callee panicked or broke a limit.
    Trapped,
    /// The callee has no such method.
    UnknownMethod,
    /// The callee could not decode the arguments.
    BadArguments,
    /// The callee answered with something else than its types say.
    BadOutput,
}

impl CallError<Vec<u8>> {
    /// Decodes the error that the callee returned.
    #[must_use]
    pub fn typed<E: Decode>(self) -> CallError<E> {
        match self {
            Self::Contract(bytes) => {
                crate::entry::arguments(&bytes).map_or(CallError::BadOutput, CallError::Contract)
            }
            Self::UnknownContract => CallError::UnknownContract,
            Self::Reentrant => CallError::Reentrant,
            Self::Depth => CallError::Depth,
            Self::OutOfGas => CallError::OutOfGas,
            Self::Trapped => CallError::Trapped,
            Self::UnknownMethod => CallError::UnknownMethod,
            Self::BadArguments => CallError::BadArguments,
            Self::BadOutput => CallError::BadOutput,
        }
    }
}

impl<E> CallError<E> {
    pub(crate) const fn from_fault(fault: CallFault) -> Self {
        match fault {
            CallFault::UnknownContract => Self::UnknownContract,
            CallFault::Reentrant => Self::Reentrant,
            CallFault::Depth => Self::Depth,
            CallFault::OutOfGas => Self::OutOfGas,
            CallFault::Trapped => Self::Trapped,
            CallFault::UnknownMethod => Self::UnknownMethod,
            CallFault::BadArguments => Self::BadArguments,
        }
    }
}

impl<T: Decode> Invocation<T, Vec<u8>> {
    /// Runs it from inside a contract whose types do not name the callee's error.
    ///
    /// # Errors
    /// [`CallError`]; `Contract` carries the SCALE bytes of the callee's error.
    pub fn send_untyped(&self, contract: Address) -> Result<T, CallError<Vec<u8>>> {
        let flags = if self.read_only { FLAG_READ_ONLY } else { 0 };
        match host::call(&contract, &self.data, 0, flags) {
            Ok(Ok(output)) => Self::value(output.as_slice()),
            Ok(Err(error)) => Err(CallError::Contract(error.as_slice().to_vec())),
            Err(fault) => Err(CallError::from_fault(fault)),
        }
    }
}

/// One call, encoded, that knows the types of its value and error.
///
/// The `contract` attribute writes a function for each method that makes it. Inside a contract the
/// client sends it; tests and tools put `selector` and `arguments` into a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation<T, E> {
    /// Name of the method.
    pub method: &'static str,
    /// First four bytes of BLAKE3 of the name.
    pub selector: Selector,
    /// Whether the method is a query.
    pub read_only: bool,
    data: Vec<u8>,
    types: PhantomData<fn() -> (T, E)>,
}

impl<T, E> Invocation<T, E> {
    /// Starts a call without arguments, to be followed by [`Invocation::with`]. Of any type: those
    /// that cannot cross are refused where they are decoded, at the author's line.
    #[doc(hidden)]
    #[must_use]
    pub fn of(method: &'static str, selector: Selector, read_only: bool) -> Self {
        let mut data = Vec::with_capacity(128);
        data.extend_from_slice(&selector.0);
        Self { method, selector, read_only, data, types: PhantomData }
    }

    /// Appends an argument.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn with<A: Crossing>(mut self, argument: &A) -> Self {
        argument.encode_to(&mut self.data);
        self
    }
}

impl<T: Decode, E: Decode> Invocation<T, E> {
    /// Encodes a call; what the `contract` attribute writes passes a tuple.
    pub fn new(
        method: &'static str,
        selector: Selector,
        read_only: bool,
        arguments: &impl Encode,
    ) -> Self {
        let mut call = Self::of(method, selector, read_only);
        arguments.encode_to(&mut call.data);
        call
    }

    /// The SCALE arguments.
    #[must_use]
    pub fn arguments(&self) -> &[u8] {
        self.data.get(4..).unwrap_or_default()
    }

    /// Selector and arguments, as an entry point takes them.
    #[must_use]
    pub fn input(&self) -> &[u8] {
        &self.data
    }

    /// Decodes what the method returned.
    ///
    /// # Errors
    /// `BadOutput` when the bytes are something else.
    pub fn value(bytes: &[u8]) -> Result<T, CallError<E>> {
        crate::entry::arguments(bytes).ok_or(CallError::BadOutput)
    }

    /// Decodes the error that the method returned.
    #[must_use]
    pub fn error(bytes: &[u8]) -> CallError<E> {
        crate::entry::arguments(bytes).map_or(CallError::BadOutput, CallError::Contract)
    }

    /// Runs it from inside a contract, with all gas that is left.
    ///
    /// # Errors
    /// [`CallError`]; this contract may go on.
    pub fn send(&self, contract: Address) -> Result<T, CallError<E>> {
        let flags = if self.read_only { FLAG_READ_ONLY } else { 0 };
        match host::call(&contract, &self.data, 0, flags) {
            Ok(Ok(output)) => Self::value(output.as_slice()),
            Ok(Err(error)) => Err(Self::error(error.as_slice())),
            Err(fault) => Err(CallError::from_fault(fault)),
        }
    }
}

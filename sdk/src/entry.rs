//! Glue between the entry points and the methods; the `contract` attribute writes calls to it.

use crate::{
    Address, CallError, Cx, Described, Invocation,
    buffer::{Buffer, Reader, SMALL},
    host,
};
use codec::{Decode, Encode};
pub use dure_abi::entry::{BAD_ARGUMENTS, CONTRACT_ERROR, OK, UNKNOWN_METHOD};

/// Runs the init method with the whole input as its arguments.
#[cfg(target_arch = "wasm32")]
#[inline]
pub fn init(input_len: u32, run: impl FnOnce(&Cx, &[u8]) -> i32) -> i32 {
    run(&Cx::new(), host::input(input_len).as_slice())
}

/// Runs the method that the host's input names.
#[cfg(target_arch = "wasm32")]
#[inline]
pub fn dispatch(input_len: u32, run: impl FnOnce(&Cx, u32, &[u8]) -> i32) -> i32 {
    route(&Cx::new(), host::input(input_len).as_slice(), run)
}

/// Runs the method whose selector, read as a little-endian number, opens the input.
#[inline]
pub(crate) fn route(cx: &Cx, input: &[u8], run: impl FnOnce(&Cx, u32, &[u8]) -> i32) -> i32 {
    match input.split_first_chunk::<4>() {
        Some((selector, arguments)) => run(cx, u32::from_le_bytes(*selector), arguments),
        None => UNKNOWN_METHOD,
    }
}

/// A type that crosses the boundary of a contract: an argument or a value of a method, a field of
/// an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument or a value of a method, nor part of an event",
    label = "not a type that crosses the boundary of a contract",
    note = "put `#[dure::ty]` on the struct or enum"
)]
pub trait Crossing: Encode + Decode + Described + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Encode + Decode + Described + 'static> Crossing for T {}

/// Takes the next argument from the front of the bytes.
#[inline]
pub fn argument<T: Crossing>(bytes: &mut &[u8]) -> Option<T> {
    let mut reader = Reader(bytes);
    let value = T::decode(&mut reader).ok()?;
    *bytes = reader.0;
    Some(value)
}

/// Runs a call of another contract, with all gas that is left.
///
/// # Errors
/// [`CallError`]; this contract may go on.
#[inline]
pub fn send<T: Crossing, E: Decode>(
    invocation: &Invocation<T, E>,
    contract: Address,
) -> Result<T, CallError<E>> {
    invocation.send(contract)
}

/// Decodes arguments; every byte must belong to them.
#[inline]
pub fn arguments<T: Decode>(bytes: &[u8]) -> Option<T> {
    let mut reader = Reader(bytes);
    let value = T::decode(&mut reader).ok()?;
    reader.0.is_empty().then_some(value)
}

/// Hands over a value.
#[inline]
pub fn value<T: Crossing>(value: T) -> i32 {
    output(&value);
    OK
}

/// Hands over a value or the contract's error.
#[inline]
pub fn result<T: Crossing, E: Encode>(result: Result<T, E>) -> i32 {
    match result {
        Ok(value) => {
            output(&value);
            OK
        }
        Err(error) => {
            output(&error);
            CONTRACT_ERROR
        }
    }
}

#[inline]
fn output(value: &impl Encode) {
    let mut bytes = Buffer::<SMALL>::new();
    value.encode_to(&mut bytes);
    // No output is an empty output.
    if !bytes.as_slice().is_empty() {
        host::ret(bytes.as_slice());
    }
}

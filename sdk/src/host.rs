//! The host functions, made safe.
//!
//! The stubs come from the one table in `dure_abi`. Outside `wasm32` there is no host: the stubs
//! panic and say so.

use crate::buffer::{Buffer, SMALL};
use alloc::vec::Vec;
use core::{mem::MaybeUninit, panic::Location};
use dure_abi::{Address, CALL_FAILED_BIT, CallFault, Selector};

#[cfg(target_arch = "wasm32")]
mod raw {
    macro_rules! import {
        ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)?;)*) => {
            #[link(wasm_import_module = "dure1")]
            unsafe extern "C" {
                $(pub(super) fn $name($($arg: $ty),*) $(-> $ret)?;)*
            }
        };
    }
    dure_abi::host_functions!(import);
}

#[cfg(not(target_arch = "wasm32"))]
mod raw {
    macro_rules! absent {
        ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)?;)*) => {
            $(
                #[expect(clippy::too_many_arguments, reason = "the table decides")]
                #[allow(unfulfilled_lint_expectations, reason = "most of them have few")]
                pub(super) unsafe fn $name($(_: $ty),*) $(-> $ret)? {
                    panic!(concat!(
                        "host function `", stringify!($name), "` exists in WASM only: ",
                        "run the contract through dure-testing",
                    ))
                }
            )*
        };
    }
    dure_abi::host_functions!(absent);
}

/// The address that the host is given. It is exposed, since the host reads and writes there behind
/// the compiler's back.
#[inline(always)]
fn at<T>(pointer: *const T) -> u32 {
    pointer.expose_provenance() as u32
}

/// Bytes that were asked from the host: small ones on the stack.
pub(crate) struct Bytes<const N: usize> {
    stack: MaybeUninit<[u8; N]>,
    len: usize,
    heap: Vec<u8>,
}

impl<const N: usize> Bytes<N> {
    /// Lets `fill(out)` write `len` bytes.
    #[inline(always)]
    fn filled(len: usize, fill: impl Fn(u32)) -> Self {
        let mut bytes = Self { stack: MaybeUninit::uninit(), len, heap: Vec::new() };
        if len <= N {
            fill(at(bytes.stack.as_mut_ptr()));
        } else {
            bytes.grow(len, fill);
        }
        bytes
    }

    #[cold]
    fn grow(&mut self, len: usize, fill: impl Fn(u32)) {
        let mut heap = Vec::<u8>::with_capacity(len);
        fill(at(heap.as_mut_ptr()));
        // SAFETY: the host wrote `len` bytes, and the capacity holds them.
        unsafe { heap.set_len(len) };
        self.heap = heap;
    }

    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[u8] {
        if self.len > N {
            return &self.heap;
        }
        // SAFETY: the host wrote the first `len` bytes.
        unsafe { core::slice::from_raw_parts(self.stack.as_ptr().cast(), self.len) }
    }
}

/// Takes the input of the entry point.
#[inline(always)]
pub(crate) fn input(len: u32) -> Bytes<512> {
    // SAFETY: `filled` offers room for `len` bytes, the length that the host gave us.
    Bytes::filled(len as usize, |out| unsafe { raw::input(out) })
}

/// Takes what the last call or scan put aside.
#[inline(always)]
fn output(len: usize) -> Bytes<SMALL> {
    // SAFETY: `filled` offers room for `len` bytes, the length that the host gave us.
    Bytes::filled(len, |out| unsafe { raw::output(out) })
}

/// Sets the output of the entry point.
#[inline(always)]
pub(crate) fn ret(bytes: &[u8]) {
    // SAFETY: the range is a live slice.
    unsafe { raw::ret(at(bytes.as_ptr()), bytes.len() as u32) }
}

/// Reads a stored value.
#[inline(always)]
pub(crate) fn storage_get(key: &[u8]) -> Option<Bytes<SMALL>> {
    let mut bytes = Bytes::<SMALL> { stack: MaybeUninit::uninit(), len: 0, heap: Vec::new() };
    // SAFETY: key and target are live; the host writes at most the capacity it is told.
    let read = |out: u32, capacity: usize| unsafe {
        raw::storage_get(at(key.as_ptr()), key.len() as u32, out, capacity as u32)
    };
    let len = read(at(bytes.stack.as_mut_ptr()), SMALL);
    if len < 0 {
        return None;
    }
    bytes.len = len as usize;
    if bytes.len > SMALL {
        bytes.grow(len as usize, |out| {
            read(out, len as usize);
        });
    }
    Some(bytes)
}

/// Reads a stored value of 16 bytes as a number; absent is nought.
#[inline(always)]
pub(crate) fn storage_get_u128(key: &[u8]) -> u128 {
    let mut value = MaybeUninit::<[u8; 16]>::uninit();
    // SAFETY: key and target are live; the host writes at most the 16 bytes it is told.
    let len =
        unsafe { raw::storage_get(at(key.as_ptr()), key.len() as u32, at(value.as_mut_ptr()), 16) };
    match len {
        // SAFETY: the host wrote all 16 bytes.
        16 => u128::from_le_bytes(unsafe { value.assume_init() }),
        -1 => 0,
        _ => stop("a stored balance is not 16 bytes long"),
    }
}

/// Writes a stored value.
#[inline(always)]
pub(crate) fn storage_set(key: &[u8], value: &[u8]) {
    // SAFETY: both ranges are live slices.
    unsafe {
        raw::storage_set(
            at(key.as_ptr()),
            key.len() as u32,
            at(value.as_ptr()),
            value.len() as u32,
        );
    }
}

/// Removes a stored value.
#[inline(always)]
pub(crate) fn storage_remove(key: &[u8]) {
    // SAFETY: the range is a live slice.
    unsafe { raw::storage_remove(at(key.as_ptr()), key.len() as u32) }
}

/// Reads a page of stored entries, as the SCALE encoding of `Vec<(Vec<u8>, Vec<u8>)>`.
pub(crate) fn storage_scan(prefix: &[u8], from: &[u8], limit: u32, flags: u32) -> Bytes<SMALL> {
    // SAFETY: both ranges are live slices.
    let len = unsafe {
        raw::storage_scan(
            at(prefix.as_ptr()),
            prefix.len() as u32,
            at(from.as_ptr()),
            from.len() as u32,
            limit,
            flags,
        )
    };
    match usize::try_from(len) {
        Ok(len) => output(len),
        Err(_) => stop("a scan returned an unknown code"),
    }
}

/// Calls a contract: the outer result is how it ended, the inner whether it was a value.
pub(crate) fn call(
    address: &Address,
    data: &[u8],
    gas: u64,
    flags: u32,
) -> Result<Result<Bytes<SMALL>, Bytes<SMALL>>, CallFault> {
    // SAFETY: both ranges are live.
    let code = unsafe {
        raw::call(at(address.0.as_ptr()), at(data.as_ptr()), data.len() as u32, gas, flags)
    };
    if code < 0 {
        return match CallFault::from_code(code) {
            Some(fault) => Err(fault),
            None => stop("a call returned an unknown code"),
        };
    }
    let output = output((code & !CALL_FAILED_BIT) as usize);
    Ok(if code & CALL_FAILED_BIT == 0 { Ok(output) } else { Err(output) })
}

/// Emits an event.
#[inline(always)]
pub(crate) fn event(topic: &Selector, data: &[u8]) {
    // SAFETY: both ranges are live.
    unsafe { raw::event(at(topic.0.as_ptr()), at(data.as_ptr()), data.len() as u32) }
}

#[inline(always)]
fn bytes32(fill: impl Fn(u32)) -> [u8; 32] {
    let mut value = MaybeUninit::<[u8; 32]>::uninit();
    fill(at(value.as_mut_ptr()));
    // SAFETY: the three functions below have the host write 32 bytes.
    unsafe { value.assume_init() }
}

#[inline(always)]
pub(crate) fn caller() -> [u8; 32] {
    // SAFETY: `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::caller(out) })
}

#[inline(always)]
pub(crate) fn self_address() -> [u8; 32] {
    // SAFETY: `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::self_address(out) })
}

#[inline(always)]
pub(crate) fn transaction_id() -> [u8; 32] {
    // SAFETY: `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::transaction_id(out) })
}

#[inline(always)]
pub(crate) fn height() -> u64 {
    // SAFETY: no memory is involved.
    unsafe { raw::height() }
}

#[inline(always)]
pub(crate) fn time_ms() -> u64 {
    // SAFETY: no memory is involved.
    unsafe { raw::time_ms() }
}

#[inline(always)]
pub(crate) fn gas_left() -> u64 {
    // SAFETY: no memory is involved.
    unsafe { raw::gas_left() }
}

pub(crate) fn debug(text: &str) {
    // SAFETY: the range is a live slice.
    unsafe { raw::debug(at(text.as_ptr()), text.len() as u32) }
}

/// Ends the contract with a text.
#[cold]
pub(crate) fn panic(text: &[u8]) -> ! {
    // SAFETY: the range is a live slice.
    unsafe { raw::panic(at(text.as_ptr()), text.len() as u32) }
    // The host never returns from `panic`.
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    unreachable!("the stub of `panic` panics")
}

/// Appends ` at file:line`.
pub(crate) fn write_location(text: &mut Buffer<SMALL>, location: &Location<'_>) {
    text.extend(b" at ");
    text.extend(location.file().as_bytes());
    text.extend(b":");
    let mut digits = [0u8; 10];
    let (mut start, mut rest) = (digits.len(), location.line());
    while let Some(digit) = start.checked_sub(1) {
        start = digit;
        if let Some(slot) = digits.get_mut(digit) {
            *slot = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits.get(start..).unwrap_or_default());
}

/// Ends the contract: a trap whose text, with file and line, simulations and tests show.
///
/// For what cannot happen unless the contract has a bug; what a caller may cause is an error of
/// the contract's own enum. Takes a fraction of the code that `panic!` takes.
#[cold]
#[track_caller]
pub fn stop(text: &'static str) -> ! {
    let mut whole = Buffer::<SMALL>::new();
    whole.extend(text.as_bytes());
    write_location(&mut whole, Location::caller());
    if cfg!(target_arch = "wasm32") {
        panic(whole.as_slice())
    }
    panic!("{text}")
}

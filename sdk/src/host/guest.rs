//! The host functions in WASM: imports of the one table in `dure_abi`, made safe.

use crate::{buffer::SMALL, host::stop};
use alloc::vec::Vec;
use core::mem::{ManuallyDrop, MaybeUninit};
use dure_abi::{Address, CALL_FAILED_BIT, CallFault, Hash, ReadFault, Selector};

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

/// The address that the host is given. It is exposed, since the host reads and writes there behind
/// the compiler's back.
#[inline]
fn at<T>(pointer: *const T) -> u32 {
    pointer.expose_provenance() as u32
}

/// Bytes that were asked from the host: small ones on the stack.
pub(crate) struct Bytes<const N: usize> {
    stack: MaybeUninit<[u8; N]>,
    len: usize,
    /// Never freed: the memory is thrown away after the call.
    heap: ManuallyDrop<Vec<u8>>,
}

impl<const N: usize> Bytes<N> {
    /// None yet.
    #[inline]
    pub(crate) const fn new() -> Self {
        let heap = ManuallyDrop::new(Vec::new());
        Self { stack: MaybeUninit::uninit(), len: 0, heap }
    }

    /// Lets `fill(out)` write `len` bytes.
    #[inline]
    fn filled(len: usize, fill: impl Fn(u32)) -> Self {
        let mut bytes = Self { len, ..Self::new() };
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
        self.heap = ManuallyDrop::new(heap);
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        if self.len > N {
            return &self.heap;
        }
        // SAFETY: the host wrote the first `len` bytes.
        unsafe { core::slice::from_raw_parts(self.stack.as_ptr().cast(), self.len) }
    }
}

/// Takes the input of the entry point.
#[inline]
pub(crate) fn input(len: u32) -> Bytes<512> {
    // SAFETY: `filled` offers room for `len` bytes, the length that the host gave us.
    Bytes::filled(len as usize, |out| unsafe { raw::input(out) })
}

/// Takes what the last call or scan put aside.
#[inline]
fn output(len: usize) -> Bytes<SMALL> {
    // SAFETY: `filled` offers room for `len` bytes, the length that the host gave us.
    Bytes::filled(len, |out| unsafe { raw::output(out) })
}

/// Sets the output of the entry point.
#[inline]
pub(crate) fn ret(bytes: &[u8]) {
    // SAFETY: the range is a live slice.
    unsafe { raw::ret(at(bytes.as_ptr()), bytes.len() as u32) }
}

/// Reads a value of unknown length, where the caller wants it, with a function that writes it when
/// it fits into a capacity, and returns its length or a negative code.
#[inline]
fn sized(into: &mut Bytes<SMALL>, read: impl Fn(u32, usize) -> i64) -> Result<(), i64> {
    let len = read(at(into.stack.as_mut_ptr()), SMALL);
    if len < 0 {
        return Err(len);
    }
    into.len = len as usize;
    if into.len > SMALL {
        into.grow(len as usize, |out| {
            read(out, len as usize);
        });
    }
    Ok(())
}

/// Whether there is a stored value.
#[inline]
pub(crate) fn storage_has(key: &[u8]) -> bool {
    // SAFETY: the key is a live slice; the host writes nothing into no capacity.
    unsafe { raw::storage_get(at(key.as_ptr()), key.len() as u32, 0, 0) >= 0 }
}

/// Reads a stored value; `false` when there is none.
#[inline(never)]
pub(crate) fn storage_get(key: &[u8], into: &mut Bytes<SMALL>) -> bool {
    // SAFETY: key and target are live; the host writes at most the capacity it is told.
    sized(into, |out, capacity| unsafe {
        raw::storage_get(at(key.as_ptr()), key.len() as u32, out, capacity as u32)
    })
    .is_ok()
}

/// Reads a value of a published field of another contract; `false` when there is none.
pub(crate) fn storage_read(
    contract: &Address,
    key: &[u8],
    into: &mut Bytes<SMALL>,
) -> Result<bool, ReadFault> {
    let contract = at(contract.0.as_ptr());
    // SAFETY: address, key and target are live; the host writes at most the capacity it is told.
    let read = sized(into, |out, capacity| unsafe {
        raw::storage_read(contract, at(key.as_ptr()), key.len() as u32, out, capacity as u32)
    });
    match read {
        Ok(()) => Ok(true),
        Err(-1) => Ok(false),
        Err(code) => match ReadFault::from_code(code) {
            Some(fault) => Err(fault),
            None => stop("a read returned an unknown code"),
        },
    }
}

/// Adds to a stored amount; `false`, and nothing is changed, when the sum would exceed the bound.
#[inline]
pub(crate) fn storage_add(key: &[u8], amount: u128, bound: u128) -> bool {
    let (lo, hi) = (amount as u64, (amount >> 64) as u64);
    let (bound_lo, bound_hi) = (bound as u64, (bound >> 64) as u64);
    // SAFETY: the key is a live slice.
    let code =
        unsafe { raw::storage_add(at(key.as_ptr()), key.len() as u32, lo, hi, bound_lo, bound_hi) };
    code == 0
}

/// Takes from a stored amount; `false`, and nothing is changed, when there is less.
#[inline]
pub(crate) fn storage_sub(key: &[u8], amount: u128) -> bool {
    let (lo, hi) = (amount as u64, (amount >> 64) as u64);
    // SAFETY: the key is a live slice.
    let code = unsafe { raw::storage_sub(at(key.as_ptr()), key.len() as u32, lo, hi) };
    code == 0
}

/// Reads a stored value of 16 bytes as a number; absent is nought.
#[inline]
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
#[inline]
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
#[inline]
pub(crate) fn storage_remove(key: &[u8]) {
    // SAFETY: the range is a live slice.
    unsafe { raw::storage_remove(at(key.as_ptr()), key.len() as u32) }
}

/// Reads a page of stored entries: the SCALE bytes of a list of keys and values.
pub(crate) fn storage_scan(prefix: &[u8], from: &[u8], limit: u32, flags: u32) -> Vec<u8> {
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
    let Ok(len) = usize::try_from(len) else { stop("a scan returned an unknown code") };
    let mut page = Vec::<u8>::with_capacity(len);
    // SAFETY: the host writes the `len` bytes that it announced, and the capacity holds them.
    unsafe {
        raw::output(at(page.as_mut_ptr()));
        page.set_len(len);
    }
    page
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
#[inline]
pub(crate) fn event(topic: &Selector, data: &[u8]) {
    // SAFETY: both ranges are live.
    unsafe { raw::event(at(topic.0.as_ptr()), at(data.as_ptr()), data.len() as u32) }
}

#[inline]
fn bytes32(fill: impl Fn(u32)) -> [u8; 32] {
    let mut value = MaybeUninit::<[u8; 32]>::uninit();
    fill(at(value.as_mut_ptr()));
    // SAFETY: the functions below have the host write 32 bytes.
    unsafe { value.assume_init() }
}

#[inline]
pub(crate) fn caller() -> [u8; 32] {
    // SAFETY: `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::caller(out) })
}

#[inline]
pub(crate) fn self_address() -> [u8; 32] {
    // SAFETY: `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::self_address(out) })
}

#[inline]
pub(crate) fn transaction_id() -> [u8; 32] {
    // SAFETY: `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::transaction_id(out) })
}

pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    // SAFETY: the range is a live slice, and `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::sha256(at(data.as_ptr()), data.len() as u32, out) })
}

pub(crate) fn blake3(data: &[u8]) -> [u8; 32] {
    // SAFETY: the range is a live slice, and `bytes32` offers 32 bytes.
    bytes32(|out| unsafe { raw::blake3(at(data.as_ptr()), data.len() as u32, out) })
}

pub(crate) fn ed25519_verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (key, signature) = (at(key.as_ptr()), at(signature.as_ptr()));
    // SAFETY: all ranges are live.
    let code =
        unsafe { raw::ed25519_verify(key, at(message.as_ptr()), message.len() as u32, signature) };
    code == 1
}

pub(crate) fn merkle_verify(
    root: &Hash,
    leaf: &[u8],
    index: u64,
    count: u64,
    path: &[Hash],
) -> bool {
    let (root, leaf_at, path_at) = (at(root.0.as_ptr()), at(leaf.as_ptr()), at(path.as_ptr()));
    let (leaf_len, path_len) = (leaf.len() as u32, path.len() as u32);
    // SAFETY: all ranges are live; a hash is 32 bytes and nothing else.
    let code =
        unsafe { raw::merkle_verify(root, leaf_at, leaf_len, index, count, path_at, path_len) };
    code == 1
}

#[inline]
pub(crate) fn height() -> u64 {
    // SAFETY: no memory is involved.
    unsafe { raw::height() }
}

#[inline]
pub(crate) fn time_ms() -> u64 {
    // SAFETY: no memory is involved.
    unsafe { raw::time_ms() }
}

#[inline]
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
    core::arch::wasm32::unreachable()
}

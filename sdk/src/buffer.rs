//! Bytes on the stack that move to the heap only when they outgrow it.

use alloc::vec::Vec;
use core::mem::{ManuallyDrop, MaybeUninit};

/// Bytes that most keys, values, events and outputs fit into.
pub(crate) const SMALL: usize = 512;

/// A growing list of bytes whose first `N` need no heap and are never zeroed.
pub(crate) struct Buffer<const N: usize> {
    stack: [MaybeUninit<u8>; N],
    len: usize,
    /// Never freed in WASM, whose memory is thrown away after the call.
    heap: ManuallyDrop<Vec<u8>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl<const N: usize> Drop for Buffer<N> {
    fn drop(&mut self) {
        // SAFETY: it is not used again.
        unsafe { ManuallyDrop::drop(&mut self.heap) }
    }
}

impl<const N: usize> Buffer<N> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { stack: [MaybeUninit::uninit(); N], len: 0, heap: ManuallyDrop::new(Vec::new()) }
    }

    /// Appends bytes.
    #[inline(never)]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }

    /// As `extend`, for who knows the length when it is compiled.
    #[inline(always)]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if end > N {
            return self.spill(bytes);
        }
        // SAFETY: `len..end` lies within the array, and `bytes` cannot overlap what we borrow
        // exclusively.
        unsafe {
            let target = self.stack.as_mut_ptr().cast::<u8>().add(self.len);
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
        }
        self.len = end;
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        if self.heap.is_empty() {
            let mut heap = Vec::with_capacity((N * 2).max(self.len.saturating_add(bytes.len())));
            heap.extend_from_slice(self.as_slice());
            self.heap = ManuallyDrop::new(heap);
            // From here on every write takes this path.
            self.len = N;
        }
        self.heap.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        if !self.heap.is_empty() {
            return &self.heap;
        }
        // SAFETY: the first `len` bytes were written by `extend`.
        unsafe { core::slice::from_raw_parts(self.stack.as_ptr().cast(), self.len) }
    }
}

/// What a value is decoded from.
///
/// The codec reads each field through it: inlined into the few functions that decode numbers and
/// arrays, a read of known length is loads and stores. A copy of a length that the compiler does not
/// know is a call of the engine, which takes as long as some hundred bytes.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl codec::Input for Reader<'_> {
    fn remaining_len(&mut self) -> Result<Option<usize>, codec::Error> {
        Ok(Some(self.0.len()))
    }

    #[inline(always)]
    fn read(&mut self, into: &mut [u8]) -> Result<(), codec::Error> {
        let Some((head, rest)) = self.0.split_at_checked(into.len()) else {
            return Err("too few bytes".into());
        };
        into.copy_from_slice(head);
        self.0 = rest;
        Ok(())
    }

    #[inline]
    fn read_byte(&mut self) -> Result<u8, codec::Error> {
        let Some((byte, rest)) = self.0.split_first() else { return Err("too few bytes".into()) };
        self.0 = rest;
        Ok(*byte)
    }
}

impl<const N: usize> codec::Output for Buffer<N> {
    // Left to the compiler: always inlined it costs a token 340 bytes.
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }

    // A small number that is stored compact is one byte: no copy, which is a call of the engine.
    #[inline(never)]
    fn push_byte(&mut self, byte: u8) {
        self.put(&[byte]);
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn bytes_survive_the_move_to_the_heap() {
        for first in 0..=9usize {
            let mut buffer = Buffer::<8>::new();
            let mut expected = alloc::vec::Vec::new();
            for (index, length) in [first, 0, 1, 7, 8, 30, 0, 1].into_iter().enumerate() {
                let bytes = alloc::vec![index as u8; length];
                buffer.extend(&bytes);
                expected.extend_from_slice(&bytes);
                assert_eq!(buffer.as_slice(), expected);
            }
        }
    }
}

//! Where a field keeps its values.

use crate::stop;

/// Bytes of the longest place: a field's number and four levels of parts.
const BYTES_MAX: usize = 6;

/// The bytes that open every key of a field: its number (two bytes, big-endian), then one byte for
/// each part of a composite field that leads to it.
///
/// # Example
/// ```
/// use dure_sdk::Place;
/// assert_eq!(Place::field(258).part(7).as_slice(), [1, 2, 7]);
/// ```
#[derive(Clone, Copy)]
pub struct Place {
    bytes: [u8; BYTES_MAX],
    len: u8,
}

impl Place {
    /// The place of a field of the storage struct.
    // Every call opens every field: inlined, a place is a constant.
    #[inline(always)]
    #[must_use]
    pub const fn field(id: u16) -> Self {
        let [high, low] = id.to_be_bytes();
        Self { bytes: [high, low, 0, 0, 0, 0], len: 2 }
    }

    /// The place of a part of this field. A field has at most four levels of parts.
    // Every call opens every field: inlined, a place is a constant.
    #[inline(always)]
    #[must_use]
    pub const fn part(self, id: u8) -> Self {
        let Self { mut bytes, len } = self;
        if len as usize >= BYTES_MAX {
            too_deep();
        }
        bytes[len as usize] = id;
        Self { bytes, len: len + 1 }
    }

    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match self.bytes.get(..self.len as usize) {
            Some(bytes) => bytes,
            None => stop("a place is longer than its bytes"),
        }
    }
}

#[cold]
const fn too_deep() -> ! {
    panic!("a field has at most four levels of parts")
}

//! Keys whose bytes sort as their values do.
//!
//! | type | bytes |
//! |---|---|
//! | unsigned integers | big-endian |
//! | signed integers | big-endian, the sign bit flipped |
//! | `bool` | 0 or 1 |
//! | `[u8; N]`, `Address`, `Hash`, `Selector` | as they are |
//! | `Amount`, `Gas`, `Height`, `TimestampMs` | as the integer inside |
//! | `String`, `Vec<u8>` | each 0 as 0, 255; then 0, 0 |
//! | `Option<K>` | 0, or 1 and the key |
//! | tuples, structs under `#[dure::ty(key)]` | one after another |
//! | enums without fields under `#[dure::ty(key)]` | the variant's position, one byte |
//!
//! No key is a prefix of another key of its type, so that a map can be scanned by the first part
//! of a tuple.

use crate::{Place, buffer::Buffer};
use alloc::{string::String, vec::Vec};
use dure_abi::{Address, Amount, Gas, Hash, Height, Selector, TimestampMs};

/// The bytes of a key under construction; up to 96 of them stay on the stack.
pub struct KeyBuffer(Buffer<96>);

impl KeyBuffer {
    /// Starts with a field's place.
    #[inline]
    #[must_use]
    pub fn of_field(place: Place) -> Self {
        let mut buffer = Buffer::new();
        buffer.extend(place.as_slice());
        Self(buffer)
    }

    /// Starts with a field's place and goes on with a key: all of a state key but the address.
    #[inline]
    #[must_use]
    pub fn of_entry<K: StorageKey>(place: Place, key: &K) -> Self {
        let mut buffer = Self::of_field(place);
        key.write(&mut buffer);
        buffer
    }

    /// Starts with bytes of other keys.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let mut buffer = Buffer::new();
        buffer.extend(bytes);
        Self(buffer)
    }

    /// Appends bytes.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// Appends an array: a function for each length, which copies by loads and stores.
    fn push_array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.0.put(bytes);
    }

    /// The bytes so far.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// A value that can be the key of a [`crate::Map`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a map, a set or an index",
    label = "not a type whose bytes sort as its values do",
    note = "put `#[dure::ty(key)]` on the struct or enum"
)]
pub trait StorageKey: Sized {
    /// Appends the bytes of the key.
    fn write(&self, out: &mut KeyBuffer);

    /// Takes a key from the front of the bytes; `None` when they are no such key.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// A key that begins with another: a tuple with its first part, or its first parts.
///
/// Lets a map be scanned by the first part of its keys.
pub trait KeyPrefix<P: StorageKey>: StorageKey {}
impl<A: StorageKey, B: StorageKey> KeyPrefix<A> for (A, B) {}
impl<A: StorageKey, B: StorageKey, C: StorageKey> KeyPrefix<A> for (A, B, C) {}
impl<A: StorageKey, B: StorageKey, C: StorageKey> KeyPrefix<(A, B)> for (A, B, C) {}

macro_rules! integer_keys {
    ($($unsigned:ident $signed:ident),*) => {$(
        impl StorageKey for $unsigned {
            #[inline]
            fn write(&self, out: &mut KeyBuffer) {
                out.push_array(&self.to_be_bytes());
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                let (head, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_be_bytes(*head))
            }
        }

        impl StorageKey for $signed {
            #[inline]
            fn write(&self, out: &mut KeyBuffer) {
                (self.cast_unsigned() ^ Self::MIN.cast_unsigned()).write(out);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                let flipped = $unsigned::read(bytes)?;
                Some((flipped ^ Self::MIN.cast_unsigned()).cast_signed())
            }
        }
    )*};
}
integer_keys!(u8 i8, u16 i16, u32 i32, u64 i64, u128 i128);

impl<const N: usize> StorageKey for [u8; N] {
    #[inline]
    fn write(&self, out: &mut KeyBuffer) {
        out.push_array(self);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(*head)
    }
}

macro_rules! newtype_keys {
    ($($name:ident($inner:ty)),*) => {$(
        impl StorageKey for $name {
            #[inline]
            fn write(&self, out: &mut KeyBuffer) {
                self.0.write(out);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                <$inner>::read(bytes).map(Self)
            }
        }
    )*};
}
newtype_keys!(
    Address([u8; 32]),
    Hash([u8; 32]),
    Selector([u8; 4]),
    Amount(u128),
    Gas(u64),
    Height(u64),
    TimestampMs(u64)
);

impl StorageKey for bool {
    #[inline]
    fn write(&self, out: &mut KeyBuffer) {
        out.push(&[u8::from(*self)]);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        match u8::read(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl StorageKey for Vec<u8> {
    fn write(&self, out: &mut KeyBuffer) {
        write_escaped(self, out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut value = Self::new();
        loop {
            match u8::read(bytes)? {
                0 => match u8::read(bytes)? {
                    0 => return Some(value),
                    255 => value.push(0),
                    _ => return None,
                },
                byte => value.push(byte),
            }
        }
    }
}

impl StorageKey for String {
    fn write(&self, out: &mut KeyBuffer) {
        write_escaped(self.as_bytes(), out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::read(bytes)?).ok()
    }
}

fn write_escaped(bytes: &[u8], out: &mut KeyBuffer) {
    for part in bytes.split_inclusive(|byte| *byte == 0) {
        out.push(part);
        if part.ends_with(&[0]) {
            out.push(&[255]);
        }
    }
    out.push(&[0, 0]);
}

impl<K: StorageKey> StorageKey for Option<K> {
    #[inline]
    fn write(&self, out: &mut KeyBuffer) {
        self.is_some().write(out);
        if let Some(key) = self {
            key.write(out);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        if bool::read(bytes)? { K::read(bytes).map(Some) } else { Some(None) }
    }
}

macro_rules! tuple_keys {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: StorageKey),+> StorageKey for ($($name,)+) {
            #[inline]
            fn write(&self, out: &mut KeyBuffer) {
                $(self.$index.write(out);)+
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($name::read(bytes)?,)+))
            }
        }
    )*};
}
tuple_keys! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

#[cfg(test)]
mod tests {
    use super::{KeyBuffer, StorageKey};
    use crate::Place;
    use alloc::{string::ToString, vec, vec::Vec};
    use core::fmt::Debug;
    use dure_abi::{Address, Amount};

    fn bytes<K: StorageKey>(key: &K) -> Vec<u8> {
        KeyBuffer::of_entry(Place::field(7), key).as_slice().to_vec()
    }

    /// Every pair must sort as the values do, and every key must come back.
    fn check<K: StorageKey + Ord + Debug>(keys: Vec<K>) {
        for a in &keys {
            let encoded = bytes(a);
            let (field, mut rest) = encoded.split_at(2);
            assert_eq!(field, [0, 7]);
            assert_eq!(K::read(&mut rest).as_ref(), Some(a));
            assert_eq!(rest, []);
            for b in &keys {
                assert_eq!(bytes(a).cmp(&bytes(b)), a.cmp(b), "{a:?} against {b:?}");
            }
        }
    }

    #[test]
    fn keys_sort_as_their_values_and_come_back() {
        check(vec![0u8, 1, 127, 128, 255]);
        check(vec![0u64, 1, 255, 256, u64::MAX]);
        check(vec![i32::MIN, -1, 0, 1, i32::MAX]);
        check(vec![Amount(0), Amount(256), Amount::MAX]);
        check(vec![Address([0; 32]), Address([1; 32]), Address([255; 32])]);
        check(vec![false, true]);
        check(vec![None, Some(0u8), Some(255)]);
        check(["", "a", "a\0", "a\0b", "ab", "\0", "\0\0", "\u{1}"].map(|s| s.to_string()).into());
        check(vec![vec![], vec![0u8], vec![0, 255], vec![255], vec![0, 0, 1]]);
        check(vec![
            ("a".to_string(), 1u16),
            ("a".to_string(), 2),
            ("a\0".to_string(), 0),
            ("b".to_string(), 0),
        ]);
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        assert_eq!(bool::read(&mut &[2][..]), None);
        assert_eq!(u32::read(&mut &[1, 2, 3][..]), None);
        assert_eq!(Vec::<u8>::read(&mut &[1, 0][..]), None);
        assert_eq!(Vec::<u8>::read(&mut &[0, 7, 0, 0][..]), None);
    }
}

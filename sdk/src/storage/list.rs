//! Values by position.

use super::{Entries, Field, Item, Map, Order, Page, Storable};
use crate::Place;

/// Stored values by position, from 0 without gaps.
///
/// Called so since `Vec` is the one in memory. Two parts: `length`, and `items` by position.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let mut rates = StorageVec::<u16>::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     for rate in [70, 80, 90] {
///         rates.push(&rate);
///     }
///     assert_eq!(rates.swap_remove(0), Some(70));
///     assert_eq!((rates.len(), rates.get(0), rates.get(2)), (2, Some(90), None));
/// });
/// ```
pub struct StorageVec<T> {
    length: Item<u32>,
    items: Map<u32, T>,
}

/// There is no such position; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The position asked for.
    pub index: u32,
    /// Values that there are.
    pub len: u32,
}

impl<T: Storable> StorageVec<T> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.length.try_get().unwrap_or(0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the value at a position.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<T> {
        self.items.get(&index)
    }

    /// Puts a value at the end and returns its position.
    pub fn push(&mut self, value: &T) -> u32 {
        let index = self.len();
        self.items.set(&index, value);
        self.resize(index + 1);
        index
    }

    /// Takes the last value.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.len().checked_sub(1)?;
        let value = self.items.get(&last);
        self.items.remove(&last);
        self.resize(last);
        value
    }

    /// Replaces the value at a position.
    ///
    /// # Errors
    /// [`OutOfRange`]
    pub fn set(&mut self, index: u32, value: &T) -> Result<(), OutOfRange> {
        let len = self.len();
        if index >= len {
            return Err(OutOfRange { index, len });
        }
        self.items.set(&index, value);
        Ok(())
    }

    /// Takes the value at a position; the last one takes its place.
    pub fn swap_remove(&mut self, index: u32) -> Option<T> {
        let value = self.get(index)?;
        let last = self.pop()?;
        if index < self.len() {
            self.items.set(&index, &last);
        }
        Some(value)
    }

    /// Goes through positions and values, at or after `from` (at or before it when descending).
    #[must_use]
    pub fn entries(&self, from: Option<u32>, order: Order) -> Entries<u32, T> {
        self.items.entries(from.as_ref(), order)
    }

    /// At most `limit` positions with their values (254 at most) after the position `after`
    /// (before it when descending).
    #[must_use]
    pub fn page(&self, after: Option<u32>, limit: u32, order: Order) -> Page<(u32, T), u32> {
        self.items.page(after.as_ref(), limit, order)
    }

    fn resize(&mut self, length: u32) {
        if length == 0 {
            self.length.remove();
        } else {
            self.length.set(&length);
        }
    }
}

impl<T: Storable> Field for StorageVec<T> {
    #[inline]
    fn open(place: Place) -> Self {
        Self { length: Item::open(place.part(0)), items: Map::open(place.part(1)) }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        let length = crate::spec::part::<Item<u32>>(builder, "length", 0);
        let items = crate::spec::part::<Map<u32, T>>(builder, "items", 1);
        crate::spec::Layout::composite(builder, [length, items].into())
    }
}

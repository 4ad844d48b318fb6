//! Values that leave in the order in which they came.

use super::{Entries, Field, Item, Map, Order, Page, Storable};
use crate::Place;

/// Stored values that leave in the order in which they came. Each has a number that stays its own.
///
/// Two parts: `ends`, the numbers of the first value and of the next one to come, and `items` by
/// number.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let mut orders = Queue::<String>::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     assert_eq!(orders.push(&"tea".to_string()), 0);
///     assert_eq!(orders.push(&"coffee".to_string()), 1);
///     assert_eq!(orders.pop().as_deref(), Some("tea"));
///     assert_eq!(orders.front().as_deref(), Some("coffee"));
///     assert_eq!(orders.push(&"milk".to_string()), 2);
///     assert_eq!(orders.len(), 2);
/// });
/// ```
pub struct Queue<T> {
    ends: Item<(u64, u64)>,
    items: Map<u64, T>,
}

impl<T: Storable> Queue<T> {
    fn ends(&self) -> (u64, u64) {
        self.ends.try_get().unwrap_or((0, 0))
    }

    /// How many values wait.
    #[must_use]
    pub fn len(&self) -> u64 {
        let (first, next) = self.ends();
        next - first
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a value at the end and returns its number.
    pub fn push(&mut self, value: &T) -> u64 {
        let (first, next) = self.ends();
        self.items.set(&next, value);
        self.ends.set(&(first, next + 1));
        next
    }

    /// Takes the first value.
    pub fn pop(&mut self) -> Option<T> {
        let (first, next) = self.ends();
        let value = self.items.get(&first)?;
        self.items.remove(&first);
        self.ends.set(&(first + 1, next));
        Some(value)
    }

    /// Reads the first value.
    #[must_use]
    pub fn front(&self) -> Option<T> {
        self.items.get(&self.ends().0)
    }

    /// Reads the value with a number; none when it left or never came.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<T> {
        self.items.get(&number)
    }

    /// Replaces the value with a number; `false`, and nothing is changed, when it left or never
    /// came.
    pub fn set(&mut self, number: u64, value: &T) -> bool {
        let (first, next) = self.ends();
        let waits = (first..next).contains(&number);
        if waits {
            self.items.set(&number, value);
        }
        waits
    }

    /// Goes through numbers and values, at or after `from` (at or before it when descending).
    #[must_use]
    pub fn entries(&self, from: Option<u64>, order: Order) -> Entries<u64, T> {
        self.items.entries(from.as_ref(), order)
    }

    /// At most `limit` numbers with their values (254 at most) after the number `after` (before
    /// it when descending).
    #[must_use]
    pub fn page(&self, after: Option<u64>, limit: u32, order: Order) -> Page<(u64, T), u64> {
        self.items.page(after.as_ref(), limit, order)
    }
}

impl<T: Storable> Field for Queue<T> {
    #[inline]
    fn open(place: Place) -> Self {
        Self { ends: Item::open(place.part(0)), items: Map::open(place.part(1)) }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        let ends = crate::spec::part::<Item<(u64, u64)>>(builder, "ends", 0);
        let items = crate::spec::part::<Map<u64, T>>(builder, "items", 1);
        crate::spec::Layout::composite(builder, [ends, items].into())
    }
}

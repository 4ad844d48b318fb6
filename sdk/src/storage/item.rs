//! One value.

use super::{Field, Storable, load, store};
use crate::{Place, host};
use codec::{Decode, Encode};
use core::marker::PhantomData;

/// One stored value. Its key is the field's number alone.
pub struct Item<T> {
    place: Place,
    value: PhantomData<fn() -> T>,
}

impl<T: Encode + Decode> Item<T> {
    /// Reads the value. Ends the contract when it was never set: set it in `#[init]`.
    #[inline]
    #[must_use]
    pub fn get(&self) -> T {
        match self.try_get() {
            Some(value) => value,
            None => host::unset(self.place.as_slice()),
        }
    }

    /// Reads the value; `None` when it was never set.
    #[inline]
    #[must_use]
    pub fn try_get(&self) -> Option<T> {
        load(self.place.as_slice())
    }

    /// Writes the value.
    #[inline]
    pub fn set(&mut self, value: &T) {
        store(self.place.as_slice(), value);
    }

    /// Removes the value.
    #[inline]
    pub fn remove(&mut self) {
        host::storage_remove(self.place.as_slice());
    }
}

impl<T: Storable> Field for Item<T> {
    #[inline]
    fn open(place: Place) -> Self {
        Self { place, value: PhantomData }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        crate::spec::Layout::item::<T>(builder)
    }
}

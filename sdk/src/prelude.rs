//! Everything a contract usually names: `use dure_sdk::prelude::*;`.

pub use crate as dure;
pub use crate::{
    Above, Address, Amount, Balance, CallError, Counter, Cx, Event as _, Field as _, Gas, Hash,
    Height, Index, IndexedMap, Item, Map, Order, Page, Place, Queue, Ratio, Selector, Set, Short,
    StorageVec, TimestampMs, ensure,
};
pub use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

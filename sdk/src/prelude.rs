//! Everything a contract usually names: `use dure_sdk::prelude::*;`.

pub use crate as dure;
pub use crate::{
    Address, Amount, Balance, CallError, Cx, Event as _, Gas, Hash, Height, Item, Map, Order,
    Ratio, Selector, Short, TimestampMs, ensure,
};
pub use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

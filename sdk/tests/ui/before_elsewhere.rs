//! An old type that the chain would not hear of.
use dure_sdk::prelude::*;

#[dure::storage(version = 2)]
pub struct Tally {
    count: Item<u64>,
}

pub fn old(_: &Tally) -> u32 {
    dure::before!(Tally, count: Item<u32>).get()
}

fn main() {}

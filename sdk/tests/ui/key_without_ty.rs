//! A key whose bytes do not sort.
use dure_sdk::prelude::*;

#[dure::contract]
pub mod tally {
    use dure_sdk::prelude::*;

    #[dure::ty]
    pub struct Colour {
        pub red: u8,
    }

    #[storage]
    pub struct Tally {
        owner: Item<Address>,
        painted: Map<Colour, u64>,
    }

    impl Tally {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
        }
    }
}

fn main() {}

//! A query whose value is of a type that is only Rust's.
use dure_sdk::prelude::*;

#[dure::contract]
pub mod tally {
    use dure_sdk::prelude::*;

    pub struct Colour {
        pub red: u8,
    }

    #[storage]
    pub struct Tally {
        owner: Item<Address>,
    }

    impl Tally {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
        }

        #[query]
        pub fn colour(&self) -> Colour {
            Colour { red: 1 }
        }
    }
}

fn main() {}

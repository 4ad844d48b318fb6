//! An argument of a type that is only Rust's.
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

        #[call]
        pub fn paint(&mut self, colour: Colour) {
            let _ = colour;
        }
    }
}

fn main() {}

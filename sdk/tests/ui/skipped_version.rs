//! A migration that would skip a version.
use dure_sdk::prelude::*;

#[dure::contract]
pub mod tally {
    use dure_sdk::prelude::*;

    #[storage(version = 3)]
    pub struct Tally {
        owner: Item<Address>,
    }

    impl Tally {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
        }

        #[migrate(from = 1)]
        pub fn from_1(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
        }
    }
}

fn main() {}

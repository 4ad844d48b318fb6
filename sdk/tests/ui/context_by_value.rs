//! The context is taken by value.
use dure_sdk::prelude::*;

#[dure::contract]
pub mod tally {
    use dure_sdk::prelude::*;

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
        pub fn take(&mut self, cx: Cx) {
            self.owner.set(&cx.caller());
        }
    }
}

fn main() {}

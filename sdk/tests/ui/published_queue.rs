//! A field is published that nobody could read by its type.
use dure_sdk::prelude::*;

#[dure::contract]
pub mod tally {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Tally {
        owner: Item<Address>,
        #[published]
        waiting: Queue<Address>,
    }

    impl Tally {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
        }
    }
}

fn main() {}

//! An event that is an ordinary struct.
use dure_sdk::prelude::*;

#[dure::contract]
pub mod tally {
    use dure_sdk::prelude::*;

    pub struct Started {
        pub by: Address,
    }

    #[storage]
    pub struct Tally {
        owner: Item<Address>,
    }

    impl Tally {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
            cx.emit(&Started { by: cx.caller() });
        }
    }
}

fn main() {}

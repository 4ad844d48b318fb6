//! A public function that is no method of the contract.
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

        pub fn give(&mut self, to: Address) {
            self.owner.set(&to);
        }
    }
}

fn main() {}

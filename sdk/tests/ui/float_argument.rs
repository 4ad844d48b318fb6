//! An argument that is no exact number.
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
        pub fn price(&mut self, won: f64) {
            let _ = won;
        }
    }
}

fn main() {}

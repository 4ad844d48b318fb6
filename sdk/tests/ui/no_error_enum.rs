//! A method that fails with a text.
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
        pub fn take(&mut self, cx: &Cx) -> Result<(), String> {
            self.owner.set(&cx.caller());
            Ok(())
        }
    }
}

fn main() {}

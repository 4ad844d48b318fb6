//! A contract that cannot be instantiated.
use dure_sdk::prelude::*;

#[dure::contract]
pub mod tally {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Tally {
        owner: Item<Address>,
    }

    impl Tally {
        #[query]
        pub fn owner(&self) -> Address {
            self.owner.get()
        }
    }
}

fn main() {}

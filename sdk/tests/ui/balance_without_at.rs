//! An amount by key that is read without naming its entry.

#[dure_sdk::contract]
mod till {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Till {
        held: Map<Address, Balance>,
    }

    impl Till {
        #[init]
        pub fn new(&mut self) {}

        #[query]
        pub fn held(&self, who: Address) -> Amount {
            self.held.get(&who)
        }
    }
}

fn main() {}

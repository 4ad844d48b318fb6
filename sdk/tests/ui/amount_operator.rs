//! An amount added by an operator.

#[dure_sdk::contract]
mod till {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Till {
        price: Item<Amount>,
    }

    impl Till {
        #[init]
        pub fn new(&mut self, price: Amount) {
            self.price.set(&price);
        }

        #[query]
        pub fn with_tax(&self, tax: Amount) -> Amount {
            self.price.get() + tax
        }
    }
}

fn main() {}

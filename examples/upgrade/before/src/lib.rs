//! A till as it was first deployed.
#![no_std]

/// Prices of a shop, and what it took.
#[dure_sdk::contract]
pub mod till {
    use dure_sdk::prelude::*;

    /// What it keeps.
    // ANCHOR: storage
    #[storage]
    pub struct Till {
        owner: Item<Address>,
        prices: Map<String, u64>,
        taken: Item<u64>,
        note: Item<String>,
    }
    // ANCHOR_END: storage

    /// Why it refuses.
    #[error]
    pub enum Error {
        /// Only the owner may do this.
        NotOwner,
        /// Nothing of that name is sold.
        Unknown,
    }

    impl Till {
        /// The creator owns it.
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
            self.taken.set(&0);
            self.note.set(&String::from("open"));
        }

        /// Sets the price of an item.
        #[call]
        pub fn price(&mut self, cx: &Cx, item: String, price: u64) -> Result<(), Error> {
            ensure!(cx.caller() == self.owner.get(), Error::NotOwner);
            self.prices.set(&item, &price);
            Ok(())
        }

        /// Notes that an item was sold.
        #[call]
        pub fn sell(&mut self, item: String) -> Result<(), Error> {
            let price = self.prices.get(&item).ok_or(Error::Unknown)?;
            self.taken.set(&(self.taken.get() + price));
            Ok(())
        }

        /// What was taken in all.
        #[query]
        pub fn taken(&self) -> u64 {
            self.taken.get()
        }
    }
}

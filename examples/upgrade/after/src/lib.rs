//! The till a year later: prices know since when they hold, and it takes tokens.
#![no_std]

/// Prices of a shop, and what it earned.
#[dure_sdk::contract]
pub mod till {
    use dure_sdk::{prelude::*, standard::Receiver};

    /// What it keeps.
    // ANCHOR: storage
    #[storage(version = 2)]
    pub struct Till {
        vat: Item<u16>,
        owner: Item<Address>,
        /// In version 1 a plain number.
        prices: Map<String, Price>,
        #[was("taken")]
        earned: Item<u64>,
        received: Map<Address, Balance>,
    }

    /// A price of an item.
    #[dure::ty]
    pub struct Price {
        /// For one.
        pub amount: Amount,
        /// When it was set.
        pub since: TimestampMs,
    }
    // ANCHOR_END: storage

    /// Why it refuses.
    #[error]
    pub enum Error {
        /// Only the owner may do this.
        NotOwner,
        /// Nothing of that name is sold.
        Unknown,
        /// More than the whole.
        Vat {
            /// In hundredths of a per cent.
            vat: u16,
        },
        /// Nothing was received.
        Zero,
    }

    impl Till {
        /// The creator owns it.
        #[init]
        pub fn new(&mut self, cx: &Cx, vat: u16) {
            self.owner.set(&cx.caller());
            self.earned.set(&0);
            self.vat.set(&vat);
        }

        // ANCHOR: migrate
        /// Rewrites the prices, and drops the note.
        #[migrate(from = 1)]
        pub fn from_1(&mut self, cx: &Cx, vat: u16) -> Result<(), Error> {
            ensure!(vat <= 10_000, Error::Vat { vat });
            self.vat.set(&vat);
            let old = dure::before!(Till, prices: Map<String, u64>);
            let prices: Vec<(String, u64)> = old.entries(None, Order::Ascending).collect();
            for (item, price) in prices {
                let price = Price { amount: Amount(price.into()), since: cx.time() };
                self.prices.set(&item, &price);
            }
            let mut note = dure::before!(Till, note: Item<String>);
            note.remove();
            Ok(())
        }
        // ANCHOR_END: migrate

        /// The price of an item.
        #[query]
        pub fn price_of(&self, item: String) -> Option<Price> {
            self.prices.get(&item)
        }

        /// What was earned in all.
        #[query]
        pub fn earned(&self) -> u64 {
            self.earned.get()
        }

        /// Value added tax, in hundredths of a per cent.
        #[query]
        pub fn vat(&self) -> u16 {
            self.vat.get()
        }

        /// What was received of a token.
        #[query]
        pub fn received(&self, token: Address) -> Amount {
            self.received.at(&token).get()
        }
    }

    #[implements]
    impl Receiver for Till {
        type Error = Error;

        /// Books what came in, of the token that calls.
        fn on_receive(
            &mut self,
            cx: &Cx,
            _from: Address,
            amount: Amount,
            _memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::Zero);
            self.received.at(&cx.caller()).add(amount);
            Ok(())
        }
    }
}

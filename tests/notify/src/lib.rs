//! A coin that tells contracts what they are given (`Receiver`), and one itself: it gives its own
//! units for those of another coin.
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod coin {
    use dure_sdk::{
        prelude::*,
        standard::{Receiver, ReceiverClient},
    };

    #[storage]
    pub struct Coin {
        issuer: Item<Address>,
        limit: Item<Amount>,
        supply: Balance,
        held: Map<Address, Balance>,
        /// Contracts that want to be told.
        receivers: Set<Address>,
        /// The coin that its units are given for.
        backing: Item<Address>,
    }

    #[error]
    pub enum Error {
        NotIssuer,
        /// Only the coin behind it tells of units.
        NotBacking,
        /// The coin behind it does not tell.
        NoCoin,
        Short {
            left: Amount,
        },
        /// More would be above the limit.
        Full,
        /// The receiver refused; the bytes are its own error.
        Receiver(CallError<Vec<u8>>),
    }

    impl Coin {
        #[init]
        pub fn new(&mut self, cx: &Cx, limit: Amount) {
            self.issuer.set(&cx.caller());
            self.limit.set(&limit);
        }

        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            ensure!(cx.caller() == self.issuer.get(), Error::NotIssuer);
            self.give(to, amount)
        }

        /// From now on the caller is told what it is given.
        #[call]
        pub fn opt_in(&mut self, cx: &Cx) {
            self.receivers.insert(&cx.caller());
        }

        /// Gives units for those of another coin, and wants to be told of them.
        #[call]
        pub fn wrap(&mut self, cx: &Cx, backing: Address) -> Result<(), Error> {
            ensure!(cx.caller() == self.issuer.get(), Error::NotIssuer);
            self.backing.set(&backing);
            CoinClient::at(backing).opt_in().map_err(|_| Error::NoCoin)
        }

        // ANCHOR: transfer
        /// Passes the caller's units on, and tells the receiver if it wants to be told: what the
        /// receiver refuses did not move.
        #[call]
        pub fn transfer(
            &mut self,
            cx: &Cx,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            let from = cx.caller();
            self.held.at(&from).sub(amount).map_err(|short| Error::Short { left: short.left })?;
            self.held.at(&to).add(amount);
            if self.receivers.contains(&to) {
                let told = ReceiverClient::at(to).on_receive(from, amount, memo);
                told.map_err(Error::Receiver)?;
            }
            Ok(())
        }
        // ANCHOR_END: transfer

        #[query]
        pub fn balance(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }
    }

    impl Coin {
        fn give(&mut self, to: Address, amount: Amount) -> Result<(), Error> {
            self.supply.add_within(amount, self.limit.get()).map_err(|_| Error::Full)?;
            self.held.at(&to).add(amount);
            Ok(())
        }
    }

    #[implements]
    impl Receiver for Coin {
        type Error = Error;

        /// Gives as many of its own to whoever sent units of the coin behind it.
        fn on_receive(
            &mut self,
            cx: &Cx,
            from: Address,
            amount: Amount,
            _memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            ensure!(self.backing.try_get() == Some(cx.caller()), Error::NotBacking);
            self.give(from, amount)
        }
    }
}

//! A desk that exchanges one token for another at a fixed rate, out of what it holds.
//!
//! The desk takes by allowance and gives in the same transaction. Rounding is down, so no sequence
//! of exchanges gains anything at the desk's cost.
//!
//! **Invariant.** An exchange changes what the desk holds of both tokens by exactly what the event
//! says, and what it gives is at most `taken x give / take`.
#![no_std]

mod error;
mod event;
mod state;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod desk {
    use currency::currency as token;
    use dure_sdk::prelude::*;

    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{Exchanged, RateChanged, Withdrawn};
    #[storage]
    pub use crate::state::Desk;
    pub use crate::state::Rate;

    impl Desk {
        /// The creator becomes the owner.
        #[init]
        pub fn new(
            &mut self,
            cx: &Cx,
            takes: Address,
            gives: Address,
            rate: Rate,
        ) -> Result<(), Error> {
            check(rate)?;
            self.owner.set(&cx.caller());
            self.takes.set(&takes);
            self.gives.set(&gives);
            self.rate.set(&rate);
            Ok(())
        }

        /// Takes the caller's units by allowance and gives at least `least` of the other token.
        #[call]
        pub fn exchange(&mut self, cx: &Cx, taken: Amount, least: Amount) -> Result<Amount, Error> {
            let given = self.quote(taken)?;
            ensure!(given >= least, Error::Worse { given, least });
            let (caller, own) = (cx.caller(), cx.address());
            let left = self.inventory(cx)?;
            ensure!(given <= left, Error::Inventory { left, wanted: given });
            let takes = self.takes.get();
            token::call::transfer_from(caller, own, taken, None)
                .send(takes)
                .map_err(Error::Taking)?;
            let gives = self.gives.get();
            token::call::transfer(caller, given, None).send(gives).map_err(Error::Giving)?;
            cx.emit(&Exchanged { by: caller, taken, given });
            Ok(given)
        }

        /// Changes the rate.
        #[call]
        pub fn set_rate(&mut self, cx: &Cx, rate: Rate) -> Result<(), Error> {
            self.only_owner(cx)?;
            check(rate)?;
            self.rate.set(&rate);
            cx.emit(&RateChanged { rate });
            Ok(())
        }

        /// Takes out inventory of either token. It is brought in by a plain transfer.
        #[call]
        pub fn withdraw(&mut self, cx: &Cx, token: Address, amount: Amount) -> Result<(), Error> {
            self.only_owner(cx)?;
            let known = token == self.takes.get() || token == self.gives.get();
            ensure!(known, Error::UnknownToken { token });
            let owner = cx.caller();
            token::call::transfer(owner, amount, None).send(token).map_err(Error::Giving)?;
            cx.emit(&Withdrawn { token, amount });
            Ok(())
        }

        /// What the desk would give.
        #[query]
        pub fn quote(&self, taken: Amount) -> Result<Amount, Error> {
            let rate = self.rate.get();
            let product = taken.checked_mul(rate.give.0).ok_or(Error::TooMuch { taken })?;
            let given = Amount(product.0 / rate.take.0);
            ensure!(given > Amount::ZERO, Error::TooLittle { taken });
            Ok(given)
        }

        /// What the desk can still give.
        #[query]
        pub fn inventory(&self, cx: &Cx) -> Result<Amount, Error> {
            let (own, token) = (cx.address(), self.gives.get());
            token::call::balance(own).send(token).map_err(|_| Error::UnknownToken { token })
        }

        /// The rate.
        #[query]
        pub fn rate(&self) -> Rate {
            self.rate.get()
        }

        fn only_owner(&self, cx: &Cx) -> Result<(), Error> {
            let owner = self.owner.get();
            ensure!(cx.caller() == owner, Error::NotOwner { owner });
            Ok(())
        }
    }

    fn check(rate: Rate) -> Result<(), Error> {
        ensure!(rate.give > Amount::ZERO && rate.take > Amount::ZERO, Error::BadRate);
        Ok(())
    }
}

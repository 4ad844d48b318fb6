//! Points that one issuer issues and their holders pass on, at most so much at once.
//!
//! **Invariant.** The sum of what is held is the supply (`is_conserved`).
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod stamps {
    use dure_sdk::prelude::*;

    // ANCHOR: storage
    /// Fields may stand in any order: `dure.lock` pins the id of each.
    #[storage(version = 2)]
    pub struct Stamps {
        issuer: Item<Address>,
        /// The most that one transfer may move: new in version 2.
        limit: Item<Amount>,
        name: Item<String>,
        supply: Balance,
        held: Map<Address, Balance>,
    }
    // ANCHOR_END: storage

    /// Units were issued (`from` is none), moved, or burnt (`to` is none).
    #[event]
    pub struct Moved {
        #[index]
        pub from: Option<Address>,
        #[index]
        pub to: Option<Address>,
        pub amount: Amount,
    }

    /// Why a call was refused.
    #[error]
    pub enum Error {
        NotIssuer { issuer: Address },
        Zero,
        Short { left: Amount, wanted: Amount },
        TooMany { supply: Amount, wanted: Amount },
        AboveLimit { limit: Amount, wanted: Amount },
    }

    impl Stamps {
        /// Who instantiates it becomes the issuer.
        #[init]
        pub fn new(&mut self, cx: &Cx, name: String, limit: Amount) {
            self.issuer.set(&cx.caller());
            self.name.set(&name);
            self.limit.set(&limit);
        }

        // ANCHOR: migrate
        /// Runs once, in the upgrade: nothing is stored in a new field until something is.
        #[migrate(from = 1)]
        pub fn from_1(&mut self, limit: Amount) -> Result<(), Error> {
            ensure!(limit > Amount::ZERO, Error::Zero);
            self.limit.set(&limit);
            Ok(())
        }
        // ANCHOR_END: migrate

        /// Issues new units.
        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            let issuer = self.issuer.get();
            ensure!(cx.caller() == issuer, Error::NotIssuer { issuer });
            ensure!(amount > Amount::ZERO, Error::Zero);
            let supply = self.supply.get();
            let fits = supply.checked_add(amount).is_some();
            ensure!(fits, Error::TooMany { supply, wanted: amount });
            self.supply.add(amount);
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: None, to: Some(to), amount });
            Ok(())
        }

        // ANCHOR: transfer
        /// Passes the caller's units on.
        #[call]
        pub fn transfer(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::Zero);
            let limit = self.limit.get();
            ensure!(amount <= limit, Error::AboveLimit { limit, wanted: amount });
            let from = cx.caller();
            self.held.at(&from).sub(amount).map_err(short)?;
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: Some(from), to: Some(to), amount });
            Ok(())
        }
        // ANCHOR_END: transfer

        /// Destroys the caller's units.
        #[call]
        pub fn burn(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::Zero);
            let from = cx.caller();
            self.held.at(&from).sub(amount).map_err(short)?;
            self.supply.sub(amount).map_err(short)?;
            cx.emit(&Moved { from: Some(from), to: None, amount });
            Ok(())
        }

        /// What a holder has.
        #[query]
        pub fn balance(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        /// All units that are held.
        #[query]
        pub fn supply(&self) -> Amount {
            self.supply.get()
        }

        /// The most that one transfer may move.
        #[query]
        pub fn limit(&self) -> Amount {
            self.limit.get()
        }

        /// What it is called.
        #[query]
        pub fn name(&self) -> String {
            self.name.get()
        }

        /// Whether the sum of what is held is the supply.
        #[query]
        pub fn is_conserved(&self) -> bool {
            let mut held = self.held.amounts(None, Order::Ascending);
            let sum = held.try_fold(Amount::ZERO, |sum, (_, amount)| sum.checked_add(amount));
            sum == Some(self.supply.get())
        }
    }

    fn short(short: Short) -> Error {
        Error::Short { left: short.left, wanted: short.wanted }
    }
}

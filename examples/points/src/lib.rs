#![no_std]
//! Points that a shop issues and its guests pass on.
use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod points {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Points {
        issuer: Item<Address>,
        supply: Balance,
        held: Map<Address, Balance>,
    }

    #[event]
    pub struct Moved {
        #[index]
        pub from: Option<Address>,
        #[index]
        pub to: Address,
        pub amount: Amount,
    }

    #[error]
    pub enum Error {
        NotIssuer { issuer: Address },
        Short { left: Amount, wanted: Amount },
    }

    impl Points {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.issuer.set(&cx.caller());
        }

        /// Issues new points.
        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            let issuer = self.issuer.get();
            ensure!(cx.caller() == issuer, Error::NotIssuer { issuer });
            self.supply.add(amount);
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: None, to, amount });
            Ok(())
        }

        /// Passes the caller's points on.
        #[call]
        pub fn transfer(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            let from = cx.caller();
            let short = |s: Short| Error::Short { left: s.left, wanted: s.wanted };
            self.held.at(&from).sub(amount).map_err(short)?;
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: Some(from), to, amount });
            Ok(())
        }

        /// What a holder has.
        #[query]
        pub fn balance(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        /// All points that are held.
        #[query]
        pub fn supply(&self) -> Amount {
            self.supply.get()
        }
    }
}

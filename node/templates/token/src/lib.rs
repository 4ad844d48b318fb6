//! A token that one issuer issues and its holders pass on.
//!
//! It is a [`Token`](dure_sdk::standard::Token): wallets, tills and other contracts know it.
//!
//! **Invariant.** The sum of what is held is the supply (`is_conserved`).
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod template_token {
    use dure_sdk::prelude::*;
    pub use dure_sdk::standard::{Allowance, Reason, Token};

    /// What is stored; `dure.lock` pins which field is which.
    #[storage]
    pub struct TemplateToken {
        issuer: Item<Address>,
        name: Item<String>,
        symbol: Item<String>,
        decimals: Item<u8>,
        supply: Balance,
        held: Map<Address, Balance>,
        allowances: Map<(Address, Address), Allowance>,
    }

    /// Units were issued (`from` is none), moved, or burnt (`to` is none).
    #[event]
    pub struct Moved {
        #[index]
        pub from: Option<Address>,
        #[index]
        pub to: Option<Address>,
        pub amount: Amount,
        pub memo: Option<Vec<u8>>,
    }

    /// A holder lets somebody take units.
    #[event]
    pub struct Approved {
        #[index]
        pub holder: Address,
        #[index]
        pub spender: Address,
        pub amount: Amount,
        pub expires: Option<TimestampMs>,
    }

    /// Why a call was refused.
    #[error]
    pub enum Error {
        NotIssuer { issuer: Address },
        Zero,
        Short { left: Amount, wanted: Amount },
        TooMany { supply: Amount, wanted: Amount },
        NotAllowed { left: Amount, wanted: Amount },
        Expired { expires: TimestampMs },
        OwnSpender,
    }

    impl TemplateToken {
        /// Who instantiates it becomes the issuer.
        #[init]
        pub fn new(&mut self, cx: &Cx, name: String, symbol: String, decimals: u8) {
            self.issuer.set(&cx.caller());
            self.name.set(&name);
            self.symbol.set(&symbol);
            self.decimals.set(&decimals);
        }

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
            cx.emit(&Moved { from: None, to: Some(to), amount, memo: None });
            Ok(())
        }

        /// Destroys the caller's units.
        #[call]
        pub fn burn(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::Zero);
            let from = cx.caller();
            self.held.at(&from).sub(amount).map_err(short)?;
            self.supply.sub(amount).map_err(short)?;
            cx.emit(&Moved { from: Some(from), to: None, amount, memo: None });
            Ok(())
        }

        /// Whether the sum of what is held is the supply.
        #[query]
        pub fn is_conserved(&self) -> bool {
            let mut held = self.held.amounts(None, Order::Ascending);
            let sum = held.try_fold(Amount::ZERO, |sum, (_, amount)| sum.checked_add(amount));
            sum == Some(self.supply.get())
        }

        fn shift(
            &mut self,
            cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::Zero);
            self.held.at(&from).sub(amount).map_err(short)?;
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: Some(from), to: Some(to), amount, memo });
            Ok(())
        }
    }

    #[implements]
    impl Token for TemplateToken {
        type Error = Error;

        fn name(&self) -> String {
            self.name.get()
        }

        fn symbol(&self) -> String {
            self.symbol.get()
        }

        fn decimals(&self) -> u8 {
            self.decimals.get()
        }

        fn total_supply(&self) -> Amount {
            self.supply.get()
        }

        fn balance_of(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        fn transfer(
            &mut self,
            cx: &Cx,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            self.shift(cx, cx.caller(), to, amount, memo)
        }

        fn approve(
            &mut self,
            cx: &Cx,
            spender: Address,
            amount: Amount,
            expires: Option<TimestampMs>,
        ) -> Result<(), Error> {
            let holder = cx.caller();
            ensure!(spender != holder, Error::OwnSpender);
            if amount == Amount::ZERO {
                self.allowances.remove(&(holder, spender));
            } else {
                if let Some(expires) = expires {
                    ensure!(cx.time() < expires, Error::Expired { expires });
                }
                self.allowances.set(&(holder, spender), &Allowance { amount, expires });
            }
            cx.emit(&Approved { holder, spender, amount, expires });
            Ok(())
        }

        fn transfer_from(
            &mut self,
            cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            let key = (from, cx.caller());
            let nothing = Allowance { amount: Amount::ZERO, expires: None };
            let mut allowance = self.allowances.get(&key).unwrap_or(nothing);
            if let Some(expires) = allowance.expires {
                ensure!(cx.time() < expires, Error::Expired { expires });
            }
            let left = allowance.amount;
            allowance.amount =
                left.checked_sub(amount).ok_or(Error::NotAllowed { left, wanted: amount })?;
            if allowance.amount == Amount::ZERO {
                self.allowances.remove(&key);
            } else {
                self.allowances.set(&key, &allowance);
            }
            self.shift(cx, from, to, amount, memo)
        }

        fn allowance(&self, holder: Address, spender: Address) -> Option<Allowance> {
            self.allowances.get(&(holder, spender))
        }

        /// A rule for who may hold or pay belongs here and into `shift`.
        fn can_transfer(
            &self,
            _cx: &Cx,
            from: Address,
            _to: Address,
            amount: Amount,
        ) -> Result<(), Reason> {
            ensure!(amount > Amount::ZERO, Reason::Zero);
            let left = self.held.at(&from).get();
            ensure!(amount <= left, Reason::Short { left, wanted: amount });
            Ok(())
        }
    }

    fn short(short: Short) -> Error {
        Error::Short { left: short.left, wanted: short.wanted }
    }
}

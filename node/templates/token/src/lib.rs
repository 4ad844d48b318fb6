//! A token by the standard, which one issuer issues: wallets, tills and other contracts know it.
//!
//! **Invariants.** The sum of what is held is the supply (`is_conserved`). What `can_transfer` says
//! is what a transfer then does.
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod template_token {
    use dure_sdk::{
        domain::allowance::{AllowanceError, Allowances},
        prelude::*,
        standard::{Allowance, Reason, Token},
    };

    /// Units moved (from nobody: issued; to nobody: burnt), and somebody may take units of another.
    #[event]
    pub use dure_sdk::standard::{Approved, Moved};

    /// Fields may stand in any order: `dure.lock` pins the id of each.
    #[storage]
    pub struct TemplateToken {
        issuer: Item<Address>,
        name: Item<String>,
        symbol: Item<String>,
        decimals: Item<u8>,
        supply: Balance,
        held: Map<Address, Balance>,
        allowances: Allowances,
    }

    /// Why a call was refused.
    #[error]
    pub enum Error {
        NotIssuer {
            issuer: Address,
        },
        TooMany {
            supply: Amount,
            wanted: Amount,
        },
        /// A transfer would not be done, as `can_transfer` says.
        Transfer(Reason),
        /// Nothing is allowed, or nothing can be taken by an allowance.
        Allowance(AllowanceError),
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
            receivable(to, amount).map_err(Error::Transfer)?;
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
            let from = cx.caller();
            ensure!(amount > Amount::ZERO, Error::Transfer(Reason::Zero));
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

        /// Moves units; who may ask for it was checked.
        fn shift(
            &mut self,
            cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            receivable(to, amount).map_err(Error::Transfer)?;
            self.held.at(&from).sub(amount).map_err(short)?;
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: Some(from), to: Some(to), amount, memo });
            Ok(())
        }
    }

    /// The methods of the standard, with the names and types that it gives them.
    #[implements]
    impl Token for TemplateToken {
        type Error = Error;

        /// What people call it.
        fn name(&self) -> String {
            self.name.get()
        }

        /// Its short name, as on a price tag.
        fn symbol(&self) -> String {
            self.symbol.get()
        }

        /// Digits after the point that are shown; amounts are in the smallest unit.
        fn decimals(&self) -> u8 {
            self.decimals.get()
        }

        /// All units that are held.
        fn total_supply(&self) -> Amount {
            self.supply.get()
        }

        /// What a holder has.
        fn balance_of(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        /// Passes the caller's units on. The memo is kept in the event only.
        fn transfer(
            &mut self,
            cx: &Cx,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            self.shift(cx, cx.caller(), to, amount, memo)
        }

        /// Lets somebody take up to an amount of the caller's units; replaces what was allowed
        /// before, and nought revokes.
        fn approve(
            &mut self,
            cx: &Cx,
            spender: Address,
            amount: Amount,
            expires: Option<TimestampMs>,
        ) -> Result<(), Error> {
            let holder = cx.caller();
            let allowed = self.allowances.approve(holder, spender, amount, expires, cx.time());
            allowed.map_err(Error::Allowance)?;
            cx.emit(&Approved { holder, spender, amount, expires });
            Ok(())
        }

        /// Passes somebody's units on, by the allowance that the caller has.
        fn transfer_from(
            &mut self,
            cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            let spent = self.allowances.spend(from, cx.caller(), amount, cx.time());
            spent.map_err(Error::Allowance)?;
            self.shift(cx, from, to, amount, memo)
        }

        /// What a spender may still take of a holder.
        fn allowance(&self, holder: Address, spender: Address) -> Option<Allowance> {
            self.allowances.get(holder, spender)
        }

        /// Whether a transfer would be done now, or why not.
        fn can_transfer(
            &self,
            _cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
        ) -> Result<(), Reason> {
            receivable(to, amount)?;
            let left = self.held.at(&from).get();
            ensure!(amount <= left, Reason::Short { left, wanted: amount });
            Ok(())
        }
    }

    /// Whether an account can be given an amount, whoever gives it.
    fn receivable(to: Address, amount: Amount) -> Result<(), Reason> {
        ensure!(amount > Amount::ZERO, Reason::Zero);
        // Nobody can ever call from there.
        ensure!(to != Address::SYSTEM, Reason::NotPermitted { account: to });
        Ok(())
    }

    fn short(short: Short) -> Error {
        Error::Transfer(Reason::Short { left: short.left, wanted: short.wanted })
    }
}

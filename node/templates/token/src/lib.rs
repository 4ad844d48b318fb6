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
        about: Item<About>,
        supply: Balance,
        held: Map<Address, Balance>,
        allowances: Allowances,
    }

    /// What a wallet shows of it.
    #[dure::ty]
    pub struct About {
        pub name: String,
        pub symbol: String,
        pub decimals: u8,
    }

    /// Why a call was refused.
    #[error]
    pub enum Error {
        NotIssuer {
            issuer: Address,
        },
        /// More than can be counted.
        TooMany {
            room: Amount,
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
            self.about.set(&About { name, symbol, decimals });
        }

        /// Issues new units.
        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            let issuer = self.issuer.get();
            ensure!(cx.caller() == issuer, Error::NotIssuer { issuer });
            let room = Amount::MAX.saturating_sub(self.supply.get());
            ensure!(amount <= room, Error::TooMany { room });
            self.shift(cx, None, Some(to), amount, None)
        }

        /// Destroys the caller's units.
        #[call]
        pub fn burn(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            self.shift(cx, Some(cx.caller()), None, amount, None)
        }

        /// Whether the sum of what is held is the supply.
        #[query]
        pub fn is_conserved(&self) -> bool {
            let held = self.held.amounts(None, Order::Ascending);
            let sum = held.fold(Amount::ZERO, |sum, (_, amount)| sum.saturating_add(amount));
            sum == self.supply.get()
        }

        /// Moves units, from nobody when they are issued, to nobody when they are burnt. Who may
        /// ask for it was checked.
        fn shift(
            &mut self,
            cx: &Cx,
            from: Option<Address>,
            to: Option<Address>,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            permitted(to, amount).map_err(Error::Transfer)?;
            match from {
                Some(from) => self.held.at(&from).sub(amount).map_err(short)?,
                None => self.supply.add(amount),
            }
            match to {
                Some(to) => self.held.at(&to).add(amount),
                None => self.supply.sub(amount).map_err(short)?,
            }
            cx.emit(&Moved { from, to, amount, memo });
            Ok(())
        }
    }

    /// The methods of the standard, with the names and types that it gives them.
    #[implements]
    impl Token for TemplateToken {
        type Error = Error;

        /// What people call it.
        fn name(&self) -> String {
            self.about.get().name
        }

        /// Its short name, as on a price tag.
        fn symbol(&self) -> String {
            self.about.get().symbol
        }

        /// Digits after the point that are shown; amounts are in the smallest unit.
        fn decimals(&self) -> u8 {
            self.about.get().decimals
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
            self.shift(cx, Some(cx.caller()), Some(to), amount, memo)
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
            self.shift(cx, Some(from), Some(to), amount, memo)
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
            permitted(Some(to), amount)?;
            let left = self.held.at(&from).get();
            ensure!(amount <= left, Reason::Short { left, wanted: amount });
            Ok(())
        }
    }

    /// Whether an amount may move to an account, whatever the other one has.
    fn permitted(to: Option<Address>, amount: Amount) -> Result<(), Reason> {
        ensure!(amount > Amount::ZERO, Reason::Zero);
        // Nobody can ever call from there.
        let account = Address::SYSTEM;
        ensure!(to != Some(account), Reason::NotPermitted { account });
        Ok(())
    }

    fn short(short: Short) -> Error {
        Error::Transfer(Reason::Short { left: short.left, wanted: short.wanted })
    }
}

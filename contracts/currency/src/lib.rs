//! A currency that is issued against a deposit.
//!
//! A company pays money into an account at its bank and books it here as the *deposit*. Units are
//! issued up to that deposit, move between holders, are paid to registered merchants, and are
//! redeemed by merchants: burnt here, paid out there, the deposit falling by as much.
//!
//! It is a [`Token`](dure_sdk::standard::Token), and
//! [`Redeemable`](dure_sdk::standard::Redeemable) by its merchants.
//!
//! **Invariants.** The sum of what is held equals `supply`; `supply` never exceeds `deposit`.
#![no_std]

mod error;
mod event;
mod state;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod currency {
    use dure_sdk::prelude::*;

    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{DepositChanged, MerchantChanged, Paid, Redeemed};
    #[storage]
    pub use crate::state::Currency;
    pub use crate::state::{About, Merchant};
    pub use dure_sdk::standard::{Allowance, Bounded, Bounds, Reason, Redeemable, Token};
    #[event]
    pub use dure_sdk::standard::{Approved, Moved};

    impl Currency {
        /// The creator becomes the issuer; nothing is issued yet.
        #[init]
        pub fn new(&mut self, cx: &Cx, name: String, symbol: String, decimals: u8) {
            self.issuer.set(&cx.caller());
            self.name.set(&name);
            self.symbol.set(&symbol);
            self.decimals.set(&decimals);
        }

        /// Books money that the issuer received: the deposit grows.
        #[call]
        pub fn book_deposit(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            self.only_issuer(cx)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            let deposit = self.deposit.get();
            let fits = deposit.checked_add(amount).is_some();
            ensure!(fits, Error::TooMuch { deposit, wanted: amount });
            self.deposit.add(amount);
            cx.emit(&DepositChanged { deposit: self.deposit.get() });
            Ok(())
        }

        /// Books money that the issuer took out: what is issued must stay covered.
        #[call]
        pub fn withdraw_deposit(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            self.only_issuer(cx)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            let (deposit, supply) = (self.deposit.get(), self.supply.get());
            let uncovered = Error::Uncovered { deposit, supply, wanted: amount };
            let free = deposit.saturating_sub(supply);
            ensure!(amount <= free, uncovered);
            self.deposit.sub(amount).map_err(|_| uncovered)?;
            cx.emit(&DepositChanged { deposit: self.deposit.get() });
            Ok(())
        }

        /// Issues units against the deposit.
        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            self.only_issuer(cx)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            ensure!(to != Address::SYSTEM, Error::NoHolder { account: to });
            let (deposit, supply) = (self.deposit.get(), self.supply.get());
            let covered = supply.checked_add(amount).is_some_and(|supply| supply <= deposit);
            ensure!(covered, Error::Uncovered { deposit, supply, wanted: amount });
            self.supply.add(amount);
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: None, to: Some(to), amount, memo: None });
            Ok(())
        }

        /// Registers a merchant, or changes its name or standing.
        #[call]
        pub fn set_merchant(
            &mut self,
            cx: &Cx,
            merchant: Address,
            name: String,
            active: bool,
        ) -> Result<(), Error> {
            self.only_issuer(cx)?;
            let record = Merchant { name, active };
            self.merchants.set(&merchant, &record);
            cx.emit(&MerchantChanged { merchant, name: record.name, active });
            Ok(())
        }

        /// Pays a registered merchant.
        #[call]
        pub fn pay(
            &mut self,
            cx: &Cx,
            merchant: Address,
            amount: Amount,
            reference: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            self.only_merchant(merchant)?;
            let by = cx.caller();
            self.shift(cx, by, merchant, amount, None)?;
            cx.emit(&Paid { by, merchant, amount, reference });
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

        /// The money that covers them.
        #[query]
        pub fn deposit(&self) -> Amount {
            self.deposit.get()
        }

        /// A merchant's record.
        #[query]
        pub fn merchant(&self, account: Address) -> Option<Merchant> {
            self.merchants.get(&account)
        }

        /// Name, symbol, decimals and issuer.
        #[query]
        pub fn about(&self) -> About {
            About {
                name: self.name.get(),
                symbol: self.symbol.get(),
                decimals: self.decimals.get(),
                issuer: self.issuer.get(),
            }
        }

        /// Holders with their amounts, those after `after`; at most `limit` of them.
        #[query]
        pub fn holders(&self, after: Option<Address>, limit: u32) -> Vec<(Address, Amount)> {
            self.held
                .amounts(after.as_ref(), Order::Ascending)
                .filter(|(holder, _)| Some(*holder) != after)
                .take(limit.min(200) as usize)
                .collect()
        }

        fn only_issuer(&self, cx: &Cx) -> Result<(), Error> {
            let issuer = self.issuer.get();
            ensure!(cx.caller() == issuer, Error::NotIssuer { issuer });
            Ok(())
        }

        fn only_merchant(&self, account: Address) -> Result<(), Error> {
            let record = self.merchants.get(&account).ok_or(Error::NotMerchant { account })?;
            ensure!(record.active, Error::MerchantSuspended { account });
            Ok(())
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
            ensure!(to != Address::SYSTEM, Error::NoHolder { account: to });
            let short = |s: Short| Error::Short { left: s.left, wanted: s.wanted };
            self.held.at(&from).sub(amount).map_err(short)?;
            self.held.at(&to).add(amount);
            cx.emit(&Moved { from: Some(from), to: Some(to), amount, memo });
            Ok(())
        }
    }

    #[implements]
    impl Token for Currency {
        type Error = Error;

        /// What people call it.
        #[query]
        fn name(&self) -> String {
            self.name.get()
        }

        /// Its short name, as on a price tag.
        #[query]
        fn symbol(&self) -> String {
            self.symbol.get()
        }

        /// Digits after the point that are shown.
        #[query]
        fn decimals(&self) -> u8 {
            self.decimals.get()
        }

        /// All units that are held; as `supply`.
        #[query]
        fn total_supply(&self) -> Amount {
            self.supply.get()
        }

        /// What a holder has; as `balance`.
        #[query]
        fn balance_of(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        /// Moves the caller's units.
        #[call]
        fn transfer(
            &mut self,
            cx: &Cx,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            self.shift(cx, cx.caller(), to, amount, memo)
        }

        /// Lets somebody take up to an amount; replaces what was allowed before.
        #[call]
        fn approve(
            &mut self,
            cx: &Cx,
            spender: Address,
            amount: Amount,
            expires: Option<TimestampMs>,
        ) -> Result<(), Error> {
            let holder = cx.caller();
            self.allowances.approve(holder, spender, amount, expires, cx.time())?;
            cx.emit(&Approved { holder, spender, amount, expires });
            Ok(())
        }

        /// Moves somebody's units by their allowance.
        #[call]
        fn transfer_from(
            &mut self,
            cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
            memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            self.allowances.spend(from, cx.caller(), amount, cx.time())?;
            self.shift(cx, from, to, amount, memo)
        }

        /// What a spender may still take of a holder.
        #[query]
        fn allowance(&self, holder: Address, spender: Address) -> Option<Allowance> {
            self.allowances.get(holder, spender)
        }

        /// Whether a transfer would be done now, or why not.
        #[query]
        fn can_transfer(
            &self,
            _cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
        ) -> Result<(), Reason> {
            ensure!(amount > Amount::ZERO, Reason::Zero);
            ensure!(to != Address::SYSTEM, Reason::NotPermitted { account: to });
            let left = self.held.at(&from).get();
            ensure!(amount <= left, Reason::Short { left, wanted: amount });
            Ok(())
        }
    }

    #[implements]
    impl Redeemable for Currency {
        type Error = Error;

        /// Gives a merchant's units back against the deposit: they are burnt, it is paid out.
        #[call]
        fn redeem(
            &mut self,
            cx: &Cx,
            amount: Amount,
            reference: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            let merchant = cx.caller();
            self.only_merchant(merchant)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            let short = |s: Short| Error::Short { left: s.left, wanted: s.wanted };
            self.held.at(&merchant).sub(amount).map_err(short)?;
            self.supply.sub(amount).map_err(short)?;
            self.deposit.sub(amount).map_err(short)?;
            cx.emit(&Moved { from: Some(merchant), to: None, amount, memo: None });
            cx.emit(&Redeemed { merchant, amount, reference });
            Ok(())
        }

        /// Whether a merchant could redeem an amount now, or why not.
        #[query]
        fn can_redeem(&self, _cx: &Cx, holder: Address, amount: Amount) -> Result<(), Reason> {
            let permitted = self.only_merchant(holder).is_ok();
            ensure!(permitted, Reason::NotPermitted { account: holder });
            ensure!(amount > Amount::ZERO, Reason::Zero);
            let left = self.held.at(&holder).get();
            ensure!(amount <= left, Reason::Short { left, wanted: amount });
            Ok(())
        }
    }
    #[implements]
    impl Bounded for Currency {
        /// It is money: nothing binds it.
        #[query]
        fn bounds_of(&self, _cx: &Cx, _holder: Address) -> Bounds {
            Bounds::NONE
        }
    }
}

//! A ledger with ten bugs, which the init method switches on by a bit each: `1 << bug`; 0 is the
//! ledger without.
//!
//! | bug | what it does wrong |
//! |---|---|
//! | 1 | a transfer to oneself adds and forgets to take |
//! | 2 | what is issued above a thousand is not counted in the supply |
//! | 3 | who burns more than they hold lowers the supply by all of it |
//! | 4 | taking by allowance does not lower the allowance |
//! | 5 | an allowance can be used after it expired |
//! | 6 | a hold can be voided after it was posted |
//! | 7 | a hold can be posted for more than it holds |
//! | 8 | a pause does not stop a split |
//! | 9 | anybody may raise the cap |
//! | 10 | the cap is compared before the issue, not after |
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod ledger {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Ledger {
        bugs: Item<u16>,
        issuer: Item<Address>,
        cap: Item<Amount>,
        paused: Item<bool>,
        supply: Balance,
        on_hold: Balance,
        held: Map<Address, Balance>,
        allowances: Map<(Address, Address), Allowance>,
        holds: Map<u64, Hold>,
        next_hold: Item<u64>,
    }

    /// What a spender may take.
    #[dure::ty]
    #[derive(Copy)]
    pub struct Allowance {
        pub amount: Amount,
        pub expires: TimestampMs,
    }

    /// Units that are set aside.
    #[dure::ty]
    #[derive(Copy)]
    pub struct Hold {
        pub from: Address,
        pub to: Address,
        pub amount: Amount,
        pub open: bool,
    }

    #[event]
    pub struct Moved {
        #[index]
        pub from: Address,
        #[index]
        pub to: Address,
        pub amount: Amount,
    }

    #[error]
    #[derive(Copy)]
    pub enum Error {
        NotIssuer,
        Paused,
        Short { left: Amount, wanted: Amount },
        AboveCap { cap: Amount },
        NotAllowed { left: Amount },
        Expired { at: TimestampMs },
        NoHold,
        Ended,
        AboveHold { held: Amount },
    }

    impl Ledger {
        #[init]
        pub fn new(&mut self, cx: &Cx, bugs: u16, cap: Amount) {
            self.bugs.set(&bugs);
            self.issuer.set(&cx.caller());
            self.cap.set(&cap);
            self.paused.set(&false);
            self.next_hold.set(&1);
        }

        #[call]
        pub fn set_cap(&mut self, cx: &Cx, cap: Amount) -> Result<(), Error> {
            ensure!(self.is(9) || cx.caller() == self.issuer.get(), Error::NotIssuer);
            ensure!(cap >= self.supply.get(), Error::AboveCap { cap });
            self.cap.set(&cap);
            Ok(())
        }

        #[call]
        pub fn pause(&mut self, cx: &Cx, paused: bool) -> Result<(), Error> {
            ensure!(cx.caller() == self.issuer.get(), Error::NotIssuer);
            self.paused.set(&paused);
            Ok(())
        }

        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            ensure!(cx.caller() == self.issuer.get(), Error::NotIssuer);
            let (cap, supply) = (self.cap.get(), self.supply.get());
            let after = supply.checked_add(amount).ok_or(Error::AboveCap { cap })?;
            let compared = if self.is(10) { supply } else { after };
            ensure!(compared <= cap, Error::AboveCap { cap });
            let counted = if self.is(2) { amount.min(Amount(1_000)) } else { amount };
            self.supply.add(counted);
            self.held.at(&to).add(amount);
            Ok(())
        }

        #[call]
        pub fn burn(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            let held = self.held.at(&cx.caller());
            let taken = if self.is(3) { amount.min(held.get()) } else { amount };
            held.sub(taken).map_err(short)?;
            self.supply.sub(amount).map_err(short)
        }

        #[call]
        pub fn transfer(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            self.running()?;
            let from = cx.caller();
            if self.is(1) && from == to {
                self.held.at(&to).add(amount);
                return Ok(());
            }
            self.shift(from, to, amount)?;
            cx.emit(&Moved { from, to, amount });
            Ok(())
        }

        #[call]
        pub fn split(
            &mut self,
            cx: &Cx,
            first: Address,
            second: Address,
            amount: Amount,
        ) -> Result<(), Error> {
            if !self.is(8) {
                self.running()?;
            }
            let half = Amount(amount.0 / 2);
            self.shift(cx.caller(), first, half)?;
            self.shift(cx.caller(), second, amount.saturating_sub(half))
        }

        #[call]
        pub fn approve(&mut self, cx: &Cx, spender: Address, amount: Amount, expires: TimestampMs) {
            self.allowances.set(&(cx.caller(), spender), &Allowance { amount, expires });
        }

        #[call]
        pub fn transfer_from(
            &mut self,
            cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
        ) -> Result<(), Error> {
            self.running()?;
            let key = (from, cx.caller());
            let nothing = Error::NotAllowed { left: Amount::ZERO };
            let mut allowance = self.allowances.get(&key).ok_or(nothing)?;
            let valid = self.is(5) || cx.time() < allowance.expires;
            ensure!(valid, Error::Expired { at: allowance.expires });
            let left = allowance.amount;
            let rest = left.checked_sub(amount).ok_or(Error::NotAllowed { left })?;
            if !self.is(4) {
                allowance.amount = rest;
                self.allowances.set(&key, &allowance);
            }
            self.shift(from, to, amount)
        }

        /// Sets units aside for somebody.
        #[call]
        pub fn hold(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<u64, Error> {
            self.running()?;
            let from = cx.caller();
            self.held.at(&from).sub(amount).map_err(short)?;
            self.on_hold.add(amount);
            let id = self.next_hold.get();
            self.holds.set(&id, &Hold { from, to, amount, open: true });
            self.next_hold.set(&(id + 1));
            Ok(id)
        }

        /// Pays a part of a hold and gives the rest back.
        #[call]
        pub fn post(&mut self, id: u64, amount: Amount) -> Result<(), Error> {
            let hold = self.end(id, false)?;
            let held = hold.amount;
            ensure!(self.is(7) || amount <= held, Error::AboveHold { held });
            self.held.at(&hold.to).add(amount);
            self.held.at(&hold.from).add(held.saturating_sub(amount));
            Ok(())
        }

        /// Gives a hold back.
        #[call]
        pub fn void(&mut self, id: u64) -> Result<(), Error> {
            let hold = self.end(id, self.is(6))?;
            self.held.at(&hold.from).add(hold.amount);
            Ok(())
        }

        #[query]
        pub fn balance(&self, who: Address) -> Amount {
            self.held.at(&who).get()
        }

        #[query]
        pub fn supply(&self) -> Amount {
            self.supply.get()
        }

        #[query]
        pub fn cap(&self) -> Amount {
            self.cap.get()
        }

        #[query]
        pub fn is_paused(&self) -> bool {
            self.paused.get()
        }

        #[query]
        pub fn allowance(&self, holder: Address, spender: Address) -> Option<Allowance> {
            self.allowances.get(&(holder, spender))
        }

        #[query]
        pub fn hold_of(&self, id: u64) -> Option<Hold> {
            self.holds.get(&id)
        }

        /// Ten-thousandths of the supply. Panics where there is none and where there is too much.
        #[query]
        pub fn share(&self, of: Amount) -> u128 {
            of.0 * 10_000 / self.supply.get().0
        }

        /// Whether what is held and what is on hold are the supply.
        #[query]
        pub fn is_conserved(&self) -> bool {
            let amounts = self.held.amounts(None, Order::Ascending);
            let mut sum = self.on_hold.get();
            for (_, amount) in amounts {
                let Some(more) = sum.checked_add(amount) else { return false };
                sum = more;
            }
            sum == self.supply.get()
        }
    }

    impl Ledger {
        fn is(&self, bug: u32) -> bool {
            self.bugs.get() >> bug & 1 == 1
        }

        fn running(&self) -> Result<(), Error> {
            ensure!(!self.paused.get(), Error::Paused);
            Ok(())
        }

        fn shift(&mut self, from: Address, to: Address, amount: Amount) -> Result<(), Error> {
            self.held.at(&from).sub(amount).map_err(short)?;
            self.held.at(&to).add(amount);
            Ok(())
        }

        fn end(&mut self, id: u64, also_ended: bool) -> Result<Hold, Error> {
            let mut hold = self.holds.get(&id).ok_or(Error::NoHold)?;
            ensure!(hold.open || also_ended, Error::Ended);
            if hold.open {
                self.on_hold.sub(hold.amount).map_err(short)?;
            }
            hold.open = false;
            self.holds.set(&id, &hold);
            Ok(hold)
        }
    }

    fn short(short: Short) -> Error {
        Error::Short { left: short.left, wanted: short.wanted }
    }
}

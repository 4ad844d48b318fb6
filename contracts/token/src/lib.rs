//! A token whose conditions are a policy: where it is spent, by whom, until when, how much.
//!
//! The contract's code is the same for every scheme; what differs is data,
//! [`Conditions`](token::Conditions), given to `new`. `dure token issue --policy FILE` reads it
//! from a file. Without conditions it is a plain token.
//!
//! It is a [`Token`](dure_sdk::standard::Token), and
//! [`Redeemable`](dure_sdk::standard::Redeemable) by whom its conditions say.
//!
//! **Invariants.** The sum of what is held equals what was issued less what was redeemed and what
//! expired. What was ever issued is within `issued_in_total`. Nobody's purchases of a month, less
//! what was refunded of them, are above `spent_per_month`. A merchant has refunded a payer at most
//! what the payer paid it. No unit has ever worse terms than it was issued with; one that expires
//! is taken away only when its holder could do nothing with it, nor ever will by what is scheduled.
//! `can_transfer` and `can_redeem` say what the calls then do. Nothing moves while `paused`. Once a
//! deposit was booked it covers what is outstanding, for good.
//!
//! **Concurrency.** What two payers of one merchant write in common is its balance.
#![no_std]

mod conditions;
mod deposit;
mod error;
mod event;
mod rules;
mod state;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod token {
    use crate::rules::{SWEPT_AT_ONCE_MAX, UNITS};
    use dure_sdk::{
        domain::{
            freeze::{FreezeError, FreezeOrder},
            policy::Version,
            registry::{Merchant, Status},
            roles::Role,
        },
        prelude::*,
    };

    pub use crate::conditions::{
        Access, Condition, Conditions, ConditionsError, Limits, Redeemers,
    };
    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{
        AdmissionChanged, DepositChanged, MemberChanged, MerchantChanged, Paid, PauseChanged,
        PolicyScheduled, PolicyWithdrawn, Redeemed, Refunded, RoleChanged, Swept,
    };
    #[storage]
    pub use crate::state::PurposeToken;
    pub use crate::state::{About, Audit, Counted, PolicyVersion, Totals};
    pub use dure_sdk::standard::{Allowance, Bounded, Bounds, Reason, Redeemable, Token};
    #[event]
    pub use dure_sdk::standard::{Approved, Moved};

    impl PurposeToken {
        /// The creator administers, issues, pauses and acts as an agent; nothing is issued yet.
        #[init]
        pub fn new(
            &mut self,
            cx: &Cx,
            name: String,
            symbol: String,
            decimals: u8,
            conditions: Conditions,
        ) -> Result<(), Error> {
            conditions.check().map_err(Error::Conditions)?;
            let (creator, now) = (cx.caller(), cx.time());
            self.name.set(&name);
            self.symbol.set(&symbol);
            self.decimals.set(&decimals);
            self.policy.schedule(&conditions, now, now, 0, false).map_err(Error::Policy)?;
            self.roles.found(creator);
            for role in [Role::Issuer, Role::Agent, Role::Pauser] {
                self.roles.grant(creator, creator, role).map_err(Error::Roles)?;
            }
            Ok(())
        }

        /// Issues units.
        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            self.grant(to, amount, cx.time())?;
            cx.emit(&Moved { from: None, to: Some(to), amount, memo: None });
            Ok(())
        }

        /// Books money that the issuer received. The first booking is a promise for good: from then
        /// on the deposit covers whatever is outstanding.
        #[call]
        pub fn book_deposit(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            let deposit = self.deposit.book(amount, &self.supply)?;
            cx.emit(&DepositChanged { deposit });
            Ok(())
        }

        /// Books money that the issuer took out: what is outstanding must stay covered.
        #[call]
        pub fn withdraw_deposit(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            let deposit = self.deposit.withdraw(amount, &self.supply)?;
            cx.emit(&DepositChanged { deposit });
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
            let by = cx.caller();
            self.merchants.active(merchant).map_err(Error::Merchants)?;
            self.shift(cx, by, merchant, amount, None)?;
            cx.emit(&Paid { by, merchant, amount, reference });
            Ok(())
        }

        /// Gives back what a payer paid the caller, a merchant: a suspended one too, and whatever
        /// the period.
        #[call]
        pub fn refund(
            &mut self,
            cx: &Cx,
            payer: Address,
            amount: Amount,
            reference: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            let merchant = cx.caller();
            self.give_back(merchant, payer, amount, cx.time())?;
            cx.emit(&Moved { from: Some(merchant), to: Some(payer), amount, memo: None });
            cx.emit(&Refunded { merchant, payer, amount, reference });
            Ok(())
        }

        /// Takes units off the books that nobody can use any more: the period is over, and their
        /// holders may not give them back. Looks at the holders after `after`, at most `limit` of
        /// them and at most 50; says where to go on, or nothing at the end. Merchants keep what
        /// they were paid.
        #[call]
        pub fn sweep(
            &mut self,
            cx: &Cx,
            after: Option<Address>,
            limit: u32,
        ) -> Result<Option<Address>, Error> {
            self.only(cx, Role::Issuer)?;
            self.sweepable(cx.time())?;
            let limit = limit.clamp(1, SWEPT_AT_ONCE_MAX);
            let page = self.holders(after, limit);
            let (mut holders, mut sum) = (0, Amount::ZERO);
            for (holder, amount) in &page {
                if self.expire(*holder, *amount)? {
                    holders += 1;
                    sum = sum.saturating_add(*amount);
                    let from = Some(*holder);
                    cx.emit(&Moved { from, to: None, amount: *amount, memo: None });
                }
            }
            if holders > 0 {
                cx.emit(&Swept { holders, amount: sum });
            }
            let is_last = page.len() < limit as usize;
            Ok(page.last().map(|(holder, _)| *holder).filter(|_| !is_last))
        }

        /// Stops whatever moves units, redemption included. The reason is the hash of a document
        /// that says why.
        #[call]
        pub fn pause(&mut self, cx: &Cx, reason: Hash) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = FreezeOrder::now(cx, reason);
            self.freeze.pause(order).map_err(Error::Freeze)?;
            cx.emit(&PauseChanged { order: Some(order) });
            Ok(())
        }

        /// Lets units move again.
        #[call]
        pub fn resume(&mut self, cx: &Cx) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            self.freeze.resume().map_err(Error::Freeze)?;
            cx.emit(&PauseChanged { order: None });
            Ok(())
        }

        /// Sets conditions that hold from an instant on, for all units: at least as good for
        /// holders as those before in every respect. What bounds issues may change as it likes.
        #[call]
        pub fn schedule_policy(
            &mut self,
            cx: &Cx,
            conditions: Conditions,
            from: TimestampMs,
        ) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            conditions.check().map_err(Error::Conditions)?;
            let last = self.policy.last().unwrap_or(Version(from));
            let before = self.policy.version(last).map_err(Error::Policy)?;
            if let Some(condition) = conditions.worse_than(&before) {
                return Err(Error::Worse { condition });
            }
            // All units are judged by what holds now, whenever they were issued: nothing is frozen.
            let scheduled = self.policy.schedule(&conditions, from, cx.time(), 0, false);
            let from = scheduled.map_err(Error::Policy)?;
            cx.emit(&PolicyScheduled { from, conditions });
            Ok(())
        }

        /// Withdraws conditions that do not hold yet.
        #[call]
        pub fn withdraw_policy(&mut self, cx: &Cx, from: Version) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            self.policy.withdraw(from, cx.time()).map_err(Error::Policy)?;
            cx.emit(&PolicyWithdrawn { from });
            Ok(())
        }

        /// Registers a merchant and makes it a member of groups.
        #[call]
        pub fn register_merchant(
            &mut self,
            cx: &Cx,
            account: Address,
            merchant: Merchant,
            groups: Vec<u32>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.merchants.register(account, &merchant).map_err(Error::Merchants)?;
            cx.emit(&MerchantChanged { account, merchant });
            for group in groups {
                self.enrol(cx, group, account, true)?;
            }
            Ok(())
        }

        /// Changes what is known of a merchant, its status included.
        #[call]
        pub fn update_merchant(
            &mut self,
            cx: &Cx,
            account: Address,
            merchant: Merchant,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.merchants.update(account, &merchant).map_err(Error::Merchants)?;
            cx.emit(&MerchantChanged { account, merchant });
            Ok(())
        }

        /// Suspends, reinstates or closes a merchant.
        #[call]
        pub fn set_status(
            &mut self,
            cx: &Cx,
            account: Address,
            status: Status,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.merchants.set_status(account, status).map_err(Error::Merchants)?;
            let merchant = self.merchants.merchant(account).map_err(Error::Merchants)?;
            cx.emit(&MerchantChanged { account, merchant });
            Ok(())
        }

        /// Makes a merchant a member of a group, or no longer one.
        #[call]
        pub fn set_member(
            &mut self,
            cx: &Cx,
            group: u32,
            account: Address,
            member: bool,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.enrol(cx, group, account, member)
        }

        /// Admits an account as a person's, or as a person of its own. Caps of a month are a
        /// person's, whatever the account.
        #[call]
        pub fn admit(
            &mut self,
            cx: &Cx,
            account: Address,
            person: Option<Hash>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            let person = person.unwrap_or(Hash(account.0));
            self.persons.link(account, person).map_err(Error::Persons)?;
            cx.emit(&AdmissionChanged { account, admitted: true });
            Ok(())
        }

        /// Takes an admission back.
        #[call]
        pub fn dismiss(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.persons.unlink(account).map_err(Error::Persons)?;
            cx.emit(&AdmissionChanged { account, admitted: false });
            Ok(())
        }

        /// Gives a role or takes it.
        #[call]
        pub fn set_role(
            &mut self,
            cx: &Cx,
            account: Address,
            role: Role,
            has: bool,
        ) -> Result<(), Error> {
            let by = cx.caller();
            self.roles.set(by, account, role, has).map_err(Error::Roles)?;
            cx.emit(&RoleChanged { account, role, has });
            Ok(())
        }

        /// The conditions that hold now.
        #[query]
        pub fn policy(&self, cx: &Cx) -> Result<PolicyVersion, Error> {
            let (from, conditions) = self.policy.at(cx.time()).map_err(Error::Policy)?;
            Ok(PolicyVersion { from, conditions })
        }

        /// The conditions that were set last, whether they hold yet or not.
        #[query]
        pub fn last_policy(&self) -> Option<PolicyVersion> {
            let from = self.policy.last()?;
            let conditions = self.policy.version(from).ok()?;
            Some(PolicyVersion { from, conditions })
        }

        /// The order by which nothing moves; none where things move.
        #[query]
        pub fn paused(&self) -> Option<FreezeOrder> {
            match self.freeze.running() {
                Err(FreezeError::Paused { order }) => Some(order),
                _ => None,
            }
        }

        /// Name, symbol and decimals.
        #[query]
        pub fn about(&self) -> About {
            let (name, symbol) = (self.name.get(), self.symbol.get());
            About { name, symbol, decimals: self.decimals.get() }
        }

        /// What was issued, was redeemed, expired and is held.
        #[query]
        pub fn totals(&self) -> Totals {
            let expired = self.swept.get();
            Totals {
                issued: self.supply.issued(&UNITS),
                redeemed: self.supply.burned(&UNITS).saturating_sub(expired),
                expired,
                outstanding: self.supply.outstanding(&UNITS),
            }
        }

        /// The money that covers what is outstanding; none where none was ever booked.
        #[query]
        pub fn deposit(&self) -> Option<Amount> {
            self.deposit.get()
        }

        /// Counts what holders have, at most `limit` (254 at most) after those that were counted,
        /// and refuses unless it is in the end what is outstanding: what was issued less what was
        /// redeemed and expired, covered by the deposit. Ask for all pages at one height.
        #[query]
        pub fn audit(&self, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.deposit.covers(Amount::ZERO, &self.supply)?;
            let (after, before) = counted.map(|counted| (counted.last, counted.held)).unzip();
            let page = self.held.page(after.as_ref(), limit.max(1), Order::Ascending);
            let held = page
                .items
                .iter()
                .fold(before.unwrap_or(Amount::ZERO), |sum, (_, held)| sum.saturating_add(*held));
            let next = page.next.map(|last| Counted { last, held });
            if next.is_none() {
                self.supply.audit(&UNITS, held).map_err(Error::Supply)?;
            }
            Ok(Audit { totals: self.totals(), next })
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

        /// A merchant.
        #[query]
        pub fn merchant(&self, account: Address) -> Option<Merchant> {
            self.merchants.merchant(account).ok()
        }

        /// Whether an account is a registered merchant, of whatever status.
        #[query]
        pub fn is_merchant(&self, account: Address) -> bool {
            self.merchants.merchant(account).is_ok()
        }

        /// Whether a merchant is a member of a group.
        #[query]
        pub fn is_member(&self, group: u32, account: Address) -> bool {
            self.merchants.is_member(group, account)
        }

        /// Whether an account is admitted.
        #[query]
        pub fn is_admitted(&self, account: Address) -> bool {
            self.persons.person(account).is_ok()
        }

        /// Whether an account has a role.
        #[query]
        pub fn has_role(&self, account: Address, role: Role) -> bool {
            self.roles.has(account, role)
        }

        /// What the person of an account spent this month, where that is capped.
        #[query]
        pub fn spent_this_month(&self, cx: &Cx, account: Address) -> Amount {
            self.spent.used(&self.person(account), cx.time())
        }

        fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
            self.roles.check(cx.caller(), role).map_err(Error::Roles)
        }

        fn enrol(
            &mut self,
            cx: &Cx,
            group: u32,
            merchant: Address,
            member: bool,
        ) -> Result<(), Error> {
            self.merchants.set_member(group, merchant, member).map_err(Error::Merchants)?;
            cx.emit(&MemberChanged { group, merchant, member });
            Ok(())
        }
    }

    #[implements]
    impl Token for PurposeToken {
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

        /// All units that are held.
        #[query]
        fn total_supply(&self) -> Amount {
            self.supply.outstanding(&UNITS)
        }

        /// What an account holds.
        #[query]
        fn balance_of(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        /// Moves the caller's units, as the conditions allow.
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

        /// Moves somebody's units by their allowance, as the conditions allow them.
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

        /// Whether a transfer would be done now, or the first reason why not.
        #[query]
        fn can_transfer(
            &self,
            cx: &Cx,
            from: Address,
            to: Address,
            amount: Amount,
        ) -> Result<(), Reason> {
            let now = cx.time();
            self.judge(from, to, amount, now)
                .and_then(|transfer| self.affords(&transfer, from, to, amount, now))
                .map_err(|error| error.reason())
        }
    }

    #[implements]
    impl Redeemable for PurposeToken {
        type Error = Error;

        /// Gives the caller's units back: they are burnt, and the issuer owes what they stand for;
        /// a deposit falls by as much. The period does not matter.
        #[call]
        fn redeem(
            &mut self,
            cx: &Cx,
            amount: Amount,
            reference: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            let by = cx.caller();
            self.redeems(by, cx.time())?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            self.held.at(&by).sub(amount).map_err(Error::short)?;
            self.supply.burn(&UNITS, amount).map_err(Error::Supply)?;
            self.deposit.pay_out(amount)?;
            cx.emit(&Moved { from: Some(by), to: None, amount, memo: None });
            cx.emit(&Redeemed { by, amount, reference });
            Ok(())
        }

        /// Whether an account could redeem an amount now, or the first reason why not.
        #[query]
        fn can_redeem(&self, cx: &Cx, holder: Address, amount: Amount) -> Result<(), Reason> {
            self.redeems(holder, cx.time()).map_err(|error| error.reason())?;
            ensure!(amount > Amount::ZERO, Reason::Zero);
            let left = self.held.at(&holder).get();
            ensure!(amount <= left, Reason::Short { left, wanted: amount });
            Ok(())
        }
    }
    #[implements]
    impl Bounded for PurposeToken {
        /// What binds units in the hands of an account. The purpose is this token's own: its
        /// merchants are registered here. An issuer's units are not given out yet.
        #[query]
        fn bounds_of(&self, cx: &Cx, holder: Address) -> Bounds {
            match self.policy.at(cx.time()) {
                Ok((_, conditions)) if !self.roles.has(holder, Role::Issuer) => Bounds {
                    purpose: conditions.merchants.map(|_| Hash(cx.address().0)),
                    expires: conditions.until,
                },
                _ => Bounds::NONE,
            }
        }
    }
}

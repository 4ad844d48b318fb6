//! A city's currency: bought with a discount or a bonus, spent at the city's merchants with
//! cashback, cashed out by them; allowances with a purpose in the same wallet.
//!
//! Money is in *lots* of three classes ([`Class`](dure_sdk::domain::lots::Class)): own money,
//! bonus, allowances; each with an expiry and with a set of merchants where it can be spent. What a
//! merchant takes is *receivable*: it is cashed out, never spent. Every number is policy
//! ([`Scheme`](regional::Scheme)) with the instant from which it holds.
//!
//! **Invariants.** What is outstanding is the sum of lots, unclaimed, receivable and pending money.
//! The escrow, what was paid in and not paid out as issuers and agents said, is what is
//! outstanding and what the pool and the programmes have left. No lot is
//! spent from its expiry on, nor where its set does not permit it. A receipt is paid once.
//!
//! **Concurrency.** Payments of different payers to one merchant write in common its receivable,
//! the month's pool and the supply: counters that only add, or subtract within a bound.
#![no_std]

mod audit;
mod error;
mod event;
mod money;
mod scheme;
mod state;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod regional {
    use crate::money::{EXPIRED_MAX, request_id};
    use core::ops::ControlFlow::Break;
    use dure_sdk::{
        codec::Encode,
        crypto::blake3,
        domain::{
            calendar::{Day, Month},
            cash_out::{CashOut, CashOutState, Step},
            freeze::FreezeOrder,
            lots::{Lot, LotKey, Payment},
            policy::Version,
            recovery::Request,
            roles::{Role, Verdict},
        },
        prelude::*,
    };

    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{
        Bought, Cancelled, CashOutChanged, ClaimChanged, DebtPaid, Expired, FreezeChanged, Given,
        Granted, Paid, PauseChanged, PoolClosed, PoolFunded, ProgrammeDefined, ProgrammeFunded,
        Recovered, RecoveryDropped, RecoveryRequested, Refunded, RequestWithdrawn, RoleChanged,
        SchemeScheduled, SchemeWithdrawn, SecondAwaited,
    };
    pub use crate::money::{RECOVERY_DELAY_MS, payment_id};
    pub use crate::scheme::{Cashback, Scheme, SchemeError, TopUp};
    #[storage]
    pub use crate::state::RegionalCurrency;
    pub use crate::state::{
        Audit, Books, Counted, Holding, MerchantAccount, Owed, Programme, Quote, Sale, Uncounted,
    };

    impl RegionalCurrency {
        /// The creator administers, issues and acts as an agent. `registry` is the contract
        /// `merchants` of the scheme.
        #[init]
        pub fn new(
            &mut self,
            cx: &Cx,
            name: String,
            symbol: String,
            registry: Address,
            scheme: Scheme,
        ) -> Result<(), Error> {
            scheme.check()?;
            let (creator, now) = (cx.caller(), cx.time());
            self.name.set(&name);
            self.symbol.set(&symbol);
            self.registry.set(&registry);
            let from = self.scheme.schedule(&scheme, now, now, 0, false)?;
            self.roles.found(creator);
            for role in [Role::Issuer, Role::Agent, Role::Pauser] {
                self.roles.grant(creator, creator, role)?;
            }
            for role in [Role::Administrator, Role::Issuer, Role::Agent, Role::Pauser] {
                cx.emit(&RoleChanged { account: creator, role, has: true });
            }
            cx.emit(&SchemeScheduled { from, scheme });
            Ok(())
        }

        /// Puts money into this month's pool or that of one of the next 24, or answers that it waits
        /// for a second issuer to send the same. Repeated under its id once it is done, it changes
        /// nothing, as all calls that take one.
        #[call]
        pub fn fund_pool(
            &mut self,
            cx: &Cx,
            id: Hash,
            month: Month,
            amount: Amount,
        ) -> Result<Verdict, Error> {
            self.only(cx, Role::Issuer)?;
            let order = blake3(&("pool", month).encode());
            if let Break(verdict) = self.agreed(cx, id, order, amount)? {
                return Ok(verdict);
            }
            self.pool.fund(month, amount, cx.time())?;
            self.escrow.add(amount);
            cx.emit(&PoolFunded { month, amount });
            Ok(Verdict::Do)
        }

        /// Takes out what a month that is over has left, and says how much it is.
        #[call]
        pub fn close_month(&mut self, cx: &Cx, month: Month) -> Result<Amount, Error> {
            self.only(cx, Role::Issuer)?;
            self.freeze.running()?;
            let left = self.pool.close(month, cx.time())?;
            self.pay_out(left)?;
            cx.emit(&PoolClosed { month, left });
            Ok(left)
        }

        /// Defines an allowance, for good.
        #[call]
        pub fn define_programme(
            &mut self,
            cx: &Cx,
            programme: u32,
            terms: Programme,
        ) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            let known = self.programmes.contains(&programme);
            ensure!(!known, Error::ProgrammeExists { programme });
            self.defined(&[terms.set])?;
            self.programmes.set(&programme, &terms);
            cx.emit(&ProgrammeDefined { programme, terms });
            Ok(())
        }

        /// Gives a programme money to grant, or answers that it waits for a second issuer to send
        /// the same.
        #[call]
        pub fn fund_programme(
            &mut self,
            cx: &Cx,
            id: Hash,
            programme: u32,
            amount: Amount,
        ) -> Result<Verdict, Error> {
            self.only(cx, Role::Issuer)?;
            self.programme(programme)?;
            let order = blake3(&("programme", programme).encode());
            if let Break(verdict) = self.agreed(cx, id, order, amount)? {
                return Ok(verdict);
            }
            self.budget(programme, amount);
            self.escrow.add(amount);
            let left = self.budgets.at(&programme).get();
            cx.emit(&ProgrammeFunded { programme, left });
            Ok(Verdict::Do)
        }

        /// An issuer takes back what waits for a second one.
        #[call]
        pub fn withdraw_request(&mut self, cx: &Cx, action: Hash) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            self.two_man.withdraw(action)?;
            cx.emit(&RequestWithdrawn { action, by: cx.caller() });
            Ok(())
        }

        /// Takes out what a programme has left: its end may come first, or not.
        #[call]
        pub fn drain_programme(&mut self, cx: &Cx, programme: u32) -> Result<Amount, Error> {
            self.only(cx, Role::Issuer)?;
            self.freeze.running()?;
            self.programme(programme)?;
            let left = self.budgets.at(&programme).get();
            self.spend_budget(programme, left)?;
            self.pay_out(left)?;
            cx.emit(&ProgrammeFunded { programme, left: Amount::ZERO });
            Ok(left)
        }

        /// Grants an allowance out of a programme's money.
        #[call]
        pub fn grant(
            &mut self,
            cx: &Cx,
            id: Hash,
            programme: u32,
            holder: Address,
            amount: Amount,
        ) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            let order = blake3(&("grant", programme, holder, amount).encode());
            if self.is_done(cx, id, order)? {
                return Ok(());
            }
            self.freeze.running()?;
            self.freeze.check(holder)?;
            let person = self.may_hold(holder)?;
            self.grant_of(programme, (holder, person), amount, cx.time())?;
            self.orders.set(&(cx.address(), id), &order);
            cx.emit(&Granted { holder, programme, amount });
            Ok(())
        }

        /// Sells: the buyer has paid the agent what the answer says. Repeated under its id, it
        /// changes nothing and answers the same.
        #[call]
        pub fn sell(
            &mut self,
            cx: &Cx,
            id: Hash,
            buyer: Address,
            face: Amount,
        ) -> Result<Sale, Error> {
            self.only(cx, Role::Agent)?;
            let agent = cx.caller();
            if let Some(sale) = self.sales.get(&(agent, id)) {
                let same = (sale.buyer, sale.face) == (buyer, face);
                ensure!(same, Error::IdUsed { id });
                return Ok(sale);
            }
            self.freeze.running()?;
            self.freeze.check(buyer)?;
            self.expire_of(cx, buyer, EXPIRED_MAX)?;
            let sale = self.purchase(buyer, face, cx.time())?;
            self.sales.set(&(agent, id), &sale);
            let Sale { paid, subsidy, bonus, lot, .. } = sale;
            cx.emit(&Bought { buyer, agent, id, face, paid, subsidy, bonus, lot });
            Ok(sale)
        }

        /// Pays a merchant, and says what cashback the payer got. Repeated by the payer under the
        /// merchant's receipt, it changes nothing and answers the same.
        #[call]
        pub fn pay(
            &mut self,
            cx: &Cx,
            merchant: Address,
            amount: Amount,
            receipt: Hash,
        ) -> Result<Amount, Error> {
            let payer = cx.caller();
            let payment = payment_id(payer, merchant, receipt);
            let Ok(id) = self.lots.new_id(payment) else {
                return self.paid_before(payment, amount);
            };
            self.freeze.running()?;
            self.freeze.check(payer)?;
            self.freeze.check(merchant)?;
            let cashback = self.spend(id, payer, merchant, amount, cx.time())?;
            cx.emit(&Paid { payer, merchant, payment, amount, cashback });
            Ok(cashback)
        }

        /// The merchant cancels a payment, or a part of it: a suspended or frozen one too. `payer`
        /// is who paid then. Repeated under its id, it changes nothing.
        #[call]
        pub fn cancel(
            &mut self,
            cx: &Cx,
            id: Hash,
            payer: Address,
            receipt: Hash,
            amount: Amount,
        ) -> Result<(), Error> {
            let merchant = cx.caller();
            let payment = payment_id(payer, merchant, receipt);
            if let Some(cancelled) = self.cancels.get(&(payment, id)) {
                ensure!(cancelled == amount, Error::IdUsed { id });
                return Ok(());
            }
            self.freeze.running()?;
            let payer = self.recovery.current(payer);
            let done = self.undo(cx, payment, payer, amount)?;
            self.cancels.set(&(payment, id), &amount);
            let (recovered, owed) = (done.recovered, done.owed);
            cx.emit(&Cancelled { payer, merchant, payment, amount, recovered, owed });
            Ok(())
        }

        /// Gives own money away. Who owes cashback gives nothing.
        #[call]
        pub fn give(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            let from = cx.caller();
            self.freeze.running()?;
            self.freeze.check(from)?;
            self.freeze.check(to)?;
            self.expire_of(cx, to, EXPIRED_MAX)?;
            self.gift(from, to, amount, cx.time())?;
            cx.emit(&Given { from, to, amount });
            Ok(())
        }

        /// Has what remains of a purchase refunded: an agent pays the holder what the answer says.
        /// A debt is paid out of it first.
        #[call]
        pub fn refund(&mut self, cx: &Cx, lot: LotKey) -> Result<Amount, Error> {
            let holder = cx.caller();
            self.freeze.running()?;
            self.freeze.check(holder)?;
            self.expire_of(cx, holder, EXPIRED_MAX)?;
            let (division, recovered) = self.take_back(holder, lot, cx.time())?;
            let (to_holder, to_pool) = (division.to_holder, division.to_pool);
            cx.emit(&Refunded { holder, lot, to_holder, to_pool, recovered });
            Ok(to_holder)
        }

        /// A merchant asks for its money: a closed one too, a suspended one not.
        #[call]
        pub fn request_cash_out(&mut self, cx: &Cx, id: Hash, amount: Amount) -> Result<(), Error> {
            let (merchant, now) = (cx.caller(), cx.time());
            let step = self.cash_outs.request(request_id(merchant, id), merchant, amount, now)?;
            let Step::Done(_) = step else { return Ok(()) };
            self.freeze.running()?;
            self.freeze.check(merchant)?;
            self.registry().merchants().cashing_out(merchant)?;
            let cap = self.scheme.at(now)?.1.cash_out_cap.unwrap_or(Amount(u128::MAX));
            self.cashed.add(&merchant, amount, cap, now)?;
            self.receivables.take(merchant, amount, Day::of(now))?;
            let state = CashOutState::Pending;
            cx.emit(&CashOutChanged { merchant, id, amount, state });
            Ok(())
        }

        /// The bank has paid the merchant.
        #[call]
        pub fn confirm_cash_out(
            &mut self,
            cx: &Cx,
            merchant: Address,
            id: Hash,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            let step = self.cash_outs.confirm(request_id(merchant, id))?;
            let Step::Done(CashOut { amount, .. }) = step else { return Ok(()) };
            self.freeze.running()?;
            self.freeze.check(merchant)?;
            self.registry().merchants().cashing_out(merchant)?;
            self.burn(amount)?;
            self.pay_out(amount)?;
            let state = CashOutState::Confirmed;
            cx.emit(&CashOutChanged { merchant, id, amount, state });
            Ok(())
        }

        /// The bank will not pay: the merchant is owed the money again.
        #[call]
        pub fn void_cash_out(&mut self, cx: &Cx, merchant: Address, id: Hash) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            let step = self.cash_outs.void(request_id(merchant, id))?;
            let Step::Done(CashOut { amount, requested, .. }) = step else { return Ok(()) };
            self.freeze.running()?;
            self.receivables.give_back(merchant, amount);
            self.cashed.undo(&merchant, amount, requested, cx.time());
            let state = CashOutState::Void;
            cx.emit(&CashOutChanged { merchant, id, amount, state });
            Ok(())
        }

        /// Ends at most `limit` lots of a holder that expired, 64 at most; anybody may. Says how
        /// many it did.
        #[call]
        pub fn expire(&mut self, cx: &Cx, holder: Address, limit: u32) -> Result<u32, Error> {
            self.freeze.running()?;
            self.expire_of(cx, holder, limit.min(EXPIRED_MAX))
        }

        /// A holder asks for own money that expired: an agent pays it. A debt is paid before, out
        /// of all that can be claimed.
        #[call]
        pub fn claim(&mut self, cx: &Cx, id: Hash, amount: Amount) -> Result<(), Error> {
            let (holder, now) = (cx.caller(), cx.time());
            let step = self.claims.request(request_id(holder, id), holder, amount, now)?;
            let Step::Done(_) = step else { return Ok(()) };
            self.freeze.running()?;
            self.freeze.check(holder)?;
            self.expire_of(cx, holder, EXPIRED_MAX)?;
            let recovered = self.claim_of(holder, amount, now)?;
            if recovered != Amount::ZERO {
                cx.emit(&DebtPaid { holder, amount: recovered });
            }
            let state = CashOutState::Pending;
            cx.emit(&ClaimChanged { holder, id, amount, state });
            Ok(())
        }

        /// An agent has paid a holder what was claimed.
        #[call]
        pub fn confirm_claim(&mut self, cx: &Cx, holder: Address, id: Hash) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            let step = self.claims.confirm(request_id(holder, id))?;
            let Step::Done(CashOut { amount, .. }) = step else { return Ok(()) };
            self.freeze.running()?;
            self.freeze.check(holder)?;
            self.burn(amount)?;
            self.pay_out(amount)?;
            let state = CashOutState::Confirmed;
            cx.emit(&ClaimChanged { holder, id, amount, state });
            Ok(())
        }

        /// A claim will not be paid: the holder, or who it was moved to, can claim it again.
        #[call]
        pub fn void_claim(&mut self, cx: &Cx, holder: Address, id: Hash) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            let step = self.claims.void(request_id(holder, id))?;
            let Step::Done(CashOut { amount, .. }) = step else { return Ok(()) };
            self.freeze.running()?;
            self.lots.owe(self.recovery.current(holder), amount);
            let state = CashOutState::Void;
            cx.emit(&ClaimChanged { holder, id, amount, state });
            Ok(())
        }

        /// Sets a scheme that holds from an instant on. One that bounds issuers less than what
        /// holds now, or than what is scheduled, waits for a second issuer to send the same.
        #[call]
        pub fn schedule_scheme(
            &mut self,
            cx: &Cx,
            scheme: Scheme,
            from: TimestampMs,
        ) -> Result<Verdict, Error> {
            self.only(cx, Role::Issuer)?;
            self.planned(cx, scheme, from)
        }

        /// Withdraws a scheme that does not hold yet. One that bounds issuers more than what holds
        /// without it waits for a second issuer to send the same.
        #[call]
        pub fn withdraw_scheme(&mut self, cx: &Cx, from: Version) -> Result<Verdict, Error> {
            self.only(cx, Role::Issuer)?;
            self.unplanned(cx, from)
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
            self.roles.set(by, account, role, has)?;
            cx.emit(&RoleChanged { account, role, has });
            Ok(())
        }

        /// Stops everything for the reason that a document says, whose hash it is.
        #[call]
        pub fn pause(&mut self, cx: &Cx, reason: Hash) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = FreezeOrder::now(cx, reason);
            self.freeze.pause(order)?;
            cx.emit(&PauseChanged { order: Some(order) });
            Ok(())
        }

        /// Goes on.
        #[call]
        pub fn resume(&mut self, cx: &Cx) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            self.freeze.resume()?;
            cx.emit(&PauseChanged { order: None });
            Ok(())
        }

        /// Freezes an account for the reason that a document says, whose hash it is.
        #[call]
        pub fn freeze(&mut self, cx: &Cx, account: Address, reason: Hash) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = FreezeOrder::now(cx, reason);
            self.freeze.freeze(account, order)?;
            cx.emit(&FreezeChanged { account, order: Some(order) });
            Ok(())
        }

        /// Frees an account.
        #[call]
        pub fn unfreeze(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            self.freeze.unfreeze(account)?;
            cx.emit(&FreezeChanged { account, order: None });
            Ok(())
        }

        /// An agent asks to move a holder's money to another account of the person: the key was
        /// lost.
        #[call]
        pub fn request_recovery(
            &mut self,
            cx: &Cx,
            account: Address,
            to: Address,
            reason: Hash,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.one_person(account, to)?;
            let (by, now) = (cx.caller(), cx.time());
            let due = self.recovery.request(account, to, by, reason, now, RECOVERY_DELAY_MS)?.due;
            cx.emit(&RecoveryRequested { account, to, by, reason, due });
            Ok(())
        }

        /// Who has the key after all says so: also while the account is frozen, or all is paused.
        #[call]
        pub fn object_to_recovery(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            let by = cx.caller();
            let to = self.recovery.object(account, by)?.to;
            cx.emit(&RecoveryDropped { account, to, by });
            Ok(())
        }

        /// An agent takes a request back.
        #[call]
        pub fn drop_recovery(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            let to = self.recovery.drop_request(account)?.to;
            cx.emit(&RecoveryDropped { account, to, by: cx.caller() });
            Ok(())
        }

        /// Moves the money once the delay is over; anybody may. What the new account has stays.
        #[call]
        pub fn complete_recovery(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            self.freeze.running()?;
            let to = self.recovery.complete(account, cx.time())?.to;
            self.one_person(account, to)?;
            self.expire_of(cx, account, EXPIRED_MAX)?;
            self.lots.move_all(account, to)?;
            self.freeze.carry_over(account, to);
            cx.emit(&Recovered { from: account, to });
            Ok(())
        }

        /// The request to move a holder's money that is under way.
        #[query]
        pub fn recovery(&self, account: Address) -> Option<Request> {
            self.recovery.pending(account)
        }

        /// What a purchase would come to now.
        #[query]
        pub fn quote(&self, cx: &Cx, buyer: Address, face: Amount) -> Result<Quote, Error> {
            self.quote_for(buyer, face, cx.time())
        }

        /// What cashback the payer would get now, its debt paid, or why the payment would be
        /// refused.
        #[query]
        pub fn preview(
            &self,
            cx: &Cx,
            payer: Address,
            merchant: Address,
            amount: Amount,
        ) -> Result<Amount, Error> {
            self.freeze.running()?;
            self.freeze.check(payer)?;
            self.freeze.check(merchant)?;
            self.preview_of(payer, merchant, amount, cx.time())
        }

        /// What an account can spend, of whatever class: lots that expired still count until they
        /// are ended. For a merchant what it is owed.
        #[query]
        pub fn balance_of(&self, holder: Address) -> Amount {
            let wallet = self.lots.wallet(holder);
            let held = wallet.own.saturating_add(wallet.bonus).saturating_add(wallet.policy);
            held.saturating_add(self.receivables.owed(holder))
        }

        /// What somebody has.
        #[query]
        pub fn holding(&self, cx: &Cx, holder: Address) -> Result<Holding, Error> {
            let wallet = self.lots.wallet(holder);
            let unclaimed = self.lots.unclaimed(holder);
            let (debt, purchase_left) = match self.registry().persons().person(holder) {
                Ok(person) => {
                    let (_, scheme) = self.scheme.at(cx.time())?;
                    let left = self.purchase_left(&scheme, person, cx.time());
                    (self.lots.standing(person).debt, left)
                }
                Err(_) => (Amount::ZERO, Amount::ZERO),
            };
            let (own, bonus, policy) = (wallet.own, wallet.bonus, wallet.policy);
            Ok(Holding { own, bonus, policy, debt, unclaimed, purchase_left })
        }

        /// A page of a holder's lots, in the order in which they are spent.
        #[query]
        pub fn lots(
            &self,
            holder: Address,
            after: Option<LotKey>,
            limit: u32,
        ) -> Vec<(LotKey, Lot)> {
            self.lots.lots(holder, after, limit.min(100))
        }

        /// A merchant's account.
        #[query]
        pub fn merchant_account(&self, cx: &Cx, merchant: Address) -> MerchantAccount {
            MerchantAccount {
                receivable: self.receivables.owed(merchant),
                pending: self.cash_outs.pending(merchant),
                cashed_this_month: self.cashed.used(&merchant, cx.time()),
            }
        }

        /// A payment by who paid and the merchant's receipt, and what remains of its lots.
        #[query]
        pub fn payment(&self, payer: Address, merchant: Address, receipt: Hash) -> Option<Payment> {
            self.lots.payment(payment_id(payer, merchant, receipt))
        }

        /// A claim by the holder's id.
        #[query]
        pub fn claimed(&self, holder: Address, id: Hash) -> Option<CashOut> {
            self.claims.cash_out(request_id(holder, id))
        }

        /// A cash-out by the merchant's id.
        #[query]
        pub fn cash_out(&self, merchant: Address, id: Hash) -> Option<CashOut> {
            self.cash_outs.cash_out(request_id(merchant, id))
        }

        /// The scheme that holds now, and since when.
        #[query]
        pub fn scheme(&self, cx: &Cx) -> Result<(Version, Scheme), Error> {
            Ok(self.scheme.at(cx.time())?)
        }

        /// What a month's pool has left.
        #[query]
        pub fn pool_left(&self, month: Month) -> Amount {
            self.pool.room(month)
        }

        /// All money that is out: with holders, with merchants, pending or unclaimed.
        #[query]
        pub fn supply(&self) -> Amount {
            self.outstanding()
        }

        /// Counts a page of all lots of all holders again: what remains in them, and where the next
        /// page starts. All pages and those of `count_owed` add up to the supply.
        #[query]
        pub fn count_lots(
            &self,
            after: Option<(Address, LotKey)>,
            limit: u32,
        ) -> (Amount, Option<(Address, LotKey)>) {
            let page = self.lots.page(after.as_ref(), limit);
            let amounts = page.items.iter().map(|(_, lot)| lot.remaining);
            (amounts.fold(Amount::ZERO, Amount::saturating_add), page.next)
        }

        /// Counts a page of what lies elsewhere again.
        #[query]
        pub fn count_owed(
            &self,
            owed: Owed,
            after: Option<Address>,
            limit: u32,
        ) -> (Amount, Option<Address>) {
            let after = after.as_ref();
            let page = match owed {
                Owed::Unclaimed => self.lots.unclaimed_page(after, limit),
                Owed::Claims => self.claims.page(after, limit),
                Owed::Receivable => self.receivables.page(after, limit),
                Owed::CashOuts => self.cash_outs.page(after, limit),
            };
            let amounts = page.items.iter().map(|(_, amount)| *amount);
            (amounts.fold(Amount::ZERO, Amount::saturating_add), page.next)
        }

        /// The books, checked: the escrow is what is outstanding and what the pool and the
        /// programmes have left, and what is outstanding was issued and not taken back. `first` to
        /// `last` are the months of the pool, 120 at most; all that were funded or drawn from must
        /// be among them.
        #[query]
        pub fn books(&self, cx: &Cx, first: Month, last: Month) -> Result<Books, Error> {
            self.checked(first, last, cx.time())
        }

        /// Counts a page of lots, at most `limit` (200 at most) after those that were counted, then
        /// of what lies elsewhere, then months of the pool; refuses unless all of it is in the end
        /// what supply and escrow say. Ask for all pages at one height.
        #[query]
        pub fn audit(&self, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.audited(counted, limit)
        }

        /// Name and symbol.
        #[query]
        pub fn about(&self) -> (String, String) {
            (self.name.get(), self.symbol.get())
        }
    }
}

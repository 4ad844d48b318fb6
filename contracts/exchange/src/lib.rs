//! Exchanges any token for any other: at a desk with set rates, or with somebody.
//!
//! **The desk** gives out of its inventory at rates that its sources set. A rate is what one unit of
//! a token is worth in a unit common to all, so that every pair has one price and no way round is
//! cheaper. The most is given that is worth no more than what is offered, no more is taken than
//! what gives it, and the fee is of what is given, to the side.
//!
//! **Trades** are between two: what each gives is allocated (held here) before either moves. A trade
//! without an agent is settled as it is taken, a swap; one with an agent is settled or voided by it,
//! delivery against payment. From its expiry on it is only voided, and each side goes back.
//!
//! **Bounds.** Nobody gets units that are bound less, in purpose or time, than those given up
//! ([`Bounds`](dure_sdk::standard::Bounds)); a token that does not say is not exchanged. Each token
//! is asked `can_transfer` before it moves.
//!
//! **Invariants.** For each token, what is held is the sum of its purses, and the contract has at
//! least that. At unchanged rates no sequence of exchanges gains. An id moves units once. A trade
//! is settled on both sides or on none.
//!
//! **Concurrency.** Exchanges write in common what the desk has of a token and the fees: amounts
//! that are only added to, or taken from within what there is.
#![no_std]
#![allow(clippy::result_large_err, reason = "it names what binds the units, both ways")]

mod audit;
mod desk;
mod error;
mod event;
mod purses;
mod state;
mod terms;
mod trade;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod exchange {
    use dure_sdk::{
        domain::{freeze::FreezeOrder, policy::Version, rates::InForce, roles::Role},
        prelude::*,
        standard::Bounds,
    };

    use crate::purses::bounds;

    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{
        Allocated, BreakerChanged, Exchanged, FeesCollected, FreezeChanged, PauseChanged, Proposed,
        RateSet, RoleChanged, Settled, Stocked, TakenBack, TermsScheduled, TermsWithdrawn, Voided,
    };
    #[storage]
    pub use crate::state::Exchange;
    pub use crate::state::{
        Audit, Books, Counted, Leg, Proposal, Purse, PurseKind, Quote, Receipt, Request, Side,
        Stocking, Trade, TradeState, Uncounted,
    };
    pub use crate::terms::{ASSETS_MAX, Asset, Terms, TermsError};
    pub use crate::trade::trade_id;

    impl Exchange {
        /// The creator administers, stocks the desk, closes its breaker and pauses.
        #[init]
        pub fn new(&mut self, cx: &Cx, terms: Terms) -> Result<(), Error> {
            terms.check()?;
            let (creator, now) = (cx.caller(), cx.time());
            let from = self.terms.schedule(&terms, now, now, 0, false)?;
            self.roles.found(creator);
            for role in [Role::Agent, Role::Auditor, Role::Pauser] {
                self.roles.grant(creator, creator, role)?;
            }
            cx.emit(&TermsScheduled { from, terms });
            Ok(())
        }

        /// Brings inventory in, by allowance: units that nothing binds in the agent's hands, as an
        /// issuer's own or money. Repeated under its id, it changes nothing.
        #[call]
        pub fn stock(
            &mut self,
            cx: &Cx,
            id: Hash,
            token: Address,
            amount: Amount,
        ) -> Result<(), Error> {
            let by = self.only(cx, Role::Agent)?;
            if self.stocked_before(by, id, Stocking { token, amount, taken_out: false })? {
                return Ok(());
            }
            self.moves(by)?;
            let (gives, gets) = (bounds(token, by)?, Bounds::NONE);
            ensure!(gives.allow(&gets), Error::Loosened { token, gives, gets });
            let terms = self.terms_at(cx.time())?;
            let most = Self::asset(&terms, token)?.inventory_max;
            self.take_in(cx, token, Purse::INVENTORY, amount, most)?;
            cx.emit(&Stocked { token, by, id, amount, taken_out: false });
            Ok(())
        }

        /// Takes inventory out, of a token that the desk has no longer, too. Repeated under its id,
        /// it changes nothing.
        #[call]
        pub fn withdraw(
            &mut self,
            cx: &Cx,
            id: Hash,
            token: Address,
            amount: Amount,
        ) -> Result<(), Error> {
            let by = self.only(cx, Role::Agent)?;
            if self.stocked_before(by, id, Stocking { token, amount, taken_out: true })? {
                return Ok(());
            }
            self.moves(by)?;
            self.debit(token, Purse::INVENTORY, amount)?;
            self.pay(cx, token, by, amount)?;
            cx.emit(&Stocked { token, by, id, amount, taken_out: true });
            Ok(())
        }

        /// Exchanges at the desk: takes by allowance and gives, or neither. Repeated under its id,
        /// it changes nothing and answers the same.
        #[call]
        pub fn exchange(&mut self, cx: &Cx, id: Hash, request: Request) -> Result<Receipt, Error> {
            let by = cx.caller();
            if let Some(receipt) = self.receipts.get(&(by, id)) {
                ensure!(receipt.request == request, Error::IdUsed { id });
                return Ok(receipt);
            }
            self.moves(by)?;
            let receipt = self.fill(cx, &request)?;
            self.receipts.set(&(by, id), &receipt);
            cx.emit(&Exchanged { by, id, receipt });
            Ok(receipt)
        }

        /// A payee takes all its fees of a token.
        #[call]
        pub fn collect_fees(&mut self, cx: &Cx, token: Address) -> Result<Amount, Error> {
            let payee = cx.caller();
            self.moves(payee)?;
            let amount = self.purse(token, Purse::fees(payee));
            self.debit(token, Purse::fees(payee), amount)?;
            self.pay(cx, token, payee, amount)?;
            cx.emit(&FeesCollected { payee, token, amount });
            Ok(amount)
        }

        /// The source of a token says what one unit of it is worth, from an instant on. One that
        /// jumps opens the breaker.
        #[call]
        pub fn set_rate(
            &mut self,
            cx: &Cx,
            token: Address,
            worth: Ratio,
            from: TimestampMs,
        ) -> Result<(), Error> {
            let guard = self.source(cx, token)?.guard;
            let jump = self.rates.set(&token, worth, from, cx.time(), &guard);
            let jump = jump.map_err(|error| Error::Rates { token, error })?;
            cx.emit(&RateSet { token, worth: Some(worth), from });
            if let Some(jump) = jump {
                cx.emit(&BreakerChanged { token, jump, open: true });
            }
            Ok(())
        }

        /// The source withdraws the last rate, which does not hold yet.
        #[call]
        pub fn withdraw_rate(
            &mut self,
            cx: &Cx,
            token: Address,
            from: TimestampMs,
        ) -> Result<(), Error> {
            self.source(cx, token)?;
            let withdrawn = self.rates.withdraw(&token, from, cx.time());
            withdrawn.map_err(|error| Error::Rates { token, error })?;
            cx.emit(&RateSet { token, worth: None, from });
            Ok(())
        }

        /// An auditor has looked at a jump: the rates that are set stand.
        #[call]
        pub fn close_breaker(&mut self, cx: &Cx, token: Address) -> Result<(), Error> {
            self.only(cx, Role::Auditor)?;
            let jump = self.rates.reset(&token);
            let jump = jump.map_err(|error| Error::Rates { token, error })?;
            cx.emit(&BreakerChanged { token, jump, open: false });
            Ok(())
        }

        /// Sets terms that hold from an instant on.
        #[call]
        pub fn schedule_terms(
            &mut self,
            cx: &Cx,
            terms: Terms,
            from: TimestampMs,
        ) -> Result<(), Error> {
            self.only(cx, Role::Administrator)?;
            terms.check()?;
            let now = cx.time();
            let notice_ms = self.terms_at(now)?.guard.notice_ms;
            let from = self.terms.schedule(&terms, from, now, notice_ms, false)?;
            cx.emit(&TermsScheduled { from, terms });
            Ok(())
        }

        /// Withdraws terms that do not hold yet.
        #[call]
        pub fn withdraw_terms(&mut self, cx: &Cx, from: Version) -> Result<(), Error> {
            self.only(cx, Role::Administrator)?;
            self.terms.withdraw(from, cx.time())?;
            cx.emit(&TermsWithdrawn { from });
            Ok(())
        }

        /// Proposes a trade; what the maker gives is allocated by allowance. Answers its name;
        /// repeated under its id, it changes nothing.
        #[call]
        pub fn propose(&mut self, cx: &Cx, id: Hash, proposal: Proposal) -> Result<Hash, Error> {
            let (trade, is_new) = self.make(cx, id, &proposal)?;
            if is_new {
                cx.emit(&Proposed { trade, maker: cx.caller(), id, proposal });
            }
            Ok(trade)
        }

        /// Takes a trade; what the taker gives is allocated by allowance. Without an agent it is
        /// settled at once. Repeated, it changes nothing.
        #[call]
        pub fn allocate(&mut self, cx: &Cx, trade: Hash) -> Result<(), Error> {
            let Some(taken) = self.take(cx, trade)? else { return Ok(()) };
            cx.emit(&Allocated { trade, taker: cx.caller() });
            if taken.proposal.agent.is_none() {
                self.deliver(cx, trade, &taken)?;
                cx.emit(&Settled { trade });
            }
            Ok(())
        }

        /// The agent settles a trade: each side goes to the other, or none does.
        #[call]
        pub fn settle(&mut self, cx: &Cx, trade: Hash) -> Result<(), Error> {
            if self.settled(cx, trade)? {
                cx.emit(&Settled { trade });
            }
            Ok(())
        }

        /// Voids a trade: its maker or the one it is meant for until it is taken, its agent until it
        /// is settled, anybody from its expiry on.
        #[call]
        pub fn void(&mut self, cx: &Cx, trade: Hash) -> Result<(), Error> {
            if self.void_trade(cx, trade)? {
                cx.emit(&Voided { trade });
            }
            Ok(())
        }

        /// Gives a side of a voided trade back to who allocated it; anybody may.
        #[call]
        pub fn take_back(&mut self, cx: &Cx, trade: Hash, side: Side) -> Result<(), Error> {
            self.give_back(cx, trade, side)?;
            cx.emit(&TakenBack { trade, side });
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
            self.roles.set(cx.caller(), account, role, has)?;
            cx.emit(&RoleChanged { account, role, has });
            Ok(())
        }

        /// Stops whatever moves units, for the reason that a document says, whose hash it is;
        /// `None` goes on.
        #[call]
        pub fn set_paused(&mut self, cx: &Cx, reason: Option<Hash>) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = reason.map(|reason| FreezeOrder::now(cx, reason));
            self.freeze.set_paused(order)?;
            cx.emit(&PauseChanged { order });
            Ok(())
        }

        /// Freezes an account for a reason, or frees it.
        #[call]
        pub fn set_frozen(
            &mut self,
            cx: &Cx,
            account: Address,
            reason: Option<Hash>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = reason.map(|reason| FreezeOrder::now(cx, reason));
            self.freeze.set_frozen(account, order)?;
            cx.emit(&FreezeChanged { account, order });
            Ok(())
        }

        /// What a request would come to, and until when.
        #[query]
        pub fn quote(
            &self,
            cx: &Cx,
            offer: Address,
            offered: Amount,
            want: Address,
        ) -> Result<Quote, Error> {
            self.quote_of(offer, offered, want, cx.time())
        }

        /// What a unit of a token is worth now.
        #[query]
        pub fn rate(&self, cx: &Cx, token: Address) -> Result<InForce, Error> {
            let terms = self.terms_at(cx.time())?;
            let rate = self.rates.at(&token, cx.time(), &terms.guard);
            rate.map_err(|error| Error::Rates { token, error })
        }

        /// The terms that hold now, and since when.
        #[query]
        pub fn terms(&self, cx: &Cx) -> Result<(Version, Terms), Error> {
            Ok(self.terms.at(cx.time())?)
        }

        /// What came of a request.
        #[query]
        pub fn receipt(&self, by: Address, id: Hash) -> Option<Receipt> {
            self.receipts.get(&(by, id))
        }

        /// A trade.
        #[query]
        pub fn trade(&self, trade: Hash) -> Option<Trade> {
            self.trades.get(&trade)
        }

        /// What the desk has of a token.
        #[query]
        pub fn inventory(&self, token: Address) -> Amount {
            self.purse(token, Purse::INVENTORY)
        }

        /// The fees of a token that wait for a payee.
        #[query]
        pub fn fees(&self, payee: Address, token: Address) -> Amount {
            self.purse(token, Purse::fees(payee))
        }

        /// The books of a token, checked: what is held is there.
        #[query]
        pub fn books(&self, cx: &Cx, token: Address) -> Result<Books, Error> {
            self.checked(cx, token)
        }

        /// Counts a page of purses of all tokens, at most `limit` (200 at most) after those that
        /// were counted, and refuses unless each token's are what is held of it, and of the desk's
        /// tokens the contract has that. Ask for all pages at one height.
        #[query]
        pub fn audit(&self, cx: &Cx, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.audited(cx, counted, limit)
        }

        /// The purses of a token, those after `after`, at most `limit` of them and at most 200:
        /// all of them sum to what `books` says is held.
        #[query]
        pub fn purses(
            &self,
            token: Address,
            after: Option<Purse>,
            limit: u32,
        ) -> Vec<(Purse, Amount)> {
            let start = (token, after.unwrap_or(Purse::INVENTORY));
            let all = self.purses.entries(Some(&start), Order::Ascending);
            all.take_while(|((of, _), _)| *of == token)
                .map(|((_, purse), amount)| (purse, amount))
                .filter(|(purse, _)| Some(*purse) != after)
                .take(limit.min(200) as usize)
                .collect()
        }

        /// Who may do what.
        #[query]
        pub fn has_role(&self, account: Address, role: Role) -> bool {
            self.roles.has(account, role)
        }

        fn only(&self, cx: &Cx, role: Role) -> Result<Address, Error> {
            self.roles.check(cx.caller(), role)?;
            Ok(cx.caller())
        }

        /// The terms, for who is the source of a token.
        fn source(&self, cx: &Cx, token: Address) -> Result<Terms, Error> {
            let terms = self.terms_at(cx.time())?;
            let source = Self::asset(&terms, token)?.source;
            ensure!(cx.caller() == source, Error::NotSource { token, source });
            Ok(terms)
        }
    }
}

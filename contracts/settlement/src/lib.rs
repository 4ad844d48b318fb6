//! Cards, payments between banks, and what companies owe each other, settled by their net.
//!
//! **Banks** issue deposits as tokens of the standard. A customer of one pays a customer of another
//! at once: the payer's tokens go back to its bank, the payee is given tokens of its own, and the
//! one bank owes the other in the open cycle, under its debit cap.
//!
//! **Cards** do the same in two steps: an authorisation holds the customer's tokens, a merchant
//! captures them, in parts if it likes, voids, or lets them run out, and gives back what it
//! captured.
//!
//! **Companies** enter what they owe, with a priority.
//!
//! At the end of a **cycle** each member pays or receives its net out of funds that it put in
//! beforehand; who cannot, has obligations carried into the next cycle with a penalty
//! (`domain::netting`).
//!
//! **Invariants.** Positions sum to nought. The funds of all members are what was put in and not
//! taken out; they, and the authorised tokens of each bank, are there in tokens. Refunds of an
//! authorisation are at most what was captured.
#![no_std]

mod audit;
mod book;
mod error;
mod event;
mod scheme;
mod state;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod settlement {
    use crate::book::Delivery;
    use dure_sdk::{
        domain::{
            freeze::FreezeOrder,
            holds::{Hold, Rest},
            netting::{Debt, Obligation, Rank, Report},
            policy::Version,
            roles::Role,
        },
        prelude::*,
        standard::TokenClient,
    };

    pub use crate::book::{TAKEN_OUT_MAX, scoped};
    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{
        Authorised, CapChanged, Captured, CycleCut, CycleSettled, FreezeChanged, Funded,
        GiveBackRefused, HoldEnded, MemberAdmitted, ObligationCarried, ObligationEntered, Paid,
        PauseChanged, PositionsSettled, Refunded, RoleChanged, SchemeScheduled, TakenBack,
        Withdrawn,
    };
    pub use crate::scheme::{Cycle, Scheme, SchemeError};
    #[storage]
    pub use crate::state::Settlement;
    pub use crate::state::{
        Audit, Books, Counted, CountedHolds, CycleView, HoldsAudit, Member, Request, Route,
        Standing, Uncounted,
    };

    impl Settlement {
        /// The creator administers, issues policy, acts for members and pauses. `token` is what
        /// members settle in.
        #[init]
        pub fn new(&mut self, cx: &Cx, token: Address, scheme: Scheme) -> Result<(), Error> {
            scheme.check()?;
            let (creator, now) = (cx.caller(), cx.time());
            self.token.set(&token);
            self.scheme.schedule(&scheme, now, now, 0, false)?;
            self.netting.found(now);
            self.roles.found(creator);
            for role in [Role::Issuer, Role::Agent, Role::Pauser] {
                self.roles.grant(creator, creator, role)?;
            }
            Ok(())
        }

        /// Admits a member, which may come to owe `cap` net in a cycle; a bank has the token of its
        /// customers' deposits. Answers its number: they count from 0, and in gridlock the lowest
        /// is looked at first.
        #[call]
        pub fn admit(
            &mut self,
            cx: &Cx,
            account: Address,
            deposit: Option<Address>,
            cap: Amount,
        ) -> Result<u32, Error> {
            self.only(cx, Role::Agent)?;
            let member = self.admitted(account, deposit, cap)?;
            cx.emit(&MemberAdmitted { member, of: Member { account, deposit }, cap });
            Ok(member)
        }

        /// Sets what a member may come to owe, from the next cycle on.
        #[call]
        pub fn set_cap(&mut self, cx: &Cx, member: u32, cap: Amount) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.netting.set_cap(member, cap)?;
            cx.emit(&CapChanged { member, cap });
            Ok(())
        }

        /// A member puts funds in, which are taken from the caller by allowance. Repeated under the
        /// id, it changes nothing; so do all calls that have an id.
        #[call]
        pub fn fund(&mut self, cx: &Cx, id: Hash, amount: Amount) -> Result<(), Error> {
            if self.again(cx, id, Request::Fund { amount })? {
                return Ok(());
            }
            let member = self.own(cx)?;
            self.netting.fund(member, amount)?;
            self.put_in.add(amount);
            let token = TokenClient::at(self.token.get());
            let (from, own) = (cx.caller(), cx.address());
            token.transfer_from(from, own, amount, None).map_err(Error::Token)?;
            cx.emit(&Funded { member, id, amount });
            Ok(())
        }

        /// A member takes funds out.
        #[call]
        pub fn withdraw(&mut self, cx: &Cx, id: Hash, amount: Amount) -> Result<(), Error> {
            if self.again(cx, id, Request::Withdraw { amount })? {
                return Ok(());
            }
            let member = self.own(cx)?;
            self.netting.withdraw(member, amount)?;
            self.took_out(amount)?;
            let token = TokenClient::at(self.token.get());
            token.transfer(cx.caller(), amount, None).map_err(Error::Token)?;
            cx.emit(&Withdrawn { member, id, amount });
            Ok(())
        }

        /// A member enters what it owes another; of a low priority it is the first to be carried
        /// into the next cycle. Answers the obligation's name.
        #[call]
        pub fn owe(
            &mut self,
            cx: &Cx,
            id: Hash,
            creditor: u32,
            amount: Amount,
            priority: u8,
        ) -> Result<Hash, Error> {
            let name = scoped(cx.caller(), id);
            if self.again(cx, id, Request::Owe { creditor, amount, priority })? {
                return Ok(name);
            }
            let debtor = self.own(cx)?;
            self.enter(cx, debtor, name, creditor, amount, priority)?;
            Ok(name)
        }

        /// A customer of a bank pays a customer of another, or of the same, at once. Answers the
        /// name of what the one bank owes the other.
        #[call]
        pub fn pay(
            &mut self,
            cx: &Cx,
            id: Hash,
            route: Route,
            payee: Address,
            amount: Amount,
        ) -> Result<Hash, Error> {
            let payer = cx.caller();
            let name = scoped(payer, id);
            if self.again(cx, id, Request::Pay { route, payee, amount })? {
                return Ok(name);
            }
            self.freeze.check(payer)?;
            self.freeze.check(payee)?;
            let source = Some(payer);
            self.deliver(cx, &Delivery { id: name, route, source, payee, amount })?;
            cx.emit(&Paid { id: name, payer, payee, route, amount });
            Ok(name)
        }

        /// A customer authorises a merchant to capture up to an amount, until the scheme's time is
        /// over. Answers the authorisation's name.
        #[call]
        pub fn authorise(
            &mut self,
            cx: &Cx,
            id: Hash,
            route: Route,
            merchant: Address,
            amount: Amount,
        ) -> Result<Hash, Error> {
            let payer = cx.caller();
            let hold = scoped(payer, id);
            if self.again(cx, id, Request::Authorise { route, merchant, amount })? {
                return Ok(hold);
            }
            self.freeze.check(payer)?;
            self.freeze.check(merchant)?;
            let expires = self.authorised(cx, hold, route, merchant, amount)?;
            cx.emit(&Authorised { hold, payer, merchant, route, amount, expires });
            Ok(hold)
        }

        /// The merchant captures up to what an authorisation still has, and keeps the rest for
        /// later or releases it. Answers how the authorisation stands.
        #[call]
        pub fn capture(
            &mut self,
            cx: &Cx,
            id: Hash,
            hold: Hash,
            amount: Amount,
            rest: Rest,
        ) -> Result<Option<Hold>, Error> {
            if self.again(cx, id, Request::Capture { hold, amount, rest })? {
                return Ok(self.holds.hold(hold));
            }
            let merchant = cx.caller();
            let id = scoped(merchant, id);
            let (after, released) = self.captured(cx, hold, amount, rest, id)?;
            let state = after.state;
            cx.emit(&Captured { hold, merchant, id, amount, released, state });
            Ok(Some(after))
        }

        /// The merchant lets go all that an authorisation still has. Repeated, it changes nothing.
        #[call]
        pub fn void(&mut self, cx: &Cx, hold: Hash) -> Result<(), Error> {
            if let Some(after) = self.voided(cx, hold)? {
                let released = after.reserved.saturating_sub(after.captured);
                let (payer, state) = (after.payer, after.state);
                cx.emit(&HoldEnded { hold, payer, released, state });
            }
            Ok(())
        }

        /// Anybody ends at most `limit` authorisations that are over, those first that are so
        /// longest. Answers how many. What a token refuses to give back waits, and the others do
        /// not wait for it.
        #[call]
        pub fn expire(&mut self, cx: &Cx, limit: u32) -> Result<u32, Error> {
            self.freeze.running()?;
            let over = self.holds.sweep(cx.time(), limit)?;
            for hold in &over {
                if let Some(ended) = self.holds.hold(*hold) {
                    let released = self.let_go(cx, *hold, &ended)?;
                    let (hold, payer, state) = (*hold, ended.payer, ended.state);
                    cx.emit(&HoldEnded { hold, payer, released, state });
                }
            }
            Ok(over.len() as u32)
        }

        /// Anybody gives a payer back what its token refused to when the authorisation ended; one
        /// that is over is ended by it. Answers how much.
        #[call]
        pub fn take_back(&mut self, cx: &Cx, hold: Hash) -> Result<Amount, Error> {
            self.freeze.running()?;
            self.taken_back(cx, hold)
        }

        /// The merchant gives back what it captured, or a part, by allowance of its own deposit
        /// tokens.
        #[call]
        pub fn refund(
            &mut self,
            cx: &Cx,
            id: Hash,
            hold: Hash,
            amount: Amount,
        ) -> Result<(), Error> {
            if self.again(cx, id, Request::Refund { hold, amount })? {
                return Ok(());
            }
            let merchant = cx.caller();
            let id = scoped(merchant, id);
            self.refunded(cx, hold, amount, id)?;
            cx.emit(&Refunded { hold, merchant, id, amount });
            Ok(())
        }

        /// Anybody closes a cycle that is due: what comes after is of the next one. Where members
        /// are short, at most `limit` obligations are carried over; the answer is none until nobody
        /// is, and the next call goes on.
        #[call]
        pub fn close(&mut self, cx: &Cx, limit: u32) -> Result<Option<Report>, Error> {
            self.freeze.running()?;
            self.closed(cx, limit)
        }

        /// Anybody forgets by whom obligations of settled cycles were owed, at most `limit`; what
        /// was owed stays known by its name. Answers how many.
        #[call]
        pub fn forget(&mut self, limit: u32) -> u32 {
            self.netting.forget(limit)
        }

        /// Sets a scheme that holds from an instant on.
        #[call]
        pub fn schedule_scheme(
            &mut self,
            cx: &Cx,
            scheme: Scheme,
            from: TimestampMs,
        ) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            scheme.check()?;
            let from = self.scheme.schedule(&scheme, from, cx.time(), 0, false)?;
            cx.emit(&SchemeScheduled { from, scheme });
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

        /// Stops everything for the reason that a document says, whose hash it is; `None` goes on.
        #[call]
        pub fn set_paused(&mut self, cx: &Cx, reason: Option<Hash>) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = reason.map(|reason| FreezeOrder::now(cx, reason));
            self.freeze.set_paused(order)?;
            cx.emit(&PauseChanged { order });
            Ok(())
        }

        /// Freezes an account for a reason, or frees it; through a frozen bank nobody pays or is
        /// paid.
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

        /// A member.
        #[query]
        pub fn member(&self, member: u32) -> Option<Member> {
            self.members.get(&member)
        }

        /// The member that an account acts for.
        #[query]
        pub fn member_of(&self, account: Address) -> Option<u32> {
            self.by_account.get(&account)
        }

        /// Where a member stands.
        #[query]
        pub fn standing(&self, member: u32) -> Result<Standing, Error> {
            let position = self.netting.position(member)?;
            let (funds, room) = (self.netting.funds(member), self.netting.room(member));
            Ok(Standing { funds, position, room })
        }

        /// What a member owes under a name; settled iff the cycle that it is in is.
        #[query]
        pub fn obligation(&self, debtor: u32, name: Hash) -> Option<Obligation> {
            self.netting.obligation(debtor, name)
        }

        /// An authorisation.
        #[query]
        pub fn hold(&self, hold: Hash) -> Option<Hold> {
            self.holds.hold(hold)
        }

        /// The cycle that is open.
        #[query]
        pub fn cycle(&self) -> Result<CycleView, Error> {
            let open = self.netting.cycle();
            let (number, opened, due) = (open.number, open.opened, self.due()?);
            let closing = self.netting.closing().map(|(cycle, _)| cycle);
            Ok(CycleView { number, opened, due, closing })
        }

        /// What came of a cycle that is settled.
        #[query]
        pub fn report(&self, cycle: u64) -> Option<Report> {
            self.netting.report(cycle)
        }

        /// The books of funds and positions, checked: what members have is what they put in and did
        /// not take out, it is there in tokens, and their positions sum to nought.
        #[query]
        pub fn books(&self, cx: &Cx) -> Result<Books, Error> {
            self.checked(cx)
        }

        /// Counts a page of what is owed in the open cycle and in one that is being closed, then of
        /// each bank's authorisations, at most `limit` (200 at most) after those that were counted;
        /// refuses unless every position, and all that is authorised, is what the books say. Ask
        /// for all pages at one height.
        #[query]
        pub fn audit(&self, cx: &Cx, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.audited(cx, counted, limit)
        }

        /// Counts a bank's authorisations, at most `limit` of all that wait or could not go back
        /// (200 at most) after those that were counted, and refuses unless they are in the end
        /// what is in escrow, covered by tokens. Ask for all pages at one height.
        #[query]
        pub fn audit_holds(
            &self,
            cx: &Cx,
            bank: u32,
            counted: Option<CountedHolds>,
            limit: u32,
        ) -> Result<HoldsAudit, Error> {
            self.audited_holds(cx, bank, counted, limit)
        }

        /// What is owed in a cycle that was not forgotten, by debtor, in the order in which
        /// gridlock would take it out.
        #[query]
        pub fn debts(
            &self,
            cycle: u64,
            after: Option<(u32, Rank)>,
            limit: u32,
        ) -> Page<Debt, (u32, Rank)> {
            self.netting.debts(cycle, after, limit)
        }

        /// Who may do what.
        #[query]
        pub fn has_role(&self, account: Address, role: Role) -> bool {
            self.roles.has(account, role)
        }

        /// The version of the scheme that holds now.
        #[query]
        pub fn scheme(&self, cx: &Cx) -> Result<(Version, Scheme), Error> {
            Ok(self.scheme.at(cx.time())?)
        }
    }
}

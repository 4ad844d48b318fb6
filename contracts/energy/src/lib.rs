//! Energy by the quarter of an hour: orders until a gate, one price for all, meter readings that
//! two of three sign, and what deviates from a trade settled against the utility.
//!
//! Participants pay tokens in and trade with them. An order's collateral lies in the escrow of its
//! slot. At the gate anybody has the slot *cleared*: one call that keeps the price and where each
//! side ends, of one size however many orders there are. Then each trade is *collected*: what is
//! sold is paid in full, what a buyer has too much is free. After the readings it is *settled*: a
//! seller pays what it did not deliver, and a buyer what it used beyond, at retail; what was
//! delivered beyond or not used is paid at feed-in. Collecting and settling are for one meter at a
//! time, by anybody.
//!
//! Energy is in Wh, a rate in thousandths of a won for a kWh: so energy times rate is in millionths
//! of a won. A buyer's total is rounded up, a seller's down, once; what is left over is the
//! rounding account's.
//!
//! **Invariants.** What is bought is sold. No buyer pays more than its limit, no seller gets less,
//! grid fee included and before rounding. Cash is what accounts have free and what is in escrow,
//! and there are tokens for it. A slot's escrow is what its orders, cleared again, say. Who owes
//! has nothing free. A register only counts up. Certificates are never more than the MWh metered.
#![no_std]

mod audit;
mod error;
mod event;
mod metering;
mod money;
mod origin;
mod state;
mod terms;
mod trading;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod energy {
    use dure_sdk::{
        domain::{clearing::Side, freeze::FreezeOrder, policy::Version, roles::Role},
        prelude::*,
    };

    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{
        Cancelled, CashMoved, CertificateMoved, Cleared, Collected, KeyReplaced, MeterRegistered,
        Minted, Ordered, Read, Retired, RoleChanged, Settled, Stopped, TermsScheduled,
    };
    pub use crate::origin::{CERTIFICATE_WH, MINT_MAX};
    #[storage]
    pub use crate::state::Market;
    pub use crate::state::{
        Audit, Book, Books, Certificate, Counted, Meter, Movement, Outcome, Placed, Reading,
        SLOT_MS, Settlement, Signed, Signer, Slot, SlotBooks, Trade, Uncounted,
    };
    pub use crate::terms::{AHEAD_MS, EnergyTerms, TermsError, Zone};
    pub use crate::trading::{BOOK_MAX, SLOT_ORDERS_MAX};

    impl Market {
        /// The creator administers, announces terms, registers meters and may stop everything.
        /// Readings are signed under `name`: take another on every chain. `token` is what is
        /// settled in, its unit a won.
        #[init]
        pub fn new(
            &mut self,
            cx: &Cx,
            name: Hash,
            token: Address,
            terms: EnergyTerms,
        ) -> Result<(), Error> {
            terms.check()?;
            let creator = cx.caller();
            self.name.set(&name);
            self.token.set(&token);
            self.last_meter.set(&0);
            // Of old too, so that the slot before the first one can be read.
            let from = self.terms.schedule(&terms, TimestampMs(0), cx.time(), 0, false)?;
            self.roles.found(creator);
            for role in [Role::Issuer, Role::Agent, Role::Pauser] {
                self.roles.grant(creator, creator, role)?;
            }
            cx.emit(&TermsScheduled { from, terms });
            Ok(())
        }

        /// Announces terms for slots that begin at an instant or later, two days ahead at least: no
        /// order that is placed by then is for such a slot. The utility stays the same.
        #[call]
        pub fn schedule_terms(
            &mut self,
            cx: &Cx,
            terms: EnergyTerms,
            from: TimestampMs,
        ) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            terms.check()?;
            let utility = self.terms.at(cx.time())?.1.utility;
            ensure!(terms.utility == utility, Error::OtherUtility { utility });
            let from = self.terms.schedule(&terms, from, cx.time(), AHEAD_MS, false)?;
            cx.emit(&TermsScheduled { from, terms });
            Ok(())
        }

        /// Registers a meter and answers its number.
        #[call]
        pub fn register_meter(&mut self, cx: &Cx, meter: Meter) -> Result<u32, Error> {
            self.only(cx, Role::Agent)?;
            let number = self.registered(&meter)?;
            let Meter { owner, zone, keys, renewable } = meter;
            cx.emit(&MeterRegistered { meter: number, owner, zone, keys, renewable });
            Ok(number)
        }

        /// Gives a signer of a meter another key.
        #[call]
        pub fn replace_key(
            &mut self,
            cx: &Cx,
            meter: u32,
            signer: Signer,
            key: [u8; 32],
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.rekeyed(meter, signer as usize, key)?;
            cx.emit(&KeyReplaced { meter, signer, key });
            Ok(())
        }

        /// Pays tokens in, by allowance. Repeated under the id, it changes nothing.
        #[call]
        pub fn deposit(&mut self, cx: &Cx, id: Hash, amount: Amount) -> Result<(), Error> {
            let (account, movement) = (cx.caller(), Movement { deposited: true, amount });
            if self.moved_before(account, id, &movement)? {
                return Ok(());
            }
            self.freeze.running()?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            let debt_paid = self.deposited(cx, id, &movement)?;
            cx.emit(&CashMoved { account, id, deposited: true, amount, debt_paid });
            Ok(())
        }

        /// Pays out what is free. Repeated under the id, it changes nothing.
        #[call]
        pub fn withdraw(&mut self, cx: &Cx, id: Hash, amount: Amount) -> Result<(), Error> {
            let (account, movement) = (cx.caller(), Movement { deposited: false, amount });
            if self.moved_before(account, id, &movement)? {
                return Ok(());
            }
            self.freeze.running()?;
            self.freeze.check(account)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            self.withdrawn(account, id, &movement)?;
            let debt_paid = Amount::ZERO;
            cx.emit(&CashMoved { account, id, deposited: false, amount, debt_paid });
            Ok(())
        }

        /// Places an order for a slot; its owner's collateral goes into escrow. Repeated under the
        /// id, it changes nothing.
        #[call]
        #[allow(clippy::too_many_arguments, reason = "a wallet names each")]
        pub fn order(
            &mut self,
            cx: &Cx,
            slot: Slot,
            meter: u32,
            id: Hash,
            side: Side,
            energy_wh: u64,
            limit_mwon: u64,
        ) -> Result<(), Error> {
            let found = self.own_meter(cx, meter)?;
            let wanted = (id, side, energy_wh, limit_mwon);
            if self.ordered_before(slot, meter, wanted)? {
                return Ok(());
            }
            self.freeze.running()?;
            self.freeze.check(found.owner)?;
            let order = self.placed(cx, slot, meter, &found, wanted)?;
            cx.emit(&Ordered { slot, meter, order });
            Ok(())
        }

        /// Cancels an order before the gate closes. Repeated, it changes nothing.
        #[call]
        pub fn cancel(&mut self, cx: &Cx, slot: Slot, meter: u32, id: Hash) -> Result<(), Error> {
            self.own_meter(cx, meter)?;
            self.freeze.running()?;
            if let Some((collateral, debt_paid)) = self.cancelled(slot, meter, id, cx.time())? {
                cx.emit(&Cancelled { slot, meter, id, collateral, debt_paid });
            }
            Ok(())
        }

        /// Clears a slot whose gate has closed; anybody may. Repeated, it answers the same.
        #[call]
        pub fn clear(&mut self, cx: &Cx, slot: Slot) -> Result<Outcome, Error> {
            self.freeze.running()?;
            let (outcome, fees) = self.cleared(slot, cx.time())?;
            if let Some(fees) = fees {
                cx.emit(&Cleared { slot, outcome, fees });
            }
            Ok(outcome)
        }

        /// Pays what a meter traded in a cleared slot, and frees what is left of its collateral;
        /// anybody may. Repeated, it answers the same.
        #[call]
        pub fn collect(&mut self, cx: &Cx, slot: Slot, meter: u32) -> Result<Trade, Error> {
            self.freeze.running()?;
            self.collect_trade(cx, slot, meter)
        }

        /// Keeps the registers of a meter at the end of a slot. Two of meter, grid operator and
        /// aggregator sign a reading, all three a correction of it; anybody may bring it.
        #[call]
        pub fn read(
            &mut self,
            cx: &Cx,
            meter: u32,
            slot: Slot,
            reading: Reading,
            signatures: Vec<Signed>,
        ) -> Result<(), Error> {
            self.kept(cx, meter, slot, &reading, &signatures)?;
            cx.emit(&Read { meter, slot, reading });
            Ok(())
        }

        /// Settles what a meter's reading deviates from its trade, once readings are over; anybody
        /// may. Collects first where nobody did. Repeated, it answers the same.
        #[call]
        pub fn settle(&mut self, cx: &Cx, slot: Slot, meter: u32) -> Result<Settlement, Error> {
            self.freeze.running()?;
            self.collect_trade(cx, slot, meter)?;
            let (settlement, done) = self.settled(slot, meter, cx.time())?;
            if let Some((freed, debt_paid)) = done {
                cx.emit(&Settled { slot, meter, settlement, freed, debt_paid });
            }
            Ok(settlement)
        }

        /// Makes the certificates of origin that a renewable meter earned until the end of a slot,
        /// at most 64; anybody may. Answers how many.
        #[call]
        pub fn mint(&mut self, cx: &Cx, meter: u32, slot: Slot) -> Result<u32, Error> {
            self.freeze.running()?;
            let (holder, first, count) = self.made(meter, slot, cx.time())?;
            cx.emit(&Minted { meter, holder, first, count });
            Ok(count)
        }

        /// Passes a certificate on.
        #[call]
        pub fn transfer_certificate(
            &mut self,
            cx: &Cx,
            meter: u32,
            number: u64,
            to: Address,
        ) -> Result<(), Error> {
            let from = cx.caller();
            self.freeze.running()?;
            self.freeze.check(from)?;
            let mut certificate = self.live_certificate(meter, number, from)?;
            certificate.holder = to;
            self.certificates.set(&(meter, number), &certificate);
            cx.emit(&CertificateMoved { meter, number, from, to });
            Ok(())
        }

        /// Retires a certificate for a claim, a document whose hash it is: once.
        #[call]
        pub fn retire(
            &mut self,
            cx: &Cx,
            meter: u32,
            number: u64,
            claim: Hash,
        ) -> Result<(), Error> {
            let holder = cx.caller();
            self.freeze.running()?;
            self.freeze.check(holder)?;
            let mut certificate = self.live_certificate(meter, number, holder)?;
            certificate.retired = Some(claim);
            self.certificates.set(&(meter, number), &certificate);
            cx.emit(&Retired { meter, number, holder, claim });
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
            self.roles.set(by, account, role, has)?;
            cx.emit(&RoleChanged { account, role, has });
            Ok(())
        }

        /// Stops whatever moves money for the reason that a document says, whose hash it is; `None`
        /// goes on. Readings are kept all the same: they do not wait.
        #[call]
        pub fn set_paused(&mut self, cx: &Cx, reason: Option<Hash>) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            self.freeze.set_paused(reason.map(|reason| FreezeOrder::now(cx, reason)))?;
            cx.emit(&Stopped { account: None, reason });
            Ok(())
        }

        /// Freezes an account for a reason, or frees it: it neither orders nor takes anything out,
        /// and what it traded is settled.
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
            cx.emit(&Stopped { account: Some(account), reason });
            Ok(())
        }

        /// What an account has free, and what it owes the utility.
        #[query]
        pub fn account(&self, account: Address) -> (Amount, Amount) {
            (self.funds.at(&account).get(), self.debts.at(&account).get())
        }

        /// A page of accounts and what they have free: their sum is the funds of the audit.
        #[query]
        pub fn accounts(
            &self,
            after: Option<Address>,
            limit: u32,
        ) -> Page<(Address, Amount), Address> {
            self.funds.page(after.as_ref(), limit, Order::Ascending)
        }

        /// A meter.
        #[query]
        pub fn meter(&self, meter: u32) -> Option<Meter> {
            self.meters.get(&meter)
        }

        /// The orders of a meter for a slot and what came of them.
        #[query]
        pub fn book(&self, slot: Slot, meter: u32) -> Option<Book> {
            self.books.get(&(slot, meter))
        }

        /// What came of a slot.
        #[query]
        pub fn outcome(&self, slot: Slot) -> Option<Outcome> {
            self.outcomes.get(&slot)
        }

        /// The registers of a meter at the end of a slot.
        #[query]
        pub fn reading(&self, meter: u32, slot: Slot) -> Option<Reading> {
            self.readings.get(&(meter, slot))
        }

        /// The bytes that signers of a reading sign.
        #[query]
        pub fn reading_message(
            &self,
            cx: &Cx,
            meter: u32,
            slot: Slot,
            reading: Reading,
        ) -> Vec<u8> {
            self.message(cx, meter, slot, &reading)
        }

        /// A certificate of origin.
        #[query]
        pub fn certificate(&self, meter: u32, number: u64) -> Option<Certificate> {
            self.certificates.get(&(meter, number))
        }

        /// How many certificates a meter has, and what it fed in from its first reading to that at
        /// the end of a slot, in Wh.
        #[query]
        pub fn origin(&self, meter: u32, slot: Slot) -> Result<(u64, u64), Error> {
            let (_, metered_wh) = self.fed_in(meter, slot)?;
            Ok((self.minted.get(&meter).unwrap_or(0), metered_wh))
        }

        /// The terms of a slot, and the instant from which they hold.
        #[query]
        pub fn terms(&self, slot: Slot) -> Result<(Version, EnergyTerms), Error> {
            Ok(self.terms.at(slot.start())?)
        }

        /// The books, checked: cash is what is free and what is in escrow, and there are tokens for
        /// it.
        #[query]
        pub fn books(&self, cx: &Cx) -> Result<Books, Error> {
            self.checked(cx)
        }

        /// Counts a page of accounts, at most `limit` (200 at most) after those that were counted,
        /// then slots, one an answer, each cleared again; refuses unless all of it is in the end
        /// what the books say. Ask for all pages at one height.
        #[query]
        pub fn audit(&self, cx: &Cx, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.audited(cx, counted, limit)
        }

        /// A slot, counted and cleared again from its orders, and compared with what is booked.
        #[query]
        pub fn audit_slot(&self, slot: Slot) -> Result<SlotBooks, Error> {
            self.slot_audited(slot)
        }

        /// Who may do what.
        #[query]
        pub fn has_role(&self, account: Address, role: Role) -> bool {
            self.roles.has(account, role)
        }
    }
}

impl state::Market {
    fn collect_trade(
        &mut self,
        cx: &Cx,
        slot: state::Slot,
        meter: u32,
    ) -> Result<state::Trade, error::Error> {
        let (trade, done) = self.collected(slot, meter)?;
        if let Some((freed, debt_paid)) = done {
            cx.emit(&event::Collected { slot, meter, trade, freed, debt_paid });
        }
        Ok(trade)
    }
}

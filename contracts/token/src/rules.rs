//! What the conditions say of a transfer, an issue and a redemption.

use crate::{
    conditions::{Access, Conditions, Redeemers},
    error::Error,
    state::PurposeToken,
};
use dure_sdk::{
    domain::{
        calendar::is_live,
        caps::{CapsError, check_holding},
        policy::PolicyError,
        registry::MerchantsError,
    },
    prelude::*,
    standard::Moved,
};

/// The one class of units.
pub(crate) const UNITS: u8 = 0;
/// Holders whose units one call sweeps.
pub(crate) const SWEPT_AT_ONCE_MAX: u32 = 50;

/// What a transfer is that the conditions allow, and what is to be counted when it is done.
pub(crate) enum Transfer {
    /// To who is no merchant, up to what an account may hold.
    Gift {
        /// The most that the receiver may hold.
        held: Option<Amount>,
    },
    /// At a merchant.
    Purchase {
        /// Whose month it counts in.
        payer: Hash,
        /// The most of that month.
        spent: Option<Amount>,
    },
}

impl PurposeToken {
    /// The conditions that hold now, where anything moves at all.
    pub(crate) fn in_force(&self, now: TimestampMs) -> Result<Conditions, Error> {
        self.freeze.running().map_err(Error::Freeze)?;
        self.policy.at(now).map(|(_, conditions)| conditions).map_err(Error::Policy)
    }

    /// Says what a transfer is, or why the conditions refuse it, whatever is held or counted.
    pub(crate) fn judge(
        &self,
        from: Address,
        to: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Transfer, Error> {
        ensure!(amount > Amount::ZERO, Error::Zero);
        ensure!(to != Address::SYSTEM, Error::NoHolder { account: to });
        self.freeze.running().map_err(Error::Freeze)?;
        // Borrowed where it was decoded: moved out, it cost a transfer 837 gas more.
        let found = self.policy.at(now);
        let (_, conditions) = found.as_ref().map_err(|error| Error::Policy(*error))?;
        if let Some(from) = conditions.from {
            ensure!(now >= from, Error::NotYet { from });
        }
        not_expired(conditions, now)?;
        self.admitted(conditions.spend, from)?;
        if let Some(set) = &conditions.merchants {
            let payer = self.person(from);
            match self.merchants.payable_by(to, payer) {
                Ok(merchant) => {
                    let is_member = |group| self.merchants.is_member(group, to);
                    set.permits(&merchant, is_member)
                        .map_err(|reason| Error::NotPermitted { merchant: to, reason })?;
                    if let Some(limit) = conditions.caps.per_purchase {
                        ensure!(amount <= limit, Error::AbovePurchase { limit, wanted: amount });
                    }
                    let spent = conditions.caps.spent_per_month;
                    return Ok(Transfer::Purchase { payer, spent });
                }
                Err(MerchantsError::Unknown { .. }) => {}
                Err(error) => return Err(Error::Merchants(error)),
            }
        }
        ensure!(conditions.gifts, Error::NotMerchant { account: to });
        self.admitted(conditions.hold, to)?;
        Ok(Transfer::Gift { held: conditions.caps.held })
    }

    /// Checks what [`Self::shift`] finds out as it books: what is held and what is counted.
    pub(crate) fn affords(
        &self,
        transfer: &Transfer,
        from: Address,
        to: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let left = self.held.at(&from).get();
        ensure!(amount <= left, Error::Short { left, wanted: amount });
        match *transfer {
            Transfer::Purchase { payer, spent: Some(cap) } => {
                self.spent.check(&payer, amount, cap, now).map(drop).map_err(Error::Caps)
            }
            Transfer::Gift { held: Some(cap) } => {
                let held =
                    if from == to { left.saturating_sub(amount) } else { self.held.at(&to).get() };
                check_holding(held, amount, cap).map_err(Error::Caps)
            }
            Transfer::Purchase { spent: None, .. } | Transfer::Gift { held: None } => Ok(()),
        }
    }

    /// Moves units as the conditions allow.
    pub(crate) fn shift(
        &mut self,
        cx: &Cx,
        from: Address,
        to: Address,
        amount: Amount,
        memo: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let now = cx.time();
        let transfer = self.judge(from, to, amount, now)?;
        self.held.at(&from).sub(amount).map_err(Error::short)?;
        match transfer {
            Transfer::Gift { held } => self.receive(to, amount, held)?,
            Transfer::Purchase { payer, spent } => {
                if let Some(cap) = spent {
                    self.spent.add(&payer, amount, cap, now).map_err(Error::Caps)?;
                    let pair = (from, to);
                    self.paid_this_month
                        .add(&pair, amount, Amount::MAX, now)
                        .map_err(Error::Caps)?;
                }
                self.paid.at(&(from, to)).add(amount);
                self.held.at(&to).add(amount);
            }
        }
        cx.emit(&Moved { from: Some(from), to: Some(to), amount, memo });
        Ok(())
    }

    /// Gives back what a payer paid a merchant: whatever the conditions have become, and with the
    /// room of the month in which it was paid.
    pub(crate) fn give_back(
        &mut self,
        merchant: Address,
        payer: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), Error> {
        self.freeze.running().map_err(Error::Freeze)?;
        self.merchants.merchant(merchant).map_err(Error::Merchants)?;
        ensure!(amount > Amount::ZERO, Error::Zero);
        let pair = (payer, merchant);
        let above = |short: Short| Error::AbovePaid { left: short.left, wanted: short.wanted };
        self.paid.at(&pair).sub(amount).map_err(above)?;
        self.held.at(&merchant).sub(amount).map_err(Error::short)?;
        self.held.at(&payer).add(amount);
        // The latest purchases are undone first.
        let this_month = self.paid_this_month.used(&pair, now).min(amount);
        if this_month > Amount::ZERO {
            self.paid_this_month.undo(&pair, this_month, now, now);
            self.spent.undo(&self.person(payer), this_month, now, now);
        }
        Ok(())
    }

    /// Books an issue as the conditions allow.
    pub(crate) fn grant(
        &mut self,
        to: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), Error> {
        ensure!(amount > Amount::ZERO, Error::Zero);
        ensure!(to != Address::SYSTEM, Error::NoHolder { account: to });
        let conditions = self.in_force(now)?;
        not_expired(&conditions, now)?;
        self.admitted(conditions.hold, to)?;
        let caps = conditions.caps;
        if let Some(cap) = caps.issued_per_month {
            let person = self.person(to);
            self.granted.add(&person, amount, cap, now).map_err(Error::Caps)?;
        }
        self.deposit.covers(amount, &self.supply)?;
        let total = caps.issued_in_total.unwrap_or(Amount::MAX);
        self.supply.issue_of_total(&UNITS, amount, total).map_err(Error::Supply)?;
        self.receive(to, amount, caps.held)
    }

    /// Checks that the conditions let an account give units back.
    pub(crate) fn redeems(&self, account: Address, now: TimestampMs) -> Result<(), Error> {
        let conditions = self.in_force(now)?;
        match conditions.redeem {
            Redeemers::Anyone => Ok(()),
            // What a closed one has it took before, where no gift reaches a merchant.
            Redeemers::Merchants if conditions.merchants.is_some() => {
                self.merchants.cashing_out(account).map(drop).map_err(Error::Merchants)
            }
            Redeemers::Merchants => {
                self.merchants.active(account).map(drop).map_err(Error::Merchants)
            }
            Redeemers::Nobody => Err(Error::NotRedeemer { account }),
        }
    }

    /// Checks that what holders have is of no use to them any more, whatever is scheduled.
    pub(crate) fn sweepable(&self, now: TimestampMs) -> Result<(), Error> {
        self.freeze.running().map_err(Error::Freeze)?;
        // The last version is the best one for holders.
        let last = self.policy.last().ok_or(PolicyError::NoneYet { time: now });
        let last = last.and_then(|version| self.policy.version(version)).map_err(Error::Policy)?;
        let over = last.until.is_some_and(|until| !is_live(now, until));
        ensure!(over, Error::NotExpired { until: last.until });
        ensure!(last.redeem != Redeemers::Anyone, Error::Redeemable);
        Ok(())
    }

    /// Takes what a holder has off the books; nothing of a merchant, who was paid it.
    pub(crate) fn expire(&mut self, holder: Address, amount: Amount) -> Result<bool, Error> {
        if self.merchants.merchant(holder).is_ok() {
            return Ok(false);
        }
        self.held.at(&holder).sub(amount).map_err(Error::short)?;
        self.supply.burn(&UNITS, amount).map_err(Error::Supply)?;
        self.swept.add(amount);
        Ok(true)
    }

    /// Whose account it is. One that is not admitted is a person of its own.
    pub(crate) fn person(&self, account: Address) -> Hash {
        self.persons.person(account).unwrap_or(Hash(account.0))
    }

    fn admitted(&self, access: Access, account: Address) -> Result<(), Error> {
        let free = access == Access::Anyone || self.persons.person(account).is_ok();
        ensure!(free, Error::NotAdmitted { account });
        Ok(())
    }

    /// Adds units to what an account holds, without reading it unless that is too much.
    fn receive(&mut self, to: Address, amount: Amount, cap: Option<Amount>) -> Result<(), Error> {
        let held = self.held.at(&to);
        let cap = cap.unwrap_or(Amount::MAX);
        held.add_within(amount, cap).map_err(|above| {
            Error::Caps(CapsError::AboveHolding { left: above.room, wanted: amount, cap })
        })
    }
}

fn not_expired(conditions: &Conditions, now: TimestampMs) -> Result<(), Error> {
    match conditions.until {
        Some(until) if !is_live(now, until) => Err(Error::Expired { until }),
        _ => Ok(()),
    }
}

//! The pre-pass: replay, authority and quota of every transaction, in order, without WASM.
//!
//! A transaction that passes has its nonce used and its gas limit reserved, whatever its calls do;
//! one that does not is skipped and changes nothing. The whole limit is reserved so that the
//! verdict does not depend on how much the transactions before it will use; what is not charged
//! flows back at the end of the block.

use super::records::{RecordId, Records};
use crate::{
    signature::VerifiedTransaction,
    state::{key::SystemField, overlay::Overlay, read::Fault},
    system::{AccountRecord, NonceState, Usage, overlay_read},
};
use dure_types::{
    Address, Gas, Parameters, PublicKey, SkipReason, SponsorRecord, Tier, TimestampMs,
    TransactionBody, address, limits,
};

/// Whose quota was reserved from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payer {
    /// The account's own.
    Own(RecordId),
    /// A sponsor's: what all use of it, and what this account does.
    Sponsor { total: RecordId, one: RecordId },
}

/// A transaction that will run.
pub(super) struct Admitted {
    pub(super) payer: Payer,
    /// Gas before the first call.
    pub(super) base: Gas,
}

/// What one block's pre-pass needs to know.
pub(super) struct Prepass {
    parameters: Parameters,
    tiers: Vec<Tier>,
    time: TimestampMs,
    /// Gas limits admitted so far, added.
    reserved: Gas,
    accounts: Records<Address, AccountRecord>,
    /// By sponsor.
    totals: Records<Address, Usage>,
    /// By sponsor and account.
    shares: Records<(Address, Address), Usage>,
}

/// Gas that a transaction of this length, in bytes with its signatures, costs before its first call.
#[must_use]
pub fn base_gas(parameters: &Parameters, length: usize) -> Gas {
    let bytes = parameters.transaction_gas_per_byte.0.saturating_mul(length as u64);
    parameters.transaction_gas_base.saturating_add(Gas(bytes))
}

/// What is charged of a limit: unused limits must not block blocks for nothing.
pub(super) fn charge(limit: Gas, used: Gas) -> Gas {
    used.max(Gas(limit.0 / 4))
}

const DAY_MS: u64 = 86_400_000;

impl Prepass {
    pub(super) fn new(overlay: &mut Overlay, time: TimestampMs) -> Result<Self, Fault> {
        let parameters = overlay_read(overlay, SystemField::Parameters, &[])?
            .ok_or_else(|| Fault::Corrupt("state has no parameters".into()))?;
        let tiers = overlay_read(overlay, SystemField::Tiers, &[])?.unwrap_or_default();
        Ok(Self {
            parameters,
            tiers,
            time,
            reserved: Gas::ZERO,
            accounts: Records::new(SystemField::Account),
            totals: Records::new(SystemField::SponsorUsage),
            shares: Records::new(SystemField::SponsorAccountUsage),
        })
    }

    /// Judges one transaction and, when it passes, uses its nonce and reserves its gas.
    pub(super) fn admit(
        &mut self,
        overlay: &mut Overlay,
        transaction: &VerifiedTransaction,
    ) -> Result<Result<Admitted, SkipReason>, Fault> {
        let body = transaction.body();
        if let Err(reason) = self.check(body, transaction.signers()) {
            return Ok(Err(reason));
        }
        let base = base_gas(&self.parameters, transaction.encoded_len());
        if base > body.gas_limit {
            return Ok(Err(SkipReason::GasTooLow));
        }
        let reserved = self.reserved.saturating_add(body.gas_limit);
        if reserved > self.parameters.block_gas_max {
            return Ok(Err(SkipReason::BlockFull));
        }
        let id = self.accounts.open(overlay, body.account, &[&body.account.0])?;
        let account = self.accounts.value(id)?;
        match account.nonces.state(body.nonce) {
            NonceState::Free => {}
            NonceState::Used => return Ok(Err(SkipReason::Duplicate)),
            NonceState::TooOld => return Ok(Err(SkipReason::NonceTooOld)),
            NonceState::TooHigh => return Ok(Err(SkipReason::NonceTooHigh)),
        }
        let reservation = match body.sponsor {
            None => self.reserve_own(id, body.gas_limit)?,
            Some(sponsor) => {
                let tier = account.tier;
                self.reserve_sponsored(overlay, sponsor, tier, body)?
            }
        };
        let payer = match reservation {
            Ok(payer) => payer,
            Err(reason) => return Ok(Err(reason)),
        };
        self.accounts.change(id)?.nonces.take(body.nonce);
        self.accounts.write(overlay, id);
        self.reserved = reserved;
        Ok(Ok(Admitted { payer, base }))
    }

    /// What needs no state.
    fn check(&self, body: &TransactionBody, signers: &[PublicKey]) -> Result<(), SkipReason> {
        if body.valid_until < self.time {
            return Err(SkipReason::Expired);
        }
        if body.valid_until.0 > self.time.0.saturating_add(limits::VALID_FOR_MS_MAX) {
            return Err(SkipReason::ValidTooLong);
        }
        // Session keys and weighted policies have their place in the format, not yet on chain.
        if body.lane != 0 {
            return Err(SkipReason::PolicyNotActive);
        }
        match signers {
            [key @ PublicKey::Ed25519(_)] if address::of_key(*key) == body.account => Ok(()),
            [PublicKey::Ed25519(_)] => Err(SkipReason::NotAuthorised),
            _ => Err(SkipReason::PolicyNotActive),
        }
    }

    fn tier(&self, tier: u8) -> Option<&Tier> {
        self.tiers.iter().find(|known| known.tier == tier)
    }

    fn reserve_own(
        &mut self,
        id: RecordId,
        limit: Gas,
    ) -> Result<Result<Payer, SkipReason>, Fault> {
        let account = self.accounts.value(id)?;
        let Some(tier) = self.tier(account.tier) else {
            return Ok(Err(SkipReason::QuotaExhausted));
        };
        let (spent, updated) = self.refilled(account, tier);
        let spent = spent.saturating_add(limit);
        if spent > tier.capacity {
            return Ok(Err(SkipReason::QuotaExhausted));
        }
        let account = self.accounts.change(id)?;
        (account.spent, account.updated) = (spent, updated);
        Ok(Ok(Payer::Own(id)))
    }

    /// `spent` brought to the block's time, and `updated` with it, unless not one unit of gas has
    /// flowed back since.
    fn refilled(&self, account: &AccountRecord, tier: &Tier) -> (Gas, TimestampMs) {
        let passed = self.time.saturating_sub(account.updated).0;
        let rate = u128::from(tier.refill_per_second.0);
        let flow = u128::from(passed).saturating_mul(rate) / 1_000;
        let flow = u64::try_from(flow).unwrap_or(u64::MAX);
        if flow == 0 && account.spent.0 > 0 {
            return (account.spent, account.updated);
        }
        (account.spent.saturating_sub(Gas(flow)), self.time.max(account.updated))
    }

    fn reserve_sponsored(
        &mut self,
        overlay: &mut Overlay,
        sponsor: Address,
        tier: u8,
        body: &TransactionBody,
    ) -> Result<Result<Payer, SkipReason>, Fault> {
        let record: Option<SponsorRecord> =
            overlay_read(overlay, SystemField::Sponsor, &[&sponsor.0])?;
        let Some(record) = record else { return Ok(Err(SkipReason::UnknownSponsor)) };
        if tier < record.tier_min || !record.covers(body) {
            return Ok(Err(SkipReason::SponsorRefuses));
        }
        let account = body.account;
        let total = self.totals.open(overlay, sponsor, &[&sponsor.0])?;
        let one = self.shares.open(overlay, (sponsor, account), &[&sponsor.0, &account.0])?;
        let used_by_all = self.today(*self.totals.value(total)?).plus(body.gas_limit);
        let used_by_one = self.today(*self.shares.value(one)?).plus(body.gas_limit);
        if used_by_all.gas > record.gas_per_day || used_by_one.gas > record.gas_per_account_day {
            return Ok(Err(SkipReason::SponsorExhausted));
        }
        *self.totals.change(total)? = used_by_all;
        *self.shares.change(one)? = used_by_one;
        self.totals.write(overlay, total);
        self.shares.write(overlay, one);
        Ok(Ok(Payer::Sponsor { total, one }))
    }

    /// What was used on another day counts no more.
    fn today(&self, usage: Usage) -> Usage {
        let day = self.time.0 / DAY_MS;
        if usage.day == day { usage } else { Usage { day, gas: Gas::ZERO } }
    }

    /// Gives back what was reserved and not charged; [`Prepass::finish`] writes it.
    pub(super) fn release(&mut self, payer: Payer, unused: Gas) -> Result<(), Fault> {
        match payer {
            Payer::Own(id) => {
                let account = self.accounts.change(id)?;
                account.spent = account.spent.saturating_sub(unused);
            }
            Payer::Sponsor { total, one } => {
                for usage in [self.totals.change(total)?, self.shares.change(one)?] {
                    usage.gas = usage.gas.saturating_sub(unused);
                }
            }
        }
        Ok(())
    }

    /// Writes what flowed back.
    pub(super) fn finish(&mut self, overlay: &mut Overlay) {
        self.accounts.write_all(overlay);
        self.totals.write_all(overlay);
        self.shares.write_all(overlay);
    }
}

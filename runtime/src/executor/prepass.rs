//! The pre-pass: replay, authority and quota of every transaction, in order, without WASM.
//!
//! A transaction that passes has its nonce used and its gas limit reserved, whatever its calls do;
//! one that does not is skipped and changes nothing. The whole limit is reserved so that the
//! verdict does not depend on how much the transactions before it will use; what is not charged
//! flows back at the end of the block.

use crate::{
    signature::VerifiedTransaction,
    state::{key::SystemField, overlay::Overlay, read::Fault},
    system::{AccountRecord, NonceState, Usage, overlay_read, overlay_write},
};
use dure_types::{
    Address, Gas, Parameters, PublicKey, SkipReason, SponsorRecord, Tier, TimestampMs,
    TransactionBody, address, limits,
};

/// Who pays, and what is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payer {
    /// The account's own quota.
    Own,
    /// This sponsor.
    Sponsor(Address),
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
}

/// Gas that a transaction of this length costs before its first call.
pub(super) fn base_gas(parameters: &Parameters, length: usize) -> Gas {
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
        Ok(Self { parameters, tiers, time, reserved: Gas::ZERO })
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
        let key: &[&[u8]] = &[&body.account.0];
        let mut account: AccountRecord =
            overlay_read(overlay, SystemField::Account, key)?.unwrap_or_default();
        match account.nonces.state(body.nonce) {
            NonceState::Free => {}
            NonceState::Used => return Ok(Err(SkipReason::Duplicate)),
            NonceState::TooOld => return Ok(Err(SkipReason::NonceTooOld)),
            NonceState::TooHigh => return Ok(Err(SkipReason::NonceTooHigh)),
        }
        let payer = match body.sponsor {
            None => match self.reserve_own(&mut account, body.gas_limit) {
                Ok(()) => Payer::Own,
                Err(reason) => return Ok(Err(reason)),
            },
            Some(sponsor) => match self.reserve_sponsored(overlay, sponsor, account.tier, body)? {
                Ok(()) => Payer::Sponsor(sponsor),
                Err(reason) => return Ok(Err(reason)),
            },
        };
        account.nonces.take(body.nonce);
        overlay_write(overlay, SystemField::Account, key, &account);
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

    fn reserve_own(&self, account: &mut AccountRecord, limit: Gas) -> Result<(), SkipReason> {
        let tier = self.tier(account.tier).ok_or(SkipReason::QuotaExhausted)?;
        self.refill(account, tier);
        let spent = account.spent.saturating_add(limit);
        if spent > tier.capacity {
            return Err(SkipReason::QuotaExhausted);
        }
        account.spent = spent;
        Ok(())
    }

    /// Brings `spent` to the block's time. What is left of a second is kept by moving `updated`
    /// only as far as whole units of gas flowed back.
    fn refill(&self, account: &mut AccountRecord, tier: &Tier) {
        let passed = self.time.saturating_sub(account.updated).0;
        let rate = u128::from(tier.refill_per_second.0);
        let flow = u128::from(passed).saturating_mul(rate) / 1_000;
        let flow = u64::try_from(flow).unwrap_or(u64::MAX);
        if flow == 0 && account.spent.0 > 0 {
            return;
        }
        account.spent = account.spent.saturating_sub(Gas(flow));
        account.updated = self.time.max(account.updated);
    }

    fn reserve_sponsored(
        &self,
        overlay: &mut Overlay,
        sponsor: Address,
        tier: u8,
        body: &TransactionBody,
    ) -> Result<Result<(), SkipReason>, Fault> {
        let record: Option<SponsorRecord> =
            overlay_read(overlay, SystemField::Sponsor, &[&sponsor.0])?;
        let Some(record) = record else { return Ok(Err(SkipReason::UnknownSponsor)) };
        if tier < record.tier_min || !record.covers(body) {
            return Ok(Err(SkipReason::SponsorRefuses));
        }
        let total_key: &[&[u8]] = &[&sponsor.0];
        let one_key: &[&[u8]] = &[&sponsor.0, &body.account.0];
        let mut total = self.usage(overlay, SystemField::SponsorUsage, total_key)?;
        let mut one = self.usage(overlay, SystemField::SponsorAccountUsage, one_key)?;
        total.gas = total.gas.saturating_add(body.gas_limit);
        one.gas = one.gas.saturating_add(body.gas_limit);
        if total.gas > record.gas_per_day || one.gas > record.gas_per_account_day {
            return Ok(Err(SkipReason::SponsorExhausted));
        }
        overlay_write(overlay, SystemField::SponsorUsage, total_key, &total);
        overlay_write(overlay, SystemField::SponsorAccountUsage, one_key, &one);
        Ok(Ok(()))
    }

    fn usage(
        &self,
        overlay: &mut Overlay,
        field: SystemField,
        key: &[&[u8]],
    ) -> Result<Usage, Fault> {
        let day = self.time.0 / DAY_MS;
        let usage: Usage = overlay_read(overlay, field, key)?.unwrap_or_default();
        Ok(if usage.day == day { usage } else { Usage { day, gas: Gas::ZERO } })
    }

    /// Gives back what was reserved and not charged.
    pub(super) fn release(
        &self,
        overlay: &mut Overlay,
        account: Address,
        payer: Payer,
        unused: Gas,
    ) -> Result<(), Fault> {
        match payer {
            Payer::Own => {
                let key: &[&[u8]] = &[&account.0];
                let record: Option<AccountRecord> =
                    overlay_read(overlay, SystemField::Account, key)?;
                let mut record = record.unwrap_or_default();
                record.spent = record.spent.saturating_sub(unused);
                overlay_write(overlay, SystemField::Account, key, &record);
            }
            Payer::Sponsor(sponsor) => {
                let total_key: &[&[u8]] = &[&sponsor.0];
                let one_key: &[&[u8]] = &[&sponsor.0, &account.0];
                for (field, key) in [
                    (SystemField::SponsorUsage, total_key),
                    (SystemField::SponsorAccountUsage, one_key),
                ] {
                    let mut usage = self.usage(overlay, field, key)?;
                    usage.gas = usage.gas.saturating_sub(unused);
                    overlay_write(overlay, field, key, &usage);
                }
            }
        }
        Ok(())
    }
}

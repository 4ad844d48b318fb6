//! Admission: what is checked of a transaction before it may wait.
//!
//! The same rules as the executor's pre-pass, looked up at the newest executed height: a cheap
//! look that reserves nothing. What passes here may still be skipped in its block, when others
//! used up the nonce or the quota first.

use super::Rejection;
use crate::{
    fault::Fault,
    view::{Location, View},
};
use codec::DecodeAll;
use dure_runtime::{
    StateRead, VerifiedTransaction, base_gas,
    signature::SignatureError,
    state::key::{SystemField, of_system},
    system::{self, AccountRecord, NonceState, Usage},
};
use dure_types::{
    Address, Gas, Hash, PublicKey, TimestampMs, Transaction, TransactionBody, address,
    decode::DecodeError, limits,
};

const DAY_MS: u64 = 86_400_000;

/// A verified transaction that the state at the newest executed height lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admissible(VerifiedTransaction);

impl Admissible {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> Hash {
        self.0.id()
    }

    /// The transaction.
    #[must_use]
    pub fn into_transaction(self) -> VerifiedTransaction {
        self.0
    }
}

/// What the state says of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It ran before; here is its receipt.
    Known(Location),
    /// It may wait.
    New(Admissible),
}

/// Decodes a transaction from outside, and judges its shape.
///
/// # Errors
/// [`Rejection::TooLarge`], [`Rejection::Malformed`] or [`Rejection::Shape`].
pub fn decode(bytes: &[u8]) -> Result<Transaction, Rejection> {
    let transaction = Transaction::from_bytes(bytes).map_err(|error| match error {
        DecodeError::TooLong { length, limit } => Rejection::TooLarge { length, limit },
        other => Rejection::Malformed(other),
    })?;
    transaction.check_shape()?;
    Ok(transaction)
}

/// Sorts what the signature check found.
#[must_use]
pub fn bad_signature(chain: Hash, error: &SignatureError) -> Rejection {
    let index = match error {
        SignatureError::Shape(shape) => return Rejection::Shape(shape.clone()),
        SignatureError::PolicyNotActive { .. } => return Rejection::PolicyNotActive,
        SignatureError::WeakKey { index, .. } | SignatureError::Invalid { index, .. } => *index,
        _ => 0,
    };
    Rejection::BadSignature { index, chain, reason: error.to_string() }
}

/// Judges a verified transaction against a view.
///
/// `wall` is our clock: block time is behind it by up to a heartbeat.
///
/// # Errors
/// [`Fault`] when the store fails; the inner error is the transaction's own.
pub fn admit(
    view: &View,
    wall: TimestampMs,
    transaction: VerifiedTransaction,
) -> Result<Result<Admission, Rejection>, Fault> {
    if let Some(known) = view.location(transaction.id())?.filter(|location| location.ran) {
        return Ok(Ok(Admission::Known(known)));
    }
    let state: &dyn StateRead = view.state().as_ref();
    let time = view.time().max(wall);
    let body = transaction.body();
    let verdict = check_time(body, time).and_then(|()| check_signers(body, transaction.signers()));
    if let Err(rejection) = verdict {
        return Ok(Err(rejection));
    }
    let parameters = system::parameters(state)?;
    let base = base_gas(&parameters, transaction.encoded_len());
    let (gas_limit, limit) = (body.gas_limit, parameters.block_gas_max);
    if base > gas_limit {
        return Ok(Err(Rejection::GasTooLow { gas_limit, base }));
    }
    if gas_limit > limit {
        return Ok(Err(Rejection::GasAboveBlock { gas_limit, limit }));
    }
    let account = system::account_record(state, body.account)?;
    if let Err(rejection) = check_nonce(body, &account) {
        return Ok(Err(rejection));
    }
    let paid = match body.sponsor {
        None => check_quota(state, body, &account, time)?,
        Some(sponsor) => check_sponsor(state, sponsor, body, account.tier, time)?,
    };
    Ok(paid.map(|()| Admission::New(Admissible(transaction))))
}

fn check_time(body: &TransactionBody, time: TimestampMs) -> Result<(), Rejection> {
    let valid_until = body.valid_until;
    if valid_until < time {
        return Err(Rejection::Expired { valid_until, time });
    }
    let latest = time.saturating_add(TimestampMs(limits::VALID_FOR_MS_MAX));
    if valid_until > latest {
        return Err(Rejection::ValidTooLong { valid_until, latest });
    }
    Ok(())
}

fn check_signers(body: &TransactionBody, signers: &[PublicKey]) -> Result<(), Rejection> {
    match signers {
        _ if body.lane != 0 => Err(Rejection::PolicyNotActive),
        [key @ PublicKey::Ed25519(_)] if address::of_key(*key) == body.account => Ok(()),
        [PublicKey::Ed25519(_)] => Err(Rejection::NotAuthorised { account: body.account }),
        _ => Err(Rejection::PolicyNotActive),
    }
}

fn check_nonce(body: &TransactionBody, account: &AccountRecord) -> Result<(), Rejection> {
    let (lane, nonce, highest) = (body.lane, body.nonce, account.nonces.highest);
    match account.nonces.state(nonce) {
        NonceState::Free => Ok(()),
        NonceState::Used => Err(Rejection::NonceUsed { lane, nonce }),
        NonceState::TooOld => {
            let lowest = (highest + 1).saturating_sub(limits::NONCE_WINDOW);
            Err(Rejection::NonceTooOld { lane, nonce, lowest })
        }
        NonceState::TooHigh => {
            let highest = highest.saturating_add(limits::NONCE_WINDOW);
            Err(Rejection::NonceTooHigh { lane, nonce, highest })
        }
    }
}

fn check_quota(
    state: &dyn StateRead,
    body: &TransactionBody,
    account: &AccountRecord,
    time: TimestampMs,
) -> Result<Result<(), Rejection>, Fault> {
    let tiers = system::tiers(state)?;
    let left = tiers.iter().find(|tier| tier.tier == account.tier).map_or(Gas::ZERO, |tier| {
        let passed = u128::from(time.saturating_sub(account.updated).0);
        let flow = passed.saturating_mul(u128::from(tier.refill_per_second.0)) / 1_000;
        let flow = u64::try_from(flow).unwrap_or(u64::MAX);
        tier.capacity.saturating_sub(account.spent.saturating_sub(Gas(flow)))
    });
    Ok(check_left(body.gas_limit, left))
}

fn check_left(gas_limit: Gas, left: Gas) -> Result<(), Rejection> {
    if gas_limit > left { Err(Rejection::QuotaExhausted { gas_limit, left }) } else { Ok(()) }
}

fn check_sponsor(
    state: &dyn StateRead,
    sponsor: Address,
    body: &TransactionBody,
    tier: u8,
    time: TimestampMs,
) -> Result<Result<(), Rejection>, Fault> {
    let Some(record) = system::sponsor_record(state, sponsor)? else {
        return Ok(Err(Rejection::UnknownSponsor { sponsor }));
    };
    if tier < record.tier_min || !record.covers(body) {
        return Ok(Err(Rejection::SponsorRefuses { sponsor }));
    }
    let total = used_today(state, SystemField::SponsorUsage, &[&sponsor.0], time)?;
    let parts: [&[u8]; 2] = [&sponsor.0, &body.account.0];
    let one = used_today(state, SystemField::SponsorAccountUsage, &parts, time)?;
    let left = record
        .gas_per_day
        .saturating_sub(total)
        .min(record.gas_per_account_day.saturating_sub(one));
    Ok(check_left(body.gas_limit, left))
}

fn used_today(
    state: &dyn StateRead,
    field: SystemField,
    parts: &[&[u8]],
    time: TimestampMs,
) -> Result<Gas, Fault> {
    let Some(bytes) = state.get(&of_system(field, parts))? else { return Ok(Gas::ZERO) };
    let usage = Usage::decode_all(&mut bytes.as_slice())
        .map_err(|error| Fault::Corrupt(format!("a sponsor's usage: {error}")))?;
    Ok(if usage.day == time.0 / DAY_MS { usage.gas } else { Gas::ZERO })
}

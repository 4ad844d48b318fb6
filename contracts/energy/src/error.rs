//! Why the contract refuses.

use crate::{
    state::{Signer, Slot},
    terms::TermsError,
};
use dure_sdk::{
    domain::{freeze::FreezeError, policy::PolicyError, roles::RolesError, vault::VaultError},
    prelude::*,
};

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// The account lacks the role.
    Roles(RolesError),
    /// Something is stopped.
    Freeze(FreezeError),
    /// The terms cannot change so.
    Policy(PolicyError),
    /// Those are no terms.
    Terms(TermsError),
    /// What participants owe is that utility's, so it stays the market's.
    OtherUtility { utility: Address },
    /// The escrow.
    Vault(VaultError),
    /// The token refused: the bytes are its own error.
    Token(CallError<Vec<u8>>),
    /// An amount of nought.
    Zero,
    /// The account has less here.
    Short { left: Amount, wanted: Amount },
    /// The id was used for something else.
    IdUsed { id: Hash },
    /// There is no such meter.
    NoMeter { meter: u32 },
    /// The meter is somebody else's.
    NotOwner { meter: u32, owner: Address },
    /// The terms of the slot have no such zone.
    NoZone { zone: u16, zones: u32 },
    /// Two signers with one key are one.
    SameKey,
    /// Orders for the slot do not come that early.
    TooEarly { slot: Slot, from: TimestampMs },
    /// The gate of the slot closed then.
    GateClosed { slot: Slot, gate: TimestampMs },
    /// The gate of the slot closes then.
    GateOpen { slot: Slot, gate: TimestampMs },
    /// Less or more than an order is for.
    Size { energy_wh: u64, least_wh: u64, most_wh: u64 },
    /// Nobody trades below feed-in or above retail.
    OutsideBand { limit_mwon: u64, feed_in_mwon: u64, retail_mwon: u64 },
    /// The limit does not even pay the fee of the zone.
    BelowFee { limit_mwon: u64, fee_mwon: u64 },
    /// The meter has as many orders for the slot as it may.
    TooManyOrders { limit: u32 },
    /// The slot has as many orders as it may.
    SlotFull { slot: Slot, limit: u64 },
    /// The meter has no such order.
    NoOrder { slot: Slot, meter: u32 },
    /// Nobody has an order for the slot.
    NoOrders { slot: Slot },
    /// The slot was not cleared.
    NotCleared { slot: Slot },
    /// The meter traded nothing in the slot: nothing deviates from it.
    NotTraded { slot: Slot, meter: u32 },
    /// The slot is not over.
    NotRead { slot: Slot, from: TimestampMs },
    /// Readings of the slot came until then.
    ReadingsOver { slot: Slot, until: TimestampMs },
    /// Readings of the slot come until then.
    ReadingsOpen { slot: Slot, until: TimestampMs },
    /// That very reading is there, or the revision is not the next.
    Replayed { meter: u32, slot: Slot, next_revision: u32 },
    /// The registers of that slot say otherwise: a register only counts up.
    Backwards { meter: u32, other: Slot, import_wh: u64, export_wh: u64 },
    /// The signature is none of that signer under the reading.
    BadSignature { by: Signer },
    /// The signer signed twice.
    SignedTwice { by: Signer },
    /// Two of three sign a reading, all of them a correction.
    TooFewSigned { signed: u32, least: u32 },
    /// The utility has less here; the settlement waits for it.
    UtilityShort { left: Amount, wanted: Amount },
    /// The meter earns no certificates.
    NotRenewable { meter: u32 },
    /// There is no reading of the meter at the end of the slot.
    NoReading { meter: u32, slot: Slot },
    /// No further whole MWh was fed in by then.
    NothingToMint { minted: u64, metered_wh: u64 },
    /// There is no such certificate.
    NoCertificate { meter: u32, number: u64 },
    /// The certificate is somebody else's.
    NotHolder { holder: Address },
    /// The certificate was retired, once.
    Retired { claim: Hash },
    /// The books do not match: the cash is the funds and the escrow, and there are tokens for it.
    Unbacked { funds: Amount, escrow: Amount, cash: Amount, tokens: Amount },
    /// A slot, counted again, is not as it is booked.
    Mismatch { slot: Slot, escrow: Amount, counted: Amount },
    /// Accounts or slots come to something else than the books.
    Miscounted { booked: Amount, counted: Amount },
    /// A slot, cleared again, does not come out as it did.
    OtherOutcome { slot: Slot },
}

dure_sdk::errors_from! {
    Error;
    Roles: RolesError,
    Freeze: FreezeError,
    Policy: PolicyError,
    Terms: TermsError,
    Vault: VaultError,
}

//! What the contract keeps, and the types of its answers.

use crate::terms::EnergyTerms;
use dure_sdk::{
    domain::{
        clearing::{Clearing, Side},
        freeze::Freeze,
        policy::Policy,
        roles::Roles,
        vault::Vault,
    },
    prelude::*,
};

/// A slot in milliseconds: a quarter of an hour.
pub const SLOT_MS: u64 = 15 * 60 * 1_000;

/// What the contract keeps.
#[dure::storage]
pub struct Market {
    pub(crate) roles: Roles,
    pub(crate) freeze: Freeze,
    /// The name under which readings are signed.
    pub(crate) name: Item<Hash>,
    /// The token that everything is settled in.
    pub(crate) token: Item<Address>,
    pub(crate) terms: Policy<EnergyTerms>,
    pub(crate) meters: Map<u32, Meter>,
    pub(crate) last_meter: Item<u32>,
    /// What accounts have here, free to be withdrawn.
    pub(crate) funds: Map<Address, Balance>,
    /// The sum of that.
    pub(crate) funds_total: Balance,
    /// What accounts owe the utility.
    pub(crate) debts: Map<Address, Balance>,
    /// Tokens that came in and did not go out: the funds and the escrow.
    pub(crate) cash: Balance,
    /// Deposits and withdrawals by account and id.
    pub(crate) movements: Map<(Address, Hash), Movement>,
    /// The orders of a meter for a slot.
    pub(crate) books: Map<(Slot, u32), Book>,
    /// How many orders a slot has.
    pub(crate) orders: Map<Slot, Counter>,
    /// Collateral of a slot's orders; once it is cleared, what buyers get back and sellers get.
    pub(crate) escrow: Vault<Slot>,
    pub(crate) outcomes: Map<Slot, Outcome>,
    /// Registers of a meter at the end of a slot.
    pub(crate) readings: Map<(u32, Slot), Reading>,
    /// Certificates of origin by meter and number, from 1.
    pub(crate) certificates: Map<(u32, u64), Certificate>,
    /// How many of them a meter has.
    pub(crate) minted: Map<u32, u64>,
}

/// A quarter of an hour, counted from 1970-01-01 00:00 UTC.
#[dure::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub struct Slot(pub u64);

impl Slot {
    /// When it begins.
    #[must_use]
    pub const fn start(self) -> TimestampMs {
        TimestampMs(self.0.saturating_mul(SLOT_MS))
    }

    /// When it is over: the beginning of the next one.
    #[must_use]
    pub const fn end(self) -> TimestampMs {
        TimestampMs(self.start().0.saturating_add(SLOT_MS))
    }

    /// The one before, at the end of which its registers are read.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// A meter and who answers for it.
#[dure::ty]
pub struct Meter {
    /// Who trades what it measures.
    pub owner: Address,
    /// Where it is: a zone of the terms, whose grid fees it pays.
    pub zone: u16,
    /// Ed25519 keys of the meter, the grid operator and the aggregator.
    pub keys: [[u8; 32]; 3],
    /// Whether what it feeds in earns certificates of origin.
    pub renewable: bool,
}

/// Who signs readings.
#[dure::ty]
#[derive(Copy)]
pub enum Signer {
    /// The meter itself.
    Meter,
    /// Who runs the grid that it hangs on.
    GridOperator,
    /// Who bundles participants.
    Aggregator,
}

/// A signature under a reading.
#[dure::ty]
pub struct Signed {
    /// Whose.
    pub by: Signer,
    /// By Ed25519, over what the query `reading_message` answers.
    pub signature: [u8; 64],
}

/// The registers of a meter at the end of a slot, which only ever count up.
#[dure::ty]
#[derive(Copy)]
pub struct Reading {
    /// Drawn from the grid since the meter was built.
    pub import_wh: u64,
    /// Fed into it.
    pub export_wh: u64,
    /// Nought, or how often it was corrected.
    pub revision: u32,
}

/// Tokens that came in or went out under an id.
#[dure::ty]
#[derive(Copy)]
pub struct Movement {
    /// In or out.
    pub deposited: bool,
    /// How many.
    pub amount: Amount,
}

/// An order.
#[dure::ty]
#[derive(Copy)]
pub struct Placed {
    /// Its owner's name for it.
    pub id: Hash,
    /// Buys or sells.
    pub side: Side,
    /// How much.
    pub energy_wh: u64,
    /// The limit in thousandths of a won for a kWh, grid fee included.
    pub limit_mwon: u64,
    /// What its owner put up: a buyer what it costs at most, a seller what a shortfall costs at
    /// most.
    pub collateral: Amount,
    /// The block in which it came.
    pub height: Height,
    /// Whether it was not cancelled.
    pub open: bool,
}

/// The orders of a meter for a slot and what came of them.
#[dure::ty]
pub struct Book {
    /// Whose they are.
    pub owner: Address,
    /// The zone of the meter when the first one came.
    pub zone: u16,
    /// In the order in which they came.
    pub orders: Vec<Placed>,
    /// What was traded, once it was collected.
    pub trade: Option<Trade>,
    /// What deviated from it, once it was settled.
    pub settlement: Option<Settlement>,
}

/// What a meter traded in a slot.
#[dure::ty]
#[derive(Copy, Default)]
pub struct Trade {
    /// Bought.
    pub bought_wh: u64,
    /// Sold.
    pub sold_wh: u64,
    /// What was bought costs, grid fee included, rounded up once.
    pub cost: Amount,
    /// What was sold brings, less the grid fee, rounded down once.
    pub proceeds: Amount,
    /// What stays in escrow until it is known what was delivered.
    pub deposit: Amount,
}

/// What was metered beside what was traded.
#[dure::ty]
#[derive(Copy)]
pub struct Settlement {
    /// Drawn from the grid in the slot.
    pub imported_wh: u64,
    /// Fed into it.
    pub exported_wh: u64,
    /// A reading is missing: these are the figures that the terms put in its place.
    pub substituted: bool,
    /// For shortfall and over-use, at retail, to the utility.
    pub charge: Amount,
    /// For surplus and under-use, at feed-in, from the utility.
    pub credit: Amount,
    /// What of the charge could not be paid, and is owed to the utility.
    pub owed: Amount,
}

/// What came of a slot.
#[dure::ty]
#[derive(Copy)]
pub struct Outcome {
    /// Volume in Wh, price at the hub in thousandths of a won for a kWh, and where each side ends;
    /// none when nothing changed hands.
    pub clearing: Option<Clearing>,
    /// What buyers pay.
    pub cost: Amount,
    /// What sellers get.
    pub proceeds: Amount,
    /// What the operators of the zones get.
    pub fees: Amount,
    /// What rounding left over.
    pub rounding: Amount,
}

/// A certificate of origin: a whole MWh that a renewable meter fed in.
#[dure::ty]
#[derive(Copy)]
pub struct Certificate {
    /// Whose it is.
    pub holder: Address,
    /// Hash of the claim that it was retired for, after which it is nobody's any more.
    pub retired: Option<Hash>,
}

/// The books.
#[dure::ty]
#[derive(Copy)]
pub struct Books {
    /// What accounts have free.
    pub funds: Amount,
    /// What lies there for orders and trades.
    pub escrow: Amount,
    /// Both.
    pub cash: Amount,
    /// Tokens that the contract has.
    pub tokens: Amount,
}

/// A slot, counted again.
#[dure::ty]
#[derive(Copy)]
pub struct SlotBooks {
    /// Meters with orders.
    pub meters: u32,
    /// What all of them bought, which is what all of them sold.
    pub volume_wh: u128,
    /// What lies there for them.
    pub escrow: Amount,
}

/// What a page of an audit found.
#[dure::ty]
#[derive(Copy)]
pub struct Audit {
    /// The books.
    pub books: Books,
    /// Where to go on; none: all was counted, and is what the books say.
    pub next: Option<Counted>,
}

/// Where a count goes on.
#[dure::ty]
#[derive(Copy)]
pub enum Uncounted {
    /// With accounts, after this one.
    Accounts(Option<Address>),
    /// With slots, this one first.
    Slots(Slot),
}

/// What was counted.
#[dure::ty]
#[derive(Copy)]
pub struct Counted {
    /// What was not.
    pub next: Uncounted,
    /// What accounts have free.
    pub funds: Amount,
    /// What lies there for slots.
    pub escrow: Amount,
}

//! What the homes use and make, quarter by quarter: made up, and the same at every run.

use crate::{FEED_IN, RETAIL};
use dure_client::Key;
use ed25519_dalek::SigningKey;

/// Quarters of an hour of a day.
pub(crate) const SLOTS: u64 = 96;

/// A home.
pub(crate) struct Home {
    /// Its meter's number, from 1.
    pub(crate) number: u32,
    pub(crate) owner: Key,
    pub(crate) meter_key: SigningKey,
    pub(crate) zone: u16,
}

/// What it wants of a quarter.
pub(crate) struct Order {
    pub(crate) sells: bool,
    pub(crate) energy_wh: u64,
    pub(crate) limit_mwon: u64,
}

impl Home {
    pub(crate) fn new(index: u32, owner: Key) -> Self {
        let meter_key = SigningKey::from_bytes(&owner.address().0);
        Self { number: index + 1, owner, meter_key, zone: u16::from(index % 4 == 3) }
    }

    pub(crate) fn has_panels(&self) -> bool {
        self.number % 5 < 2
    }

    /// A figure below `bound` that belongs to the home, the quarter and a purpose.
    fn figure(&self, slot: u64, purpose: u64, bound: u64) -> u64 {
        let mut x = u64::from(self.number) << 32 | slot << 8 | purpose;
        // The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }

    /// What it expects to draw, less what it expects to make, in Wh.
    fn expected(&self, slot: u64) -> i64 {
        let evening = if (72..88).contains(&slot) { 250 } else { 0 };
        let use_wh = 60 + evening + self.figure(slot, 1, 120);
        // A parabola from 07:00 to 17:00, 900 Wh at noon.
        let sun = if (28..68).contains(&slot) {
            let from_noon = slot.abs_diff(48);
            900 * (400 - from_noon * from_noon) / 400
        } else {
            0
        };
        let makes = if self.has_panels() { sun } else { 0 };
        i64::try_from(use_wh).unwrap_or(i64::MAX) - i64::try_from(makes).unwrap_or(i64::MAX)
    }

    pub(crate) fn order(&self, slot: u64) -> Order {
        let expected = self.expected(slot);
        let sells = expected < 0;
        let band = (RETAIL - FEED_IN) / 1_000;
        // Sellers ask for a little above feed-in, buyers offer a little below retail.
        let step = self.figure(slot, 2, band * 2 / 3) * 1_000;
        let limit_mwon = if sells { FEED_IN + step } else { RETAIL - step };
        Order { sells, energy_wh: expected.unsigned_abs().max(1), limit_mwon }
    }

    /// What was drawn and what was fed in: not quite what was expected.
    pub(crate) fn metered(&self, slot: u64) -> (u64, u64) {
        let surprise = i64::try_from(self.figure(slot, 3, 41)).unwrap_or_default() - 20;
        let net = self.expected(slot) + surprise;
        if net >= 0 { (net.unsigned_abs(), 0) } else { (0, net.unsigned_abs()) }
    }

    /// What a quarter would bring or cost with the utility alone, in millionths of a won.
    pub(crate) fn without_market(&self, slot: u64) -> i128 {
        let (drawn, fed) = self.metered(slot);
        i128::from(fed) * i128::from(FEED_IN) - i128::from(drawn) * i128::from(RETAIL)
    }
}

//! The policy of the scheme: authorisations, penalties, cycles.

use dure_sdk::{
    domain::{
        calendar::{DAY_MS, KST_AHEAD_MS, Month},
        share::WHOLE_BP,
    },
    prelude::*,
};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// When cycles are due.
#[dure::ty]
#[derive(Copy)]
pub enum Cycle {
    /// Every so many hours from 00:00 in Korea on: a divisor of 24.
    Hours(u32),
    /// When the month is over in Korea.
    Month,
}

impl Cycle {
    /// When a cycle is due that was opened then: never at the very instant.
    #[must_use]
    pub fn due(self, opened: TimestampMs) -> TimestampMs {
        match self {
            Self::Hours(hours) => {
                let step = u64::from(hours.max(1)).saturating_mul(HOUR_MS);
                let passed = opened.0.saturating_add(KST_AHEAD_MS) / step;
                let next = passed.saturating_add(1).saturating_mul(step);
                TimestampMs(next.saturating_sub(KST_AHEAD_MS))
            }
            Self::Month => Month::of(opened).end(),
        }
    }
}

/// What the operator promises.
#[dure::ty]
#[derive(Copy)]
pub struct Scheme {
    /// How long an authorisation holds.
    pub hold_ms: u64,
    /// What a debtor pays on top of an obligation that it could not settle.
    pub penalty_bp: u32,
    /// Priority of what a bank owes for its customers' payments.
    pub payment_priority: u8,
    /// When cycles are due; one that is open stays due when it was.
    pub cycle: Cycle,
}

/// Says why this is no scheme.
#[dure::ty]
#[derive(Copy)]
pub enum SchemeError {
    /// An authorisation that holds no time.
    NoHold,
    /// More than the whole as a penalty.
    Penalty { penalty_bp: u32, limit: u32 },
    /// Not a divisor of 24.
    Hours { hours: u32 },
}

impl Scheme {
    /// Seven times 24 hours, no penalty, every day, payments last to be taken out.
    pub const DAILY: Self = Self {
        hold_ms: 7 * DAY_MS,
        penalty_bp: 0,
        payment_priority: u8::MAX,
        cycle: Cycle::Hours(24),
    };

    pub(crate) fn check(&self) -> Result<(), SchemeError> {
        ensure!(self.hold_ms > 0, SchemeError::NoHold);
        let (penalty_bp, limit) = (self.penalty_bp, WHOLE_BP);
        ensure!(penalty_bp <= limit, SchemeError::Penalty { penalty_bp, limit });
        if let Cycle::Hours(hours) = self.cycle {
            let divides = hours > 0 && 24u32.checked_rem(hours) == Some(0);
            ensure!(divides, SchemeError::Hours { hours });
        }
        Ok(())
    }
}

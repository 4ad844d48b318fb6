//! What may go wrong in a run.

use crate::seeded::Dice;
use std::time::Duration;

/// Milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What may go wrong in a run.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// Percent of messages lost, and sent twice. Each copy has a delay of its own, so that they
    /// overtake each other.
    pub(crate) loss: u64,
    pub(crate) twice: u64,
    /// One-way delay in ms: at least, and up to how much more.
    pub(crate) delay: (u64, u64),
    /// Until then partitions, crashes, failing disks and jumping clocks come and go.
    pub(crate) until: Duration,
    pub(crate) partitions: bool,
    pub(crate) crashes: bool,
    pub(crate) disks: bool,
    pub(crate) clocks: bool,
    /// One validator loses its disk, where none lies and there are four at least.
    pub(crate) lost: bool,
    /// A write and its fsync, and the execution of a block, in ms.
    pub(crate) fsync: u64,
    pub(crate) execution: u64,
}

impl Faults {
    pub(crate) const NONE: Self = Self {
        loss: 0,
        twice: 0,
        delay: (10, 5),
        until: Duration::ZERO,
        partitions: false,
        crashes: false,
        disks: false,
        clocks: false,
        lost: false,
        fsync: 2,
        execution: 3,
    };

    /// Those of one seed.
    pub(crate) fn at_random(dice: &mut Dice) -> Self {
        Self {
            loss: dice.below(2) * dice.below(31),
            twice: dice.below(2) * dice.below(50),
            delay: (1 + dice.below(40), 1 + dice.below(2) * dice.below(200)),
            until: Duration::from_secs(4),
            partitions: dice.percent(60),
            crashes: dice.percent(60),
            disks: dice.percent(50),
            clocks: dice.percent(50),
            fsync: 1 + dice.below(10),
            execution: 1 + dice.below(6),
            lost: dice.percent(30),
        }
    }
}

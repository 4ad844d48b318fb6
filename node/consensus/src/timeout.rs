//! How long a step of a round waits for others (DESIGN D1).

use codec::{Decode, DecodeWithMemTracking, Encode};
use dure_types::vote::Round;
use std::time::Duration;

/// A step waits no longer than this, whatever the round.
const CAP: Duration = Duration::from_secs(5);

/// What a node waits for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking,
)]
pub enum Step {
    /// The proposal of a round.
    Propose,
    /// Prevotes that agree, once a quorum has prevoted.
    Prevote,
    /// Precommits that agree, once a quorum has precommitted.
    Precommit,
}

/// The end of waiting in one step of a round.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking,
)]
pub struct Timeout {
    /// The step.
    pub step: Step,
    /// The round.
    pub round: Round,
}

impl Timeout {
    /// 400 ms and 200 more each round for a proposal, 150 ms and 100 more for votes; 5 s at most.
    #[must_use]
    pub fn duration(self) -> Duration {
        let (first, more) = match self.step {
            Step::Propose => (400, 200),
            Step::Prevote | Step::Precommit => (150, 100),
        };
        let more = Duration::from_millis(more).saturating_mul(self.round);
        Duration::from_millis(first).saturating_add(more).min(CAP)
    }
}

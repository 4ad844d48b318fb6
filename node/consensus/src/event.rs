//! What goes in and what comes out.

use dure_types::{
    BatchReference, CommitCertificate, Gas, Hash, Header, Height, Roots, TimestampMs, ValidatorId,
    ValidatorSet, Vote, VoteKind, vote::Round,
};
use std::time::Duration;

/// Both clocks at one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since the node started; never goes back.
    pub elapsed: Duration,
    /// The clock on the wall, which may jump.
    pub wall: TimestampMs,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Everything up to the parent is decided and durable: begin the height after it.
    Start(Box<Start>),
    /// A batch is held, verified and durable, and no decided header names it.
    BatchReady(ReadyBatch),
    /// A decided height was executed. Heights come in order.
    Executed {
        /// The height.
        height: Height,
        /// What it came to.
        roots: Roots,
        /// Whether it had no transactions, so that nobody waits for its roots.
        empty: bool,
    },
    /// The time of the last [`Action::SetTimer`] has come; too early or too often does no harm.
    Timer,
    /// The header of the last [`Action::Persist`] is durable.
    Durable(Height),
    /// A verified vote: our own, in answer to [`Action::Sign`], or another validator's.
    Vote(Vote),
}

/// Where a height begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Decided header before, with its certificate; none at height 1.
    pub parent: Option<(Header, CommitCertificate)>,
    /// Validators of the height.
    pub validators: ValidatorSet,
    /// Validators of the height after.
    pub next_validators: ValidatorSet,
    /// The header that we made durable for this height before a restart.
    pub proposed: Option<Header>,
}

/// A batch that a header may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyBatch {
    /// How a header names it.
    pub reference: BatchReference,
    /// Its SCALE bytes.
    pub bytes: usize,
    /// Gas limits of its transactions, added.
    pub gas: Gas,
    /// Last height that may name it.
    pub expiry: Height,
}

/// Something that the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make our proposal durable; answer with [`Event::Durable`].
    Persist(Box<Header>),
    /// Sign a vote; answer with [`Event::Vote`].
    Sign(SignRequest),
    /// The height is decided: make both durable, then answer `final`, execute, and send
    /// [`Event::Start`] for the next height.
    Decide(Box<Header>, CommitCertificate),
    /// Send [`Event::Timer`] at this time; a later one replaces it.
    SetTimer(Duration),
}

/// A vote to be signed with the consensus key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignRequest {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Height voted on.
    pub height: Height,
    /// Round voted in.
    pub round: Round,
    /// Block id.
    pub block: Hash,
}

impl SignRequest {
    /// The bytes to sign.
    #[must_use]
    pub fn signed_bytes(&self, chain: Hash) -> Vec<u8> {
        Vote::signed_bytes(chain, self.kind, self.height, self.round, Some(self.block))
    }

    /// The vote, once signed.
    #[must_use]
    pub fn vote(&self, validator: ValidatorId, signature: [u8; 64]) -> Vote {
        let Self { kind, height, round, block } = *self;
        Vote { kind, height, round, block: Some(block), validator, signature }
    }
}

/// Our own code broke a rule of ordering; the node must stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderingError {
    /// Height 1 begins on genesis, every other on its parent.
    #[error("height {got} started after height {last}")]
    OutOfOrder {
        /// The height begun.
        got: Height,
        /// The height before.
        last: Height,
    },
    /// The header kept for the height is of another one.
    #[error("the signer's mark is for height {mark}, not for {height}")]
    Mark {
        /// Height of the mark.
        mark: Height,
        /// Height begun.
        height: Height,
    },
}

//! What goes in and what comes out.

use crate::{log::Log, log::Record, message::Message};
use dure_types::{
    BatchReference, CommitCertificate, Evidence, Gas, Hash, Header, Height, Proposal, Roots,
    TimestampMs, ValidatorId, ValidatorSet, Vote, VoteKind, validator::SetError, vote::Round,
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
    /// Everything up to the parent is decided and durable: go on with the height after it.
    Start(Box<Start>),
    /// A batch is held, verified and durable, and no decided header names it: votes need not wait
    /// for it.
    BatchHeld(ReadyBatch),
    /// The same, and a quorum holds it as far as we know: a header of ours may name it.
    BatchReady(ReadyBatch),
    /// An author signed two batches with one number; both signatures hold.
    Evidence(Box<Evidence>),
    /// A decided height was executed. Heights come in order.
    Executed {
        /// The height.
        height: Height,
        /// What it came to.
        roots: Roots,
        /// Whether it had no transactions, so that nobody waits for its roots.
        empty: bool,
        /// The validators that it decided on, if it changed them: they act after the delay of
        /// [`crate::Sets`].
        validators: Option<Box<ValidatorSet>>,
    },
    /// The time of the last [`Action::SetTimer`] has come; too early or too often does no harm.
    Timer,
    /// The records of the last [`Action::Append`] are durable.
    Appended,
    /// The signature for an [`Action::Sign`], verified: see [`crate::Checked`].
    Signed(SignRequest, [u8; 64]),
    /// A node said something; the stream says who. The host admits validators, who is about to join
    /// and who left, and nobody else. Nothing in it is verified.
    Received(ValidatorId, Box<Message>),
}

/// Where a height begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Decided header before, with its certificate; none at height 1.
    pub parent: Option<(Header, CommitCertificate)>,
    /// What the log holds, after a restart; counts when it is of this height.
    pub log: Option<Log>,
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

/// Something that the host must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Append to the log of this height and make it durable; answer with [`Event::Appended`]. The
    /// first records of a height take the place of those of the height before the last.
    Append(Height, Vec<Record>),
    /// Sign with the consensus key that we have at this height; answer with [`Event::Signed`].
    Sign(SignRequest),
    /// Send to every node that the host admits: validators, who is about to join, and who left.
    Broadcast(Box<Message>),
    /// Send to one of these.
    Send(ValidatorId, Box<Message>),
    /// Send one of these [`Message::Decided`] with what is durable from this height on.
    Serve(ValidatorId, Height),
    /// The height is decided: make both durable, then answer `final`, execute, and send
    /// [`Event::Start`] for the next height.
    Decide(Box<Header>, CommitCertificate),
    /// Send [`Event::Timer`] at this time; a later one replaces it.
    SetTimer(Duration),
    /// Tell the operator.
    Report(Report),
}

/// What an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// A proposal broke a rule: we vote nil.
    Invalid {
        /// Who proposed it.
        proposer: ValidatorId,
        /// Its height.
        height: Height,
        /// The rule.
        rule: crate::Invalid,
    },
    /// A validator signed two things; the proof goes into a header of ours.
    Equivocation {
        /// Who.
        validator: ValidatorId,
    },
    /// The log could not be replayed, or the core failed: nothing is signed until
    /// [`Report::Signing`].
    NotSigning {
        /// Why.
        reason: String,
    },
    /// The ledger is empty, but the chain is older than this node: its disk may have been lost, and
    /// nobody knows what its key signed. It follows, and signs nothing until [`Report::Signing`].
    Observing,
    /// What the execution of a height announced is no validator set: nothing changes, on any node.
    NoChange {
        /// The height.
        height: Height,
        /// Why.
        why: SetError,
    },
    /// Others decided a block that was proposed after we had stopped signing: we sign again.
    Signing {
        /// From this height on.
        height: Height,
    },
}

/// What to sign with the consensus key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignRequest {
    /// A vote: kind, height, round, block or nil.
    Vote((VoteKind, Height, Round, Option<Hash>)),
    /// A proposal: height, round, block, round of its polka if it is proposed again.
    Proposal((Height, Round, Hash, Option<Round>)),
}

impl SignRequest {
    pub(crate) const fn of_vote(vote: &Vote) -> Self {
        Self::Vote((vote.kind, vote.height, vote.round, vote.block))
    }

    pub(crate) const fn of_proposal(proposal: &Proposal) -> Self {
        let Proposal { height, round, block, pol_round, .. } = proposal;
        Self::Proposal((*height, *round, *block, *pol_round))
    }

    /// The bytes to sign.
    #[must_use]
    pub fn signed_bytes(&self, chain: Hash) -> Vec<u8> {
        match *self {
            Self::Vote((kind, height, round, block)) => {
                Vote::signed_bytes(chain, kind, height, round, block)
            }
            Self::Proposal((height, round, block, pol_round)) => {
                Proposal::signed_bytes(chain, height, round, block, pol_round)
            }
        }
    }

    /// Its height: the validators of this height have the key to sign with.
    #[must_use]
    pub const fn height(&self) -> Height {
        match self {
            Self::Vote((_, height, ..)) | Self::Proposal((height, ..)) => *height,
        }
    }

    /// The vote, once signed; none of a proposal.
    pub(crate) const fn vote(&self, validator: ValidatorId, signature: [u8; 64]) -> Option<Vote> {
        match *self {
            Self::Vote((kind, height, round, block)) => {
                Some(Vote { kind, height, round, block, validator, signature })
            }
            Self::Proposal(_) => None,
        }
    }

    /// The proposal, once signed; none of a vote.
    pub(crate) const fn proposal(
        &self,
        validator: ValidatorId,
        signature: [u8; 64],
    ) -> Option<Proposal> {
        match *self {
            Self::Vote(_) => None,
            Self::Proposal((height, round, block, pol_round)) => {
                Some(Proposal { height, round, block, pol_round, validator, signature })
            }
        }
    }
}

/// Our own code, disk or chain broke a rule of ordering; the node must stop.
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
    /// A decided header lists other roots than our own execution gave.
    #[error("height {height}: decided roots {decided} differ from our own {own}")]
    Diverged {
        /// The height whose roots differ.
        height: Height,
        /// State root in the decided header.
        decided: Hash,
        /// State root of our execution.
        own: Hash,
    },
    /// A decided header names other validators than our own execution gave.
    #[error("height {height}: decided validators {decided} differ from our own {own}")]
    OtherValidators {
        /// The height whose validators differ.
        height: Height,
        /// Their hash in a decided header.
        decided: Hash,
        /// The hash of what we executed.
        own: Hash,
    },
    /// The state keeps changes of validators too short: those of a header that consensus must know
    /// are older than all that were told.
    #[error("the validators of height {height} are older than all that are known")]
    Forgotten {
        /// The height of the header.
        height: Height,
    },
    /// The core failed though it only followed.
    #[error("height {height}: {reason}")]
    Core {
        /// The height.
        height: Height,
        /// What it said.
        reason: String,
    },
    /// The core decided a block whose header we do not hold.
    #[error("height {height} decided block {block}, whose header is not held")]
    NoHeader {
        /// The height.
        height: Height,
        /// The block.
        block: Hash,
    },
    /// The core wanted a second signature where one was made. It is not given.
    #[error("height {height}: a second signature in round {round}, for something else")]
    DoubleSign {
        /// The height.
        height: Height,
        /// The round.
        round: Round,
    },
}

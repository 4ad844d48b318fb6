//! What goes into the machine and what comes out.

use super::{BadBatch, VerifiedBatch, Wire};
use crate::{
    execution::{Block, Executed},
    mempool::{Admissible, Rejection, Submitted},
    store::WriteBatch,
};
use dure_consensus::Report;
use dure_types::{Batch, BatchReference, Height, Transaction, ValidatorId, decode::DecodeError};
use std::time::Duration;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A transaction that may wait; answered by [`Action::Answer`] with the same number.
    Submit {
        /// Told apart by the host.
        request: u64,
        /// The transaction.
        transaction: Admissible,
    },
    /// The writes of several [`Action::Persist`], or the entries of an [`Action::Log`], are durable;
    /// the tickets of the former come back in their order.
    Durable(Vec<Ticket>),
    /// A validator sent something; the stream says who. Nothing in it is verified.
    Received(ValidatorId, Box<Wire>),
    /// A validator sent what does not decode: it broke the rules, or its release is another.
    Malformed(ValidatorId, DecodeError),
    /// A transaction of an [`Action::Admit`] that may wait.
    Forwarded(Admissible),
    /// An [`Action::Hand`] to this validator took so many bytes less than it might have.
    Handed(ValidatorId, usize),
    /// What came of an [`Action::Verify`], with who sent that copy: [`super::verify_batch`] says it.
    Verified(BatchReference, ValidatorId, Result<VerifiedBatch, BadBatch>),
    /// A block was executed and its writes are visible; they come in the order of heights.
    Executed(Executed),
    /// The time of the last [`Action::SetTimer`] has come.
    Timer,
}

/// Names what was made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ticket {
    /// A batch, ours or another's.
    Batch(BatchReference),
    /// Batches that no header may name any more are gone.
    Removal,
    /// What we are about to say at this height.
    Log(Height),
    /// Header and certificate of this height.
    Decision(Height),
}

/// Something that the host must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell a client.
    Answer {
        /// The number of the request.
        request: u64,
        /// Accepted, or refused by a rule of the mempool.
        result: Result<Submitted, Rejection>,
    },
    /// Write to the ledger, wait for the barrier, then send [`Event::Durable`]. Several may share
    /// one barrier.
    Persist {
        /// Comes back with the event.
        ticket: Ticket,
        /// The writes.
        writes: WriteBatch,
    },
    /// Append to the signer's log of a height, then send [`Event::Durable`] with [`Ticket::Log`].
    /// It need not wait for the ledger, nor the ledger for it.
    Log(Height, Vec<Vec<u8>>),
    /// Execute a block; send [`Event::Executed`].
    Execute(Box<Block>),
    /// Make the state durable, so that a restart has less to execute; nothing is sent back.
    Flush,
    /// Send to a validator, or to every other.
    Send(Option<ValidatorId>, Box<Wire>),
    /// Send a validator batches from the ledger, each as [`Wire::Batch`]; those that are not there
    /// are passed over, and so is what exceeds the bytes. Answered by [`Event::Handed`].
    Hand {
        /// Who asked for them.
        to: ValidatorId,
        /// The batches.
        batches: Vec<BatchReference>,
        /// Their SCALE bytes, added.
        bytes_max: usize,
    },
    /// Send a validator decided headers from the ledger, from this height on.
    Serve(ValidatorId, Height),
    /// Check a validator's copy of a batch, outside the machine's thread; answer with
    /// [`Event::Verified`].
    Verify(BatchReference, ValidatorId, Box<Batch>),
    /// Check transactions that a validator sent as a client's would be; answer with
    /// [`Event::Forwarded`] for each that may wait.
    Admit(Vec<Transaction>),
    /// Tell the operator.
    Report(Report),
    /// Tell the operator what a validator did wrong, of which headers bear no evidence.
    Blame(ValidatorId, Blame),
    /// Send [`Event::Timer`] at this time since the start; a later one replaces it.
    SetTimer(Duration),
}

/// What a validator did wrong, beyond what headers bear evidence of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// It sent, or signed, a batch that does not hold.
    Bad(BadBatch),
    /// It signed two batches with one sequence number.
    Twice {
        /// The number.
        seq: u64,
    },
    /// What it sent does not decode, or is longer than its kind may be.
    Malformed(DecodeError),
    /// A batch that it says to hold, or that it proposed, was asked of everybody and did not come.
    Withheld {
        /// The batch's number.
        seq: u64,
    },
    /// It sealed transactions that did not run: copies of others, or what was no longer allowed.
    Skipped {
        /// The block that they were in.
        height: Height,
        /// How many.
        count: usize,
    },
}

impl Blame {
    /// Whether no honest validator can have done it. What else is counted may happen to one where
    /// messages are lost, or where two sealed a transaction that was handed over.
    #[must_use]
    pub const fn is_proof(&self) -> bool {
        matches!(self, Self::Bad(_) | Self::Twice { .. } | Self::Malformed(_))
    }
}

//! What goes into the machine and what comes out.

use crate::{
    execution::{Block, Executed},
    mempool::{Admissible, Rejection, Submitted},
    store::WriteBatch,
};
use dure_consensus::Report;
use dure_types::Height;
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
    /// The writes of an [`Action::Persist`], or the entries of an [`Action::Log`], are durable; the
    /// tickets of the former come back in their order.
    Durable(Ticket),
    /// A block was executed and its writes are visible; they come in the order of heights.
    Executed(Executed),
    /// The time of the last [`Action::SetTimer`] has come.
    Timer,
}

/// Names what was made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ticket {
    /// Our batch with this sequence number.
    Batch(u64),
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
    /// Tell the operator.
    Report(Report),
    /// Send [`Event::Timer`] at this time since the start; a later one replaces it.
    SetTimer(Duration),
}

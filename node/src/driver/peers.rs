//! The other validators: what they send comes in as bytes, what is for them leaves as bytes.
//!
//! ```text
//! Inbox::deliver ─► urgent: decodes ──────────────────────────────────► machine
//!                ─► inbox: decodes, checks certificates on all cores ──────┤
//!                                 checks: batches, transactions  ◄─────────┤
//!     outgoing ◄─ archive: batches and headers from the ledger   ◄─────────┤
//!     outgoing ◄───────────────────────────────────────────────────────────┘
//! ```
//! Whoever carries the bytes knows by its streams who sent them. None of these threads runs where a
//! validator is alone.

use super::threads::{Input, Stop};
use crate::{
    chain::Chain,
    driver::WallClock,
    fault::Fault,
    machine::{Action, Blame, Event, Lane, Wire, verify_ahead, verify_batch},
    mempool::{Admission, admission},
    store::ledger,
};
use codec::Encode;
use dure_consensus::{DECIDED_MAX, MESSAGE_BYTES_MAX, Message, Signatures};
use dure_runtime::signature;
use dure_types::{Batch, BatchReference, Height, Transaction, ValidatorId};
use rayon::prelude::*;
use std::sync::{Arc, mpsc};
use tokio::sync::OwnedSemaphorePermit;

/// What the node asks of whoever carries its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A message that is to be carried.
    Message {
        /// The validator; none: every other.
        to: Option<ValidatorId>,
        /// What it must not wait behind.
        lane: Lane,
        /// As it goes on the wire.
        bytes: Arc<[u8]>,
    },
    /// Hear this validator no more for a while: what it sends does not decode.
    Shun(ValidatorId),
}

/// The room that a message takes of what its sender may make us hold; given back when the node has
/// taken the message.
pub type Held = Option<OwnedSemaphorePermit>;

/// A message that came.
pub(super) struct Letter {
    from: ValidatorId,
    bytes: Vec<u8>,
    held: Held,
}

/// Takes what other validators sent. Clones lead to the same node.
#[derive(Clone, Debug)]
pub struct Inbox {
    urgent: mpsc::Sender<Letter>,
    bulk: mpsc::Sender<Letter>,
}

/// The far ends of an [`Inbox`]: what is urgent, and the rest.
pub(super) struct Letters {
    pub(super) urgent: mpsc::Receiver<Letter>,
    pub(super) bulk: mpsc::Receiver<Letter>,
}

impl Inbox {
    pub(super) fn new() -> (Self, Letters) {
        let ((urgent, urgent_letters), (bulk, bulk_letters)) = (mpsc::channel(), mpsc::channel());
        (Self { urgent, bulk }, Letters { urgent: urgent_letters, bulk: bulk_letters })
    }

    /// Hands a message over. Returns false once the node has stopped.
    ///
    /// Messages of a lane are taken in the order in which they are handed over. Whoever carries them
    /// bounds what waits here by the room that each takes of its sender's.
    #[must_use]
    pub fn deliver(&self, from: ValidatorId, bytes: Vec<u8>, held: Held) -> bool {
        let to = match Wire::lane_of(&bytes) {
            Lane::Urgent => &self.urgent,
            Lane::Bulk => &self.bulk,
        };
        to.send(Letter { from, bytes, held }).is_ok()
    }
}

/// What the checking thread does.
pub(super) enum Check {
    Batch(BatchReference, ValidatorId, Box<Batch>),
    Transactions(Vec<Transaction>),
}

/// What is read from the ledger for a validator.
pub(super) enum Request {
    Batches { to: ValidatorId, batches: Vec<BatchReference>, bytes_max: usize },
    Decided(ValidatorId, Height),
}

/// Where the machine's thread sends what concerns the others.
pub(super) struct Peers {
    pub(super) outgoing: mpsc::Sender<Outgoing>,
    pub(super) checks: mpsc::Sender<Check>,
    pub(super) archive: mpsc::Sender<Request>,
}

impl Peers {
    /// Does what concerns the others; gives back what does not. A closed channel means that its
    /// thread ended, or that nobody carries any more.
    pub(super) fn act(&self, action: Action) -> Option<Action> {
        match action {
            Action::Send(to, wire) => drop(self.outgoing.send(outgoing(to, &wire))),
            Action::Verify(reference, from, batch) => {
                drop(self.checks.send(Check::Batch(reference, from, batch)));
            }
            Action::Admit(transactions) => {
                drop(self.checks.send(Check::Transactions(transactions)));
            }
            Action::Hand { to, batches, bytes_max } => {
                drop(self.archive.send(Request::Batches { to, batches, bytes_max }));
            }
            Action::Serve(to, from) => drop(self.archive.send(Request::Decided(to, from))),
            Action::Blame(who, blame) => {
                tracing::warn!(?who, ?blame, "a validator broke a rule");
                if matches!(blame, Blame::Malformed(_)) {
                    drop(self.outgoing.send(Outgoing::Shun(who)));
                }
            }
            other => return Some(other),
        }
        None
    }
}

fn outgoing(to: Option<ValidatorId>, wire: &Wire) -> Outgoing {
    Outgoing::Message { to, lane: wire.lane(), bytes: wire.encode().into() }
}

/// Decodes what comes, in order. Certificates of a range of headers are checked on all cores before
/// the machine sees them: it finds their signatures known, and execution need not wait for it.
pub(super) fn inbox(
    chain: &Chain,
    letters: &mpsc::Receiver<Letter>,
    signatures: &Signatures,
    machine: &mpsc::Sender<Input>,
    stop: &Stop,
) -> Result<(), Fault> {
    while let Some(Letter { from, bytes, held }) = stop.wait(letters) {
        let event = match Wire::from_bytes(&bytes) {
            Ok(wire) => {
                verify_ahead(signatures, chain.id, &chain.genesis.validators, &wire);
                Event::Received(from, Box::new(wire))
            }
            Err(error) => Event::Malformed(from, error),
        };
        drop(machine.send(Input::Came(event, held)));
    }
    Ok(())
}

/// Checks batches and forwarded transactions, all that wait at once, on all cores.
pub(super) fn checks(
    (chain, clock): (&Arc<Chain>, &WallClock),
    work: &mpsc::Receiver<Check>,
    machine: &mpsc::Sender<Input>,
    stop: &Stop,
) -> Result<(), Fault> {
    while let Some(first) = stop.wait(work) {
        let all: Vec<_> =
            std::iter::once(first).chain(std::iter::from_fn(|| work.try_recv().ok())).collect();
        all.into_par_iter().try_for_each(|check| match check {
            Check::Batch(reference, from, batch) => {
                let verdict = verify_batch(chain.id, &chain.genesis.validators, *batch);
                drop(machine.send(Input::Done(Event::Verified(reference, from, verdict))));
                Ok(())
            }
            Check::Transactions(transactions) => admit(chain, clock, transactions, machine),
        })?;
    }
    Ok(())
}

/// What a validator forwards is checked as what a client sends.
fn admit(
    chain: &Arc<Chain>,
    clock: &WallClock,
    transactions: Vec<Transaction>,
    machine: &mpsc::Sender<Input>,
) -> Result<(), Fault> {
    let view = chain.view()?;
    for verified in signature::verify(chain.id, transactions).into_iter().flatten() {
        if let Ok(Admission::New(new)) = admission::admit(&view, clock.now(), verified)? {
            drop(machine.send(Input::Done(Event::Forwarded(new))));
        }
    }
    Ok(())
}

/// Reads what others ask for from the ledger, beside the machine's thread.
pub(super) fn archive(
    chain: &Chain,
    work: &mpsc::Receiver<Request>,
    (out, machine): (&mpsc::Sender<Outgoing>, &mpsc::Sender<Input>),
    stop: &Stop,
) -> Result<(), Fault> {
    let reader = chain.store.as_ref();
    while let Some(request) = stop.wait(work) {
        match request {
            Request::Batches { to, batches, bytes_max } => {
                let mut left = bytes_max;
                for reference in batches {
                    let Some(batch) = ledger::batch_bytes(reader, &reference)? else { continue };
                    let Some(after) = left.checked_sub(batch.len()) else { continue };
                    left = after;
                    let bytes = Wire::batch_bytes(&batch).into();
                    drop(out.send(Outgoing::Message { to: Some(to), lane: Lane::Bulk, bytes }));
                }
                drop(machine.send(Input::Done(Event::Handed(to, left))));
            }
            Request::Decided(to, from) => {
                let decided = ledger::decided(reader, from, DECIDED_MAX, MESSAGE_BYTES_MAX)?;
                let wire = Wire::Consensus(Message::Decided(decided));
                drop(out.send(outgoing(Some(to), &wire)));
            }
        }
    }
    Ok(())
}

//! The door: from a client's bytes to the machine, signatures checked in bulk on the way.

use super::{
    clock::WallClock,
    threads::{Input, Stop},
};
use crate::{
    chain::Chain,
    fault::Fault,
    mempool::{
        Admission, Rejection, Submitted,
        admission::{self, bad_signature},
    },
};
use dure_runtime::{VerifiedTransaction, signature};
use dure_types::{TimestampMs, Transaction};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// Transactions whose signatures wait to be checked.
const WAITING_MAX: usize = 16_384;
/// Transactions checked at once: beyond this a bulk gets no cheaper, and answers get later.
const BULK_MAX: usize = 1_024;

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Submitted, Rejection>>;

/// A transaction on its way in.
pub(super) struct Knock {
    transaction: Transaction,
    reply: Reply,
}

/// Lets clients in. Clones are the same door.
#[derive(Clone)]
pub struct Door(mpsc::SyncSender<Knock>);

/// The far end of a [`Door`].
pub(super) type Knocks = mpsc::Receiver<Knock>;

impl Door {
    pub(super) fn new() -> (Self, Knocks) {
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Submits an encoded transaction and waits for the verdict.
    ///
    /// # Errors
    /// [`Rejection`], whichever rule is broken first.
    pub async fn submit(&self, bytes: Vec<u8>) -> Result<Submitted, Rejection> {
        let transaction = admission::decode(&bytes)?;
        drop(bytes);
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Knock { transaction, reply }).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => Rejection::MempoolFull {
                what: "transactions being checked",
                value: WAITING_MAX + 1,
                limit: WAITING_MAX,
            },
            mpsc::TrySendError::Disconnected(_) => Rejection::Stopping,
        })?;
        answer.await.unwrap_or(Err(Rejection::Stopping))
    }
}

/// Runs the door's thread until the node stops.
pub(super) fn run(
    (chain, clock): (&Arc<Chain>, &WallClock),
    knocks: &Knocks,
    machine: &mpsc::Sender<Input>,
    stop: &Stop,
) -> Result<(), Fault> {
    while let Some(first) = stop.wait(knocks) {
        let more = std::iter::from_fn(|| knocks.try_recv().ok()).take(BULK_MAX - 1);
        let (transactions, replies): (Vec<_>, Vec<_>) = std::iter::once(first)
            .chain(more)
            .map(|knock| (knock.transaction, knock.reply))
            .unzip();
        // Told before those who wait for an answer learn that there is none.
        let view = chain.view().inspect_err(|fault| stop.fail(fault.clone()))?;
        let verdicts = signature::verify(chain.id, transactions);
        for (verdict, reply) in verdicts.into_iter().zip(replies) {
            let verdict = match verdict {
                Ok(verified) => judge(&view, clock.now(), verified)?,
                Err(error) => Err(bad_signature(chain.id, &error)),
            };
            match verdict {
                Ok(Verdict::Known(submitted)) => drop(reply.send(Ok(submitted))),
                Ok(Verdict::Wait(transaction)) => {
                    if machine.send(Input::Submit { transaction, reply }).is_err() {
                        return Ok(());
                    }
                }
                Err(rejection) => drop(reply.send(Err(rejection))),
            }
        }
    }
    Ok(())
}

enum Verdict {
    Known(Submitted),
    Wait(crate::mempool::Admissible),
}

fn judge(
    view: &crate::view::View,
    now: TimestampMs,
    verified: VerifiedTransaction,
) -> Result<Result<Verdict, Rejection>, Fault> {
    let id = verified.id();
    Ok(admission::admit(view, now, verified)?.map(|admission| match admission {
        Admission::Known(place) => Verdict::Known(Submitted { id, known: Some(place) }),
        Admission::New(transaction) => Verdict::Wait(transaction),
    }))
}

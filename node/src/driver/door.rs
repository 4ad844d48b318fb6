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
use dure_types::{TimestampMs, Transaction, limits};
use std::sync::{Arc, mpsc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Transactions whose signatures wait to be checked.
const WAITING_MAX: usize = 16_384;
/// Their bytes, those that are being checked among them: sixty of the longest.
const WAITING_BYTES_MAX: usize = 64 << 20;
const _: () = assert!(limits::TRANSACTION_BYTES_MAX <= WAITING_BYTES_MAX);
/// Transactions checked at once: beyond this a bulk gets no cheaper, and answers get later.
const BULK_MAX: usize = 1_024;

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Submitted, Rejection>>;

/// A transaction on its way in.
pub(super) struct Knock {
    transaction: Transaction,
    reply: Reply,
    /// As many as the transaction has bytes; given back with the verdict.
    bytes: OwnedSemaphorePermit,
}

/// Lets clients in. Clones are the same door.
#[derive(Clone)]
pub struct Door {
    knocks: mpsc::SyncSender<Knock>,
    bytes: Arc<Semaphore>,
}

/// The far end of a [`Door`].
pub(super) type Knocks = mpsc::Receiver<Knock>;

impl Door {
    pub(super) fn new() -> (Self, Knocks) {
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        let bytes = Arc::new(Semaphore::new(WAITING_BYTES_MAX));
        (Self { knocks: sender, bytes }, receiver)
    }

    /// Submits an encoded transaction and waits for the verdict.
    ///
    /// # Errors
    /// [`Rejection`], whichever rule is broken first.
    pub async fn submit(&self, bytes: Vec<u8>) -> Result<Submitted, Rejection> {
        let transaction = admission::decode(&bytes)?;
        let length = bytes.len();
        drop(bytes);
        let permits = u32::try_from(length).unwrap_or(u32::MAX);
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(permits);
        let bytes = bytes.map_err(|_| Rejection::MempoolFull {
            what: "bytes of transactions being checked",
            value: WAITING_BYTES_MAX - self.bytes.available_permits() + length,
            limit: WAITING_BYTES_MAX,
        })?;
        let (reply, answer) = oneshot::channel();
        self.knocks.try_send(Knock { transaction, reply, bytes }).map_err(|error| match error {
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
            .map(|knock| (knock.transaction, (knock.reply, knock.bytes)))
            .unzip();
        // Told before those who wait for an answer learn that there is none.
        let view = chain.view().inspect_err(|fault| stop.fail(fault.clone()))?;
        let verdicts = signature::verify(chain.id, transactions);
        for (verdict, (reply, _bytes)) in verdicts.into_iter().zip(replies) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;
    use dure_types::{Address, Call, Gas, Selector, Signature, TransactionBody};
    use futures::FutureExt;

    #[test]
    fn the_bytes_that_wait_are_bounded() {
        let call = Call {
            contract: Address::SYSTEM,
            method: Selector([0; 4]),
            args: vec![0; limits::TRANSACTION_BYTES_MAX - 1_024],
        };
        let body = TransactionBody {
            account: Address([1; 32]),
            lane: 0,
            nonce: 1,
            valid_until: TimestampMs(1),
            gas_limit: Gas(1),
            sponsor: None,
            calls: vec![call],
        };
        let witness = vec![Signature::Ed25519 { key: [1; 32], signature: [2; 64] }];
        let bytes = Transaction { body, witness }.encode();
        let (door, knocks) = Door::new();
        let fit = WAITING_BYTES_MAX / bytes.len();
        for _ in 0..fit {
            assert!(door.submit(bytes.clone()).now_or_never().is_none(), "it waits");
        }
        let refused = door.submit(bytes.clone()).now_or_never();
        let Some(Err(Rejection::MempoolFull { value, limit, .. })) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!((value, limit), ((fit + 1) * bytes.len(), WAITING_BYTES_MAX));
        drop(knocks.recv().unwrap());
        assert!(door.submit(bytes).now_or_never().is_none(), "there is room again");
    }
}

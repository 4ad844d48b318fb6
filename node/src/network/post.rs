//! Takes what the node says and puts it into the queue of everybody whom it is for.

use super::{OUT_BYTES_MAX, frame::Budget, shun::Shunned, status::Peers};
use crate::{driver::Outgoing, machine::Lane};
use dure_types::ValidatorId;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, mpsc},
    time::Instant,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc as tasks};

/// A message that waits for one validator, and the room that it takes.
pub(super) struct Letter {
    pub(super) bytes: Arc<[u8]>,
    _room: OwnedSemaphorePermit,
}

/// What waits for one validator on one lane.
pub(super) struct Queue {
    letters: tasks::UnboundedSender<Letter>,
    budget: Budget,
}

impl Queue {
    pub(super) fn new() -> (Self, tasks::UnboundedReceiver<Letter>) {
        let (letters, waiting) = tasks::unbounded_channel();
        (Self { letters, budget: Budget::new(OUT_BYTES_MAX) }, waiting)
    }

    /// False where too much waits.
    fn put(&self, bytes: &Arc<[u8]>) -> bool {
        let Some(room) = self.budget.try_take(bytes.len()) else { return false };
        // Nobody listens only where the network ends.
        let _ = self.letters.send(Letter { bytes: Arc::clone(bytes), _room: room });
        true
    }
}

/// All queues.
#[derive(Default)]
pub(super) struct Queues(BTreeMap<(Lane, ValidatorId), Queue>);

impl Queues {
    pub(super) fn add(&mut self, own: Vec<((Lane, ValidatorId), Queue)>) {
        self.0.extend(own);
    }

    fn of(
        &self,
        lane: Lane,
        to: Option<ValidatorId>,
    ) -> impl Iterator<Item = (ValidatorId, &Queue)> {
        let of_lane = self.0.iter().filter(move |((of, _), _)| *of == lane);
        let all = of_lane.map(|((_, validator), queue)| (*validator, queue));
        all.filter(move |(validator, _)| to.is_none_or(|to| to == *validator))
    }
}

/// Starts the thread; it ends with the node.
pub(super) fn start(
    outgoing: mpsc::Receiver<Outgoing>,
    queues: Queues,
    status: Peers,
    shunned: Shunned,
) -> io::Result<()> {
    let carry = move || {
        for out in outgoing {
            match out {
                Outgoing::Message { to, lane, bytes } => {
                    for (validator, queue) in queues.of(lane, to) {
                        let fits = queue.put(&bytes);
                        status.change(validator, |status| match fits {
                            true => status.sent += 1,
                            false => status.dropped += 1,
                        });
                    }
                }
                Outgoing::Shun(validator) => shut_out(validator, &status, &shunned),
            }
        }
    };
    std::thread::Builder::new().name("dure-post".into()).spawn(carry).map(drop)
}

/// Notes that a validator is to be heard no more for a while; its lanes close its connections.
pub(super) fn shut_out(validator: ValidatorId, status: &Peers, shunned: &Shunned) {
    if let Some(long) = shunned.add(validator, Instant::now()) {
        status.change(validator, |status| status.shunned += 1);
        tracing::warn!(
            ?validator,
            seconds = long.as_secs(),
            "a validator sends what no release of this version sends: shut out for a while"
        );
    }
}

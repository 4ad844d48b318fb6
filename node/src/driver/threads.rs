//! The threads around the machine, and how they end.

use super::{
    clock::Clock,
    door::Reply,
    peers::{Held, Peers},
};
use crate::{
    chain::{Chain, Head},
    execution::{Block, execute},
    fault::Fault,
    machine::{Action, Event, Machine, Ticket},
    mempool::{Admissible, MempoolStatus},
    store::{Database, Store, WriteBatch},
    view::SnapshotState,
};
use dure_runtime::system;
use dure_types::{Hash, Height};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::watch;

/// Contracts that are looked up at once.
const CONTRACTS_PAGE: usize = 256;
/// How soon an idle thread sees that the node stops.
const STOP_POLL: Duration = Duration::from_millis(100);

/// Tells every thread to end, and why: [`Fault::Stopped`] when asked to, else the first fault.
#[derive(Clone)]
pub(super) struct Stop {
    stopping: Arc<AtomicBool>,
    reason: Arc<watch::Sender<Option<Fault>>>,
}

impl Stop {
    pub(super) fn new() -> Self {
        Self { stopping: Arc::default(), reason: Arc::new(watch::Sender::new(None)) }
    }

    pub(super) fn stop(&self) {
        self.end(Fault::Stopped);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Stops for a fault. What still answers clients is told of it before it ends.
    pub(super) fn fail(&self, fault: Fault) {
        tracing::error!(%fault, "the node stops");
        self.end(fault);
    }

    fn end(&self, reason: Fault) {
        self.reason.send_if_modified(|first| {
            // Another thread may have met the latched store before the failed write was told.
            let new = match first {
                None => true,
                Some(first) => reason.is_disk_full() && !first.is_disk_full(),
            };
            if new {
                *first = Some(reason);
            }
            new
        });
        // Last: whoever sees that the node stops can see why.
        self.stopping.store(true, Ordering::Release);
    }

    /// Why the node stops; none while it does not.
    pub(super) fn reason(&self) -> watch::Receiver<Option<Fault>> {
        self.reason.subscribe()
    }

    /// Waits for a message; none when the node stops.
    pub(super) fn wait<T>(&self, receiver: &mpsc::Receiver<T>) -> Option<T> {
        loop {
            if self.is_stopping() {
                return None;
            }
            match receiver.recv_timeout(STOP_POLL) {
                Ok(message) => return Some(message),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Starts a thread whose error or panic stops the node.
    pub(super) fn spawn(
        &self,
        name: &'static str,
        body: impl FnOnce() -> Result<(), Fault> + Send + 'static,
    ) -> Result<JoinHandle<()>, Fault> {
        let stop = self.clone();
        let run = move || match catch_unwind(AssertUnwindSafe(body)) {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => stop.fail(fault),
            Err(panic) => stop.fail(Fault::Thread { name, reason: said(panic.as_ref()) }),
        };
        std::thread::Builder::new()
            .name(format!("dure-{name}"))
            .spawn(run)
            .map_err(|error| Fault::Thread { name, reason: error.to_string() })
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
}

/// What comes to the machine's thread.
pub(super) enum Input {
    /// A transaction that may wait.
    Submit { transaction: Admissible, reply: Reply },
    /// A thread is done with something.
    Done(Event),
    /// Another validator sent something, which takes room until it is dealt with.
    Came(Event, Held),
}

/// What the machine's thread sends to.
pub(super) struct Outputs {
    pub(super) ledger: mpsc::Sender<(Ticket, WriteBatch)>,
    pub(super) signer: mpsc::Sender<(Height, Vec<Vec<u8>>)>,
    pub(super) execution: mpsc::Sender<Block>,
    pub(super) flush: mpsc::Sender<()>,
    pub(super) mempool: watch::Sender<MempoolStatus>,
    /// None where a validator is alone: it has nobody to talk to.
    pub(super) peers: Option<Peers>,
}

/// Drives the machine until the node stops.
pub(super) fn machine(
    mut machine: Machine,
    actions: Vec<Action>,
    clock: &Clock,
    inputs: &mpsc::Receiver<Input>,
    outputs: &Outputs,
    stop: &Stop,
) -> Result<(), Fault> {
    let mut replies: HashMap<u64, Reply> = HashMap::new();
    let mut requests = 0u64;
    let mut timer = act(actions, outputs, &mut replies);
    while !stop.is_stopping() {
        let mut held: Held = None;
        let left = timer.map_or(STOP_POLL, |at| at.saturating_sub(clock.now().elapsed));
        let event = match inputs.recv_timeout(left.min(STOP_POLL)) {
            Ok(Input::Submit { transaction, reply }) => {
                requests += 1;
                replies.insert(requests, reply);
                Event::Submit { request: requests, transaction }
            }
            Ok(Input::Done(event)) => event,
            Ok(Input::Came(event, room)) => {
                held = room;
                event
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                match timer.filter(|at| *at <= clock.now().elapsed) {
                    Some(_) => timer = None,
                    None => continue,
                }
                Event::Timer
            }
        };
        let actions = machine.step(clock.now(), event)?;
        timer = act(actions, outputs, &mut replies).or(timer);
        drop(held);
        outputs.mempool.send_if_modified(|status| {
            let new = machine.mempool();
            std::mem::replace(status, new) != new
        });
    }
    Ok(())
}

/// Does what the machine says; returns the timer that it set. A closed channel means that its
/// thread ended, which stops the node by itself.
fn act(
    actions: Vec<Action>,
    outputs: &Outputs,
    replies: &mut HashMap<u64, Reply>,
) -> Option<Duration> {
    let mut timer = None;
    for action in actions {
        let action = match &outputs.peers {
            Some(peers) => match peers.act(action) {
                Some(action) => action,
                None => continue,
            },
            None => action,
        };
        match action {
            Action::Answer { request, result } => {
                if let Some(reply) = replies.remove(&request) {
                    drop(reply.send(result));
                }
            }
            Action::Persist { ticket, writes } => drop(outputs.ledger.send((ticket, writes))),
            Action::Log(height, entries) => drop(outputs.signer.send((height, entries))),
            Action::Execute(block) => drop(outputs.execution.send(*block)),
            Action::Flush => drop(outputs.flush.send(())),
            Action::Report(report) => tracing::warn!(?report, "consensus"),
            Action::SetTimer(at) => timer = Some(at),
            // Done above, or there is nobody to talk to.
            Action::Send(..)
            | Action::Hand { .. }
            | Action::Serve(..)
            | Action::Verify(..)
            | Action::Admit(..)
            | Action::Blame(..) => {}
        }
    }
    timer
}

/// Writes to the ledger; one fsync serves all that came while the last was under way.
pub(super) fn ledger(
    store: &dyn Store,
    work: &mpsc::Receiver<(Ticket, WriteBatch)>,
    machine: &mpsc::Sender<Input>,
    stop: &Stop,
) -> Result<(), Fault> {
    while let Some((ticket, writes)) = stop.wait(work) {
        let mut tickets = vec![ticket];
        store.write(writes)?;
        while let Ok((ticket, writes)) = work.try_recv() {
            store.write(writes)?;
            tickets.push(ticket);
        }
        store.barrier(Database::Ledger)?;
        drop(machine.send(Input::Done(Event::Durable(tickets))));
    }
    Ok(())
}

/// Compiles what a block deployed, beside execution, and at start what contracts run already.
///
/// On one core, so that signatures and execution keep the others. What is called before its turn is
/// compiled by who calls it.
pub(super) fn compiler(
    chain: &Arc<Chain>,
    work: &mpsc::Receiver<Hash>,
    stop: &Stop,
) -> Result<(), Fault> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .thread_name(|_| "dure-compiler".into())
        .build()
        .map_err(|error| Fault::Thread { name: "compiler", reason: error.to_string() })?;
    let state = SnapshotState(chain.reader());
    let prepare = |code: Hash| pool.install(|| chain.executor.prepare(&state, code));
    let mut after = None;
    loop {
        let page = system::contracts(&state, after, CONTRACTS_PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (_, contract) in page {
            while let Ok(code) = work.try_recv() {
                prepare(code)?;
            }
            if stop.is_stopping() {
                return Ok(());
            }
            prepare(contract.code)?;
        }
    }
    while let Some(code) = stop.wait(work) {
        prepare(code)?;
    }
    Ok(())
}

/// Writes the signer's log, without waiting for an fsync of the ledger that is under way.
pub(super) fn signer(
    store: &dyn Store,
    work: &mpsc::Receiver<(Height, Vec<Vec<u8>>)>,
    machine: &mpsc::Sender<Input>,
    stop: &Stop,
) -> Result<(), Fault> {
    while let Some((height, entries)) = stop.wait(work) {
        store.append_log(height, &entries)?;
        drop(machine.send(Input::Done(Event::Durable(vec![Ticket::Log(height)]))));
    }
    Ok(())
}

/// Executes blocks in order, and shows the new head once its writes are visible.
pub(super) fn execution(
    chain: &Chain,
    work: &mpsc::Receiver<Block>,
    (machine, compiler): (&mpsc::Sender<Input>, &mpsc::Sender<Hash>),
    head: &watch::Sender<Head>,
    stop: &Stop,
) -> Result<(), Fault> {
    while let Some(block) = stop.wait(work) {
        let executed = execute(chain, block)?;
        for code in &executed.deployed {
            // Closed only when the node stops.
            let _ = compiler.send(*code);
        }
        head.send_replace(executed.head);
        drop(machine.send(Input::Done(Event::Executed(executed))));
    }
    Ok(())
}

/// Makes the state durable when asked.
pub(super) fn flush(
    store: &dyn Store,
    work: &mpsc::Receiver<()>,
    stop: &Stop,
) -> Result<(), Fault> {
    while stop.wait(work).is_some() {
        store.barrier(Database::State)?;
    }
    Ok(())
}

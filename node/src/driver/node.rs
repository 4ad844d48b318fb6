//! A running node: started, watched and stopped.

use super::{
    clock::{Clock, WallClock},
    door::{self, Door},
    peers::{self, Inbox, Letters, Outgoing, Peers},
    threads::{self, Input, Outputs, Stop},
};
use crate::{
    chain::{Chain, Head},
    config::NodeConfig,
    fault::{Fault, StartError},
    handle::Handle,
    machine::{Action, Machine, Setup, recover},
    mempool::MempoolStatus,
    store::{Database, MemoryStore, Store, compiled::CompiledFiles, schema},
    view::SnapshotState,
};
use dure_consensus::Signatures;
use dure_runtime::{Executor, ExecutorConfig};
use dure_types::{Genesis, ValidatorId};
use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};
use tokio::sync::watch;

/// A running node. Dropping it stops it too, without waiting for its threads.
pub struct Node {
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
    stop: Stop,
}

impl Node {
    /// Opens the store, brings the state up to the ledger, and starts the threads.
    ///
    /// # Errors
    /// [`StartError`] says what the operator should look at.
    pub async fn start(config: NodeConfig) -> Result<Self, StartError> {
        Self::start_with(config, open).await
    }

    /// The same on a store that is open already; `data_dir` does not count.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_on(config: NodeConfig, store: Arc<dyn Store>) -> Result<Self, StartError> {
        let claimed = |config: &NodeConfig| {
            schema::claim(store.as_ref(), config.genesis.chain_id(), "store")?;
            Ok(store)
        };
        Self::start_with(config, claimed).await
    }

    /// The same as one of several validators. What is for the others goes to `outgoing`, and what
    /// they send comes by the [`Inbox`]: who carries it, and knows who sent it, is not said here.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_among(
        config: NodeConfig,
        store: Arc<dyn Store>,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> Result<(Self, Inbox), StartError> {
        let claimed = |config: &NodeConfig| {
            schema::claim(store.as_ref(), config.genesis.chain_id(), "store")?;
            Ok(store)
        };
        Self::start_carried(config, claimed, outgoing).await
    }

    /// The same on the folder that is configured.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_networked(
        config: NodeConfig,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> Result<(Self, Inbox), StartError> {
        Self::start_carried(config, open, outgoing).await
    }

    async fn start_carried(
        config: NodeConfig,
        open: impl FnOnce(&NodeConfig) -> Result<Arc<dyn Store>, StartError> + Send + 'static,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> Result<(Self, Inbox), StartError> {
        let (inbox, letters) = Inbox::new();
        let carrier = Some((outgoing, letters));
        Ok((Self::start_between(config, open, carrier).await?, inbox))
    }

    async fn start_with(
        config: NodeConfig,
        open: impl FnOnce(&NodeConfig) -> Result<Arc<dyn Store>, StartError> + Send + 'static,
    ) -> Result<Self, StartError> {
        Self::start_between(config, open, None).await
    }

    async fn start_between(
        config: NodeConfig,
        open: impl FnOnce(&NodeConfig) -> Result<Arc<dyn Store>, StartError> + Send + 'static,
        carrier: Option<Carrier>,
    ) -> Result<Self, StartError> {
        let start = move || Self::start_blocking(config, open, carrier);
        let starting = tokio::task::spawn_blocking(start);
        starting.await.unwrap_or_else(|error| {
            let reason = error.to_string();
            Err(StartError::Fault(Fault::Thread { name: "start", reason }))
        })
    }

    fn start_blocking(
        config: NodeConfig,
        open: impl FnOnce(&NodeConfig) -> Result<Arc<dyn Store>, StartError>,
        carrier: Option<Carrier>,
    ) -> Result<Self, StartError> {
        let me = ValidatorId::of_key(config.consensus_key.verifying_key().as_bytes());
        check(&config.genesis, me, carrier.is_some())?;
        let store = open(&config)?;
        let executor = executor(config.data_dir.as_deref()).map_err(Fault::from)?;
        let executor = Arc::new(executor);
        let chain = Chain::open(config.genesis, store, executor, config.undo)?;
        chain.executor.prune_cache(&SnapshotState(chain.reader())).map_err(Fault::from)?;
        let recovered = recover(&chain, me)?;
        let wall = config.clock;
        wall.catch_up(chain.head()?.time);
        let clock = Clock::start(wall.clone());
        let signatures = Signatures::default();
        let setup = Setup {
            genesis: &chain.genesis,
            signer: Box::new(config.consensus_key),
            mempool: config.mempool,
            signatures: signatures.clone(),
        };
        let (machine, actions) = Machine::new(setup, recovered, clock.now())?;
        let carrier = carrier.map(|carrier| (carrier, signatures));
        Ok(Self::run(chain, (machine, actions), (clock, wall), carrier)?)
    }

    fn run(
        chain: Arc<Chain>,
        (machine, actions): (Machine, Vec<Action>),
        (clock, wall): (Clock, WallClock),
        carrier: Option<(Carrier, Signatures)>,
    ) -> Result<Self, Fault> {
        let stop = Stop::new();
        let (door, knocks) = Door::new();
        let (to_machine, inputs) = mpsc::channel();
        let (to_ledger, ledger_work) = mpsc::channel();
        let (to_signer, signer_work) = mpsc::channel();
        let (to_execution, execution_work) = mpsc::channel();
        let (to_flush, flush_work) = mpsc::channel();
        let (to_compiler, compiler_work) = mpsc::channel();
        let (head_sender, head) = watch::channel::<Head>(chain.head()?);
        let (mempool_sender, mempool) = watch::channel(MempoolStatus::default());
        let node = |stop: &Stop| (Arc::clone(&chain), to_machine.clone(), stop.clone());
        let mut threads = Vec::new();
        let peers = carrier.map(|carrier| among(&mut threads, carrier, &wall, node(&stop)));
        let outputs = Outputs {
            ledger: to_ledger,
            signer: to_signer,
            execution: to_execution,
            flush: to_flush,
            mempool: mempool_sender,
            peers: peers.transpose()?,
        };

        let (shared, done, own) = node(&stop);
        threads.push(stop.spawn("ledger", move || {
            threads::ledger(shared.store.as_ref(), &ledger_work, &done, &own)
        })?);
        let (shared, done, own) = node(&stop);
        threads.push(stop.spawn("signer", move || {
            threads::signer(shared.store.as_ref(), &signer_work, &done, &own)
        })?);
        let (shared, done, own) = node(&stop);
        threads.push(stop.spawn("execution", move || {
            let outputs = (&done, &to_compiler);
            threads::execution(&shared, &execution_work, outputs, &head_sender, &own)
        })?);
        let (shared, _, own) = node(&stop);
        threads.push(
            stop.spawn("compiler", move || threads::compiler(&shared, &compiler_work, &own))?,
        );
        let (shared, _, own) = node(&stop);
        threads.push(
            stop.spawn("flush", move || threads::flush(shared.store.as_ref(), &flush_work, &own))?,
        );
        let (shared, done, own) = node(&stop);
        let time = wall.clone();
        threads
            .push(stop.spawn("door", move || door::run((&shared, &time), &knocks, &done, &own))?);
        let own = stop.clone();
        threads.push(stop.spawn("machine", move || {
            threads::machine(machine, actions, &clock, &inputs, &outputs, &own)
        })?);
        let reason = stop.reason();
        Ok(Self {
            handle: Handle { chain, clock: wall, door, head, mempool, reason },
            threads,
            stop,
        })
    }

    /// What the rest of the program holds of the node.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Resolves when the node had to stop, and says why; never before.
    pub async fn failed(&self) -> Fault {
        let failed = |reason: &Option<Fault>| reason.as_ref().is_some_and(|r| *r != Fault::Stopped);
        let mut reason = self.stop.reason();
        let reason = reason.wait_for(failed).await;
        reason.ok().and_then(|reason| reason.clone()).unwrap_or(Fault::Stopped)
    }

    /// Stops the node: what is under way ends, what is decided is made durable.
    pub async fn stop(mut self) {
        self.stop.stop();
        let threads = std::mem::take(&mut self.threads);
        let store = Arc::clone(&self.handle.chain.store);
        let stopping = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A panic is a fault that was reported already.
                drop(thread.join());
            }
            // Not needed for safety: it spares the next start some execution.
            for database in Database::ALL {
                if let Err(error) = store.barrier(database) {
                    tracing::warn!(%error, "the last flush failed");
                }
            }
        });
        drop(stopping.await);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Where messages go, and where they come from.
type Carrier = (mpsc::Sender<Outgoing>, Letters);

/// Starts the threads of a node that is not alone.
fn among(
    threads: &mut Vec<JoinHandle<()>>,
    ((outgoing, letters), signatures): (Carrier, Signatures),
    wall: &WallClock,
    (chain, machine, stop): (Arc<Chain>, mpsc::Sender<Input>, Stop),
) -> Result<Peers, Fault> {
    let (to_checks, check_work) = mpsc::channel();
    let (to_archive, archive_work) = mpsc::channel();
    let node = || (Arc::clone(&chain), machine.clone(), stop.clone());
    let Letters { urgent, bulk } = letters;
    for (name, letters) in [("urgent", urgent), ("inbox", bulk)] {
        let ((shared, done, own), signatures) = (node(), signatures.clone());
        threads.push(
            stop.spawn(name, move || peers::inbox(&shared, &letters, &signatures, &done, &own))?,
        );
    }
    let ((shared, done, own), wall) = (node(), wall.clone());
    threads.push(
        stop.spawn("checks", move || peers::checks((&shared, &wall), &check_work, &done, &own))?,
    );
    let ((shared, done, own), out) = (node(), outgoing.clone());
    threads.push(
        stop.spawn("archive", move || peers::archive(&shared, &archive_work, (&out, &done), &own))?,
    );
    Ok(Peers { outgoing, checks: to_checks, archive: to_archive })
}

fn check(genesis: &Genesis, me: ValidatorId, carried: bool) -> Result<(), StartError> {
    genesis.check()?;
    let (parameters, count) = (&genesis.parameters, genesis.validators.0.len());
    if !dure_runtime::genesis::supports(parameters) {
        let (vm_version, gas_table) = (parameters.vm_version, parameters.gas_table);
        return Err(StartError::Rules { vm_version, gas_table });
    }
    if count != 1 && !carried {
        return Err(StartError::ManyValidators { count });
    }
    if genesis.validators.get(me).is_none() {
        return Err(StartError::NotAValidator);
    }
    Ok(())
}

fn executor(directory: Option<&Path>) -> Result<Executor, dure_runtime::Fault> {
    let config = ExecutorConfig::default();
    match directory {
        Some(directory) => Executor::caching(config, Arc::new(CompiledFiles::of(directory))),
        None => Executor::new(config),
    }
}

fn open(config: &NodeConfig) -> Result<Arc<dyn Store>, StartError> {
    let chain = config.genesis.chain_id();
    let Some(directory) = config.data_dir.as_deref() else {
        let store = MemoryStore::new();
        schema::claim(&store, chain, "memory")?;
        return Ok(Arc::new(store));
    };
    #[cfg(feature = "rocksdb")]
    {
        let me = ValidatorId::of_key(config.consensus_key.verifying_key().as_bytes());
        let me = (me, &config.genesis.validators);
        // What does not belong together is found before RocksDB cuts a damaged log.
        let closed = crate::store::rocks::Closed::look(directory, chain)?;
        crate::machine::recovery::look(&closed, &closed.log()?.entries, me, chain)?;
        Ok(Arc::new(closed.open(chain)?))
    }
    #[cfg(not(feature = "rocksdb"))]
    {
        let _ = directory;
        Err(StartError::NoDisk)
    }
}

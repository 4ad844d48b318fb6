//! A host for one validator: its disk, its clock and its machine, from start to crash.

use crate::clients::EPOCH_MS;
use dure_consensus::{Now, Signatures, Signer, SignerError, ToSign};
use dure_node::{
    chain::Chain,
    config::MempoolLimits,
    execution::{Block, UndoWindow},
    fault::Fault,
    machine::{Action, Event, Machine, Setup, Ticket, recover, recovery},
    store::{MemoryStore, Store, ledger, schema},
};
use dure_runtime::Executor;
use dure_types::{BatchReference, Genesis, Hash, Height, TimestampMs, ValidatorId};
use ed25519_dalek::SigningKey;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// What all validators of a run share.
pub(crate) struct Shared {
    pub(crate) genesis: Genesis,
    pub(crate) chain: Hash,
    pub(crate) executor: Arc<Executor>,
    /// What one verified is not verified by the others again: the check is the same everywhere.
    pub(crate) signatures: Signatures,
}

/// The key of a validator. What it signed is not verified: that it holds is the curve's doing, and
/// whether a signer that is mistaken is found out is tested beside it.
#[derive(Debug)]
struct Own {
    key: SigningKey,
    signatures: Signatures,
}

impl Signer for Own {
    fn public_key(&self) -> [u8; 32] {
        self.key.public_key()
    }

    fn sign(&self, chain: Hash, what: ToSign<'_>) -> Result<[u8; 64], SignerError> {
        let signature = self.key.sign(chain, what)?;
        self.signatures.made(&self.public_key(), &what.signed_bytes(chain), &signature);
        Ok(signature)
    }
}

/// One validator from its start to its crash.
pub(crate) struct Life {
    pub(crate) chain: Arc<Chain>,
    pub(crate) machine: Machine,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) timer: Option<Duration>,
    pub(crate) blocks: VecDeque<Block>,
}

/// A validator over all its lives.
pub(crate) struct Host {
    pub(crate) id: ValidatorId,
    pub(crate) key: SigningKey,
    pub(crate) store: MemoryStore,
    pub(crate) life: Option<Life>,
    /// Counts lives: what was under way in an earlier one comes to nothing.
    pub(crate) lives: u32,
    /// What its clock is ahead of the true one, in ms.
    pub(crate) skew: i64,
    /// Newest height that was executed here, in any life: its receipts were told.
    pub(crate) told: Height,
    /// What it acknowledged, with the height that it had decided then.
    pub(crate) promised: BTreeMap<BatchReference, Height>,
}

impl Host {
    pub(crate) fn new(key: SigningKey) -> Self {
        let id = ValidatorId::of_key(key.verifying_key().as_bytes());
        Self {
            id,
            key,
            store: MemoryStore::with_disk(),
            life: None,
            lives: 0,
            skew: 0,
            told: Height::ZERO,
            promised: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self, elapsed: Duration) -> Now {
        let wall = (EPOCH_MS + elapsed.as_millis() as u64).saturating_add_signed(self.skew);
        Now { elapsed, wall: TimestampMs(wall) }
    }

    /// Starts on what the disk holds, as the driver does.
    pub(crate) fn start(
        &mut self,
        shared: &Shared,
        elapsed: Duration,
    ) -> Result<Vec<Action>, Fault> {
        let who = (self.id, &shared.genesis.validators);
        recovery::look(&self.store, &self.store.log()?.entries, who, shared.chain)?;
        schema::claim(&self.store, shared.chain, "memory")?;
        let (store, executor) = (Arc::new(self.store.clone()), Arc::clone(&shared.executor));
        let window = UndoWindow::default();
        let chain = Chain::open(shared.genesis.clone(), store, executor, window)?;
        let recovered = recover(&chain, self.id)?;
        let setup = Setup {
            genesis: &shared.genesis,
            signer: Box::new(Own { key: self.key.clone(), signatures: shared.signatures.clone() }),
            mempool: MempoolLimits::default(),
            signatures: shared.signatures.clone(),
        };
        let (machine, actions) = Machine::new(setup, recovered, self.now(elapsed))?;
        self.lives += 1;
        let (tickets, blocks) = (Vec::new(), VecDeque::new());
        self.life = Some(Life { chain, machine, tickets, timer: None, blocks });
        Ok(actions)
    }

    pub(crate) fn step(&mut self, elapsed: Duration, event: Event) -> Result<Vec<Action>, Fault> {
        let now = self.now(elapsed);
        match &mut self.life {
            Some(life) => life.machine.step(now, event),
            None => Ok(Vec::new()),
        }
    }

    /// Newest decided height in the ledger.
    pub(crate) fn decided(&self) -> Height {
        let tip = ledger::tip(&self.store).unwrap();
        tip.map_or(Height::ZERO, |(header, _)| header.height)
    }

    /// Newest executed height.
    pub(crate) fn executed(&self) -> Height {
        let head = |life: &Life| life.chain.head().unwrap().height;
        self.life.as_ref().map_or(Height::ZERO, head)
    }
}

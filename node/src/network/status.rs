//! How it stands with each of the other validators, for operators.

use crate::machine::Lane;
use dure_rpc::shape::PeerHealth;
use dure_types::ValidatorId;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How it stands with one of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its name in genesis.
    pub name: String,
    /// Whether a connection for what is urgent stands...
    pub urgent: bool,
    /// ... and one for batches.
    pub bulk: bool,
    /// Messages that were sent to it, and that came.
    pub sent: u64,
    /// Messages that came from it.
    pub received: u64,
    /// Messages that were dropped because too much waited for it.
    pub dropped: u64,
    /// How often it was shut out for what it sent.
    pub shunned: u64,
}

/// The same of all; clones show the same.
#[derive(Clone, Debug)]
pub struct Peers(Arc<Mutex<BTreeMap<ValidatorId, PeerStatus>>>);

impl Peers {
    pub(super) fn new<'a>(others: impl Iterator<Item = (ValidatorId, &'a str)>) -> Self {
        let named = |name: &str| PeerStatus { name: name.to_owned(), ..PeerStatus::default() };
        let all = others.map(|(validator, name)| (validator, named(name))).collect();
        Self(Arc::new(Mutex::new(all)))
    }

    /// The same as `node_health` tells it.
    #[must_use]
    pub fn health(&self) -> Vec<PeerHealth> {
        let shown = |peer: &PeerStatus| PeerHealth {
            name: peer.name.clone(),
            connected: peer.urgent && peer.bulk,
            sent: peer.sent.into(),
            received: peer.received.into(),
            dropped: peer.dropped.into(),
            shunned: peer.shunned.into(),
        };
        let mut all: Vec<PeerHealth> = self.lock().values().map(shown).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ValidatorId, PeerStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, by validator.
    #[must_use]
    pub fn all(&self) -> BTreeMap<ValidatorId, PeerStatus> {
        self.lock().clone()
    }

    /// How many of the others can be reached.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.lock().values().filter(|peer| peer.urgent).count()
    }

    pub(super) fn change(&self, of: ValidatorId, change: impl FnOnce(&mut PeerStatus)) {
        if let Some(status) = self.lock().get_mut(&of) {
            change(status);
        }
    }

    pub(super) fn connection(&self, of: ValidatorId, lane: Lane, stands: bool) {
        self.change(of, |status| match lane {
            Lane::Urgent => status.urgent = stands,
            Lane::Bulk => status.bulk = stands,
        });
    }
}

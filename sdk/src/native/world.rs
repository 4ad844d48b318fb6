//! What a sandbox holds, and how it is undone.

use super::{
    contract::Dispatch,
    touched::{Touch, Touched},
};
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use dure_abi::{Address, Hash, Height, Selector, TimestampMs};
use std::cell::RefCell;

/// An event as a receipt shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// Who emitted it.
    pub contract: Address,
    /// First four bytes of BLAKE3 of its name.
    pub topic: Selector,
    /// SCALE encoding of its fields.
    pub data: Vec<u8>,
}

/// One contract on the call stack.
pub(super) struct Frame {
    pub(super) contract: Address,
    pub(super) caller: Address,
    pub(super) read_only: bool,
    pub(super) output: Vec<u8>,
}

/// A moment to which everything can be taken back.
#[derive(Clone, Copy)]
pub(super) struct Savepoint {
    writes: usize,
    events: usize,
}

/// What a write of the transaction replaced.
struct Undo {
    contract: Address,
    key: Vec<u8>,
    before: Option<Vec<u8>>,
}

/// Everything that host functions touch.
#[derive(Default)]
pub(super) struct World {
    /// Stored values by contract and key.
    pub(super) state: BTreeMap<Address, BTreeMap<Vec<u8>, Vec<u8>>>,
    journal: Vec<Undo>,
    /// What this transaction looked at and changed.
    pub(super) touched: Touched,
    pub(super) events: Vec<Emitted>,
    /// Events of earlier transactions: the limit counts those of one.
    events_before: usize,
    pub(super) debug: Vec<String>,
    pub(super) panic: Option<String>,
    pub(super) contracts: BTreeMap<Address, Dispatch>,
    /// Addresses that were called or read in this transaction and have no contract here.
    pub(super) absent: Vec<Address>,
    /// Contracts entered and not yet left, outermost first.
    pub(super) frames: Vec<Frame>,
    pub(super) height: Height,
    pub(super) time: TimestampMs,
    pub(super) transaction: Hash,
}

impl World {
    /// Begins a transaction: what was done before can no longer be undone.
    pub(super) fn begin(&mut self) {
        self.journal.clear();
        self.touched = Touched::default();
        self.events_before = self.events.len();
        self.panic = None;
        self.absent.clear();
    }

    /// The contract at an address; one that is not here is noted.
    pub(super) fn dispatch(&mut self, contract: Address) -> Option<Dispatch> {
        let found = self.contracts.get(&contract).copied();
        if found.is_none() {
            self.absent.push(contract);
        }
        found
    }

    /// Events of this transaction so far.
    pub(super) fn events_now(&self) -> usize {
        self.events.len().saturating_sub(self.events_before)
    }

    /// Reads a value of a contract.
    pub(super) fn read(&mut self, contract: Address, key: &[u8]) -> Option<&[u8]> {
        self.touched.note(Touch::Read, contract, key);
        self.value(contract, key)
    }

    /// Writes a value of a contract, or removes it.
    pub(super) fn write(&mut self, contract: Address, key: &[u8], value: Option<Vec<u8>>) {
        self.touched.note(Touch::Set, contract, key);
        self.replace(contract, key, value);
    }

    /// Changes an amount of a contract from what it is; says whether it did.
    pub(super) fn change(
        &mut self,
        contract: Address,
        key: &[u8],
        next: impl FnOnce(u128) -> Option<u128>,
    ) -> bool {
        self.touched.note(Touch::Change, contract, key);
        let stored = self.value(contract, key).map(|bytes| match bytes.try_into() {
            Ok(bytes) => u128::from_le_bytes(bytes),
            Err(_) => panic!("a stored value is not an amount"),
        });
        let Some(next) = next(stored.unwrap_or(0)) else { return false };
        if next == 0 && stored.is_some() {
            self.replace(contract, key, None);
        } else if next != stored.unwrap_or(0) {
            self.replace(contract, key, Some(next.to_le_bytes().to_vec()));
        }
        true
    }

    fn value(&self, contract: Address, key: &[u8]) -> Option<&[u8]> {
        self.state.get(&contract)?.get(key).map(Vec::as_slice)
    }

    fn replace(&mut self, contract: Address, key: &[u8], value: Option<Vec<u8>>) {
        let before = self.put(contract, key.to_vec(), value);
        self.journal.push(Undo { contract, key: key.to_vec(), before });
    }

    fn put(&mut self, contract: Address, key: Vec<u8>, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let values = self.state.entry(contract).or_default();
        match value {
            Some(value) => values.insert(key, value),
            None => values.remove(&key),
        }
    }

    pub(super) fn savepoint(&self) -> Savepoint {
        Savepoint { writes: self.journal.len(), events: self.events.len() }
    }

    /// Undoes every write and event since the savepoint.
    pub(super) fn roll_back(&mut self, savepoint: Savepoint) {
        while self.journal.len() > savepoint.writes {
            let Some(undo) = self.journal.pop() else { break };
            self.put(undo.contract, undo.key, undo.before);
        }
        self.events.truncate(savepoint.events);
    }
}

std::thread_local! {
    /// The world of the sandbox that runs on this thread.
    static CURRENT: RefCell<Option<Box<World>>> = const { RefCell::new(None) };
}

/// Makes a world that of this thread, or none; returns the one before.
pub(super) fn exchange(world: Option<Box<World>>) -> Option<Box<World>> {
    CURRENT.with(|current| current.replace(world))
}

/// Looks at or changes the world of this thread. Must not call into a contract.
#[track_caller]
pub(super) fn world<T>(body: impl FnOnce(&mut World) -> T) -> T {
    CURRENT.with(|current| match current.borrow_mut().as_deref_mut() {
        Some(world) => body(world),
        None => panic!(
            "there is no host outside WASM: run this inside `dure_sdk::native::Sandbox::run`, or \
             test the contract through dure-testing"
        ),
    })
}

//! Instances: made for a call, or put back to where they began and used again.
//!
//! A used instance differs from a fresh one in its memory, its mutable globals and its store's
//! data, nothing else (`expose.rs`). After a call that returned, memory and globals are
//! overwritten with what they held before the first one; after a trap, or when memory grew, the
//! instance is dropped. Gas is the same either way: what instantiation owes for pages is kept and
//! owed again by each call. That a reused instance cannot be told from a fresh one is a property
//! test (`runtime/tests/reuse.rs`).

use super::{
    EntryKind, Vm,
    engine::{Code, entry_name, fault},
    guest::{Guest, Stop},
};
use dure_abi::entry;
use std::{
    ops::Range,
    sync::{Arc, atomic::Ordering},
};
use wasmtime::{Global, Memory, Store, TypedFunc, Val};

/// Granularity of the first image: what is nought is filled, not copied.
const PART_BYTES: usize = 4_096;

/// Memory as it is before the first call.
pub(super) struct Image {
    bytes: usize,
    /// Parts that are not all nought, ascending.
    parts: Vec<(Range<usize>, Box<[u8]>)>,
}

impl Image {
    fn of(memory: &[u8]) -> Self {
        let mut parts: Vec<(Range<usize>, Box<[u8]>)> = Vec::new();
        for (chunk, index) in memory.chunks(PART_BYTES).zip(0usize..) {
            if chunk.iter().any(|byte| *byte != 0) {
                let start = index.saturating_mul(PART_BYTES);
                parts.push((start..start.saturating_add(chunk.len()), chunk.into()));
            }
        }
        Self { bytes: memory.len(), parts }
    }

    /// Overwrites the memory; `false` when it has another size.
    fn restore(&self, memory: &mut [u8]) -> bool {
        if memory.len() != self.bytes {
            return false;
        }
        let mut done = 0;
        for (range, bytes) in &self.parts {
            if let Some(gap) = memory.get_mut(done..range.start) {
                gap.fill(0);
            }
            if let Some(part) = memory.get_mut(range.clone()) {
                part.copy_from_slice(bytes);
            }
            done = range.end;
        }
        if let Some(rest) = memory.get_mut(done..) {
            rest.fill(0);
        }
        true
    }
}

/// An instance in its store.
pub(super) struct Instance {
    pub(super) store: Store<Guest>,
    memory: Memory,
    entries: [TypedFunc<u32, i32>; 3],
    /// Only a module whose spec has migrations promises it.
    migrate: Option<TypedFunc<u32, i32>>,
    /// Mutable globals with their first values.
    globals: Vec<(Global, Val)>,
    /// What instantiation owes for pages.
    debt: u64,
}

impl Instance {
    /// Makes a fresh instance.
    pub(super) fn new(vm: &Vm, code: &Code) -> wasmtime::Result<Self> {
        let mut store = Store::new(vm.engine(), Guest::default());
        store.limiter(|guest| guest);
        let instance = code.pre.instantiate(&mut store)?;
        let memory = instance
            .get_memory(&mut store, entry::MEMORY)
            .ok_or_else(|| internal("a validated module without memory"))?;
        let mut entry = |kind| instance.get_typed_func::<u32, i32>(&mut store, entry_name(kind));
        let entries = [entry(EntryKind::Init)?, entry(EntryKind::Call)?, entry(EntryKind::Query)?];
        let migrate = entry(EntryKind::Migrate).ok();
        let mut globals = Vec::new();
        for name in code.globals.iter().flatten() {
            let global = instance
                .get_global(&mut store, name)
                .ok_or_else(|| internal("an exposed global is missing"))?;
            globals.push((global, global.get(&mut store)));
        }
        let debt = store.data().debt;
        store.data_mut().memory = Some(memory);
        if code.globals.is_some() {
            code.image.get_or_init(|| Image::of(memory.data(&store)));
        }
        Ok(Self { store, memory, entries, migrate, globals, debt })
    }

    /// Calls an entry point.
    pub(super) fn call(
        &mut self,
        kind: EntryKind,
        gas: u64,
        input_len: usize,
    ) -> wasmtime::Result<i32> {
        let length = u32::try_from(input_len).map_err(|_| internal("input above 4 GiB"))?;
        self.store.set_fuel(gas)?;
        self.store.data_mut().debt = self.debt;
        let [init, call, query] = &self.entries;
        let function = match kind {
            EntryKind::Init => init,
            EntryKind::Call => call,
            EntryKind::Query => query,
            EntryKind::Migrate => self
                .migrate
                .as_ref()
                .ok_or_else(|| internal("a validated module without its migration"))?,
        };
        function.call(&mut self.store, length)
    }

    /// Puts everything back; `false` when this instance cannot be used again.
    fn put_back(&mut self, code: &Code) -> bool {
        let Some(image) = code.image.get() else { return false };
        if !image.restore(self.memory.data_mut(&mut self.store)) {
            return false;
        }
        self.globals.iter().all(|(global, first)| global.set(&mut self.store, *first).is_ok())
    }
}

fn internal(text: &'static str) -> wasmtime::Error {
    wasmtime::Error::new(Stop::Fault(fault(text)))
}

/// Instances that wait for their next call, newest last.
///
/// Which code they belong to, and how many there are, depends on what this node ran; no result
/// does. Beyond [`Shelf::LENGTH_MAX`] the oldest one is dropped.
#[derive(Default)]
pub(super) struct Shelf {
    waiting: Vec<(Arc<Code>, Instance)>,
}

impl Shelf {
    /// Instances kept; the pool has as many places more than the executing threads can fill.
    pub(super) const LENGTH_MAX: usize = 64;

    /// Takes an instance of this code, if one waits.
    pub(super) fn take(&mut self, code: &Arc<Code>) -> Option<Instance> {
        let index = self.waiting.iter().rposition(|(of, _)| Arc::ptr_eq(of, code))?;
        Some(self.waiting.remove(index).1)
    }

    /// Keeps an instance that was put back.
    pub(super) fn put(&mut self, code: &Arc<Code>, instance: Instance) {
        if self.waiting.len() >= Self::LENGTH_MAX {
            self.waiting.remove(0);
        }
        self.waiting.push((Arc::clone(code), instance));
    }
}

impl Vm {
    /// An instance of the code: one that waits, or a fresh one.
    pub(super) fn instance(&self, code: &Arc<Code>) -> wasmtime::Result<Instance> {
        let waiting = self.shelf.lock().ok().and_then(|mut shelf| shelf.take(code));
        let Some(instance) = waiting else { return Instance::new(self, code) };
        self.reused.fetch_add(1, Ordering::Relaxed);
        Ok(instance)
    }

    /// Keeps an instance whose call returned, if it can be used again.
    pub(super) fn keep(&self, code: &Arc<Code>, mut instance: Instance) {
        if instance.put_back(code)
            && let Ok(mut shelf) = self.shelf.lock()
        {
            shelf.put(code, instance);
        }
    }
}

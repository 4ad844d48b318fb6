//! The one engine of a process, and the modules compiled for it.

use super::{
    cache::{self, CodeCache},
    codes::Codes,
    expose::expose,
    gas,
    guest::Guest,
    host,
    instance::{Image, Shelf},
};
use crate::state::read::Fault;
use dure_abi::entry;
use dure_types::{Hash, Selector, limits};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module, OptLevel,
    PoolingAllocationConfig,
};

/// Stack of one entry into WASM. With [`limits::CALL_DEPTH_MAX`] of them and the host's frames
/// between, a thread of 2 MiB suffices.
const STACK_BYTES: usize = 128 * 1024;

/// Machine code that is kept in memory, in all; what was not used for long is compiled, or read from
/// the cache of compiled code, again.
const CODE_BYTES: usize = 512 << 20;

/// How much the engine may keep ready.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Threads that execute, query or simulate at the same time.
    pub threads: u32,
    /// Whether instances are put back and used again, where the module allows it. No result
    /// depends on it.
    pub reuse: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { threads: 16, reuse: true }
    }
}

/// A module ready to be entered.
pub(crate) struct Code {
    pub(crate) pre: InstancePre<Guest>,
    /// Methods that may run while their contract is on the call stack.
    pub(crate) reentrant: BTreeSet<Selector>,
    /// Exports of the mutable globals, when its instances can be used again.
    pub(super) globals: Option<Vec<String>>,
    /// Memory before the first call, from the first instance on.
    pub(super) image: OnceLock<Image>,
    /// Fields that other contracts may read.
    pub(crate) published: BTreeSet<u16>,
}

/// Compiles modules and keeps them by code hash.
pub struct Vm {
    engine: Engine,
    linker: Linker<Guest>,
    codes: RwLock<Codes>,
    /// Held by who compiles it.
    compiling: Mutex<BTreeMap<Hash, Arc<Mutex<()>>>>,
    pub(super) shelf: Mutex<Shelf>,
    cache: Option<Arc<dyn CodeCache>>,
    reuse: bool,
    /// Calls that found an instance waiting.
    pub(super) reused: AtomicU64,
    /// Modules that were compiled.
    compiled: AtomicU64,
}

impl Vm {
    /// Builds the engine.
    ///
    /// # Errors
    /// [`Fault::Vm`] when this machine cannot run it.
    pub fn new(config: EngineConfig) -> Result<Self, Fault> {
        let engine = Engine::new(&engine_config(config)?).map_err(fault)?;
        let mut linker = Linker::new(&engine);
        host::link(&mut linker).map_err(fault)?;
        let codes = RwLock::new(Codes::new(CODE_BYTES));
        let (compiling, shelf) = Default::default();
        let (reused, compiled) = (AtomicU64::new(0), AtomicU64::new(0));
        let (cache, reuse) = (None, config.reuse);
        Ok(Self { engine, linker, codes, compiling, shelf, cache, reuse, reused, compiled })
    }

    /// Keeps what it compiles in a cache, and reads it there first.
    #[must_use]
    pub fn caching(self, cache: Arc<dyn CodeCache>) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// Removes from the cache what this engine cannot use, and code that is not stored.
    pub(crate) fn prune_cache(&self, stored: &mut dyn FnMut(Hash) -> bool) {
        let Some(cache) = &self.cache else { return };
        let own = cache::settings(&self.engine);
        cache.retain(&mut |code, settings| settings == own && stored(code));
    }

    pub(crate) fn instances_reused(&self) -> u64 {
        self.reused.load(Ordering::Relaxed)
    }

    pub(crate) fn modules_compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn linker(&self) -> &Linker<Guest> {
        &self.linker
    }

    /// Finds compiled code.
    pub(crate) fn cached(&self, hash: Hash) -> Option<Arc<Code>> {
        self.codes.read().ok()?.get(hash)
    }

    /// Compiles a module ahead of its first call.
    ///
    /// # Errors
    /// [`Fault`] when the code was never valid or this machine cannot compile it.
    pub fn prepare(&self, hash: Hash, bytes: &[u8]) -> Result<(), Fault> {
        self.compile(hash, bytes).map(|_| ())
    }

    /// Compiles a module that was validated at deploy, once: who comes second waits for the first.
    pub(crate) fn compile(&self, hash: Hash, bytes: &[u8]) -> Result<Arc<Code>, Fault> {
        let turn = Arc::clone(unpoisoned(&self.compiling).entry(hash).or_default());
        let compiling = unpoisoned(&turn);
        let code = match self.cached(hash) {
            Some(code) => Ok(code),
            None => self.load(hash, bytes, self.cache.as_deref()),
        };
        if let (Ok(code), Ok(mut codes)) = (&code, self.codes.write()) {
            let range = code.pre.module().image_range();
            let bytes = (range.end as usize).saturating_sub(range.start as usize);
            codes.insert(hash, Arc::clone(code), bytes);
        }
        drop(compiling);
        unpoisoned(&self.compiling).remove(&hash);
        code
    }

    /// Compiles a module and does not keep it: what a rehearsal stores is gone with it.
    pub(crate) fn compile_apart(&self, hash: Hash, bytes: &[u8]) -> Result<Arc<Code>, Fault> {
        self.load(hash, bytes, None)
    }

    fn load(
        &self,
        hash: Hash,
        bytes: &[u8],
        cache: Option<&dyn CodeCache>,
    ) -> Result<Arc<Code>, Fault> {
        let valid = super::validate::validate(bytes)
            .map_err(|error| Fault::Corrupt(format!("stored code {hash}: {error}")))?;
        let exposed = if self.reuse { expose(bytes, valid.memory_pages)? } else { None };
        let wasm = exposed.as_ref().map_or(bytes, |exposed| &exposed.wasm);
        let module = match cache {
            Some(cache) => self.cached_module(hash, wasm, cache)?,
            None => self.compile_module(wasm)?,
        };
        let pre = self.linker.instantiate_pre(&module).map_err(fault)?;
        let methods = valid.spec.methods.iter();
        let reentrant =
            methods.filter(|method| method.reentrant).map(|method| method.selector).collect();
        let globals = exposed.map(|exposed| exposed.globals);
        let fields = valid.spec.storage.iter();
        let published = fields.filter(|field| field.published).map(|field| field.id).collect();
        let image = OnceLock::new();
        Ok(Arc::new(Code { pre, reentrant, published, globals, image }))
    }

    fn compile_module(&self, wasm: &[u8]) -> Result<Module, Fault> {
        self.compiled.fetch_add(1, Ordering::Relaxed);
        Module::new(&self.engine, wasm).map_err(fault)
    }

    fn cached_module(
        &self,
        code: Hash,
        wasm: &[u8],
        cache: &dyn CodeCache,
    ) -> Result<Module, Fault> {
        let key = cache::key(&self.engine, wasm);
        let found = cache.read(code).and_then(|entry| cache::module(&self.engine, &key, &entry));
        if let Some(module) = found {
            return Ok(module);
        }
        let module = self.compile_module(wasm)?;
        cache::keep(cache, code, &key, module.serialize());
        Ok(module)
    }
}

/// What a panic of another thread left behind is whole: it is changed by one statement.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn engine_config(config: EngineConfig) -> Result<Config, Fault> {
    let running = config.threads.saturating_mul(limits::CALL_DEPTH_MAX as u32);
    let instances = running.saturating_add(Shelf::LENGTH_MAX as u32);
    let memory_bytes = usize::try_from(limits::MEMORY_PAGES_MAX.saturating_mul(65_536))
        .map_err(|_| Fault::Vm("memory limit exceeds the address space".into()))?;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances)
        .max_memory_size(memory_bytes)
        .table_elements(limits::TABLE_ELEMENTS_MAX as usize)
        .linear_memory_keep_resident(2 * 1024 * 1024)
        .table_keep_resident(32 * 1024)
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(instances);
    let mut engine = Config::new();
    engine
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .cranelift_opt_level(OptLevel::Speed)
        .consume_fuel(true)
        .operator_cost(gas::operators())
        .max_wasm_stack(STACK_BYTES)
        .memory_init_cow(true)
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .wasm_bulk_memory(true)
        .wasm_multi_value(true)
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_extended_const(false);
    Ok(engine)
}

/// Whether a name is one of the entry points.
pub(crate) fn entry_name(kind: super::EntryKind) -> &'static str {
    match kind {
        super::EntryKind::Init => entry::INIT,
        super::EntryKind::Call => entry::CALL,
        super::EntryKind::Query => entry::QUERY,
        super::EntryKind::Migrate => entry::MIGRATE,
    }
}

pub(crate) fn fault(error: impl std::fmt::Display) -> Fault {
    Fault::Vm(error.to_string())
}

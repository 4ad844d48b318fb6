//! A contract cannot tell whether its instance ran before: results, gas, events and writes are those
//! of a fresh one, whatever earlier calls left in memory and globals. Nor can it tell whether its
//! module was compiled or read from the cache.

#[path = "hostile/module.rs"]
#[allow(dead_code, reason = "the attacks use more of it")]
mod module;

use dure_runtime::{BlockContext, CodeCache, EngineConfig, Executor, ExecutorConfig, Simulation};
use dure_testing::{Address, Chain, codec::Encode};
use dure_types::{
    Gas, Hash, Height, TimestampMs, TransactionBody,
    domain::{self, selector},
    limits,
};
use module::Module;
use proptest::{collection::vec, prelude::*};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Says what it finds (a digest of all memory, its size and the globals), then plays the steps of
/// its input, each of 12 bytes: operation, place, value.
const HEAD: &str = r#"
    (global $a (mut i32) (i32.const 7))
    (global $b (mut i64) (i64.const 9))
    (global $c (export "global 1") (mut i32) (i32.const 5))
    (global $fixed i32 (i32.const 3))
    (data (i32.const 90000) "far")
    (data $late "late bytes")
    (func $find (local $at i32) (local $sum i64)
        (local.set $sum (i64.extend_i32_u (memory.size)))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.extend_i32_u (global.get $a))))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (global.get $b)))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.extend_i32_u (global.get $c))))
        (loop $on
            (local.set $sum (i64.add
                (i64.rotl (local.get $sum) (i64.const 7)) (i64.load (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $on (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
        (i64.store (i32.const 512) (local.get $sum))
        (call $ret (i32.const 512) (i32.const 8))
        (call $event (i32.const 256) (i32.const 512) (i32.const 8))
        (call $storage_set (i32.const 256) (i32.const 4) (i32.const 512) (i32.const 8)))
    (func $play (param $length i32) (result i32)
        (local $at i32) (local $end i32) (local $op i32) (local $x i32) (local $y i32)
        (call $find)
        (local.set $at (i32.const 4100))
        (call $input (i32.const 4096))
        (local.set $end (i32.add (i32.const 4096) (local.get $length)))
        (block $done (loop $on
            (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 12)) (local.get $end)))
            (local.set $op (i32.load (local.get $at)))
            (local.set $x (i32.load offset=4 (local.get $at)))
            (local.set $y (i32.load offset=8 (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 12)))
            (if (i32.eq (local.get $op) (i32.const 0))
                (then (i32.store8 (i32.rem_u (local.get $x) (i32.const 131072)) (local.get $y))))
            (if (i32.eq (local.get $op) (i32.const 1)) (then (global.set $a (local.get $y))))
            (if (i32.eq (local.get $op) (i32.const 2))
                (then (global.set $b (i64.extend_i32_u (local.get $y)))))
            (if (i32.eq (local.get $op) (i32.const 3)) (then (global.set $c (local.get $y))))
            (if (i32.eq (local.get $op) (i32.const 4))
                (then (memory.init $late (i32.rem_u (local.get $x) (i32.const 131062))
                    (i32.const 0) (i32.const 10))))
            (if (i32.eq (local.get $op) (i32.const 5)) (then
                (memory.fill (i32.rem_u (local.get $x) (i32.const 65536))
                    (local.get $y) (i32.const 60000))))
            (if (i32.eq (local.get $op) (i32.const 6)) (then (drop (memory.grow (i32.const 1)))))
            (if (i32.eq (local.get $op) (i32.const 7)) (then (unreachable)))
            (if (i32.eq (local.get $op) (i32.const 8)) (then (return (i32.const 1))))
            (br $on)))
        (i32.const 0))
"#;

fn contract() -> Module {
    Module {
        head: HEAD.into(),
        call: "(return (call $play (local.get 0)))".into(),
        query: String::new(),
        reentrant: false,
        published: false,
    }
}

fn executor(reuse: bool) -> Executor {
    let engine = EngineConfig { threads: 1, reuse };
    Executor::new(ExecutorConfig { engine }).expect("wasmtime runs here")
}

fn play(executor: &Executor, chain: &Chain, contract: Address, calls: &[Vec<u8>]) -> Simulation {
    let call = |steps: &Vec<u8>| dure_types::Call {
        contract,
        method: selector("hit"),
        args: steps.clone(),
    };
    let body = TransactionBody {
        account: contract,
        lane: 0,
        nonce: 1,
        valid_until: chain.time(),
        gas_limit: Gas(limits::TRANSACTION_GAS_MAX),
        sponsor: None,
        calls: calls.iter().map(call).collect(),
    };
    let block = BlockContext { chain: Hash::ZERO, height: Height(9), time: TimestampMs(1) };
    executor.simulate(&chain.state(), &block, &body).expect("no fault")
}

/// Steps, the ones that end a call being the rarest.
fn steps() -> impl Strategy<Value = Vec<u8>> {
    let step = (
        prop_oneof![30 => 0u32..6, 1 => Just(6u32), 1 => Just(7), 1 => Just(8)],
        any::<u32>(),
        any::<u32>(),
    );
    vec(step, 0..12).prop_map(|steps| steps.iter().flat_map(Encode::encode).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn used_instance_cannot_be_told_from_a_fresh_one(
        transactions in vec(vec(steps(), 1..4), 1..8),
    ) {
        let mut chain = Chain::new();
        let creator = chain.account("creator");
        let contract = chain.deploy_wasm(&contract().bytes(), creator, ()).expect("it is valid");
        let (fresh, reused) = (executor(false), executor(true));
        for calls in &transactions {
            let expected = play(&fresh, &chain, contract, calls);
            prop_assert_eq!(play(&reused, &chain, contract, calls), expected);
        }
        prop_assert_eq!(fresh.instances_reused(), 0);
    }
}

#[test]
fn eligible_instance_is_used_again_and_others_are_not() {
    let mut chain = Chain::new();
    let creator = chain.account("creator");
    let eligible = chain.deploy_wasm(&contract().bytes(), creator, ()).expect("it is valid");
    let mut dropping = contract();
    dropping.query = "(data.drop $late)".into();
    let dropping = chain.deploy_wasm(&dropping.bytes(), creator, ()).expect("it is valid");
    let dirty = [0u32.encode(), 70_000u32.encode(), 9u32.encode()].concat();
    let grow = [6u32.encode(), 0u32.encode(), 0u32.encode()].concat();
    for (contract, steps, reused) in
        [(eligible, &dirty, 1), (eligible, &grow, 0), (dropping, &dirty, 0)]
    {
        let executor = executor(true);
        for _ in 0..2 {
            let ran = play(&executor, &chain, contract, std::slice::from_ref(steps));
            assert!(ran.outputs.is_ok(), "{:?}", ran.outputs);
        }
        assert_eq!(executor.instances_reused(), reused);
    }
}

#[derive(Default)]
struct Cache(Mutex<BTreeMap<Hash, Vec<u8>>>);

impl CodeCache for Cache {
    fn read(&self, code: Hash) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(&code).cloned()
    }

    fn write(&self, code: Hash, entry: &[u8]) {
        self.0.lock().unwrap().insert(code, entry.to_vec());
    }

    fn lacks(&self, code: Hash, reason: &str) {
        panic!("{code}: {reason}");
    }

    fn retain(&self, keep: &mut dyn FnMut(Hash, Hash) -> bool) {
        let settings = |entry: &[u8]| Hash(entry[..32].try_into().unwrap());
        self.0.lock().unwrap().retain(|code, entry| keep(*code, settings(entry)));
    }
}

#[test]
fn compiled_module_outlives_its_executor_and_a_torn_or_foreign_entry_is_compiled_anew() {
    let mut chain = Chain::new();
    let creator = chain.account("creator");
    let contract = chain.deploy_wasm(&contract().bytes(), creator, ()).expect("it is valid");
    let steps = [0u32.encode(), 70_000u32.encode(), 9u32.encode()].concat();
    let expected = play(&executor(true), &chain, contract, std::slice::from_ref(&steps));
    let cache = Arc::new(Cache::default());
    let compiles = |reuse: bool| {
        let engine = EngineConfig { threads: 1, reuse };
        let executor = Executor::caching(ExecutorConfig { engine }, cache.clone()).unwrap();
        let ran = play(&executor, &chain, contract, std::slice::from_ref(&steps));
        assert_eq!(ran, expected);
        executor.modules_compiled()
    };
    assert_eq!((compiles(true), compiles(true)), (1, 0));
    let whole = cache.0.lock().unwrap().clone();
    let (code, entry) = whole.first_key_value().unwrap();
    for at in [0, 31, 32, 63, 64, 95, 96, entry.len() / 2, entry.len() - 1] {
        let mut flipped = entry.clone();
        flipped[at] ^= 1;
        for damaged in [&flipped, &entry[..at].to_vec()] {
            cache.write(*code, damaged);
            assert_eq!((compiles(true), compiles(true)), (1, 0), "at {at}");
        }
    }
    // Without reuse it is other WASM that is compiled.
    assert_eq!((compiles(false), compiles(false)), (1, 0));
}

#[test]
fn entries_of_other_settings_and_of_code_that_is_not_stored_are_removed() {
    let mut chain = Chain::new();
    let creator = chain.account("creator");
    let code = contract().bytes();
    let contract = chain.deploy_wasm(&code, creator, ()).expect("it is valid");
    let (cache, hash) = (Arc::new(Cache::default()), domain::blake3_hash(&code));
    let engine = EngineConfig { threads: 1, reuse: true };
    let executor = Executor::caching(ExecutorConfig { engine }, cache.clone()).unwrap();
    let steps = 9u32.encode();
    play(&executor, &chain, contract, std::slice::from_ref(&steps));
    let entry = cache.read(hash).expect("it was compiled");
    let kept = || {
        executor.prune_cache(chain.state().as_ref()).unwrap();
        cache.0.lock().unwrap().keys().copied().collect::<Vec<_>>()
    };
    cache.write(Hash([9; 32]), &entry);
    assert_eq!(kept(), [hash]);
    cache.write(hash, &[&[0; 32], &entry[32..]].concat());
    assert_eq!(kept(), []);
}

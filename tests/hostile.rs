//! Hostile contracts: each attack is one module, and ends in exactly one typed error.
//!
//! After every attack the chain goes on: another contract still answers, and what the attacker
//! wrote before it was stopped is gone.

#[path = "hostile/module.rs"]
mod module;

use dure_testing::{
    Account, Address, Amount, Chain, ExecutionError, TestFailure, TrapKind, call,
    codec::{Decode, Encode},
};
use dure_types::{Hash, LimitKind, SystemError, limits};
use module::{Module, module};

/// A chain with a contract that others attack from.
struct Scene {
    chain: Chain,
    attacker: Account,
}

impl Scene {
    fn new() -> Self {
        let mut chain = Chain::new();
        let attacker = chain.account("attacker");
        Self { chain, attacker }
    }

    fn deploy(&mut self, module: &Module) -> Address {
        self.chain.deploy_wasm(&module.bytes(), self.attacker, ()).expect("it is a valid contract")
    }

    /// Calls `hit` of a module and returns what stopped it.
    fn stopped(&mut self, module: &Module) -> (Address, ExecutionError) {
        let contract = self.deploy(module);
        let result = self.chain.call::<()>(self.attacker, contract, "hit", ());
        let Err(TestFailure::Failed { call: 0, error, .. }) = result else {
            panic!("not stopped: {result:?}\n{}", module.call);
        };
        let kept = self.chain.storage(contract, b"mark").expect("state can be read");
        assert_eq!(kept, None, "a failed call wrote\n{}", module.call);
        self.still_alive();
        (contract, error)
    }

    /// Another contract works as ever.
    fn still_alive(&mut self) {
        let witness = self.deploy(&module("(call $ret (i32.const 0) (i32.const 16))"));
        let zero = self.chain.call::<Amount>(self.attacker, witness, "hit", ());
        assert_eq!(zero, Ok(Amount::ZERO));
    }
}

/// Runs attacks, each after a write that must be undone.
fn check(attacks: &[(&str, &dyn Fn(Address) -> ExecutionError)]) {
    let mut scene = Scene::new();
    for (attack, expected) in attacks {
        let marked = format!("(call $storage_set {MARK} (i32.const 0) (i32.const 1)) {attack}");
        let (contract, error) = scene.stopped(&module(&marked));
        assert_eq!(error, expected(contract), "{attack}");
    }
}

/// The key `mark` in the memory of every module.
const MARK: &str = "(i32.const 256) (i32.const 4)";
/// The amount 1, in two halves.
const ONE: &str = "(i64.const 1) (i64.const 0)";
/// Where memory is.
const KEY: &str = "(i32.const 0)";
/// Where no memory is.
const NOWHERE: &str = "(i32.const -16)";

fn refusal<T: std::fmt::Debug>(result: Result<T, TestFailure>) -> SystemError {
    match result {
        Err(TestFailure::Failed {
            error: ExecutionError::Contract { contract: Address::SYSTEM, error },
            ..
        }) => SystemError::decode(&mut error.as_slice()).expect("the system's own error"),
        other => panic!("not refused by the system: {other:?}"),
    }
}

#[test]
fn code_that_is_long_to_compile_waits_for_its_turn_and_holds_nobody_up() {
    // 1,000 locals x 250 branches x 12 units of work: 1.5 s of the queue.
    let branches = "(br_if 0 (i32.const 0)) ".repeat(250);
    let head = format!("(func (local{}) {branches})", " i32".repeat(1_000));
    let code = |nth: usize| {
        let call = "(nop)".repeat(nth);
        Module { head: head.clone(), ..module(&call) }.bytes()
    };
    let mut scene = Scene::new();
    let by = scene.attacker;
    let deploys = (0..7).map(|nth| call(Address::SYSTEM, "deploy", code(nth))).collect();
    let SystemError::CompilerBusy { wait_ms, limit_ms } =
        refusal(scene.chain.transact(by, deploys))
    else {
        panic!("seven at once are more than {} ms", limits::COMPILE_WAIT_MS_MAX)
    };
    assert_eq!((wait_ms / 1_000, limit_ms), (9, limits::COMPILE_WAIT_MS_MAX));
    // Nothing of it is left: one alone is ready after its own work.
    let hash: Hash = scene.chain.call(by, Address::SYSTEM, "deploy", code(0)).unwrap();
    let deployed = scene.chain.time().0;
    let instantiate = (hash, b"salt".to_vec(), Vec::<u8>::new());
    let early = scene.chain.call::<Address>(by, Address::SYSTEM, "instantiate", &instantiate);
    let SystemError::CodeNotReady { code, from } = refusal(early) else { panic!("too early") };
    assert_eq!((code, (from.0 - deployed) / 100), (hash, 15));
    scene.still_alive();
    assert!(scene.chain.time() >= from, "what came next stood behind it in the queue");
    scene.chain.call::<Address>(by, Address::SYSTEM, "instantiate", &instantiate).unwrap();
}

fn out_of_gas(error: &ExecutionError) -> bool {
    matches!(error, ExecutionError::OutOfGas { limit } if limit.0 > 0)
}

#[test]
fn endless_work_ends_with_its_gas() {
    let mut scene = Scene::new();
    for work in [
        "",
        "(drop (call $height))",
        "(call $ret (i32.const 0) (i32.const 65536))",
        "(call $storage_set (i32.const 0) (i32.const 1024) (i32.const 0) (i32.const 65536))",
        "(drop (call $storage_get (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 64)))",
        "(drop (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) \
         (i32.const 256) (i32.const 0)))",
        "(drop (call $storage_add (i32.const 0) (i32.const 4) (i64.const 1) (i64.const 0) \
         (i64.const -1) (i64.const -1)))",
        "(drop (call $storage_sub (i32.const 0) (i32.const 4) (i64.const 1) (i64.const 0)))",
        "(drop (call $storage_read (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) \
         (i32.const 64)))",
        "(call $sha256 (i32.const 0) (i32.const 131072) (i32.const 0))",
        "(call $blake3 (i32.const 0) (i32.const 131072) (i32.const 0))",
        "(drop (call $ed25519_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(drop (call $merkle_verify (i32.const 0) (i32.const 0) (i32.const 65536) (i64.const 0) \
         (i64.const 1) (i32.const 0) (i32.const 64)))",
        "(call $debug (i32.const 0) (i32.const 65536))",
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))",
        "(memory.copy (i32.const 0) (i32.const 1) (i32.const 65535))",
        "(drop (memory.grow (i32.const 1)))",
    ] {
        let (_, error) = scene.stopped(&module(&format!("(loop $again {work} (br $again))")));
        assert!(out_of_gas(&error), "{work}: {error}");
    }
}

#[test]
fn every_trap_has_its_kind() {
    let trap = |kind: TrapKind| move |contract| ExecutionError::Trap { contract, kind };
    check(&[
        ("(unreachable)", &trap(TrapKind::Unreachable)),
        ("(call $panic (i32.const 0) (i32.const 4))", &trap(TrapKind::Panic)),
        ("(drop (i32.load (i32.const 131072)))", &trap(TrapKind::MemoryOutOfBounds)),
        (
            "(memory.fill (i32.const 131071) (i32.const 0) (i32.const 2))",
            &trap(TrapKind::MemoryOutOfBounds),
        ),
        ("(call_indirect (type $void) (i32.const 9))", &trap(TrapKind::TableOutOfBounds)),
        ("(call_indirect (type $void) (i32.const 1))", &trap(TrapKind::IndirectCallToNull)),
        ("(call_indirect (type $void) (i32.const 0))", &trap(TrapKind::BadSignature)),
        (
            "(drop (i64.div_s (i64.const -9223372036854775808) (i64.const -1)))",
            &trap(TrapKind::IntegerOverflow),
        ),
        ("(drop (i32.rem_u (i32.const 1) (i32.const 0)))", &trap(TrapKind::DivisionByZero)),
        ("(call $deeper)", &trap(TrapKind::StackOverflow)),
        // `mark` holds one byte, which is no amount.
        (&format!("(drop (call $storage_add {MARK} {ONE} {ONE}))"), &trap(TrapKind::NotAnAmount)),
        (&format!("(drop (call $storage_sub {MARK} {ONE}))"), &trap(TrapKind::NotAnAmount)),
        ("(return (i32.const 77))", &trap(TrapKind::BadExitCode)),
        ("(return (i32.const -1))", &trap(TrapKind::BadExitCode)),
    ]);
}

#[test]
fn pointers_outside_the_memory_end_the_contract() {
    let bad = |contract| ExecutionError::BadPointer { contract };
    let attacks = [
        format!("(call $input {NOWHERE})"),
        format!("(call $ret {NOWHERE} (i32.const 32))"),
        "(call $ret (i32.const 131071) (i32.const 2))".to_owned(),
        format!("(call $storage_set {NOWHERE} (i32.const 32) (i32.const 0) (i32.const 1))"),
        format!("(call $storage_set (i32.const 0) (i32.const 1) {NOWHERE} (i32.const 32))"),
        format!("(call $storage_remove {NOWHERE} (i32.const 32))"),
        format!("(drop (call $storage_get {NOWHERE} (i32.const 32) (i32.const 0) (i32.const 1)))"),
        // The key was written a moment ago, so there is a value to be copied out.
        format!("(drop (call $storage_get {MARK} (i32.const -1) (i32.const 8)))"),
        format!(
            "(drop (call $storage_scan {NOWHERE} (i32.const 32) (i32.const 0) (i32.const 0) \
             (i32.const 1) (i32.const 0)))"
        ),
        format!(
            "(drop (call $call {NOWHERE} (i32.const 0) (i32.const 4) (i64.const 0) (i32.const 0)))"
        ),
        format!(
            "(drop (call $call (i32.const 0) {NOWHERE} (i32.const 32) (i64.const 0) (i32.const 0)))"
        ),
        "(call $output (i32.const -1))".to_owned(),
        format!("(drop (call $storage_add {NOWHERE} (i32.const 32) {ONE} {ONE}))"),
        format!("(drop (call $storage_sub {NOWHERE} (i32.const 32) {ONE}))"),
        format!("(drop (call $storage_read {NOWHERE} {MARK} (i32.const 0) (i32.const 8)))"),
        format!(
            "(drop (call $storage_read (i32.const 0) {NOWHERE} (i32.const 32) (i32.const 0) \
             (i32.const 8)))"
        ),
        format!("(call $sha256 {NOWHERE} (i32.const 32) (i32.const 0))"),
        format!("(call $sha256 (i32.const 0) (i32.const 32) {NOWHERE})"),
        format!("(call $blake3 {NOWHERE} (i32.const 32) (i32.const 0))"),
        "(call $blake3 (i32.const 0) (i32.const 0) (i32.const 131041))".to_owned(),
        format!("(drop (call $ed25519_verify {NOWHERE} (i32.const 0) (i32.const 1) {KEY}))"),
        format!("(drop (call $ed25519_verify {KEY} {NOWHERE} (i32.const 32) {KEY}))"),
        "(drop (call $ed25519_verify (i32.const 0) (i32.const 0) (i32.const 1) \
         (i32.const 131009)))"
            .to_owned(),
        format!("(drop (call $merkle_verify {NOWHERE} {KEY} {KEY} {ONE} {KEY} (i32.const 1)))"),
        format!(
            "(drop (call $merkle_verify {KEY} {NOWHERE} (i32.const 32) {ONE} {KEY} (i32.const 0)))"
        ),
        format!(
            "(drop (call $merkle_verify {KEY} {KEY} (i32.const 32) {ONE} {NOWHERE} \
             (i32.const 1)))"
        ),
        format!("(call $event {NOWHERE} (i32.const 0) (i32.const 0))")
            .replace("(i32.const -16)", "(i32.const -2)"),
        format!("(call $event (i32.const 0) {NOWHERE} (i32.const 32))"),
        format!("(call $caller {NOWHERE})"),
        format!("(call $self_address {NOWHERE})"),
        format!("(call $transaction_id {NOWHERE})"),
        format!("(call $debug {NOWHERE} (i32.const 32))"),
        format!("(call $panic {NOWHERE} (i32.const 32))"),
    ];
    for attack in &attacks {
        check(&[(attack, &bad)]);
    }
}

#[test]
fn what_is_too_large_is_named_with_its_limit() {
    let above = |kind: LimitKind, limit: u64| {
        move |contract| ExecutionError::Limit { contract, kind, limit, value: limit + 1 }
    };
    let value = limits::STORAGE_VALUE_BYTES_MAX as u64;
    check(&[
        (
            "(call $storage_set (i32.const 0) (i32.const 1025) (i32.const 0) (i32.const 1))",
            &above(LimitKind::StorageKey, limits::STORAGE_KEY_BYTES_MAX as u64),
        ),
        (
            "(drop (call $storage_get (i32.const 0) (i32.const 1025) (i32.const 0) (i32.const 1)))",
            &above(LimitKind::StorageKey, limits::STORAGE_KEY_BYTES_MAX as u64),
        ),
        (
            &format!("(drop (call $storage_add (i32.const 0) (i32.const 1025) {ONE} {ONE}))"),
            &above(LimitKind::StorageKey, limits::STORAGE_KEY_BYTES_MAX as u64),
        ),
        (
            &format!("(drop (call $storage_sub (i32.const 0) (i32.const 1025) {ONE}))"),
            &above(LimitKind::StorageKey, limits::STORAGE_KEY_BYTES_MAX as u64),
        ),
        (
            "(drop (call $storage_read (i32.const 0) (i32.const 0) (i32.const 1025) (i32.const 0) \
             (i32.const 1)))",
            &above(LimitKind::StorageKey, limits::STORAGE_KEY_BYTES_MAX as u64),
        ),
        (
            &format!(
                "(drop (call $merkle_verify {KEY} {KEY} (i32.const 0) {ONE} {KEY} (i32.const 65)))"
            ),
            &above(LimitKind::MerklePath, limits::MERKLE_PATH_HASHES_MAX as u64),
        ),
        (
            "(call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 65537))",
            &above(LimitKind::StorageValue, value),
        ),
        (
            "(call $ret (i32.const 0) (i32.const 65537))",
            &above(LimitKind::Output, limits::OUTPUT_BYTES_MAX as u64),
        ),
        (
            "(call $event (i32.const 0) (i32.const 0) (i32.const 16385))",
            &above(LimitKind::EventData, limits::EVENT_BYTES_MAX as u64),
        ),
        (
            "(loop $again (call $event (i32.const 0) (i32.const 0) (i32.const 0)) (br $again))",
            &above(LimitKind::EventCount, limits::EVENTS_MAX as u64),
        ),
        (
            "(drop (call $call (i32.const 0) (i32.const 0) (i32.const 65537) (i64.const 0) \
             (i32.const 0)))",
            &above(LimitKind::CallInput, limits::ARGS_BYTES_MAX as u64),
        ),
        (
            "(drop (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) \
             (i32.const 257) (i32.const 0)))",
            &above(LimitKind::ScanEntries, u64::from(limits::SCAN_ENTRIES_MAX)),
        ),
    ]);
}

#[test]
fn queries_cannot_write() {
    let mut scene = Scene::new();
    for write in [
        "(call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))",
        "(call $storage_remove (i32.const 0) (i32.const 1))",
        "(call $event (i32.const 0) (i32.const 0) (i32.const 0))",
        "(drop (call $storage_add (i32.const 0) (i32.const 1) (i64.const 0) (i64.const 0) \
         (i64.const 0) (i64.const 0)))",
        "(drop (call $storage_sub (i32.const 0) (i32.const 1) (i64.const 0) (i64.const 0)))",
    ] {
        let contract = scene.deploy(&Module { query: write.to_owned(), ..module("") });
        let result = scene.chain.query::<()>(contract, "look", ());
        let error = ExecutionError::ReadOnly { contract };
        let failure = TestFailure::Failed { call: 0, error, refusal: None, panic: None };
        assert_eq!(result, Err(failure), "{write}");
    }
}

#[test]
fn memory_grows_to_its_limit_and_no_further() {
    let mut scene = Scene::new();
    let grow = module(
        "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (i32.store (i32.const 0) (memory.size)) (call $ret (i32.const 0) (i32.const 4))",
    );
    let contract = scene.deploy(&grow);
    let pages = scene.chain.call::<u32>(scene.attacker, contract, "hit", ());
    assert_eq!(pages.map(u64::from), Ok(limits::MEMORY_PAGES_MAX));
}

/// Calls itself; hands on what the innermost call was answered.
const CALL_ITSELF: &str = "
    (call $input (i32.const 0)) (call $self_address (i32.const 32))
    (local.set $code
        (call $call (i32.const 32) (i32.const 0) (i32.const 4) (i64.const 0) (i32.const 0)))
    (if (i64.ge_s (local.get $code) (i64.const 0))
        (then (call $output (i32.const 64)))
        (else (i64.store (i32.const 64) (local.get $code))))
    (call $ret (i32.const 64) (i32.const 8))";

#[test]
fn a_contract_is_not_entered_again_unless_it_says_so() {
    let mut scene = Scene::new();
    let contract = scene.deploy(&module(CALL_ITSELF));
    let code = scene.chain.call::<i64>(scene.attacker, contract, "hit", ());
    assert_eq!(code, Ok(dure_abi::CallFault::Reentrant as i64));
}

#[test]
fn the_call_stack_has_a_limit() {
    let mut scene = Scene::new();
    let contract = scene.deploy(&Module { reentrant: true, ..module(CALL_ITSELF) });
    let code = scene.chain.call::<i64>(scene.attacker, contract, "hit", ());
    assert_eq!(code, Ok(dure_abi::CallFault::Depth as i64));
}

#[test]
fn a_callee_that_takes_all_gas_leaves_none_and_writes_nothing() {
    let mut scene = Scene::new();
    let endless = scene.deploy(&module("(loop $again (br $again))"));
    let (_, error) = scene.stopped(&module(&format!(
        "(call $storage_set {MARK} (i32.const 0) (i32.const 1)) {} (call $input (i32.const 0))
        (drop (call $call (i32.const 512) (i32.const 0) (i32.const 4) (i64.const 0) (i32.const 0)))
        (loop $again (br $again))",
        module::put(512, &endless.encode()),
    )));
    assert!(out_of_gas(&error), "{error}");
}

#[test]
fn a_callee_with_little_gas_fails_alone() {
    let mut scene = Scene::new();
    let endless = scene.deploy(&module("(loop $again (br $again))"));
    let caller = scene.deploy(&module(&format!(
        "{} (call $input (i32.const 0))
        (i64.store (i32.const 64) (call $call (i32.const 512) (i32.const 0) (i32.const 4)
            (i64.const 50000) (i32.const 0)))
        (call $ret (i32.const 64) (i32.const 8))",
        module::put(512, &endless.encode()),
    )));
    let code = scene.chain.call::<i64>(scene.attacker, caller, "hit", ());
    assert_eq!(code, Ok(dure_abi::CallFault::OutOfGas as i64));
}

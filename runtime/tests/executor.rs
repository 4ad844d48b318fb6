//! The executor on a small chain: replay, authority, quota, sponsors, all or nothing.

use codec::{Decode, Encode};
use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec, VERSION};
use dure_runtime::{
    BlockContext, Executor, ExecutorConfig, StateRead, TransactionOutput, genesis, signature,
    system::{self, NonceState, NonceWindow},
};
use dure_types::{
    Address, Call, ExecutionError, Failure, Gas, Genesis, Hash, Height, Outcome, PublicKey,
    Receipt, Signature, SkipReason, SponsorRecord, SponsoredContract, SystemError, Tier,
    TimestampMs, Transaction, TransactionBody, ValidatorSet, address, domain::selector, limits,
};
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

const CHAIN: Hash = Hash([7; 32]);
const NOW: u64 = 1_800_000_000_000;
const CAPACITY: u64 = 20_000_000;
const REFILL: u64 = 1_000_000;

fn executor() -> &'static Executor {
    static EXECUTOR: OnceLock<Executor> = OnceLock::new();
    EXECUTOR.get_or_init(|| Executor::new(ExecutorConfig::default()).unwrap())
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn account(seed: u8) -> Address {
    address::of_key(PublicKey::Ed25519(key(seed).verifying_key().to_bytes()))
}

struct Net {
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    height: u64,
    time: u64,
}

impl Net {
    /// Account 1 is of the paying tier and a sponsor of account 2 for the system's `contract`…
    fn new(sponsor: SponsorRecord) -> Self {
        let tier = |tier, gas, refill, may_deploy| Tier {
            tier,
            capacity: Gas(gas),
            refill_per_second: Gas(refill),
            may_deploy,
        };
        let genesis = Genesis {
            version: 1,
            name: "t".into(),
            time: TimestampMs(NOW),
            validators: ValidatorSet(Vec::new()),
            tiers: vec![tier(0, 0, 0, false), tier(1, CAPACITY, REFILL, true)],
            accounts: vec![(account(1), 1)],
            sponsors: vec![sponsor],
            parameters: genesis::parameters(),
        };
        let entries = genesis::state(&genesis).into_iter();
        let state = entries.filter_map(|(key, value)| Some((key, value?))).collect();
        Self { state, height: 0, time: NOW }
    }

    fn block(&mut self, transactions: Vec<Transaction>) -> Vec<TransactionOutput> {
        self.height += 1;
        self.time += 1;
        let verified = signature::verify(CHAIN, transactions);
        let verified: Vec<_> = verified.into_iter().map(Result::unwrap).collect();
        let state: Arc<dyn StateRead> = Arc::new(self.state.clone());
        let context = BlockContext {
            chain: CHAIN,
            height: Height(self.height),
            time: TimestampMs(self.time),
        };
        let output = executor().execute_block(&state, &context, &verified).unwrap();
        let again = executor().execute_block(&state, &context, &verified).unwrap();
        assert_eq!(output, again, "execution is a function");
        for (key, value) in output.delta {
            assert_ne!(self.state.get(&key), value.as_ref(), "only real changes");
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        output.outcomes
    }

    fn one(&mut self, transaction: Transaction) -> Outcome {
        self.block(vec![transaction]).remove(0).outcome
    }
}

fn sponsor() -> SponsorRecord {
    SponsorRecord {
        sponsor: account(9),
        contracts: vec![SponsoredContract::Contract { contract: account(50), methods: vec![] }],
        tier_min: 0,
        gas_per_account_day: Gas(1_000_000),
        gas_per_day: Gas(1_500_000),
    }
}

fn body(seed: u8, nonce: u64) -> TransactionBody {
    TransactionBody {
        account: account(seed),
        lane: 0,
        nonce,
        valid_until: TimestampMs(NOW + 60_000),
        gas_limit: Gas(1_000_000),
        sponsor: None,
        calls: vec![Call { contract: account(50), method: selector("x"), args: vec![] }],
    }
}

fn signed(seed: u8, body: TransactionBody) -> Transaction {
    let signature = key(seed).sign(&body.signed_bytes(CHAIN)).to_bytes();
    let key = key(seed).verifying_key().to_bytes();
    Transaction { body, witness: vec![Signature::Ed25519 { key, signature }] }
}

fn skipped(outcome: &Outcome) -> Option<SkipReason> {
    match outcome {
        Outcome::Skipped(reason) => Some(*reason),
        Outcome::Receipt(_) => None,
    }
}

fn system_call(method: &str, args: impl Encode) -> Call {
    Call { contract: Address::SYSTEM, method: selector(method), args: args.encode() }
}

fn failure(outcome: &Outcome) -> &Failure {
    match outcome {
        Outcome::Receipt(Receipt { result: Err(failure), .. }) => failure,
        other => panic!("not a failure: {other:?}"),
    }
}

#[test]
fn a_transaction_that_may_not_run_says_why_and_changes_nothing() {
    type Change = Box<dyn Fn(&mut TransactionBody)>;
    let cases: Vec<(SkipReason, Change)> = vec![
        (SkipReason::Expired, Box::new(|b| b.valid_until = TimestampMs(NOW))),
        (
            SkipReason::ValidTooLong,
            Box::new(|b| b.valid_until = TimestampMs(NOW + limits::VALID_FOR_MS_MAX + 2)),
        ),
        (SkipReason::PolicyNotActive, Box::new(|b| b.lane = 1)),
        (SkipReason::NotAuthorised, Box::new(|b| b.account = account(2))),
        (SkipReason::NonceTooHigh, Box::new(|b| b.nonce = limits::NONCE_WINDOW + 1)),
        (SkipReason::GasTooLow, Box::new(|b| b.gas_limit = Gas(1_000))),
        (SkipReason::QuotaExhausted, Box::new(|b| b.gas_limit = Gas(CAPACITY + 1))),
        (SkipReason::UnknownSponsor, Box::new(|b| b.sponsor = Some(account(8)))),
        (
            SkipReason::SponsorRefuses,
            Box::new(|b| {
                b.sponsor = Some(account(9));
                b.calls[0].contract = account(51);
            }),
        ),
        (
            SkipReason::SponsorExhausted,
            Box::new(|b| {
                b.sponsor = Some(account(9));
                b.gas_limit = Gas(1_000_001);
            }),
        ),
    ];
    for (reason, change) in cases {
        let mut net = Net::new(sponsor());
        let before = net.state.clone();
        let mut body = body(1, 1);
        change(&mut body);
        assert_eq!(skipped(&net.one(signed(1, body.clone()))), Some(reason));
        assert_eq!(net.state, before, "{reason:?} changed state");
    }
    // At the very edge it runs.
    let mut net = Net::new(sponsor());
    let mut edge = body(1, limits::NONCE_WINDOW);
    edge.valid_until = TimestampMs(NOW + 1);
    edge.gas_limit = Gas(CAPACITY);
    assert_eq!(skipped(&net.one(signed(1, edge))), None);
}

#[test]
fn a_failed_transaction_uses_its_nonce_and_its_gas() {
    let mut net = Net::new(sponsor());
    let outcome = net.one(signed(1, body(1, 1)));
    let contract = account(50);
    assert_eq!(failure(&outcome).error, ExecutionError::UnknownContract { contract });
    let record = system::account_record(&net.state, account(1)).unwrap();
    assert_eq!(record.nonces.next(), 2);
    assert_eq!(record.spent, Gas(250_000), "a quarter of the limit at least");
    assert_eq!(skipped(&net.one(signed(1, body(1, 1)))), Some(SkipReason::Duplicate));
}

#[test]
fn a_quota_flows_back_with_block_time() {
    let mut net = Net::new(sponsor());
    let mut big = body(1, 1);
    big.gas_limit = Gas(CAPACITY);
    assert_eq!(skipped(&net.one(signed(1, big.clone()))), None);
    // A quarter was charged, so three quarters of the bucket are left.
    big.nonce = 2;
    assert_eq!(skipped(&net.one(signed(1, big.clone()))), Some(SkipReason::QuotaExhausted));
    net.time += CAPACITY / 4 * 1_000 / REFILL;
    big.valid_until = TimestampMs(net.time + 60_000);
    assert_eq!(skipped(&net.one(signed(1, big))), None);
}

#[test]
fn the_whole_limit_is_reserved_within_a_block() {
    let mut net = Net::new(sponsor());
    let many = |from: u64| -> Vec<Transaction> {
        (from..from + 25).map(|nonce| signed(1, body(1, nonce))).collect()
    };
    let ran = |outcomes: &[TransactionOutput]| {
        outcomes.iter().filter(|output| skipped(&output.outcome).is_none()).count()
    };
    assert_eq!(ran(&net.block(many(1))), 20);
    // A quarter of 20 limits was charged; the rest is there again.
    assert_eq!(ran(&net.block(many(30))), 15);
}

#[test]
fn a_sponsor_pays_for_one_account_and_for_all_up_to_its_limits() {
    let mut net = Net::new(sponsor());
    let sponsored = |seed, nonce, gas| {
        let mut body = body(seed, nonce);
        body.sponsor = Some(account(9));
        body.gas_limit = Gas(gas);
        signed(seed, body)
    };
    assert_eq!(skipped(&net.one(sponsored(2, 1, 1_000_000))), None);
    assert_eq!(skipped(&net.one(sponsored(2, 2, 800_000))), Some(SkipReason::SponsorExhausted));
    assert_eq!(skipped(&net.one(sponsored(2, 2, 750_000))), None);
    assert_eq!(skipped(&net.one(sponsored(3, 1, 1_000_000))), None);
    assert_eq!(skipped(&net.one(sponsored(4, 1, 900_000))), Some(SkipReason::SponsorExhausted));
    let today = net.time;
    net.time += 86_400_000 - today % 86_400_000;
    let mut tomorrow = body(4, 1);
    tomorrow.sponsor = Some(account(9));
    tomorrow.valid_until = TimestampMs(net.time + 60_000);
    assert_eq!(skipped(&net.one(signed(4, tomorrow))), None);
}

#[test]
fn a_block_holds_no_more_gas_than_its_limit() {
    let mut open = sponsor();
    open.gas_per_account_day = Gas(u64::MAX);
    open.gas_per_day = Gas(u64::MAX);
    let mut net = Net::new(open);
    let transactions = (1..=4).map(|nonce| {
        let mut body = body(2, nonce);
        body.sponsor = Some(account(9));
        body.gas_limit = Gas(limits::TRANSACTION_GAS_MAX);
        signed(2, body)
    });
    let outcomes = net.block(transactions.collect());
    let reasons: Vec<_> = outcomes.iter().map(|output| skipped(&output.outcome)).collect();
    assert_eq!(reasons, [None, None, Some(SkipReason::BlockFull), Some(SkipReason::BlockFull)]);
}

/// A module whose every entry point returns 0 at once.
fn module() -> Vec<u8> {
    let spec = ContractSpec {
        version: VERSION,
        name: "nothing".into(),
        methods: vec![MethodSpec {
            name: "new".into(),
            selector: selector("new"),
            kind: MethodKind::Init,
            args: vec![],
            returns: 0,
            fallible: false,
            reentrant: false,
            docs: vec![],
        }],
        events: vec![],
        error: None,
        storage: vec![],
        history: Default::default(),
        interfaces: vec![],
        docs: vec![],
        types: {
            let mut registry = scale_info::Registry::new();
            registry.register_type(&scale_info::MetaType::new::<()>());
            registry.into()
        },
    };
    let mut wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func $nothing (param i32) (result i32) i32.const 0)
            (export "dure_init" (func $nothing))
            (export "dure_call" (func $nothing))
            (export "dure_query" (func $nothing)))"#,
    )
    .unwrap();
    let mut section = vec![9];
    section.extend_from_slice(b"dure.spec");
    section.extend_from_slice(&spec.encode());
    wasm.push(0);
    let mut length = section.len();
    while length >= 128 {
        wasm.push((length % 128) as u8 | 128);
        length /= 128;
    }
    wasm.push(length as u8);
    wasm.extend_from_slice(&section);
    wasm
}

#[test]
fn code_is_usable_from_the_next_block_and_a_contract_at_once() {
    let mut net = Net::new(sponsor());
    let code = Hash(*blake3::hash(&module()).as_bytes());
    let deploy = |nonce| {
        let mut body = body(1, nonce);
        body.calls = vec![system_call("deploy", module())];
        signed(1, body)
    };
    let instantiate = |nonce, salt: &[u8]| {
        let mut body = body(1, nonce);
        let contract = address::contract(account(1), salt);
        let method = selector("anything");
        body.calls = vec![
            system_call("instantiate", (code, salt.to_vec(), Vec::<u8>::new())),
            Call { contract, method, args: vec![] },
        ];
        signed(1, body)
    };
    let outcomes = net.block(vec![deploy(1), instantiate(2, b"a")]);
    assert!(matches!(outcomes[0].outcome, Outcome::Receipt(Receipt { result: Ok(_), .. })));
    let ExecutionError::Contract { contract, error } = &failure(&outcomes[1].outcome).error else {
        panic!("{outcomes:?}")
    };
    assert_eq!(*contract, Address::SYSTEM);
    let error = SystemError::decode(&mut error.as_slice()).unwrap();
    assert_eq!(error, SystemError::CodeNotActive { code, from: 2 });
    let Outcome::Receipt(receipt) = net.one(instantiate(3, b"a")) else { panic!() };
    let expected = address::contract(account(1), b"a");
    assert_eq!(receipt.result, Ok(vec![expected.encode(), vec![]]));
    assert_eq!(receipt.events, 1);
    // The same salt again, and the same code again.
    for (transaction, expected) in [
        (instantiate(4, b"a"), SystemError::AddressTaken { address: expected }),
        (deploy(5), SystemError::CodeExists { code }),
    ] {
        let outcome = net.one(transaction);
        let ExecutionError::Contract { error, .. } = &failure(&outcome).error else { panic!() };
        assert_eq!(SystemError::decode(&mut error.as_slice()).unwrap(), expected);
    }
}

#[test]
fn when_one_call_fails_none_happened() {
    let mut net = Net::new(sponsor());
    let mut two = body(1, 1);
    two.gas_limit = Gas(5_000_000);
    let code = module();
    two.calls = vec![system_call("deploy", code.clone()), system_call("deploy", code.clone())];
    let outcome = net.one(signed(1, two));
    assert_eq!(failure(&outcome).call, 1);
    let hash = Hash(*blake3::hash(&code).as_bytes());
    assert_eq!(system::code_record(&net.state, hash).unwrap(), None);
    assert_eq!(system::code(&net.state, hash).unwrap(), None);
    let Outcome::Receipt(receipt) = outcome else { panic!() };
    assert_eq!(receipt.events, 0);
}

#[test]
fn an_account_of_no_tier_may_not_deploy() {
    let mut open = sponsor();
    open.contracts =
        vec![SponsoredContract::Contract { contract: Address::SYSTEM, methods: vec![] }];
    open.gas_per_account_day = Gas(10_000_000);
    open.gas_per_day = Gas(10_000_000);
    let mut net = Net::new(open);
    let mut body = body(2, 1);
    body.sponsor = Some(account(9));
    body.gas_limit = Gas(5_000_000);
    body.calls = vec![system_call("deploy", module())];
    let outcome = net.one(signed(2, body));
    let ExecutionError::Contract { error, .. } = &failure(&outcome).error else { panic!() };
    let error = SystemError::decode(&mut error.as_slice()).unwrap();
    assert_eq!(error, SystemError::MayNotDeploy { tier: 0 });
}

proptest! {
    #[test]
    fn nonce_window_equals_a_set_of_used_nonces(
        steps in prop::collection::vec((any::<bool>(), 0u64..1_100), 1..200)
    ) {
        let mut window = NonceWindow::default();
        let mut used = BTreeSet::new();
        for (up, by) in steps {
            let highest = used.last().copied().unwrap_or(0);
            let nonce = if up { highest + by } else { highest.saturating_sub(by) };
            let expected = if nonce == 0 || highest >= nonce + limits::NONCE_WINDOW {
                NonceState::TooOld
            } else if used.contains(&nonce) {
                NonceState::Used
            } else if nonce > highest + limits::NONCE_WINDOW {
                NonceState::TooHigh
            } else {
                NonceState::Free
            };
            prop_assert_eq!(window.state(nonce), expected, "nonce {} of {}", nonce, highest);
            window.take(nonce);
            if expected == NonceState::Free {
                used.insert(nonce);
            }
            prop_assert_eq!(window.highest, used.last().copied().unwrap_or(0));
            let encoded = window.encode();
            prop_assert_eq!(&NonceWindow::decode(&mut encoded.as_slice()).unwrap(), &window);
        }
    }
}

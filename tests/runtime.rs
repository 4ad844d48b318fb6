//! The runtime and the SDK against the formats: what they compute is what the page says, and the
//! bytes of state are as committed.

use codec::Encode;
use dure_runtime::{
    TransactionOutput, genesis, merkle, receipt_leaf, receipts_root,
    signature::{self, SignatureError},
    state::{
        key::{self, SystemField},
        tree::StateTree,
    },
    system::{AccountRecord, CodeRecord, ContractRecord, NonceWindow, Usage},
};
use dure_sdk::{KeyBuffer, Place, StorageKey};
use dure_tests::{
    golden::{case, check, hex},
    merkle as page, sample,
};
use dure_types::{
    Address, Amount, Gas, Hash, Height, PublicKey, Selector, TimestampMs, address,
    domain::blake3_hash,
};
use proptest::{collection::btree_map, prelude::*};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The runtime's tree of some entries.
fn tree(buckets_log2: u32, entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> StateTree {
    let mut tree = StateTree::new(buckets_log2);
    let changes: Vec<_> =
        entries.iter().map(|(key, value)| (blake3_hash(key), Some(blake3_hash(value)))).collect();
    tree.update(&changes);
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn state_tree_is_that_of_the_page(
        entries in btree_map(proptest::collection::vec(any::<u8>(), 0..4), any::<[u8; 2]>(), 0..60),
        buckets_log2 in 0u32..6,
        other in any::<[u8; 5]>(),
    ) {
        let entries: BTreeMap<_, _> =
            entries.into_iter().map(|(key, value)| (key, value.to_vec())).collect();
        let tree = tree(buckets_log2, &entries);
        prop_assert_eq!(tree.root(), page::state_root(&entries));
        for key in entries.keys().cloned().chain([other.to_vec()]) {
            prop_assert_eq!(tree.prove(blake3_hash(&key)), page::state_proof(&entries, &key));
        }
    }

    #[test]
    fn receipts_tree_is_that_of_the_page(
        leaves in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3), 0..40),
    ) {
        prop_assert_eq!(merkle::root(&leaves), page::list_root(&leaves));
        for index in 0..leaves.len() {
            let path = merkle::path(&leaves, index as u64);
            prop_assert_eq!(path, Some(page::list_proof(&leaves, index)));
        }
        prop_assert_eq!(merkle::path(&leaves, leaves.len() as u64), None);
    }
}

#[test]
fn receipt_leaves_are_those_of_the_page() {
    let id = sample::transaction_plain().body.id(sample::chain());
    let outputs = sample::outcomes().map(|outcome| TransactionOutput {
        id,
        outcome,
        events: vec![sample::event(1)],
    });
    let leaves: Vec<_> =
        (0u32..).zip(&outputs).map(|(index, output)| receipt_leaf(index, output)).collect();
    let expected: Vec<_> = (0u32..)
        .zip(sample::outcomes())
        .map(|(index, outcome)| sample::receipt_leaf(index, &outcome))
        .collect();
    assert_eq!(leaves, expected);
    assert_eq!(receipts_root(&outputs), page::list_root(&expected));
}

#[test]
fn signatures_are_judged_as_the_page_says() {
    let chain = sample::chain();
    let plain = sample::transaction_plain();
    let mut forged = plain.clone();
    forged.body.gas_limit = Gas(999_999);
    let all = vec![plain.clone(), sample::transaction(), forged];
    let [good, passkey, forged] = &signature::verify(chain, all)[..] else { panic!("three") };
    let good = good.as_ref().expect("a good signature");
    assert_eq!(good.id(), plain.body.id(chain));
    assert_eq!(good.encoded_len(), plain.encode().len());
    assert_eq!(passkey, &Err(SignatureError::PolicyNotActive { index: 1 }));
    let key = sample::public(1);
    assert_eq!(forged, &Err(SignatureError::Invalid { index: 0, key }));
    let elsewhere = signature::verify(Hash::ZERO, vec![plain]).remove(0);
    assert_eq!(elsewhere, Err(SignatureError::Invalid { index: 0, key }));
}

#[test]
fn state_after_genesis_is_as_committed() {
    let delta = genesis::state(&sample::genesis());
    let entries: BTreeMap<_, _> = delta
        .into_iter()
        .map(|(key, value)| (key, value.expect("genesis removes nothing")))
        .collect();
    let root = page::state_root(&entries);
    assert_eq!(tree(4, &entries).root(), root);
    let list: Vec<_> = entries.iter().map(|(key, value)| json!([hex(key), hex(value)])).collect();
    let cases = vec![json!({
        "name": "state of the genesis of genesis.json", "root": hex(root), "entries": list,
    })];
    check("genesis_state.json", "Every entry of state at height 0", cases);
}

#[test]
fn records_of_the_system_contract_are_as_committed() {
    let mut nonces = NonceWindow::default();
    for nonce in [1, 2, 3, 12, 5] {
        nonces.take(nonce);
    }
    let account = AccountRecord {
        tier: 1,
        spent: Gas(77),
        updated: TimestampMs(1_800_000_000_000),
        nonces: nonces.clone(),
    };
    let creator = Address([0xc0; 32]);
    let upgrader = Some(creator);
    let contract = ContractRecord { code: Hash([0xcc; 32]), creator, height: Height(9), upgrader };
    let frozen = ContractRecord { upgrader: None, ..contract };
    let ready = TimestampMs(1_800_000_000_320);
    let code = CodeRecord { height: Height(8), length: 4_096, ready };
    let name = |text: &str| format!("nonces {text}");
    let cases = vec![
        case("code record", &code, json!({})),
        case("contract record", &contract, json!({})),
        case("contract record of a frozen contract", &frozen, json!({})),
        case("account record", &account, json!({})),
        case("account without record", &AccountRecord::default(), json!({})),
        case("usage", &Usage { day: 20_833, gas: Gas(5) }, json!({})),
        case(&name("1 2 3 12 5"), &nonces, json!({ "highest": 12 })),
    ];
    check("system.json", "Records of the system contract", cases);
}

#[test]
fn state_keys_are_as_committed() {
    let (address, hash) = (Address([0xc0; 32]), Hash([0xcc; 32]));
    let system = |field, parts: &[&[u8]]| key::of_system(field, parts);
    let named = |name: &str, key: Vec<u8>| json!({ "name": name, "key": hex(key) });
    let mut cases = vec![
        named("code", key::code(hash)),
        named("code record", system(SystemField::CodeRecord, &[&hash.0])),
        named("contract record", key::contract(address)),
        named("account record", key::account(address)),
        named("sponsor", system(SystemField::Sponsor, &[&address.0])),
        named("usage of a sponsor", system(SystemField::SponsorUsage, &[&address.0])),
        named(
            "usage of a sponsor by an account",
            system(SystemField::SponsorAccountUsage, &[&address.0, &[0xac; 32]]),
        ),
        named("tiers", system(SystemField::Tiers, &[])),
        named("parameters", system(SystemField::Parameters, &[])),
        named("validators", system(SystemField::Validators, &[])),
    ];
    cases.extend(ordered_keys(address));
    check("state_key.json", "State keys; those of a contract are of its field 7", cases);
}

/// Keys of maps of a contract, by the SDK.
fn ordered_keys(contract: Address) -> Vec<Value> {
    fn entry<K: StorageKey>(contract: Address, name: &str, key: &K) -> Value {
        let chosen = KeyBuffer::of_entry(Place::field(7), key);
        let key = key::of_contract(contract, chosen.as_slice());
        json!({ "name": format!("map by {name}"), "key": hex(key) })
    }
    let holder = address::of_key(PublicKey::Ed25519(sample::public(1)));
    vec![
        entry(contract, "u8 1", &1u8),
        entry(contract, "u64 258", &258u64),
        entry(contract, "u128 max", &u128::MAX),
        entry(contract, "i32 -1", &-1i32),
        entry(contract, "i32 1", &1i32),
        entry(contract, "bool", &true),
        entry(contract, "address", &holder),
        entry(contract, "selector", &Selector([1, 2, 3, 4])),
        entry(contract, "amount 5", &Amount(5)),
        entry(contract, "text", &"a\0b".to_owned()),
        entry(contract, "no text", &String::new()),
        entry(contract, "bytes", &vec![0u8, 0xff]),
        entry(contract, "none", &None::<u16>),
        entry(contract, "some", &Some(3u16)),
        entry(contract, "pair", &(holder, 9u32)),
    ]
}

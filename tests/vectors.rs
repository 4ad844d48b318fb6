//! Golden bytes of every consensus type, in `vectors/*.json`, for this and any other
//! implementation. Changing one is a deliberate commit: `UPDATE_VECTORS=1` writes them anew.
//!
//! Each case holds the SCALE bytes of a fixed value (`dure_tests::sample`), which must decode back
//! to it and encode to the same, and what is derived from it: ids, signed bytes, roots.

use codec::{Decode, Encode};
use dure_tests::{
    golden::{case, check, hex},
    merkle, sample,
};
use dure_types::{
    Address, BatchHeader, Hash, LimitKind, Outcome, Proposal, Receipt, SkipReason, TrapKind,
    ValidatorId, ValidatorRecord, Vote, VoteKind, address, domain,
};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Debug};

/// Checks that the samples are every variant, in order: the byte after the last is no variant.
fn assert_every_variant<T: Encode + Decode + Debug>(values: &[T]) {
    for (index, value) in values.iter().enumerate() {
        assert_eq!(usize::from(value.encode()[0]), index, "{value:?} is out of order");
    }
    let mut next = vec![0; 256];
    next[0] = u8::try_from(values.len()).expect("fewer than 256 variants");
    let decoded = T::decode(&mut &next[..]);
    assert!(decoded.is_err(), "variant without a sample: {decoded:?}");
}

/// Every value of an enum without fields, as names in order.
fn names<T: Decode + Debug>() -> Vec<String> {
    (0..=u8::MAX)
        .map_while(|byte| T::decode(&mut &[byte][..]).ok())
        .map(|value| format!("{value:?}"))
        .collect()
}

/// Checks with both libraries that a signature holds, and for this message alone.
fn assert_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) {
    let dalek = ed25519_dalek::VerifyingKey::from_bytes(key).expect("a key");
    let zebra = ed25519_zebra::VerificationKey::try_from(*key).expect("a key");
    let parsed = ed25519_dalek::Signature::from_bytes(signature);
    dalek.verify_strict(message, &parsed).expect("dalek accepts");
    zebra.verify(&(*signature).into(), message).expect("zebra accepts");
    let mut other = message.to_vec();
    other[20] ^= 1;
    assert!(zebra.verify(&(*signature).into(), &other).is_err(), "holds on another chain too");
}

#[test]
fn accounts_and_addresses_are_as_committed() {
    let mut cases = Vec::new();
    for (name, key) in ["ed25519 key", "p256 key"].iter().zip(sample::public_keys()) {
        cases.push(case(name, &key, json!({ "address": hex(address::of_key(key)) })));
    }
    for (name, policy) in ["one key", "one passkey", "two of three"].iter().zip(sample::policies())
    {
        let address = hex(address::account(&policy));
        cases.push(case(&format!("policy: {name}"), &policy, json!({ "address": address })));
    }
    for (name, signature) in ["ed25519", "webauthn"].iter().zip(sample::signatures()) {
        cases.push(case(&format!("signature: {name}"), &signature, json!({})));
    }
    let creator = address::of_key(sample::public_keys()[0]);
    for salt in [&b""[..], b"shop", &[0xff; 32]] {
        let address = hex(address::contract(creator, salt));
        cases.push(json!({
            "name": format!("contract of salt {}", hex(salt)),
            "creator": hex(creator), "salt": hex(salt), "address": address,
        }));
    }
    for name in ["transfer", "order", "Moved", "deploy", "instantiate"] {
        let selector = hex(domain::selector(name).0);
        cases.push(json!({ "name": format!("selector of {name}"), "selector": selector }));
    }
    cases.push(case("system contract", &Address::SYSTEM, json!({})));
    check("account.json", "Keys, policies, signatures, addresses, selectors", cases);
}

#[test]
fn transactions_are_as_committed() {
    let chain = sample::chain();
    let all = [("plain", sample::transaction_plain()), ("full", sample::transaction())];
    let mut cases = Vec::new();
    for (name, transaction) in all {
        transaction.check_shape().expect("within the limits");
        let message = transaction.body.signed_bytes(chain);
        let dure_types::Signature::Ed25519 { key, signature } = &transaction.witness[0] else {
            panic!("the first signature is Ed25519")
        };
        assert_signed(key, &message, signature);
        let derived = json!({
            "chain": hex(chain), "signed": hex(&message), "id": hex(transaction.body.id(chain)),
            "key": hex(key), "signature": hex(signature),
        });
        cases.push(case(name, &transaction, derived));
        cases.push(case(&format!("body of {name}"), &transaction.body, json!({})));
    }
    check("transaction.json", "Transactions; ids and signatures belong to `chain`", cases);
}

#[test]
fn batches_are_as_committed() {
    let chain = sample::chain();
    let batch = sample::batch();
    batch.check_shape().expect("within the limits");
    let message = batch.header.signed_bytes(chain);
    let key = sample::public(sample::validators()[0].1);
    assert_signed(&key, &message, &batch.signature);
    let empty = BatchHeader::of(ValidatorId([0x11; 32]), 1, dure_types::Height(1), &[]);
    let derived = json!({
        "chain": hex(chain), "signed": hex(&message), "id": hex(batch.header.id(chain)),
        "key": hex(key), "signature": hex(batch.signature),
    });
    let cases = vec![
        case("header", &batch.header, derived),
        case("header of no transaction", &empty, json!({})),
        case("batch", &batch, json!({})),
        case("reference", &sample::batch_reference(), json!({})),
        case("acknowledgement", &sample::acknowledgement(), json!({})),
    ];
    check("batch.json", "Batches of both transactions of transaction.json", cases);
}

#[test]
fn votes_proposals_and_certificates_are_as_committed() {
    let chain = sample::chain();
    let block = Some(Hash([0xb5; 32]));
    let mut cases = Vec::new();
    for (name, kind, block) in [
        ("prevote", VoteKind::Prevote, block),
        ("prevote nil", VoteKind::Prevote, None),
        ("precommit", VoteKind::Precommit, block),
        ("precommit nil", VoteKind::Precommit, None),
    ] {
        let vote = sample::vote(1, kind, block);
        let message = Vote::signed_bytes(chain, kind, vote.height, vote.round, block);
        assert_signed(&sample::public(sample::validators()[1].1), &message, &vote.signature);
        cases.push(case(name, &vote, json!({ "chain": hex(chain), "signed": hex(message) })));
    }
    for (name, pol_round) in [("proposal", None), ("proposal again", Some(1))] {
        let proposal = sample::proposal(Hash([0xb5; 32]), pol_round);
        let (height, round) = (proposal.height, proposal.round);
        let message = Proposal::signed_bytes(chain, height, round, proposal.block, pol_round);
        assert_signed(&sample::public(sample::validators()[2].1), &message, &proposal.signature);
        cases.push(case(name, &proposal, json!({ "chain": hex(chain), "signed": hex(message) })));
    }
    let certificate = sample::certificate();
    certificate.check_shape().expect("within the limits");
    let message = certificate.signed_bytes(chain);
    for (signature, (id, seed)) in
        certificate.signatures.iter().zip(sample::validators().into_iter().skip(1))
    {
        assert_eq!(signature.validator, id);
        assert_signed(&sample::public(seed), &message, &signature.signature);
    }
    let derived = json!({ "chain": hex(chain), "signed": hex(message) });
    cases.push(case("commit certificate", &certificate, derived));
    for (name, evidence) in ["votes", "proposals", "batches"].iter().zip(sample::evidence()) {
        let accused = evidence.check_shape().expect("proves something");
        let derived = json!({ "accused": hex(accused.0) });
        cases.push(case(&format!("evidence: {name}"), &evidence, derived));
    }
    assert_every_variant(&sample::evidence());
    check("consensus.json", "Votes, proposals, certificates, evidence", cases);
}

#[test]
fn headers_are_as_committed() {
    let chain = sample::chain();
    let mut cases = vec![case("roots of a height", &sample::roots(), json!({}))];
    for (name, header) in [("first", sample::header_first()), ("full", sample::header_full())] {
        header.check_shape().expect("within the limits");
        let derived = json!({ "chain": hex(chain), "id": hex(header.id(chain)) });
        cases.push(case(name, &header, derived));
    }
    check("header.json", "Headers with their block ids", cases);
}

#[test]
fn genesis_and_validators_are_as_committed() {
    let genesis = sample::genesis();
    genesis.check().expect("a good genesis");
    let mut cases = Vec::new();
    for record in &genesis.validators.0 {
        let binding =
            ValidatorRecord::binding(record.id, &record.consensus_key, &record.network_key);
        assert_signed(&record.consensus_key, &binding, &record.consensus_binding);
        assert_signed(&record.network_key, &binding, &record.network_binding);
        cases.push(case(&record.name, record, json!({ "signed": hex(binding) })));
    }
    let set = &genesis.validators;
    cases.push(case("validator set", set, json!({ "hash": hex(set.hash()) })));
    for tier in &genesis.tiers {
        cases.push(case(&format!("tier {}", tier.tier), tier, json!({})));
    }
    cases.push(case("sponsor", &genesis.sponsors[0], json!({})));
    cases.push(case("parameters", &genesis.parameters, json!({})));
    cases.push(case("genesis", &genesis, json!({ "chain": hex(genesis.chain_id()) })));
    check("genesis.json", "Validators and genesis with its chain id", cases);
}

#[test]
fn outcomes_and_errors_are_as_committed() {
    let mut cases = Vec::new();
    for (name, outcome) in ["success", "failure", "skipped"].iter().zip(sample::outcomes()) {
        let leaf = hex(sample::receipt_leaf(7, &outcome));
        cases.push(case(name, &outcome, json!({ "leaf_7": leaf })));
    }
    for data in 0..3 {
        cases.push(case(&format!("event {data}"), &sample::event(data), json!({})));
    }
    let (execution, system, module) =
        (sample::execution_errors(), sample::system_errors(), sample::module_errors());
    let schema = sample::schema_errors();
    assert_every_variant(&execution);
    assert_every_variant(&system);
    assert_every_variant(&module);
    assert_every_variant(&schema);
    let text = |error: &dyn ToString| json!({ "text": error.to_string() });
    cases.extend(execution.iter().map(|error| case("execution error", error, text(error))));
    cases.extend(system.iter().map(|error| case("system error", error, text(error))));
    cases.extend(module.iter().map(|error| case("module error", error, text(error))));
    cases.extend(schema.iter().map(|error| case("schema error", error, text(error))));
    cases.push(json!({ "name": "skip reasons from 00", "variants": names::<SkipReason>() }));
    cases.push(json!({ "name": "trap kinds from 00", "variants": names::<TrapKind>() }));
    cases.push(json!({ "name": "limit kinds from 00", "variants": names::<LimitKind>() }));
    check("receipt.json", "Outcomes, events, errors", cases);
}

#[test]
fn receipts_roots_and_paths_are_as_committed() {
    let all = sample::outcomes();
    let leaf = |index: usize| {
        let number = u32::try_from(index).expect("small");
        sample::receipt_leaf(number, &all[index % all.len()])
    };
    let mut cases = Vec::new();
    for count in [0, 1, 2, 3, 4, 5, 7, 8, 11] {
        let leaves: Vec<_> = (0..count).map(leaf).collect();
        let root = merkle::list_root(&leaves);
        let paths: Vec<_> = (0..count)
            .map(|index| {
                let proof = merkle::list_proof(&leaves, index);
                assert_eq!(merkle::list_walk(&leaves[index], &proof), Some(root));
                let verified = dure_light::verify_merkle_proof(root, &leaves[index], &proof);
                assert_eq!(verified, Ok(()), "leaf {index} of {count}");
                hex(proof.encode())
            })
            .collect();
        cases.push(json!({
            "name": format!("{count} leaves"), "root": hex(root),
            "leaves": leaves.iter().map(hex).collect::<Vec<_>>(), "proofs": paths,
        }));
    }
    check(
        "receipts_tree.json",
        "RFC 6962 roots over BLAKE3, and the audit path of each leaf",
        cases,
    );
}

/// `jmt` with the hash of DESIGN D11: the oracle of state roots.
struct Blake3(blake3::Hasher);

impl jmt::SimpleHasher for Blake3 {
    fn new() -> Self {
        Self(blake3::Hasher::new())
    }
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn finalize(self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

fn jmt_root(entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Hash {
    let store = jmt::mock::MockTreeStore::default();
    let tree = jmt::JellyfishMerkleTree::<_, Blake3>::new(&store);
    let set = entries
        .iter()
        .map(|(key, value)| (jmt::KeyHash::with::<Blake3>(key), Some(value.clone())))
        .collect::<Vec<_>>();
    let (root, _) = tree.put_value_set(set, 0).expect("the store is memory");
    Hash(root.0)
}

#[test]
fn state_roots_are_as_committed() {
    let entry = |index: u16| {
        let mut key = [0xc0; 32].to_vec();
        key.extend_from_slice(&index.to_be_bytes());
        (key, vec![index.to_le_bytes()[0]; usize::from(index % 5)])
    };
    let mut cases = Vec::new();
    for count in [0, 1, 2, 3, 8, 100] {
        let entries: BTreeMap<_, _> = (0..count).map(entry).collect();
        let root = merkle::state_root(&entries);
        if count > 0 {
            assert_eq!(root, jmt_root(&entries), "jmt differs at {count} entries");
        }
        let mut case = json!({ "name": format!("{count} entries"), "root": hex(root) });
        if count < 10 {
            let list = |(key, value): (&Vec<u8>, &Vec<u8>)| json!([hex(key), hex(value)]);
            case["entries"] = entries.iter().map(list).collect();
            case["proofs"] = (0..count.max(1) + 2)
                .map(|index| {
                    // One that is there, and two that are not.
                    let key = entry(index).0;
                    let proof = merkle::state_proof(&entries, &key);
                    let value = entries.get(&key).map(Vec::as_slice);
                    let verified = dure_light::verify_state_proof(root, &key, value, &proof);
                    assert_eq!(verified, Ok(()), "key {index} of {count}");
                    json!({ "key": hex(&key), "value": value.map(hex), "proof": hex(proof.encode()) })
                })
                .collect();
        }
        cases.push(case);
    }
    check(
        "state_root.json",
        "State roots; entry i has the key c0*32 | i (u16, big-endian) and the value i mod 256, repeated i mod 5 times",
        cases,
    );
}

#[test]
fn contract_spec_is_as_committed() {
    let cases = vec![case("voucher", &sample::contract_spec(), json!({}))];
    check("spec.json", "Contents of the section dure.spec", cases);
}

#[test]
fn sizes_are_those_of_the_page() {
    let size = |value: &dyn Fn() -> Vec<u8>| value().len();
    let block = Some(Hash([1; 32]));
    assert_eq!(size(&|| sample::vote(0, VoteKind::Prevote, None).encode()), 110);
    assert_eq!(size(&|| sample::vote(0, VoteKind::Prevote, block).encode()), 142);
    assert_eq!(size(&|| sample::proposal(Hash::ZERO, None).encode()), 141);
    assert_eq!(size(&|| sample::proposal(Hash::ZERO, Some(0)).encode()), 145);
    assert_eq!(size(&|| sample::certificate().encode()), 44 + 1 + 3 * 96);
    assert_eq!(size(&|| sample::batch().header.encode()), 96);
    assert_eq!(size(&|| sample::batch_reference().encode()), 72);
    assert_eq!(size(&|| sample::signatures()[0].encode()), 97);
    assert_eq!(size(&|| sample::parameters().encode()), 60);
    assert_eq!(size(&|| sample::roots().encode()), 64);
    let Outcome::Receipt(receipt) = sample::outcomes()[1].clone() else { panic!("a receipt") };
    let empty = Receipt { result: Ok(vec![]), ..receipt };
    assert_eq!(empty.encode().len(), 2 + 8 + 8 + 4 + 32);
}

//! Four validators of one genesis, and transactions for them.

use codec::Encode;
use dure_node::{
    driver::Node,
    genesis_file::{dev_genesis, validator_record},
};
use dure_types::{
    Address, Call, Gas, Genesis, Hash, Outcome, PublicKey, Selector, Signature, TimestampMs,
    Transaction, TransactionBody, ValidatorId, ValidatorSet, address,
};
use ed25519_dalek::{Signer, SigningKey};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn now() -> TimestampMs {
    TimestampMs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

/// Validators have 1 to 4, their network keys 21 to 24; 10 signs transactions.
pub(crate) fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub(crate) fn id(key: &SigningKey) -> ValidatorId {
    ValidatorId::of_key(key.verifying_key().as_bytes())
}

pub(crate) fn genesis() -> Genesis {
    let account = address::of_key(PublicKey::Ed25519(key(10).verifying_key().to_bytes()));
    let mut genesis = dev_genesis("town", now(), &key(1), &key(21), &[account]);
    let record = |n: u8| validator_record(&format!("town-{n}"), &key(n), &key(20 + n), 1);
    let mut records: Vec<_> = (1..=4).map(record).collect();
    records.sort_by_key(|record| record.id);
    genesis.validators = ValidatorSet::new(records);
    genesis.check().unwrap();
    genesis
}

/// Calls a contract that does not exist: the receipt says so, and the nonce is used.
pub(crate) fn transaction(genesis: &Genesis, nonce: u64) -> (Hash, Vec<u8>) {
    let chain = genesis.chain_id();
    let body = TransactionBody {
        account: genesis.accounts[0].0,
        lane: 0,
        nonce,
        valid_until: now().saturating_add(TimestampMs(600_000)),
        gas_limit: Gas(1_000_000),
        sponsor: None,
        calls: vec![Call { contract: Address([9; 32]), method: Selector([1; 4]), args: vec![] }],
    };
    let signature = key(10).sign(&body.signed_bytes(chain)).to_bytes();
    let id = body.id(chain);
    let key = key(10).verifying_key().to_bytes();
    let witness = vec![Signature::Ed25519 { key, signature }];
    (id, Transaction { body, witness }.encode())
}

/// Waits as long as a slow machine may need.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn has(node: &Node, id: Hash) -> bool {
    let located = node.handle().view().unwrap().receipt(id).unwrap();
    located.is_some_and(|located| matches!(located.outcome, Outcome::Receipt(_)))
}

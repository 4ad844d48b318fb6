//! Signatures of transactions: checked in bulk, as the runtime does, beside one at a time.
//!
//! Both run on one thread, over the same transactions, with hashing and shape checks in both.

use dure_runtime::signature::verify;
use dure_types::{
    Address, Call, Gas, Hash, PublicKey, Selector, Signature, TimestampMs, Transaction,
    TransactionBody, address,
};
use ed25519_dalek::{Signer, SigningKey};
use std::time::Instant;

const CHAIN: Hash = Hash([1; 32]);
const ROUNDS: usize = 15;

fn main() {
    // One thread: the figure is the work of a core, not of this machine.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let one = one.expect("one thread can be started");
    for count in [256u64, 1_024] {
        for (name, signers) in [("distinct", count), ("16_signers", 16)] {
            let transactions: Vec<_> = (0..count).map(|n| signed(n % signers, n + 1)).collect();
            let (mut bulk, mut single) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let all = transactions.clone();
                let start = Instant::now();
                let results = one.install(|| verify(CHAIN, all));
                bulk.push(start.elapsed().as_secs_f64());
                assert!(results.iter().all(Result::is_ok), "all were signed");

                let all = transactions.clone();
                let start = Instant::now();
                let valid = one.install(|| {
                    all.into_iter()
                        .filter(|one| verify(CHAIN, vec![one.clone()])[0].is_ok())
                        .count()
                });
                single.push(start.elapsed().as_secs_f64());
                assert_eq!(valid, results.len());
            }
            let (bulk, single) = (median(bulk, count), median(single, count));
            println!(
                "{{\"bench\":\"signature\",\"metric\":\"bulk_{count}_{name}\",\"value\":{bulk:.3},\
                 \"unit\":\"us\",\"peer\":\"one at a time\",\"peer_value\":{single:.3},\
                 \"ratio\":{:.3}}}",
                bulk / single
            );
        }
    }
}

/// Median in microseconds for each of `count`.
fn median(mut seconds: Vec<f64>, count: u64) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2] * 1e6 / count as f64
}

/// A payment of the usual size.
fn signed(signer: u64, nonce: u64) -> Transaction {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&signer.to_le_bytes());
    let key = SigningKey::from_bytes(&seed);
    let public = key.verifying_key().to_bytes();
    let body = TransactionBody {
        account: address::of_key(PublicKey::Ed25519(public)),
        lane: 0,
        nonce,
        valid_until: TimestampMs(1_800_000_000_000),
        gas_limit: Gas(1_000_000),
        sponsor: Some(Address([5; 32])),
        calls: vec![Call {
            contract: Address([6; 32]),
            method: Selector([1, 2, 3, 4]),
            args: vec![8; 48],
        }],
    };
    let signature = key.sign(&body.signed_bytes(CHAIN)).to_bytes();
    Transaction { body, witness: vec![Signature::Ed25519 { key: public, signature }] }
}

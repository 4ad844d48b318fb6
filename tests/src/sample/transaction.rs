//! Accounts and transactions.

use super::{chain, public, sign};
use dure_types::{
    Address, Call, Gas, PublicKey, Selector, Signature, TimestampMs, Transaction, TransactionBody,
    account::Policy, address, domain,
};

/// One public key of each kind.
#[must_use]
pub fn public_keys() -> [PublicKey; 2] {
    let mut p256 = [0x51; 33];
    p256[0] = 0x02;
    [PublicKey::Ed25519(public(1)), PublicKey::P256(p256)]
}

/// Two of three, the passkey counting double.
#[must_use]
pub fn policy_threshold() -> Policy {
    let [one, passkey] = public_keys();
    let other = PublicKey::Ed25519(public(2));
    let mut keys = vec![(one, 1), (other, 1), (passkey, 2)];
    keys.sort();
    Policy::Threshold { threshold: 2, keys }
}

/// One policy of each kind of key and shape.
#[must_use]
pub fn policies() -> [Policy; 3] {
    let [one, passkey] = public_keys();
    [Policy::Key(one), Policy::Key(passkey), policy_threshold()]
}

/// A body with every field filled.
#[must_use]
pub fn body() -> TransactionBody {
    let shop = address::contract(address::of_key(public_keys()[0]), b"shop");
    TransactionBody {
        account: address::account(&policy_threshold()),
        lane: 0x0102,
        nonce: 0x0304_0506_0708_090a,
        valid_until: TimestampMs(1_800_000_060_000),
        gas_limit: Gas(2_000_000),
        sponsor: Some(Address([0xa5; 32])),
        calls: vec![
            Call { contract: shop, method: domain::selector("order"), args: vec![1, 2, 3] },
            Call {
                contract: Address::SYSTEM,
                method: Selector([0xde, 0xad, 0xbe, 0xef]),
                args: vec![],
            },
        ],
    }
}

/// One signature of each kind over [`body`]. The passkey's is of the right layout alone: no release
/// accepts it yet.
#[must_use]
pub fn signatures() -> [Signature; 2] {
    let message = body().signed_bytes(chain());
    let [_, PublicKey::P256(key)] = public_keys() else { unreachable!("the second is P-256") };
    [
        Signature::Ed25519 { key: public(1), signature: sign(1, &message) },
        Signature::WebAuthn {
            key,
            authenticator_data: vec![0xad; 37],
            client_data: br#"{"type":"webauthn.get"}"#.to_vec(),
            signature: [0x52; 64],
        },
    ]
}

/// A transaction with a witness of both kinds.
#[must_use]
pub fn transaction() -> Transaction {
    Transaction { body: body(), witness: signatures().to_vec() }
}

/// The least that a payment needs: one key, lane 0, one call, own quota.
#[must_use]
pub fn transaction_plain() -> Transaction {
    let body = TransactionBody {
        account: address::of_key(PublicKey::Ed25519(public(1))),
        lane: 0,
        nonce: 1,
        valid_until: TimestampMs(1_800_000_030_000),
        gas_limit: Gas(1_000_000),
        sponsor: None,
        calls: vec![Call {
            contract: Address([0xc0; 32]),
            method: domain::selector("transfer"),
            args: vec![0x11; 48],
        }],
    };
    let signature = sign(1, &body.signed_bytes(chain()));
    Transaction { body, witness: vec![Signature::Ed25519 { key: public(1), signature }] }
}

//! Clients: what they send, and to whom again until they are told the outcome.

use crate::{
    seeded::Dice,
    token::{self, HOLDERS},
};
use dure_runtime::{VerifiedTransaction, signature};
use dure_types::{
    Address, Call, Gas, Hash, Height, Outcome, PublicKey, Selector, Signature, TimestampMs,
    Transaction, TransactionBody, address,
};
use ed25519_dalek::{Signer, SigningKey};
use std::{collections::BTreeMap, time::Duration};

/// Wall time at the start of every run.
pub(crate) const EPOCH_MS: u64 = 1_700_000_000_000;
/// What a client was told: height, place and outcome.
pub(crate) type Told = (Height, u32, Outcome);

/// A transaction on its way.
pub(crate) struct Sent {
    pub(crate) transaction: VerifiedTransaction,
    pub(crate) at: Duration,
    /// The node that is asked.
    pub(crate) node: usize,
    pub(crate) told: Option<Told>,
    pub(crate) told_at: Duration,
    /// When the node that is asked had executed it.
    pub(crate) final_at: Option<Duration>,
}

/// All clients.
pub(crate) struct Clients {
    chain: Hash,
    keys: Vec<(SigningKey, u64)>,
    pub(crate) sent: BTreeMap<Hash, Sent>,
    /// The money that they pay with, once there is one.
    pub(crate) token: Option<Address>,
}

impl Clients {
    pub(crate) fn keys() -> Vec<SigningKey> {
        (100..108u8).map(|n| SigningKey::from_bytes(&[n; 32])).collect()
    }

    pub(crate) fn new(chain: Hash) -> Self {
        let keys = Self::keys().into_iter().map(|key| (key, 1)).collect();
        Self { chain, keys, sent: BTreeMap::new(), token: None }
    }

    /// A new transaction, to be sent to a node.
    pub(crate) fn make(&mut self, dice: &mut Dice, node: usize, now: Duration) -> Hash {
        let chosen = dice.pick(self.keys.len());
        let call = match self.token {
            Some(token) => {
                let holder = |dice: &mut Dice| dice.below(u64::from(HOLDERS)) as u8;
                let (from, to) = (holder(dice), holder(dice));
                token::transfer(token, from, to, dice.below(400))
            }
            None => nothing(self.keys[chosen].1),
        };
        self.send(chosen, call, node, now)
    }

    /// A node has executed these.
    pub(crate) fn executed(&mut self, node: usize, outcomes: &[(Hash, bool)], now: Duration) {
        for (id, _) in outcomes.iter().filter(|(_, ran)| *ran) {
            if let Some(sent) = self.sent.get_mut(id).filter(|sent| sent.node == node) {
                sent.final_at.get_or_insert(now);
            }
        }
    }

    /// A call of one client, to be sent to a node.
    pub(crate) fn send(&mut self, who: usize, call: Call, node: usize, now: Duration) -> Hash {
        let (key, nonce) = &mut self.keys[who];
        let transaction = transaction(self.chain, key, *nonce, call);
        *nonce += 1;
        let verified = signature::verify(self.chain, vec![transaction]);
        let transaction = verified.into_iter().next().unwrap().unwrap();
        let id = transaction.id();
        let (told, told_at, final_at) = (None, Duration::ZERO, None);
        let sent = Sent { transaction, at: now, node, told, told_at, final_at };
        self.sent.insert(id, sent);
        id
    }
}

pub(crate) fn account(key: &SigningKey) -> Address {
    address::of_key(PublicKey::Ed25519(key.verifying_key().to_bytes()))
}

/// Calls a contract that does not exist: it fails, which uses the nonce and charges the quota.
fn nothing(number: u64) -> Call {
    Call {
        contract: Address([9; 32]),
        method: Selector([1; 4]),
        args: number.to_le_bytes().to_vec(),
    }
}

fn transaction(chain: Hash, key: &SigningKey, nonce: u64, call: Call) -> Transaction {
    let body = TransactionBody {
        account: account(key),
        lane: 0,
        nonce,
        valid_until: TimestampMs(EPOCH_MS + 20 * 3_600_000),
        gas_limit: if call.contract == Address::SYSTEM { Gas(20_000_000) } else { Gas(1_000_000) },
        sponsor: None,
        calls: vec![call],
    };
    let signature = key.sign(&body.signed_bytes(chain)).to_bytes();
    let key = key.verifying_key().to_bytes();
    Transaction { body, witness: vec![Signature::Ed25519 { key, signature }] }
}

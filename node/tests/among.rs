//! Several nodes in one process: the real threads of each, and channels in place of a network.

use codec::Encode;
use dure_node::{
    config::NodeConfig,
    driver::{Inbox, Node, Outgoing},
    genesis_file::{dev_genesis, validator_record},
    store::MemoryStore,
};
use dure_types::{
    Address, Call, Gas, Genesis, Hash, Height, Outcome, PublicKey, Selector, Signature,
    TimestampMs, Transaction, TransactionBody, ValidatorId, ValidatorSet, address,
};
use ed25519_dalek::{Signer, SigningKey};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

fn now() -> TimestampMs {
    TimestampMs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn id(key: &SigningKey) -> ValidatorId {
    ValidatorId::of_key(key.verifying_key().as_bytes())
}

/// Four validators, and who of them can be reached.
struct Town {
    genesis: Genesis,
    inboxes: Arc<Mutex<BTreeMap<ValidatorId, Inbox>>>,
}

impl Town {
    fn new() -> Self {
        let account = address::of_key(PublicKey::Ed25519(key(10).verifying_key().to_bytes()));
        let mut genesis = dev_genesis("town", now(), &key(1), &key(21), &[account]);
        let record = |n: u8| validator_record("one of four", &key(n), &key(20 + n), 1);
        let mut records: Vec<_> = (1..=4).map(record).collect();
        records.sort_by_key(|record| record.id);
        genesis.validators = ValidatorSet::new(records);
        genesis.check().unwrap();
        Self { genesis, inboxes: Arc::default() }
    }

    /// Starts a validator on an empty disk, and a thread that carries what it says.
    async fn start(&self, n: u8) -> Node {
        let (outgoing, carried) = mpsc::channel::<Outgoing>();
        let config = NodeConfig::new(self.genesis.clone(), key(n));
        let store = Arc::new(MemoryStore::new());
        let (node, inbox) = Node::start_among(config, store, outgoing).await.unwrap();
        let (own, inboxes) = (id(&key(n)), Arc::clone(&self.inboxes));
        inboxes.lock().unwrap().insert(own, inbox);
        thread::spawn(move || {
            for Outgoing { to, bytes } in carried {
                let all: Vec<_> = inboxes
                    .lock()
                    .unwrap()
                    .iter()
                    .map(|(id, inbox)| (*id, inbox.clone()))
                    .collect();
                let reached = |id: &ValidatorId| *id != own && to.is_none_or(|to| to == *id);
                for (_, inbox) in all.iter().filter(|(id, _)| reached(id)) {
                    // One that has stopped hears nothing.
                    let _ = inbox.deliver(own, bytes.to_vec());
                }
            }
        });
        node
    }

    /// Calls a contract that does not exist: the receipt says so, and the nonce is used.
    fn transaction(&self, nonce: u64) -> (Hash, Vec<u8>) {
        let chain = self.genesis.chain_id();
        let body = TransactionBody {
            account: self.genesis.accounts[0].0,
            lane: 0,
            nonce,
            valid_until: now().saturating_add(TimestampMs(600_000)),
            gas_limit: Gas(1_000_000),
            sponsor: None,
            calls: vec![Call {
                contract: Address([9; 32]),
                method: Selector([1; 4]),
                args: vec![],
            }],
        };
        let signature = key(10).sign(&body.signed_bytes(chain)).to_bytes();
        let id = body.id(chain);
        let key = key(10).verifying_key().to_bytes();
        let witness = vec![Signature::Ed25519 { key, signature }];
        (id, Transaction { body, witness }.encode())
    }
}

/// Waits as long as a slow machine may need.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn has(node: &Node, id: Hash) -> bool {
    let located = node.handle().view().unwrap().receipt(id).unwrap();
    located.is_some_and(|located| matches!(located.outcome, Outcome::Receipt(_)))
}

/// Three decide without the fourth, which begins later and takes over what they decided: headers with
/// certificates by range, batches from whoever holds them.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_agree_over_channels_and_a_late_one_catches_up() {
    let town = Town::new();
    let mut nodes = Vec::new();
    for n in 1..=3 {
        nodes.push(town.start(n).await);
    }
    let mut ids = Vec::new();
    for nonce in 1..=90u64 {
        let (id, bytes) = town.transaction(nonce);
        nodes[nonce as usize % 3].handle().submit(bytes).await.unwrap();
        ids.push(id);
        if nonce % 10 == 1 {
            // So that there are some heights.
            until("final where it was taken in", || has(&nodes[nonce as usize % 3], id)).await;
        }
    }
    for node in &nodes {
        until("final at every node", || ids.iter().all(|id| has(node, *id))).await;
    }
    let tip = nodes[0].handle().view().unwrap().height();
    assert!(tip >= Height(9), "{tip}");
    nodes.push(town.start(4).await);
    let late = &nodes[3];
    until("the late one is there", || late.handle().view().unwrap().height() >= tip).await;
    assert!(ids.iter().all(|id| has(late, *id)));
    let roots = |node: &Node, height: u64| {
        let view = node.handle().view().unwrap();
        (view.block_id(Height(height)).unwrap(), view.roots(Height(height)).unwrap())
    };
    for height in 1..=tip.0 {
        assert_eq!(roots(late, height), roots(&nodes[0], height), "height {height}");
    }
    // What it takes in itself is final everywhere.
    let (id, bytes) = town.transaction(91);
    late.handle().submit(bytes).await.unwrap();
    for node in &nodes {
        until("final at every node", || has(node, id)).await;
    }
    for node in nodes {
        assert_eq!(node.handle().stopped(), None);
        node.stop().await;
    }
}

//! Several nodes in one process: the real threads of each, and channels in place of a network.

mod town;

use dure_node::{
    config::NodeConfig,
    driver::{Inbox, Node, Outgoing},
    store::MemoryStore,
};
use dure_types::{Genesis, Height, ValidatorId};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, mpsc},
    thread,
};
use town::{has, id, key, transaction, until};

/// Four validators, and who of them can be reached.
struct Town {
    genesis: Genesis,
    inboxes: Arc<Mutex<BTreeMap<ValidatorId, Inbox>>>,
}

impl Town {
    fn new() -> Self {
        Self { genesis: town::genesis(), inboxes: Arc::default() }
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
            for out in carried {
                let Outgoing::Message { to, bytes, .. } = out else {
                    panic!("nobody sent nonsense")
                };
                let all: Vec<_> = inboxes
                    .lock()
                    .unwrap()
                    .iter()
                    .map(|(id, inbox)| (*id, inbox.clone()))
                    .collect();
                let reached = |id: &ValidatorId| *id != own && to.is_none_or(|to| to == *id);
                for (_, inbox) in all.iter().filter(|(id, _)| reached(id)) {
                    // One that has stopped hears nothing.
                    let _ = inbox.deliver(own, bytes.to_vec(), None);
                }
            }
        });
        node
    }
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
        let (id, bytes) = transaction(&town.genesis, nonce);
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
    let (id, bytes) = transaction(&town.genesis, 91);
    late.handle().submit(bytes).await.unwrap();
    for node in &nodes {
        until("final at every node", || has(node, id)).await;
    }
    for node in nodes {
        assert_eq!(node.handle().stopped(), None);
        node.stop().await;
    }
}

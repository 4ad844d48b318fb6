//! Catching up in real time: a node with its real threads beside three that have a history, and the
//! executor alone on the same blocks.

use crate::{
    faults::{Faults, ms},
    world::World,
};
use dure_node::{
    chain::Chain,
    config::NodeConfig,
    driver::{Inbox, Node, Outgoing},
    execution::{Block, UndoWindow, execute},
    store::{MemoryStore, ledger},
};
use dure_runtime::{Executor, ExecutorConfig, signature};
use dure_types::{Height, ValidatorId, limits};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

type Inboxes = Arc<Mutex<BTreeMap<ValidatorId, Inbox>>>;

/// Three nodes of four take transfers in: every second as many as eight accounts may have open.
fn history(seconds: u64) -> World {
    let faults = Faults { until: ms(1_000 * seconds), ..Faults::NONE };
    let mut world = World::new(51, 4, faults).with_token();
    world.cut = (0..3).flat_map(|other| [(other, 3), (3, other)]).collect();
    for second in 0..seconds {
        let at = world.now();
        for n in 0..8 * (limits::NONCE_WINDOW as usize) * 9 / 10 {
            world.transaction_at(n % 3, at + Duration::from_micros(20 * n as u64));
        }
        world.run_until(at + ms(1_000));
        assert!(world.checks.ran() as u64 > second * 1_000, "{} ran", world.checks.ran());
    }
    world
}

/// The blocks of a node, with their transactions verified.
fn blocks(world: &World) -> Vec<Block> {
    let store = &world.hosts[0].store;
    let block = |height: u64| {
        let header = ledger::header(store, Height(height)).unwrap().unwrap();
        let transactions = ledger::transactions(store, &header).unwrap();
        let verified = signature::verify(world.shared.chain, transactions);
        let transactions = verified.into_iter().map(Result::unwrap).collect();
        Block { id: header.id(world.shared.chain), header, transactions }
    };
    (1..=world.hosts[0].executed().0).map(block).collect()
}

/// Executes them on an empty store; the time that it takes.
fn executed_alone(world: &World, blocks: Vec<Block>) -> Duration {
    let executor = Arc::new(Executor::new(ExecutorConfig::default()).unwrap());
    let (genesis, store) = (world.shared.genesis.clone(), Arc::new(MemoryStore::new()));
    let chain = Chain::open(genesis, store, executor, UndoWindow::default()).unwrap();
    let since = Instant::now();
    for block in blocks {
        execute(&chain, block).unwrap();
    }
    since.elapsed()
}

async fn start(world: &World, node: usize, store: MemoryStore, inboxes: &Inboxes) -> Node {
    let (outgoing, carried) = mpsc::channel::<Outgoing>();
    let key = world.hosts[node].key.clone();
    let config = NodeConfig::new(world.shared.genesis.clone(), key);
    let (running, inbox) = Node::start_among(config, Arc::new(store), outgoing).await.unwrap();
    let (own, inboxes) = (world.hosts[node].id, Arc::clone(inboxes));
    inboxes.lock().unwrap().insert(own, inbox);
    thread::spawn(move || {
        for out in carried {
            let Outgoing::Message { to, bytes, .. } = out else { panic!("nobody sent nonsense") };
            let all = inboxes.lock().unwrap().clone();
            let reached = |id: &ValidatorId| *id != own && to.is_none_or(|to| to == *id);
            for (_, inbox) in all.iter().filter(|(id, _)| reached(id)) {
                // One that has stopped hears nothing.
                let _ = inbox.deliver(own, bytes.to_vec(), None);
            }
        }
    });
    running
}

/// Starts the three on what they have, then the fourth on nothing; the time that it takes.
async fn caught_up(world: &World, tip: Height) -> Duration {
    let (inboxes, mut nodes) = (Inboxes::default(), Vec::new());
    for node in 0..3 {
        nodes.push(start(world, node, world.hosts[node].store.clone(), &inboxes).await);
    }
    let since = Instant::now();
    let late = start(world, 3, MemoryStore::new(), &inboxes).await;
    let mut head = late.handle().head();
    head.wait_for(|head| head.height >= tip).await.unwrap();
    let took = since.elapsed();
    for node in nodes.into_iter().chain([late]) {
        node.stop().await;
    }
    took
}

/// Prints how fast a node catches up with large blocks beside the executor alone.
#[test]
#[ignore = "takes minutes; a measurement that `cargo xtask bench consensus` makes"]
fn slow_catching_up_beside_the_executor_alone() {
    let world = history(12);
    let (transactions, tip) = (world.checks.ran() as f64, world.hosts[0].executed());
    let own = blocks(&world);
    let largest = own.iter().map(|block| block.transactions.len()).max().unwrap();
    println!("{transactions} transactions in {tip} blocks, {largest} in the largest");
    let alone = transactions / executed_alone(&world, own).as_secs_f64();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let caught = transactions / runtime.block_on(caught_up(&world, tip)).as_secs_f64();
    println!(
        "{{\"bench\":\"consensus\",\"metric\":\"node_catch_up_of_large_blocks\",\
         \"value\":{caught:.0},\"unit\":\"transactions/s\",\"peer\":\"executor alone\",\
         \"peer_value\":{alone:.0},\"ratio\":{:.3}}}",
        caught / alone
    );
}

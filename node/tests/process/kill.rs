//! SIGKILL at ten random moments under load: nothing answered `final` is lost, nothing is applied
//! twice, and the supply is conserved.

use crate::node::{Node, module, plain};
use dure_client::{
    Client, Key, Submitted, Wait,
    shape::{ExecutionResult, ReceiptShape},
};
use dure_types::{Address, Gas, Hash, Transaction};
use serde_json::json;
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

const KILLS: usize = 10;
const SENDERS: [&str; 4] = ["bob", "carol", "dave", "erin"];
const EACH: u128 = 1_000_000_000;
/// Tasks that send at the same time, for each sender.
const TASKS: usize = 3;

/// What the clients know: ids that were sent, and those answered `final`.
#[derive(Default)]
struct Book {
    sent: Mutex<Vec<(usize, Hash)>>,
    acknowledged: Mutex<Vec<(Hash, ReceiptShape)>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_sigkill_under_load_loses_nothing_that_was_final() {
    let mut node = Node::start().await;
    let client = node.client().await;
    let issuer = node.key("alice");
    let senders: Vec<Key> = SENDERS.iter().map(|name| node.key(name)).collect();
    let won = client.deploy(&issuer, &module("token"), &plain("Won"), b"kill").await.unwrap();
    let token = won.contract;
    let mut fund = client.transaction(&issuer);
    for sender in &senders {
        let to = sender.address().to_string();
        fund = fund.call(token, "issue", json!({"to": to, "amount": EACH.to_string()}));
    }
    fund.submit(Wait::Final).await.unwrap();
    drop(client);

    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    // Shown by libtest when the test fails.
    println!("moments by seed {seed}");
    let book = Arc::new(Book::default());
    let nonces: Arc<Vec<AtomicU64>> = Arc::new(senders.iter().map(|_| 1.into()).collect());
    for round in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for (index, sender) in senders.iter().enumerate() {
            for _ in 0..TASKS {
                let (url, key) = (node.url(), sender.clone());
                let (book, nonces, stop) = (book.clone(), nonces.clone(), stop.clone());
                let load =
                    Load { url, key, index, token, to: issuer.address(), nonces, book, stop };
                tasks.push(tokio::spawn(load.run()));
            }
        }
        let before = book.acknowledged.lock().unwrap().len();
        tokio::time::sleep(random_moment(seed, round)).await;
        while book.acknowledged.lock().unwrap().len() == before {
            // Under load means that something was final in this life, too.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        node.kill();
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        if round == KILLS / 2 {
            tear_compiled(node.folder.path());
        }
        node.restart().await;
    }

    check(&node.client().await, token, issuer.address(), &senders, &book).await;
}

/// Cuts what is kept of compiled code in half; the node must not believe it.
fn tear_compiled(data: &Path) {
    let files = std::fs::read_dir(data.join("compiled")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert!(!files.is_empty(), "compiled code is not kept");
    for file in files {
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    }
}

/// Everything final is there, every receipt moved one won once, and the supply is whole.
async fn check(client: &Client, token: Address, receiver: Address, senders: &[Key], book: &Book) {
    let acknowledged = book.acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() > 50, "only {} were final: no load", acknowledged.len());
    for (id, told) in &acknowledged {
        let answer = client.receipt(*id, false).await;
        let answer = answer.unwrap_or_else(|error| panic!("{id} was final and is lost: {error}"));
        assert_eq!(answer.receipt, *told, "{id} is not what was answered");
    }
    // Every transaction that has a receipt moved one won, once.
    let mut moved = vec![0u128; senders.len()];
    let sent = book.sent.lock().unwrap().clone();
    for (index, id) in &sent {
        if let Ok(answer) = client.receipt(*id, false).await {
            let succeeded = matches!(answer.receipt.result, ExecutionResult::Succeeded { .. });
            moved[*index] += u128::from(succeeded);
        }
    }
    let balance = async |holder: Address| {
        let holder = json!({"holder": holder.to_string()});
        let amount = client.query(token, "balance_of", holder).await.unwrap();
        amount.as_str().unwrap().parse::<u128>().unwrap()
    };
    let mut held = balance(receiver).await;
    assert_eq!(held, moved.iter().sum::<u128>());
    for (sender, moved) in senders.iter().zip(&moved) {
        let left = balance(sender.address()).await;
        assert_eq!(left, EACH - moved, "applied other than once");
        held += left;
    }
    let supply = client.query(token, "total_supply", json!({})).await.unwrap();
    assert_eq!(supply, json!(held.to_string()), "supply is conserved");
    assert_eq!(held, EACH * senders.len() as u128);
    println!("{} sent, {} final, {KILLS} kills", moved.iter().sum::<u128>(), acknowledged.len());
}

/// Between 50 and 950 ms, others with each seed.
fn random_moment(seed: u128, round: usize) -> Duration {
    let seed = dure_types::domain::blake3_hash(format!("{seed} {round}").as_bytes());
    Duration::from_millis(50 + u64::from(u16::from_le_bytes([seed.0[0], seed.0[1]])) % 900)
}

/// Sends one transfer after another until the node is gone.
struct Load {
    url: String,
    key: Key,
    index: usize,
    token: Address,
    to: Address,
    nonces: Arc<Vec<AtomicU64>>,
    book: Arc<Book>,
    stop: Arc<AtomicBool>,
}

impl Load {
    async fn run(self) {
        let Ok(client) = Client::connect(&self.url).await else { return };
        while !self.stop.load(Ordering::Relaxed) {
            let nonce = self.nonces[self.index].fetch_add(1, Ordering::Relaxed);
            let Ok(transaction) = self.sign(&client, nonce).await else { return };
            let id = transaction.body.id(client.chain());
            // Written down before it is sent: what was sent may be applied without an answer.
            self.book.sent.lock().unwrap().push((self.index, id));
            match client.submit(&transaction, Wait::Final).await.map(Submitted::into_success) {
                Ok(Ok(done)) => {
                    let receipt = done.receipt.expect("what is final has a receipt");
                    self.book.acknowledged.lock().unwrap().push((id, receipt));
                }
                Ok(Err(error)) => panic!("a transfer failed: {error}"),
                // The node is gone, or so full that it said no: nothing is known of this one.
                Err(_) => {}
            }
        }
    }

    async fn sign(
        &self,
        client: &Client,
        nonce: u64,
    ) -> Result<Transaction, dure_client::ClientError> {
        let args = json!({"to": self.to.to_string(), "amount": "1", "memo": null});
        client
            .transaction(&self.key)
            .nonce(nonce)
            .gas_limit(Gas(300_000))
            .call(self.token, "transfer", args)
            .sign()
            .await
    }
}

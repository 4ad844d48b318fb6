//! Four validators as processes of this machine, with their disks and their sockets, while what
//! operators fear happens to them. `dure net` runs them, as somebody who tries a chain would.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../process/node.rs"]
#[allow(dead_code, reason = "shared with the tests of one node")]
mod node;

use dure_client::{Client, Key, Wait, shape::ExecutionResult};
use dure_types::{Address, Gas, Hash};
use serde_json::{Value, json};
use std::{
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A network in a folder; its processes end with it.
struct Net {
    folder: TempDir,
    urls: Vec<String>,
}

fn net(folder: &TempDir, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_dure"))
        .arg("net")
        .args(arguments)
        .args(["--json", "--dir"])
        .arg(folder.path().join("net"))
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

impl Net {
    fn up() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let up = net(&folder, &["up", "--rpc-port", "0"]);
        let urls = up.as_array().unwrap().iter().map(|it| it["rpc"].as_str().unwrap().to_owned());
        let urls = urls.collect();
        Self { folder, urls }
    }

    fn run(&self, arguments: &[&str]) -> Value {
        net(&self.folder, arguments)
    }

    async fn client(&self, index: usize) -> Client {
        Client::connect(&self.urls[index]).await.expect("it answers")
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let down = ["net", "down", "--dir"];
        let folder = self.folder.path().join("net");
        // Whatever became of them.
        let _ended = Command::new(env!("CARGO_BIN_EXE_dure")).args(down).arg(folder).output();
    }
}

/// Pays one after the other, at whichever validator answers: signed once, then asked for by its id.
struct Till {
    stop: Arc<AtomicBool>,
    paid: Arc<Mutex<Vec<Hash>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Till {
    /// Nonces begin after `last`.
    fn start(urls: Vec<String>, (token, to): (Address, Address), last: u64) -> Self {
        let (stop, paid): (Arc<AtomicBool>, Arc<Mutex<Vec<Hash>>>) = Default::default();
        let (ending, done) = (Arc::clone(&stop), Arc::clone(&paid));
        let task = tokio::spawn(async move {
            let alice = dev("alice");
            let (mut at, mut nonce) = (0, last);
            while !ending.load(Ordering::Relaxed) {
                nonce += 1;
                let mut signed = None;
                let begun = Instant::now();
                let id = loop {
                    at += 1;
                    let waited = begun.elapsed();
                    assert!(waited < Duration::from_secs(90), "nobody took payment {nonce}");
                    let url = &urls[at % urls.len()];
                    let tried = tokio::time::timeout(Duration::from_secs(3), async {
                        let client = Client::connect(url).await.ok()?;
                        if signed.is_none() {
                            let args = json!({ "to": to.to_string(), "amount": "1" });
                            let pay = client.transaction(&alice).call(token, "issue", args);
                            let mut body = pay.gas_limit(Gas(5_000_000)).sign().await.ok()?.body;
                            // This validator may not know yet what was final at another.
                            body.nonce = nonce;
                            signed = Some(alice.sign(client.chain(), body));
                        }
                        let signed = signed.as_ref()?;
                        client.submit(signed, Wait::Final).await.ok()?;
                        Some(signed.body.id(client.chain()))
                    });
                    if let Ok(Some(id)) = tried.await {
                        break id;
                    }
                };
                done.lock().unwrap().push(id);
            }
        });
        Self { stop, paid, task }
    }

    fn count(&self) -> usize {
        self.paid.lock().unwrap().len()
    }

    /// Waits until some more payments are final.
    async fn goes_on(&self, what: &str) {
        let (begun, before) = (Instant::now(), self.count());
        while self.count() < before + 5 {
            assert!(begun.elapsed() < Duration::from_secs(90), "{what}: nothing is final any more");
            assert!(!self.task.is_finished(), "{what}: the till gave up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn end(self) -> Vec<Hash> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("it pays until it is stopped");
        Arc::try_unwrap(self.paid).unwrap().into_inner().unwrap()
    }
}

/// A key of every development chain.
fn dev(name: &str) -> Key {
    let seed = dure_types::domain::blake3_hash(format!("dure dev key {name}").as_bytes());
    Key::from_seed(seed.0)
}

/// Has a plain token, and somebody who is paid in it.
async fn token(net: &Net) -> (Address, Address) {
    let client = net.client(0).await;
    let module = node::module("token");
    let deployed = client.deploy(&dev("alice"), &module, &node::plain("Won"), b"till").await;
    (deployed.unwrap().contract, dev("bob").address())
}

/// All validators have all that was paid, once, and the same blocks.
async fn agree(net: &Net, token: Address, to: Address, paid: &[Hash]) {
    let mut clients = Vec::new();
    for index in 0..net.urls.len() {
        clients.push(net.client(index).await);
    }
    let mut tip = 0;
    for client in &clients {
        tip = tip.max(client.status().await.unwrap().height.0);
    }
    let mut first = None;
    for (index, client) in clients.iter().enumerate() {
        let begun = Instant::now();
        while client.status().await.unwrap().height.0 < tip {
            assert!(begun.elapsed() < Duration::from_secs(60), "validator {} lags", index + 1);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for id in paid {
            let located = client.receipt(*id, false).await.unwrap();
            let succeeded = matches!(located.receipt.result, ExecutionResult::Succeeded { .. });
            assert!(succeeded, "{id} at validator {}", index + 1);
        }
        let holder = json!({ "holder": to.to_string() });
        let held = client.query(token, "balance_of", holder).await.unwrap();
        assert_eq!(held, json!(paid.len().to_string()), "validator {}", index + 1);
        let block = client.block(Some(dure_types::Height(tip))).await.unwrap();
        let same = first.get_or_insert(block.block.id);
        assert_eq!(*same, block.block.id, "validator {} at height {tip}", index + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_payments_go_on_whatever_happens_to_one_and_after_what_happens_to_all() {
    let net = Net::up();
    let (token, to) = token(&net).await;
    let till = Till::start(net.urls.clone(), (token, to), 100);
    till.goes_on("all run").await;
    net.run(&["kill", "1"]);
    till.goes_on("one is killed").await;
    net.run(&["heal"]);
    till.goes_on("it is back").await;
    net.run(&["stop", "3"]);
    till.goes_on("one is frozen").await;
    net.run(&["heal"]);
    // All at once: nothing that was final is lost, and the chain goes on by itself.
    for number in ["1", "2", "3", "4"] {
        net.run(&["kill", number]);
    }
    net.run(&["heal"]);
    till.goes_on("all were killed").await;
    // A disk is lost: its keys are not on it.
    net.run(&["kill", "4"]);
    std::fs::remove_dir_all(net.folder.path().join("net/4/data")).unwrap();
    till.goes_on("one has lost its disk").await;
    net.run(&["heal"]);
    till.goes_on("it has begun anew").await;
    let paid = till.end().await;
    agree(&net, token, to, &paid).await;
    // Who lost its disk takes in payments as well as the others.
    let last = 100 + paid.len() as u64 + 1;
    let carol = (token, dev("carol").address());
    let till = Till::start(vec![net.urls[3].clone()], carol, last);
    till.goes_on("at the one whose disk was lost").await;
    till.end().await;
}

//! A disk that is full.

use crate::chain::Chain;
use dure_client::{Client, ClientError, RpcError, Wait};
use dure_node::store::{MemoryStore, memory::Failure};
use dure_types::{Address, Height};
use serde_json::json;

async fn value(client: &Client, counter: Address) -> serde_json::Value {
    client.query(counter, "value", json!({})).await.unwrap()
}

fn is_full<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> bool {
    answer.unwrap_err().refusal() == Some(&RpcError::DiskFull)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_node_says_so_and_loses_nothing_final() {
    let disk = MemoryStore::with_disk();
    let chain = Chain::start_on(&disk).await;
    let client = chain.client().await;
    let socket = chain.socket().await;
    let counter = chain.counter(&client).await;
    let add = || client.transaction(&chain.alice).call(counter, "add", json!([1]));
    add().submit(Wait::Final).await.unwrap();
    assert_eq!(value(&client, counter).await, json!("6"));
    let late = add().sign().await.unwrap();
    let mut events = socket.follow_events(Default::default()).await.unwrap();
    assert_eq!(client.health().await.unwrap().fault, None);

    disk.fail(Failure::Full(disk.barriers() + 1));
    assert!(is_full(client.submit(&late, Wait::Final).await));
    assert!(chain.node.failed().await.is_disk_full());
    let health = client.health().await.unwrap();
    assert!(!health.running);
    assert_eq!(health.fault.unwrap().data, RpcError::DiskFull);
    assert!(is_full(client.submit(&late, Wait::Accepted).await));
    assert!(is_full(client.query(counter, "value", json!({})).await));
    assert!(is_full(client.reach(Height(u64::MAX)).await));
    assert!(is_full(events.next().await));
    chain.stop().await;

    // With room again, from what the disk holds.
    let chain = Chain::start_on(&disk.crash(0)).await;
    let client = chain.client().await;
    assert_eq!(client.health().await.unwrap().fault, None);
    assert_eq!(value(&client, counter).await, json!("6"));
    client.submit(&late, Wait::Final).await.unwrap();
    assert_eq!(value(&client, counter).await, json!("7"));
    chain.stop().await;
}

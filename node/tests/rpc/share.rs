//! One address that takes all it can get, and another that is served all the same.

use crate::{
    chain::Chain,
    slow::{answer, ask_with, connect},
};
use dure_node::rpc::{Origins, RpcLimits, RpcServer};
use serde_json::{Value, json};
use std::{future::Future, sync::mpsc, time::Duration};
use tokio::net::TcpStream;

/// Permits of each kind.
pub(crate) const PERMITS: usize = 4;

/// A request, once it is known whether it got a permit.
pub(crate) enum Asked {
    /// It has one, and its answer will come here.
    Running(TcpStream),
    Answered(String),
}

/// Asks from an address, and waits until the request holds a permit or is answered.
pub(crate) async fn asked(from: &str, headers: &str, server: &RpcServer, body: &Value) -> Asked {
    let before = server.at_work();
    let mut stream = connect(from, server.address()).await;
    ask_with(&mut stream, headers, &body.to_string()).await;
    loop {
        if server.at_work() > before {
            return Asked::Running(stream);
        }
        let (look, mut byte) = (Duration::from_millis(10), [0]);
        if tokio::time::timeout(look, stream.peek(&mut byte)).await.is_ok() {
            return Asked::Answered(answer(stream).await);
        }
    }
}

/// Runs a test with one blocking thread.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test);
}

/// Takes the one blocking thread until it is dropped: nothing with a permit gets anywhere, so that
/// what runs is known, however fast the machine.
pub(crate) fn hold_work() -> mpsc::Sender<()> {
    let (release, wait) = mpsc::channel();
    drop(tokio::task::spawn_blocking(move || wait.recv()));
    release
}

/// Asks until there is a refusal, with other headers each time.
pub(crate) async fn fill(
    from: &str,
    headers: impl Fn(usize) -> String,
    server: &RpcServer,
    body: &Value,
) -> (Vec<TcpStream>, String) {
    let mut running = Vec::new();
    loop {
        match asked(from, &headers(running.len()), server, body).await {
            Asked::Running(stream) => running.push(stream),
            Asked::Answered(refused) => return (running, refused),
        }
    }
}

pub(crate) fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

#[test]
fn another_address_is_served_while_one_has_all_that_it_can_get() {
    run(async {
        let limits = RpcLimits {
            queries: PERMITS,
            rehearsals: PERMITS,
            reads: PERMITS,
            ..RpcLimits::default()
        };
        let chain = Chain::start_with(limits, Origins::Any).await;
        let counter = chain.counter(&chain.client().await).await.to_string();
        let query = json!({ "contract": counter, "method": "value" });
        let add = json!({ "contract": counter, "method": "add", "args": ["1"] });
        let account = chain.alice.address().to_string();
        let rehearse = json!({ "account": account, "calls": add, "rehearse": true });
        for (what, request) in [
            ("queries", request("contract_query", json!([query]))),
            ("rehearsals", request("tx_simulate", json!([rehearse]))),
            ("reads", request("chain_block", json!([]))),
        ] {
            shared(&chain.server, what, &request).await;
        }
        chain.stop().await;
    });
}

async fn shared(server: &RpcServer, what: &str, request: &Value) {
    let release = hold_work();
    let (mut running, refused) = fill("127.0.0.1", |_| String::new(), server, request).await;
    assert!(refused.contains(&format!("{PERMITS} {what} are running already")), "{refused}");
    assert_eq!(running.len(), PERMITS / 2, "{what}: what one address can get");
    match asked("127.0.0.2", "", server, request).await {
        Asked::Running(stream) => running.push(stream),
        Asked::Answered(refused) => panic!("{what}: the other address got {refused}"),
    }
    drop(release);
    for stream in running {
        let text = answer(stream).await;
        assert!(text.contains(r#""result""#), "{what}: {text}");
    }
}

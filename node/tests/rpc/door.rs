//! What stands before JSON-RPC: paths, origins, sizes, connections.

use crate::chain::Chain;
use dure_client::{Client, RpcError, Wait};
use dure_node::rpc::{Origins, RpcLimits, RpcServer};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const STATUS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"chain_status","params":[]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn any_origin_may_read_in_development() {
    let chain = Chain::start().await;
    let origin = [("origin", "https://elsewhere.example")];
    let (head, body) = chain.exchange("POST /v1", &origin, STATUS).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
    assert!(body.contains("\"result\""), "{body}");
    let asked = [
        ("origin", "https://elsewhere.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let (head, _) = chain.exchange("OPTIONS /v1", &asked, "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("access-control-allow-headers: *"), "{head}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_origins_may_use_the_server_otherwise() {
    let origins = Origins::List(vec!["https://cafe.example".into()]);
    let chain = Chain::start_with(RpcLimits::default(), origins).await;
    let upgrade = |origin| {
        [
            ("origin", origin),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ]
    };
    let (head, _) = chain.exchange("POST /v1", &[("origin", "https://cafe.example")], STATUS).await;
    assert!(head.contains("access-control-allow-origin: https://cafe.example"), "{head}");
    // No origin: no browser.
    let (head, _) = chain.exchange("POST /v1", &[], STATUS).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let bad = [("origin", "https://evil.example")];
    let (head, body) = chain.exchange("POST /v1", &bad, STATUS).await;
    assert!(head.starts_with("http/1.1 403"), "{head}");
    assert!(body.contains("OriginNotAllowed"), "{body}");
    let (head, body) = chain.exchange("GET /v1", &upgrade("https://evil.example"), "").await;
    assert!(head.starts_with("http/1.1 403") && body.contains("6007"), "{head} {body}");
    // The listed one may, and is told so before it asks.
    let mut socket = TcpStream::connect(chain.server.address()).await.unwrap();
    let request = "GET /v1 HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
                   origin: https://cafe.example\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 101");
    drop(socket);
    for (origin, allowed) in [("https://cafe.example", true), ("https://evil.example", false)] {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        let (head, _) = chain.exchange("OPTIONS /v1", &asked, "").await;
        let told = head.contains(&format!("access-control-allow-origin: {origin}"));
        assert_eq!(told, allowed, "{head}");
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_requests_above_the_limit_are_refused_by_code() {
    let limits = RpcLimits { request_bytes: 2_000, batch: 2, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let (head, body) = chain.exchange("POST /", &[], STATUS).await;
    assert!(head.starts_with("http/1.1 404") && body.contains("6008"), "{head} {body}");
    let (head, body) = chain.exchange("GET /v1", &[], "").await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert!(head.starts_with("http/1.1 405"), "{head}");
    assert_eq!(answer["error"]["data"], json!({ "name": "PostOnly", "method": "GET" }));
    let other = "POST /v1 HTTP/1.1\r\ncontent-type: a/b\r\nx:";
    let (head, body) = chain.exchange(other, &[], STATUS).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert!(head.starts_with("http/1.1 415"), "{head}");
    assert_eq!(answer["error"]["data"]["name"], "ContentNotJson");
    let (head, body) = chain.exchange("POST /v1", &[], &" ".repeat(2_001)).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert!(head.starts_with("http/1.1 413"), "{head}");
    assert_eq!(answer["error"]["code"], -32007);
    assert_eq!(answer["error"]["data"], json!({ "name": "RequestTooLarge", "limit": 2_000 }));
    let batch = format!("[{STATUS},{STATUS},{STATUS}]");
    let (_, body) = chain.exchange("POST /v1", &[], &batch).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["error"]["data"], json!({ "name": "BatchTooLarge", "limit": 2 }));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rehearsals_have_permits_of_their_own() {
    let limits = RpcLimits { rehearsals: 0, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let counter = chain.counter(&chain.client().await).await;
    let simulate = |rehearse: bool| {
        json!({ "transaction": {
            "account": chain.alice.address().to_string(),
            "calls": { "contract": counter.to_string(), "method": "add", "args": { "amount": 1 } },
            "rehearse": rehearse,
        } })
    };
    assert_eq!(chain.post("tx_simulate", simulate(false)).await["error"], Value::Null);
    let refused = chain.post("tx_simulate", simulate(true)).await;
    let busy = json!({ "name": "Busy", "what": "rehearsals", "limit": 0 });
    assert_eq!(refused["error"]["data"], busy);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_was_accepted_is_never_answered_with_busy() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let add = client.transaction(&chain.alice).call(counter, "add", json!({ "amount": 1 }));
    let transaction = add.sign().await.unwrap();
    // A server whose reads of receipts are all taken for good.
    let final_wait = Duration::from_millis(300);
    let full =
        chain.second(RpcLimits { receipt_reads: 0, final_wait, ..RpcLimits::default() }).await;
    let busy = Client::connect(&format!("http://{}/v1", full.address())).await.unwrap();
    let error = busy.submit(&transaction, Wait::Final).await.unwrap_err();
    let Some(RpcError::NotFinalInTime { id, stage, .. }) = error.refusal() else {
        panic!("{error}")
    };
    assert_eq!((id.0, stage.as_str()), (transaction.body.id(client.chain()), "final"));
    // It ran, as the first server tells.
    let done = client.submit(&transaction, Wait::Final).await.unwrap().0;
    assert_eq!(done.id, *id);
    assert_eq!(client.query(counter, "value", json!({})).await.unwrap(), json!("6"));
    full.stop().await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_one_address_are_bounded_and_come_back() {
    let limits = RpcLimits { connections_of_address: 4, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let address = chain.server.address();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut refused = TcpStream::connect(address).await.unwrap();
    let mut text = String::new();
    refused.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 429"), "{text}");
    let body: Value = serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["error"]["data"]["name"], "TooManyFromAddress");
    assert_eq!(body["error"]["data"]["limit"], 4);
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(chain.client().await.status().await.is_ok());
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_ours_learns_why_it_is_refused() {
    // The defaults: an address has 1,024 connections, then the client's is one too many.
    sockets_to_open();
    let chain = Chain::start().await;
    let of_address = RpcLimits::default().connections_of_address;
    refused(&chain, of_address, |error| {
        matches!(error, RpcError::TooManyFromAddress { limit: 1_024, .. })
    })
    .await;
    chain.stop().await;
    let limits = RpcLimits { connections: 2, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let full = RpcError::TooManyConnections { limit: 2 };
    refused(&chain, 2, |error| *error == full).await;
    chain.stop().await;
}

/// Holds so many connections; then one of each kind is refused, and served once they are gone.
async fn refused(chain: &Chain, count: usize, why: impl Fn(&RpcError) -> bool) {
    let mut held = Vec::new();
    while held.len() < count {
        // Taken in the order in which they come.
        held.push(TcpStream::connect(chain.server.address()).await.unwrap());
    }
    for url in [chain.http(), chain.http().replace("http", "ws")] {
        let error = Client::connect(&url).await.unwrap_err();
        assert!(error.refusal().is_some_and(&why), "{url}: {error}");
    }
    drop(held);
    let served = async {
        while Client::connect(&chain.http()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), served).await.expect("the places came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_does_not_stop_the_chain() {
    let limits =
        RpcLimits { connections: 200, connections_of_address: 200, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let client = chain.socket().await;
    let before = client.status().await.unwrap().height.0;
    let address = chain.server.address();
    // Ten thousand sockets, all held; those that are refused are told so.
    let wanted = sockets_to_open();
    let (mut told, mut held) = (0, Vec::new());
    while held.len() < wanted {
        let wave = (0..500).map(|_| async move {
            let mut stream = TcpStream::connect(address).await.ok()?;
            let mut start = [0; 12];
            let read = stream.read(&mut start);
            let read = tokio::time::timeout(Duration::from_secs(1), read).await;
            let told = matches!(read, Ok(Ok(12))) && start == *b"HTTP/1.1 503";
            Some((stream, told))
        });
        let opened: Vec<_> = futures::future::join_all(wave).await.into_iter().flatten().collect();
        assert!(!opened.is_empty(), "nobody accepts any more");
        told += opened.iter().filter(|(_, told)| *told).count();
        held.extend(opened);
    }
    // Not all: on a loaded machine some give up listening before their turn comes.
    assert!(told > wanted / 2, "{told} of {wanted} were told");
    // The chain went on, and those who were in still are.
    let after = client.reach(dure_types::Height(before + 2)).await.unwrap();
    assert!(after.height.0 > before);
    drop(held);
    chain.stop().await;
}

/// Ten thousand, or what the system lets this process hold beside the server's.
fn sockets_to_open() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    assert!(current >= 4_000, "`ulimit -n` allows {current} files, with which this shows nothing");
    let wanted = usize::try_from(current).unwrap_or(usize::MAX).saturating_sub(2_000).min(10_000);
    if wanted < 10_000 {
        eprintln!("ulimit -n allows {current} files: {wanted} connections instead of 10,000");
    }
    wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said() {
    let chain = Chain::start().await;
    let config = dure_node::rpc::RpcConfig {
        listen: chain.server.address(),
        origins: Origins::Any,
        limits: RpcLimits::default(),
        peer_id: None,
        trusted_proxies: Vec::new(),
        peers: None,
    };
    let error = RpcServer::start(config, chain.node.handle()).await.err().unwrap();
    assert!(error.to_string().contains(&chain.server.address().to_string()), "{error}");
    chain.stop().await;
}

//! Requests on their way in: how many bytes of one, and of all together.

use crate::{
    chain::Chain,
    slow::{connect, until},
    websocket::{UPGRADE, answer, ask, head, open},
};
use dure_node::rpc::{Origins, RpcLimits, RpcServer};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const STATUS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"chain_status","params":[]}"#;
/// Bytes of all requests; one address has half.
const ALL: usize = 400_000;
const PART: usize = 90_000;

fn limits() -> RpcLimits {
    RpcLimits { requests_bytes: ALL, request_bytes: 100_000, ..RpcLimits::default() }
}

/// Sends the head of a request of the longest length, and a part of its body.
async fn begin(from: &str, server: &RpcServer) -> TcpStream {
    let mut stream = connect(from, server.address()).await;
    let head = "POST /v1 HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
                content-length: 100000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // A refusal may come before all was sent.
    let _ = stream.write_all(&[b' '; PART]).await;
    stream
}

async fn told(mut stream: TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    // What follows the refusal is not looked at.
    let body = serde_json::Deserializer::from_str(body).into_iter::<Value>().next();
    (head.to_owned(), body.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_end_are_bounded_in_all_and_by_address() {
    let chain = Chain::start_with(limits(), Origins::Any).await;
    let held = [begin("127.0.0.1", &chain.server).await, begin("127.0.0.1", &chain.server).await];
    until("both are counted", || chain.server.requests_bytes() == 2 * PART).await;
    let busy = json!({ "name": "Busy", "what": "bytes of requests", "limit": ALL });
    let (head, body) = told(begin("127.0.0.1", &chain.server).await).await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert_eq!(body["error"]["data"], busy);
    // Short requests are not counted, and another address has the other half.
    assert!(chain.post("chain_status", json!([])).await["result"].is_object());
    let others = [begin("127.0.0.2", &chain.server).await, begin("127.0.0.2", &chain.server).await];
    until("all are counted", || chain.server.requests_bytes() == 4 * PART).await;
    let (_, body) = told(begin("127.0.0.3", &chain.server).await).await;
    assert_eq!(body["error"]["data"], busy);
    drop((held, others));
    until("nothing is counted", || chain.server.requests_bytes() == 0).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_only_announced_count_too() {
    let chain = Chain::start_with(limits(), Origins::Any).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = open("127.0.0.1", chain.server.address()).await;
        stream.write_all(&head(0x81, PART)).await.unwrap();
        held.push(stream);
    }
    until("both are counted", || chain.server.requests_bytes() == 2 * PART).await;
    let mut third = open("127.0.0.1", chain.server.address()).await;
    let long = format!("{STATUS}{}", " ".repeat(PART));
    let busy = json!({ "name": "Busy", "what": "bytes of requests", "limit": ALL });
    assert_eq!(ask(&mut third, &long).await["error"]["data"], busy);
    assert!(ask(&mut third, STATUS).await["result"].is_object(), "the connection goes on");
    drop(held);
    until("nothing is counted", || chain.server.requests_bytes() == 0).await;
    assert!(ask(&mut third, &long).await["result"].is_object());
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_above_the_limit_is_told_the_limit_however_it_comes() {
    let limits = RpcLimits { request_bytes: 2_000, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let too_large = json!({ "name": "RequestTooLarge", "limit": 2_000 });
    // In chunks, which say no length ahead.
    let mut stream = connect("127.0.0.1", chain.server.address()).await;
    let head = "POST /v1 HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let chunk = format!("7d1\r\n{}\r\n0\r\n\r\n", " ".repeat(0x7d1));
    stream.write_all(format!("{head}{chunk}").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let (head, body) = told(stream).await;
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    assert_eq!((&body["error"]["code"], &body["error"]["data"]), (&json!(-32007), &too_large));
    // Over a WebSocket, where the connection goes on.
    let mut stream = open("127.0.0.1", chain.server.address()).await;
    for length in [2_001, 100_000] {
        let answer = ask(&mut stream, &"x".repeat(length)).await;
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["data"]), (&json!(-32007), &too_large));
        assert!(ask(&mut stream, STATUS).await["result"].is_object());
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_named_over_a_websocket_too() {
    let limits = RpcLimits { batch: 2, subscriptions: 1, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let mut stream = open("127.0.0.1", chain.server.address()).await;
    let sub = r#"{"jsonrpc":"2.0","id":1,"method":"sub_tx","params":{"filter":{"id":7}}}"#;
    for (text, expect) in [
        ("nonsense", json!({ "name": "ParseError" })),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", json!({ "name": "InvalidRequest" })),
        ("[]", json!({ "name": "InvalidRequest" })),
        (
            r#"{"jsonrpc":"2.0","id":-1,"method":"chain_status"}"#,
            json!({ "name": "InvalidRequest" }),
        ),
        (r#"{"jsonrpc":"2.0","method":"chain_status"}"#, json!({ "name": "InvalidRequest" })),
        ("[1,2,3]", json!({ "name": "BatchTooLarge", "limit": 2 })),
    ] {
        let answer = ask(&mut stream, text).await;
        assert_eq!(answer["error"]["data"], expect, "{text}: {answer}");
    }
    let answer = ask(&mut stream, sub).await;
    assert_eq!(answer["error"]["data"]["name"], "InvalidParams", "{answer}");
    let sub = r#"{"jsonrpc":"2.0","id":1,"method":"sub_blocks","params":{"bogus":1}}"#;
    let answer = ask(&mut stream, sub).await;
    let reason = answer["error"]["data"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("\"bogus\""), "{answer}");
    let sub = r#"{"jsonrpc":"2.0","id":1,"method":"sub_tx","params":[]}"#;
    assert!(ask(&mut stream, sub).await["error"].is_null());
    let answer = ask(&mut stream, sub).await;
    let expect = json!({ "name": "TooManySubscriptions", "limit": 1 });
    assert_eq!(answer["error"]["data"], expect, "{answer}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_between_an_upgrade_and_its_answer() {
    let chain = Chain::start().await;
    // Where a client's frames begin would be a guess.
    let with_body = UPGRADE.replacen("host:", "content-length: 5\r\nhost:", 1);
    for text in [format!("{UPGRADE}\u{1}\r\n\r\n"), with_body] {
        let mut stream = connect("127.0.0.1", chain.server.address()).await;
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let (head, body) = told(stream).await;
        assert!(head.starts_with("HTTP/1.1 400"), "{head}");
        assert_eq!(body["error"]["data"]["name"], "InvalidRequest");
    }
    let mut stream = open("127.0.0.1", chain.server.address()).await;
    // A message in two frames.
    let (first, last) = STATUS.split_at(20);
    stream.write_all(&[&head_of(0x01, first)[..], &head_of(0x80, last)].concat()).await.unwrap();
    assert!(answer(&mut stream).await["result"].is_object());
    chain.stop().await;
}

fn head_of(first: u8, text: &str) -> Vec<u8> {
    [&head(first, text.len()), text.as_bytes()].concat()
}

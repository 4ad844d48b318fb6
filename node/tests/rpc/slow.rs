//! Clients that ask for more than they read.

use crate::chain::Chain;
use dure_node::rpc::{Origins, RpcLimits, RpcServer};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A connection from an address of this machine, that takes little ahead of its reader.
pub(crate) async fn connect(from: &str, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(server).await.unwrap()
}

async fn ask(stream: &mut TcpStream, body: &str) {
    ask_with(stream, "", body).await;
}

/// Asks with more headers: whole lines.
pub(crate) async fn ask_with(stream: &mut TcpStream, headers: &str, body: &str) {
    let head = format!(
        "POST /v1 HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         connection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

/// All that comes until the connection ends.
pub(crate) async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A request whose answer has megabytes: the methods, many times over.
fn long() -> String {
    let call = |id: u32| json!({ "jsonrpc": "2.0", "id": id, "method": "rpc_discover" });
    Value::Array((0..48).map(call).collect()).to_string()
}

pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 10 s: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_reads_a_few_bytes_at_a_time_is_closed() {
    let limits = RpcLimits { send_time: Duration::from_millis(300), ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let mut stream = connect("127.0.0.1", chain.server.address()).await;
    ask(&mut stream, &long()).await;
    let mut read = 0;
    until("the answer is held", || chain.server.answers_bytes() > 1 << 20).await;
    // Thirty-two bytes every ten milliseconds, as long as it is served.
    let mut chunk = [0; 32];
    for _ in 0..1_000 {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(count) => read += count,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(read > 0 && read < 32 * 1_000, "{read} bytes read, and it is still served");
    until("nothing is held", || chain.server.answers_bytes() == 0).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_reads_steadily_gets_a_long_answer_whole() {
    let limits = RpcLimits { send_time: Duration::from_millis(300), ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let mut stream = connect("127.0.0.1", chain.server.address()).await;
    ask(&mut stream, &long()).await;
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 32 << 10]);
    loop {
        match stream.read(&mut chunk).await.unwrap() {
            0 => break,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let text = String::from_utf8(bytes).unwrap();
    let answers: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(answers.as_array().unwrap().len(), 48);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_are_bounded_by_address() {
    let chain = Chain::start().await;
    let address = chain.server.address();
    let mut stream = connect("127.0.0.1", address).await;
    ask(&mut stream, &long()).await;
    let length = answer(stream).await.len();
    assert!(length > 2 << 20, "{length} bytes are taken by the system alone");
    // One long answer and a little for each of two addresses.
    let answers_bytes = 2 * (length + (64 << 10));
    let server = chain.second(RpcLimits { answers_bytes, ..RpcLimits::default() }).await;
    let mut silent = connect("127.0.0.1", server.address()).await;
    ask(&mut silent, &long()).await;
    until("the answer is held", || server.answers_bytes() > 1 << 20).await;

    let asked = async |from: &str, server: &RpcServer| {
        let mut stream = connect(from, server.address()).await;
        ask(&mut stream, &long()).await;
        answer(stream).await
    };
    let refused = asked("127.0.0.1", &server).await;
    assert!(refused.contains(r#""name":"Busy""#), "{}", &refused[..refused.len().min(300)]);
    assert!(refused.contains(&format!(r#""limit":{answers_bytes}"#)));
    assert_eq!(asked("127.0.0.2", &server).await.len(), length, "another address is served");
    drop(silent);
    until("nothing is held", || server.answers_bytes() == 0).await;
    assert_eq!(asked("127.0.0.1", &server).await.len(), length);
    server.stop().await;
    chain.stop().await;
}

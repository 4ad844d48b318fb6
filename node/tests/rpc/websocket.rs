//! A WebSocket by hand: what no well-behaved client sends.

use crate::slow::connect;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const UPGRADE: &str = "GET /v1 HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
     sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/// Opens a WebSocket from an address of this machine.
pub(crate) async fn open(from: &str, server: SocketAddr) -> TcpStream {
    let mut stream = connect(from, server).await;
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    let mut head = [0; 1_024];
    let length = stream.read(&mut head).await.unwrap();
    assert!(head[..length].starts_with(b"HTTP/1.1 101"));
    stream
}

/// The head of a client's frame that announces so many bytes; the mask is zero.
pub(crate) fn head(first: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first, 0x80 | 127];
    bytes.extend_from_slice(&(length as u64).to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

/// One text frame of a client.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    [&head(0x81, text.len()), text.as_bytes()].concat()
}

/// Asks, and waits for the next answer.
pub(crate) async fn ask(stream: &mut TcpStream, text: &str) -> Value {
    stream.write_all(&frame(text)).await.unwrap();
    answer(stream).await
}

/// The next answer.
pub(crate) async fn answer(stream: &mut TcpStream) -> Value {
    let mut bytes = Vec::new();
    loop {
        let read = stream.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "the connection was closed");
        if let Some(answer) = texts(&mut bytes).pop() {
            return answer;
        }
    }
}

/// Takes the JSON of every whole text frame of a server out of what came.
pub(crate) fn texts(came: &mut Vec<u8>) -> Vec<Value> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let [_, short, more @ ..] = &came[at..] {
        let (length, head) = match (short, more) {
            (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 4),
            (127, more) if more.len() >= 8 => {
                let length = u64::from_be_bytes(more[..8].try_into().unwrap());
                (usize::try_from(length).unwrap(), 10)
            }
            (126 | 127, _) => break,
            (short, _) => (usize::from(*short), 2),
        };
        let Some(body) = came.get(at + head..at + head + length) else { break };
        found.extend(serde_json::from_slice(body).ok());
        at += head + length;
    }
    came.drain(..at);
    found
}

//! Clients of a reverse proxy, which is 127.0.0.1 here.

use crate::{
    chain::Chain,
    share::{Asked, PERMITS, asked, fill, hold_work, request, run},
    slow::{answer, connect},
};
use dure_node::rpc::{RpcLimits, RpcServer};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PROXY: &str = "127.0.0.1";

#[test]
fn clients_of_a_trusted_proxy_have_shares_of_their_own_and_nobody_more_by_what_they_say() {
    run(async {
        let chain = Chain::start().await;
        let limits = RpcLimits { reads: PERMITS, ..RpcLimits::default() };
        let server = chain.behind(limits, &[PROXY]).await;
        let body = request("chain_block", json!([]));
        // Who asks each time, by what headers, and who else is served then.
        let appended = |n: usize| format!("x-forwarded-for: 9.9.9.{n}, 10.0.0.1\r\n");
        let both = |n: usize| format!("forwarded: for=9.9.9.{n}\r\nx-forwarded-for: 10.0.0.1\r\n");
        let direct = |n: usize| format!("x-forwarded-for: 9.9.9.{n}\r\n");
        let other = "x-forwarded-for: 10.0.0.1, 10.0.0.2\r\n";
        type Headers<'a> = &'a dyn Fn(usize) -> String;
        let cases: [(&str, Headers<'_>); 3] =
            [(PROXY, &appended), (PROXY, &both), ("127.0.0.2", &direct)];
        for (from, headers) in cases {
            let release = hold_work();
            let (mut running, refused) = fill(from, headers, &server, &body).await;
            assert!(refused.contains(r#""name":"Busy""#), "{refused}");
            assert_eq!(running.len(), PERMITS / 2, "{}", headers(0));
            match asked(PROXY, other, &server, &body).await {
                Asked::Running(stream) => running.push(stream),
                Asked::Answered(refused) => panic!("another client got {refused}"),
            }
            drop(release);
            for stream in running {
                let text = answer(stream).await;
                assert!(text.contains(r#""result""#), "{text}");
            }
        }
        server.stop().await;
        chain.stop().await;
    });
}

/// Asks for a WebSocket: the socket, and the head of the answer.
async fn upgrade(from: &str, header: &str, server: &RpcServer) -> (TcpStream, String) {
    let mut stream = connect(from, server.address()).await;
    let head = format!(
        "GET /v1 HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n{header}\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = [0; 2_048];
    let length = stream.read(&mut bytes).await.unwrap();
    (stream, String::from_utf8_lossy(&bytes[..length]).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_a_proxy_are_counted_for_its_clients() {
    let chain = Chain::start().await;
    let limits = RpcLimits { connections_of_address: 2, ..RpcLimits::default() };
    let server = chain.behind(limits, &[PROXY]).await;
    let mut held = Vec::new();
    let mut opens = async |from: &str, header: &str| {
        let (stream, head) = upgrade(from, header, &server).await;
        held.push(stream);
        head
    };
    let (one, other) = ("x-forwarded-for: 10.0.0.1\r\n", "forwarded: for=\"[2001:db8::1]:9\"\r\n");
    for header in [one, other, one, other] {
        let head = opens(PROXY, header).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    }
    let refused = opens(PROXY, one).await;
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("10.0.0.1"), "{refused}");
    // Another address of the same network of IPv6.
    let refused = opens(PROXY, "x-forwarded-for: 2001:db8::2\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    // Who is not believed has two for himself, whatever he says.
    for n in 0..3 {
        let head = opens("127.0.0.2", &format!("x-forwarded-for: 7.7.7.{n}\r\n")).await;
        assert_eq!(head.starts_with("HTTP/1.1 101"), n < 2, "{head}");
    }
    server.stop().await;
    chain.stop().await;
}

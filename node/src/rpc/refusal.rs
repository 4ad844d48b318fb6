//! Refusals below JSON-RPC: an HTTP answer whose body is an error of the table.

use dure_rpc::RpcError;
use jsonrpsee::{
    server::{HttpBody, HttpResponse},
    types::ErrorObjectOwned,
};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The JSON-RPC answer to a request whose id is not known.
fn body(error: RpcError) -> String {
    json!({ "jsonrpc": "2.0", "id": null, "error": ErrorObjectOwned::from(error) }).to_string()
}

const fn status(error: &RpcError) -> (u16, &'static str) {
    match error {
        RpcError::TooManyConnections { .. } | RpcError::Busy { .. } => (503, "Service Unavailable"),
        RpcError::TooManyFromAddress { .. } => (429, "Too Many Requests"),
        RpcError::OriginNotAllowed { .. } => (403, "Forbidden"),
        RpcError::UnknownPath { .. } => (404, "Not Found"),
        RpcError::RequestTimeout { .. } => (408, "Request Timeout"),
        RpcError::RequestTooLarge { .. } => (413, "Content Too Large"),
        _ => (400, "Bad Request"),
    }
}

/// The answer for a request that is refused before JSON-RPC sees it.
pub(super) fn response(error: RpcError) -> HttpResponse {
    let (code, _) = status(&error);
    let body = HttpBody::from(body(error));
    let built = HttpResponse::builder()
        .status(code)
        .header("content-type", "application/json; charset=utf-8")
        .body(body);
    built.unwrap_or_else(|_| HttpResponse::new(HttpBody::from(String::new())))
}

/// Answers a connection that is refused, and closes it.
///
/// What the client sends meanwhile is read and dropped for a moment: closing a socket with unread
/// bytes resets it, and the client would not see why.
pub(super) async fn turn_away(mut stream: TcpStream, error: RpcError) {
    const PATIENCE: Duration = Duration::from_millis(250);
    const BYTES_MAX: u64 = 65_536;
    let words = words(error);
    let farewell = async {
        stream.write_all(&words).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(BYTES_MAX), &mut tokio::io::sink()).await
    };
    // The client is being turned away: whether it listens is its own affair.
    let _ = tokio::time::timeout(PATIENCE, farewell).await;
}

/// Says why and closes at once, without waiting for what the client may still send: then the words
/// can get lost on their way, but a flood keeps nothing open.
pub(super) fn turn_away_at_once(stream: TcpStream, error: RpcError) {
    let said = stream.into_std().and_then(|mut stream| {
        // A fresh socket's buffer takes these few bytes whole, or the socket is gone already.
        std::io::Write::write_all(&mut stream, &words(error))?;
        stream.shutdown(std::net::Shutdown::Write)
    });
    if let Err(error) = said {
        tracing::debug!(%error, "a connection was refused without a word");
    }
}

fn words(error: RpcError) -> Vec<u8> {
    let (code, reason) = status(&error);
    let body = body(error);
    let mut words = format!(
        "HTTP/1.1 {code} {reason}\r\ncontent-type: application/json; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    words.extend_from_slice(body.as_bytes());
    words
}

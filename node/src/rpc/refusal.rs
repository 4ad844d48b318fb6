//! Refusals below JSON-RPC: an HTTP answer whose body is an error of the table.

use super::{config::RpcLimits, websocket::HeadEnds};
use dure_rpc::RpcError;
use jsonrpsee::{
    server::{HttpBody, HttpResponse},
    types::ErrorObjectOwned,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The JSON-RPC answer to a request whose id is not known.
fn body(error: RpcError) -> String {
    json!({ "jsonrpc": "2.0", "id": null, "error": ErrorObjectOwned::from(error) }).to_string()
}

/// Bytes of the longest answer of the library with an error of its own; a longer one has a result.
pub(super) const LIBRARY_ERROR_BYTES_MAX: usize = 4_096;

/// The library's answer with an error of its own, as the table has it; none for any other answer.
pub(super) fn in_words_of_the_table(text: &str, limits: &RpcLimits) -> Option<String> {
    if !text.starts_with(r#"{"jsonrpc":"2.0","id":"#) || !text.contains(r#""error":{"code":-32"#) {
        return None;
    }
    let mut answer: Value = serde_json::from_str(text).ok()?;
    let error = answer.get_mut("error")?;
    *error = of_library(error, limits)?.to_json();
    Some(answer.to_string())
}

/// The error of the table that an error of the library is; none where it is one already.
pub(super) fn of_library(error: &Value, limits: &RpcLimits) -> Option<RpcError> {
    let (code, data) = (error.get("code")?.as_i64()?, error.get("data"));
    if data.is_some_and(Value::is_object) {
        return None;
    }
    Some(match code {
        -32700 => RpcError::ParseError,
        -32600 => RpcError::InvalidRequest,
        -32601 => RpcError::UnknownRpcMethod,
        -32602 => {
            let reason = data.or_else(|| error.get("message")).and_then(Value::as_str);
            RpcError::InvalidParams {
                reason: reason.unwrap_or_default().chars().take(400).collect(),
            }
        }
        -32603 => RpcError::InternalError,
        -32006 => RpcError::TooManySubscriptions { limit: limits.subscriptions.into() },
        -32007 => RpcError::RequestTooLarge { limit: limits.request_bytes.into() },
        -32008 => RpcError::ResponseTooLarge { limit: limits.response_bytes.into() },
        -32010 => RpcError::BatchTooLarge { limit: limits.batch.into() },
        -32011 => RpcError::BatchAnswerTooLarge { limit: limits.response_bytes.into() },
        _ => return None,
    })
}

const fn status(error: &RpcError) -> (u16, &'static str) {
    match error {
        RpcError::TooManyConnections { .. } | RpcError::Busy { .. } => (503, "Service Unavailable"),
        RpcError::TooManyFromAddress { .. } => (429, "Too Many Requests"),
        RpcError::OriginNotAllowed { .. } => (403, "Forbidden"),
        RpcError::UnknownPath { .. } => (404, "Not Found"),
        RpcError::PostOnly { .. } => (405, "Method Not Allowed"),
        RpcError::ContentNotJson { .. } => (415, "Unsupported Media Type"),
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
/// The head of a request is waited for: a client that has sent none takes an answer for noise. What
/// comes after it is read and dropped for a moment: closing a socket with unread bytes resets it,
/// and the client would not see why.
pub(super) async fn turn_away(mut stream: TcpStream, error: RpcError) {
    const PATIENCE: Duration = Duration::from_millis(500);
    const BYTES_MAX: u64 = 65_536;
    let words = words(error);
    // Whoever sends none in time is answered all the same.
    let _ = tokio::time::timeout(PATIENCE, head(&mut stream)).await;
    let farewell = async {
        stream.write_all(&words).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(BYTES_MAX), &mut tokio::io::sink()).await
    };
    // The client is being turned away: whether it listens is its own affair.
    let _ = tokio::time::timeout(PATIENCE, farewell).await;
}

/// Reads until the head of a request has ended, or too much came.
async fn head(stream: &mut TcpStream) -> std::io::Result<()> {
    const BYTES_MAX: usize = 8_192;
    let (mut bytes, mut ends) = ([0; 1_024], HeadEnds::default());
    let mut read = 0usize;
    while read < BYTES_MAX && !ends.any() {
        let count = stream.read(&mut bytes).await?;
        if count == 0 {
            break;
        }
        ends.read(bytes.get(..count).unwrap_or_default());
        read = read.saturating_add(count);
    }
    Ok(())
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

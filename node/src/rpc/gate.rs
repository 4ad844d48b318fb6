//! The gate: what an HTTP request or a WebSocket upgrade must satisfy before JSON-RPC sees it.

use super::{
    config::{Origins, RpcLimits},
    forwarded::client,
    peer::{Arriving, Client},
    quota::PlainHttp,
    refusal::{self, response},
};
use dure_rpc::{PATH, RpcError};
use http_body::Body;
use http_body_util::BodyExt;
use jsonrpsee::{
    core::BoxError,
    server::{HttpBody, HttpRequest, HttpResponse, http::is_json, ws::is_upgrade_request},
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// What the gate checks.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    origins: Origins,
    limits: RpcLimits,
}

impl Gate {
    pub(super) fn new(origins: Origins, limits: RpcLimits) -> Self {
        Self { rules: Arc::new(Rules { origins, limits }) }
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { inner, rules: Arc::clone(&self.rules) }
    }
}

/// JSON-RPC behind the gate.
#[derive(Clone, Debug)]
pub(super) struct Gated<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl Rules {
    /// Judges a request by its head.
    fn check<B>(&self, request: &HttpRequest<B>, is_websocket: bool) -> Result<(), RpcError> {
        let path = request.uri().path();
        if path.trim_end_matches('/') != PATH {
            return Err(RpcError::UnknownPath { path: path.chars().take(80).collect() });
        }
        let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        // A browser lets any page open a WebSocket, whatever CORS says: the server must look.
        if let (Origins::List(allowed), Some(origin)) = (&self.origins, header("origin"))
            && !allowed.iter().any(|known| known == origin)
        {
            return Err(RpcError::OriginNotAllowed { origin: origin.chars().take(200).collect() });
        }
        if is_websocket {
            // A body would stand where frames are expected.
            let has_body = header("content-length").is_some_and(|length| length != "0")
                || request.headers().contains_key("transfer-encoding");
            return if has_body { Err(RpcError::InvalidRequest) } else { Ok(()) };
        }
        if request.method() != "POST" {
            return Err(RpcError::PostOnly { method: request.method().as_str().to_owned() });
        }
        if !is_json(request.headers().get("content-type")) {
            let found = header("content-type").unwrap_or_default().chars().take(80).collect();
            return Err(RpcError::ContentNotJson { found });
        }
        let limit = self.limits.request_bytes.into();
        let length = header("content-length").and_then(|text| text.parse::<u64>().ok());
        if length.is_some_and(|length| length > limit) {
            return Err(RpcError::RequestTooLarge { limit });
        }
        Ok(())
    }
}

impl<S, B> Service<HttpRequest<B>> for Gated<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    B: BodyExt + Send + Unpin + 'static,
    B::Data: AsRef<[u8]> + Send,
    B::Error: Into<BoxError>,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let is_websocket = is_upgrade_request(&request);
        let client = client(&request).ok_or(RpcError::Stopping);
        let admitted = client.and_then(|client| {
            self.rules.check(&request, is_websocket)?;
            // At once: what comes next on the socket are frames.
            if is_websocket { client.upgrade() } else { Ok(()) }.map(|()| client)
        });
        let client = match admitted {
            Ok(client) => client,
            Err(error) => return Box::pin(async move { Ok(response(error)) }),
        };
        let (mut inner, rules) = (self.inner.clone(), Arc::clone(&self.rules));
        Box::pin(async move {
            let limit = rules.limits.request_time;
            match tokio::time::timeout(limit, rules.answer(&mut inner, request, client)).await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(Stopped::Refused(error))) => Ok(response(error)),
                Ok(Err(Stopped::Broken(error))) => Err(error),
                Err(_) => {
                    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                    Ok(response(RpcError::RequestTimeout { limit_ms }))
                }
            }
        })
    }
}

/// Why a request got no answer of the library's.
enum Stopped {
    Refused(RpcError),
    /// The connection broke.
    Broken(BoxError),
}

impl From<RpcError> for Stopped {
    fn from(error: RpcError) -> Self {
        Self::Refused(error)
    }
}

impl Rules {
    async fn answer<S, B>(
        &self,
        inner: &mut S,
        request: HttpRequest<B>,
        client: Client,
    ) -> Result<HttpResponse, Stopped>
    where
        S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
        B: BodyExt + Unpin,
        B::Data: AsRef<[u8]>,
        B::Error: Into<BoxError>,
    {
        let is_websocket = is_upgrade_request(&request);
        let (mut parts, body) = request.into_parts();
        // Counted until the request is answered: as long, the library keeps it.
        let mut arriving = client.arriving();
        let body = if is_websocket {
            HttpBody::empty()
        } else {
            parts.extensions.insert(PlainHttp);
            let mut bytes = self.whole(body, &mut arriving).await?;
            // The library gives up a request after so much space before it.
            let space = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            bytes.drain(..space);
            HttpBody::from(bytes)
        };
        let answer = inner.call(HttpRequest::from_parts(parts, body)).await;
        let answer = answer.map_err(Stopped::Broken)?;
        if is_websocket {
            let accepted = answer.status().as_u16() == 101;
            return if accepted { Ok(answer) } else { Err(RpcError::InvalidRequest.into()) };
        }
        in_words_of_the_table(answer, &self.limits).await.map_err(Stopped::Broken)
    }

    /// Reads a body to its end.
    async fn whole<B>(&self, mut body: B, arriving: &mut Arriving) -> Result<Vec<u8>, Stopped>
    where
        B: BodyExt + Unpin,
        B::Data: AsRef<[u8]>,
        B::Error: Into<BoxError>,
    {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Stopped::Broken(error.into()))?;
            let Ok(data) = frame.into_data() else { continue };
            let (data, limit) = (data.as_ref(), self.limits.request_bytes);
            if bytes.len().saturating_add(data.len()) > limit as usize {
                return Err(RpcError::RequestTooLarge { limit: limit.into() }.into());
            }
            arriving.grow(data.len())?;
            bytes.extend_from_slice(data);
        }
        Ok(bytes)
    }
}

/// Puts an error of the table in the place of one of the library's own.
async fn in_words_of_the_table(
    answer: HttpResponse,
    limits: &RpcLimits,
) -> Result<HttpResponse, BoxError> {
    let long = |length: u64| length > refusal::LIBRARY_ERROR_BYTES_MAX as u64;
    if answer.body().size_hint().exact().is_none_or(long) {
        return Ok(answer);
    }
    let (mut parts, body) = answer.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let told = std::str::from_utf8(&bytes).ok();
    let told = told.and_then(|text| refusal::in_words_of_the_table(text, limits));
    let body = match told {
        Some(told) => {
            parts.headers.remove("content-length");
            HttpBody::from(told)
        }
        None => HttpBody::from(bytes.to_vec()),
    };
    Ok(HttpResponse::from_parts(parts, body))
}

/// The headers that let pages of other origins read the answers.
pub(super) fn cors(origins: &Origins) -> CorsLayer {
    let layer = CorsLayer::new().allow_methods(Any).allow_headers(Any);
    match origins {
        Origins::Any => layer.allow_origin(Any),
        Origins::List(list) => {
            let known: Vec<_> = list.iter().filter_map(|origin| origin.parse().ok()).collect();
            layer.allow_origin(AllowOrigin::list(known))
        }
    }
}

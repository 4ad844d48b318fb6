//! The gate: what an HTTP request or a WebSocket upgrade must satisfy before JSON-RPC sees it.

use super::{config::Origins, quota::PlainHttp, refusal::response};
use dure_rpc::{PATH, RpcError};
use jsonrpsee::{
    core::BoxError,
    server::{HttpRequest, HttpResponse, ws::is_upgrade_request},
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
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
    request_bytes: u64,
    request_time: Duration,
}

impl Gate {
    pub(super) fn new(origins: Origins, request_bytes: u32, request_time: Duration) -> Self {
        let request_bytes = request_bytes.into();
        Self { rules: Arc::new(Rules { origins, request_bytes, request_time }) }
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
    fn check<B>(&self, request: &HttpRequest<B>) -> Result<(), RpcError> {
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
        let length = header("content-length").and_then(|text| text.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.request_bytes) {
            return Err(RpcError::RequestTooLarge { limit: self.request_bytes });
        }
        Ok(())
    }
}

impl<S, B> Service<HttpRequest<B>> for Gated<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: HttpRequest<B>) -> Self::Future {
        if let Err(error) = self.rules.check(&request) {
            return Box::pin(async move { Ok(response(error)) });
        }
        if !is_upgrade_request(&request) {
            request.extensions_mut().insert(PlainHttp);
        }
        let answer = self.inner.call(request);
        let limit = self.rules.request_time;
        Box::pin(async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                    Ok(response(RpcError::RequestTimeout { limit_ms }))
                }
            }
        })
    }
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

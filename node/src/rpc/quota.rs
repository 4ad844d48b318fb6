//! Requests at work: how many on one connection, and for how long; and which need a WebSocket.

use super::{
    config::RpcLimits,
    forwarded::ForwardedFor,
    parameters,
    peer::{Client, FREE_BYTES_MAX, Peer, on_behalf},
    refusal, websocket,
};
use dure_rpc::{RpcError, api, discover::Kind};
use jsonrpsee::{
    BatchResponseBuilder, MethodResponse,
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceT},
    types::{ErrorObjectOwned, Id, Request},
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, LazyLock, Weak},
    time::Duration,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tower::Layer;

/// Marks requests that came over plain HTTP: the gate sets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainHttp;

/// What begins and ends subscriptions.
static SUBSCRIPTIONS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let entries = api::entries().into_iter();
    let names = entries.filter_map(|entry| match entry.kind {
        Kind::Subscription { end, .. } => Some([entry.name, end]),
        Kind::Method => None,
    });
    names.flatten().collect()
});

/// When the library has surely noted a subscription that it told of.
const NOTED_AFTER: Duration = Duration::from_millis(100);

/// Refuses over plain HTTP what needs a WebSocket, and parameters that the method does not have.
fn check(request: &Request<'_>) -> Result<(), RpcError> {
    let plain = request.extensions.get::<PlainHttp>().is_some();
    if plain && SUBSCRIPTIONS.contains(request.method.as_ref()) {
        return Err(RpcError::NeedsWebSocket { method: request.method.to_string() });
    }
    let text = request.params.as_ref().map(|parameters| parameters.get());
    parameters::check(&request.method, text)
}

/// Gives every connection its permits.
#[derive(Clone)]
pub(super) struct Quota {
    limits: RpcLimits,
    /// Not kept alive by work that its socket has outlived: it counts what the socket holds.
    peer: Weak<Peer>,
}

impl Quota {
    pub(super) const fn new(limits: RpcLimits, peer: Weak<Peer>) -> Self {
        Self { limits, peer }
    }

    /// Does a request's work, for so long, and counts its answer until it is sent. `bytes` of its
    /// parameters are counted meanwhile.
    async fn answer(
        &self,
        id: Id<'static>,
        forwarded: Option<ForwardedFor>,
        bytes: usize,
        work: impl Future<Output = MethodResponse>,
    ) -> MethodResponse {
        let Some(peer) = self.peer.upgrade() else {
            // The client is gone, and nobody will read this.
            return refuse(id, RpcError::Stopping);
        };
        let client = Client::of(peer, forwarded.map(|ForwardedFor(net)| net));
        let mut at_work = client.arriving();
        if let Err(error) = at_work.grow(bytes) {
            return refuse(id, error);
        }
        let time = self.limits.request_time;
        let work = on_behalf(client.clone(), tokio::time::timeout(time, work));
        let Ok(answer) = work.await else {
            let limit_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            return refuse(id, RpcError::RequestTimeout { limit_ms });
        };
        let bytes = answer.as_json().get().len();
        // What tells why there is no answer is let through: it is shorter than a head.
        if answer.is_error() && bytes <= FREE_BYTES_MAX {
            return answer;
        }
        match client.hold(bytes) {
            Ok(()) => answer,
            Err(error) => refuse(id, error),
        }
    }
}

impl<S> Layer<S> for Quota {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        let permits = Arc::new(Semaphore::new(self.limits.requests_of_connection));
        Bounded { inner: Arc::new(inner), permits, quota: self.clone() }
    }
}

/// The methods, within the quota of one connection.
pub(super) struct Bounded<S> {
    inner: Arc<S>,
    permits: Arc<Semaphore>,
    quota: Quota,
}

impl<S> Clone for Bounded<S> {
    fn clone(&self) -> Self {
        let (inner, permits) = (Arc::clone(&self.inner), Arc::clone(&self.permits));
        Self { inner, permits, quota: self.quota.clone() }
    }
}

impl<S> Bounded<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Send + Sync + 'static,
{
    /// Answers one request, alone or in a batch.
    async fn one(&self, request: Request<'_>) -> MethodResponse {
        let (id, limits) = (request.id.clone().into_owned(), &self.quota.limits);
        if let Err(error) = check(&request) {
            return refuse(id, error);
        }
        let answer = self.call_library(request).await;
        if !answer.is_error() || !answer.is_method_call() {
            return answer;
        }
        let told = serde_json::from_str::<Value>(answer.as_json().get()).ok();
        match told.and_then(|told| refusal::of_library(told.get("error")?, limits)) {
            Some(error) => refuse(id, error),
            None => answer,
        }
    }

    /// The library tells a client of its subscription before it has noted it itself: who ends it at
    /// once would be told that there is none, and it would keep its place. So that is asked again.
    async fn call_library(&self, request: Request<'_>) -> MethodResponse {
        let may_end = SUBSCRIPTIONS.contains(request.method.as_ref());
        let again = may_end.then(|| request.clone());
        let answer = self.inner.call(request).await;
        match again {
            Some(again) if answer.as_json().get().contains(r#""result":false"#) => {
                tokio::time::sleep(NOTED_AFTER).await;
                self.inner.call(again).await
            }
            _ => answer,
        }
    }

    /// Answers the requests of a batch, one after another.
    async fn each(&self, requests: Batch<'_>) -> MethodResponse {
        let limit = self.quota.limits.response_bytes;
        if requests.is_empty() {
            return refuse(Id::Null, RpcError::InvalidRequest);
        }
        let mut answers = BatchResponseBuilder::new_with_limit(limit as usize);
        for entry in requests {
            let answer = match entry {
                Ok(BatchEntry::Call(request)) => self.one(request).await,
                Ok(BatchEntry::Notification(_)) => refuse(Id::Null, RpcError::InvalidRequest),
                Err(error) => refuse(error.into_parts().1.into_owned(), RpcError::InvalidRequest),
            };
            if answers.append(answer).is_err() {
                return refuse(Id::Null, RpcError::BatchAnswerTooLarge { limit: limit.into() });
            }
        }
        MethodResponse::from_batch(answers.finish())
    }

    fn permit(&self) -> Result<SemaphorePermit<'_>, RpcError> {
        let limit = self.quota.limits.requests_of_connection as u64;
        let what = "requests of this connection".to_owned();
        self.permits.try_acquire().map_err(|_| RpcError::Busy { what, limit })
    }
}

/// Bytes of the parameters of a request that came over a WebSocket; the gate counts the others.
fn bytes(request: &Request<'_>) -> usize {
    if request.extensions.get::<PlainHttp>().is_some() {
        return 0;
    }
    request.params.as_ref().map_or(0, |parameters| parameters.get().len())
}

impl<S> RpcServiceT for Bounded<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(
        &self,
        request: Request<'a>,
    ) -> impl Future<Output = Self::MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let id = request.id.clone().into_owned();
            let _permit = match this.permit() {
                Ok(permit) => permit,
                Err(error) => return refuse(id, error),
            };
            if let Some(error) = websocket::dropped(&request.method, &this.quota.limits) {
                return refuse(id, error);
            }
            let (forwarded, bytes) = (request.extensions.get().copied(), bytes(&request));
            this.quota.answer(id, forwarded, bytes, this.one(request)).await
        }
    }

    fn batch<'a>(
        &self,
        mut requests: Batch<'a>,
    ) -> impl Future<Output = Self::BatchResponse> + Send + 'a {
        // Its requests run one after another, so a batch counts as one.
        let this = self.clone();
        async move {
            let _permit = match this.permit() {
                Ok(permit) => permit,
                Err(error) => return refuse(Id::Null, error),
            };
            let forwarded = requests.extensions().get().copied();
            let calls = requests.iter().filter_map(|entry| match entry {
                Ok(BatchEntry::Call(request)) => Some(bytes(request)),
                _ => None,
            });
            let bytes = calls.fold(0, usize::saturating_add);
            this.quota.answer(Id::Null, forwarded, bytes, this.each(requests)).await
        }
    }

    /// A call without an id runs nothing, and neither does one with an id that the library does not
    /// take and drops: its sender is told, who may believe to have paid.
    fn notification<'a>(
        &self,
        _: Notification<'a>,
    ) -> impl Future<Output = Self::NotificationResponse> + Send + 'a {
        std::future::ready(refuse(Id::Null, RpcError::InvalidRequest))
    }
}

fn refuse(id: Id<'static>, error: RpcError) -> MethodResponse {
    MethodResponse::error(id, ErrorObjectOwned::from(error))
}

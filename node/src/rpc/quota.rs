//! Requests at work: how many on one connection, and for how long; and which need a WebSocket.

use super::{
    config::RpcLimits,
    forwarded::ForwardedFor,
    peer::{Client, Peer, on_behalf},
};
use dure_rpc::{RpcError, api, discover::Kind};
use jsonrpsee::{
    MethodResponse,
    core::middleware::{Batch, BatchEntry, BatchEntryErr, Notification, RpcServiceT},
    types::{ErrorObjectOwned, Request},
};
use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, LazyLock, Weak},
    time::Duration,
};
use tokio::sync::Semaphore;
use tower::Layer;

/// Errors up to this length are not counted among the answers that wait.
const FREE_BYTES_MAX: usize = 1_024;

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

/// Refuses over plain HTTP what needs a WebSocket.
fn check_transport(request: &Request<'_>) -> Result<(), RpcError> {
    let plain = request.extensions.get::<PlainHttp>().is_some();
    if plain && SUBSCRIPTIONS.contains(request.method.as_ref()) {
        return Err(RpcError::NeedsWebSocket { method: request.method.to_string() });
    }
    Ok(())
}

/// Gives every connection its permits.
#[derive(Clone)]
pub(super) struct Quota {
    requests: usize,
    time: Duration,
    /// Not kept alive by work that its socket has outlived: it counts what the socket holds.
    peer: Weak<Peer>,
}

impl Quota {
    pub(super) fn new(limits: &RpcLimits, peer: Weak<Peer>) -> Self {
        Self { requests: limits.requests_of_connection, time: limits.request_time, peer }
    }

    /// Does a request's work, for so long, and counts its answer until it is sent.
    async fn answer(
        &self,
        id: jsonrpsee::types::Id<'static>,
        forwarded: Option<ForwardedFor>,
        work: impl Future<Output = MethodResponse>,
    ) -> MethodResponse {
        let Some(peer) = self.peer.upgrade() else {
            // The client is gone, and nobody will read this.
            return refuse(id, RpcError::Stopping);
        };
        let client = Client::of(peer, forwarded.map(|ForwardedFor(net)| net));
        let work = on_behalf(client.clone(), tokio::time::timeout(self.time, work));
        let Ok(answer) = work.await else {
            let limit_ms = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
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
        let permits = Arc::new(Semaphore::new(self.requests));
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
            if let Err(error) = check_transport(&request) {
                return refuse(id, error);
            }
            let Ok(_permit) = this.permits.try_acquire() else {
                let limit = this.quota.requests as u64;
                let what = "requests of this connection".to_owned();
                return refuse(id, RpcError::Busy { what, limit });
            };
            let forwarded = request.extensions.get().copied();
            this.quota.answer(id, forwarded, this.inner.call(request)).await
        }
    }

    fn batch<'a>(
        &self,
        mut requests: Batch<'a>,
    ) -> impl Future<Output = Self::BatchResponse> + Send + 'a {
        for entry in requests.iter_mut() {
            let Ok(BatchEntry::Call(request)) = entry else { continue };
            if let Err(error) = check_transport(request) {
                *entry = Err(BatchEntryErr::new(request.id.clone(), error.into()));
            }
        }
        // Its requests run one after another, so a batch counts as one.
        let this = self.clone();
        async move {
            let Ok(_permit) = this.permits.try_acquire() else {
                let limit = this.quota.requests as u64;
                let what = "requests of this connection".to_owned();
                return refuse(jsonrpsee::types::Id::Null, RpcError::Busy { what, limit });
            };
            let id = jsonrpsee::types::Id::Null;
            let forwarded = requests.extensions().get().copied();
            this.quota.answer(id, forwarded, this.inner.batch(requests)).await
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = Self::NotificationResponse> + Send + 'a {
        let inner = Arc::clone(&self.inner);
        async move { inner.notification(notification).await }
    }
}

fn refuse(id: jsonrpsee::types::Id<'static>, error: RpcError) -> MethodResponse {
    MethodResponse::error(id, ErrorObjectOwned::from(error))
}

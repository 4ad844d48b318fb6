//! The listening socket: accepts, counts, turns away.

use super::{
    config::RpcConfig,
    gate,
    quota::Quota,
    refusal::{turn_away, turn_away_at_once},
    service::Service,
};
use crate::handle::Handle;
use dure_rpc::{DureServer, RpcError as Refusal};
use jsonrpsee::server::{
    BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle, StopHandle,
    middleware::rpc::RpcServiceBuilder, serve_with_graceful_shutdown, stop_channel,
};
use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, Sleep},
};

/// Connections turned away with patience at the same time; more are told and closed at once.
const FAREWELLS_MAX: usize = 256;

/// Says why the server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// The address could not be bound: in use, not ours, or not allowed.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
}

/// A running server. It stops when told to, or dropped.
pub struct RpcServer {
    address: SocketAddr,
    stop: ServerHandle,
    task: tokio::task::JoinHandle<()>,
}

impl RpcServer {
    /// Starts to serve.
    ///
    /// # Errors
    /// [`RpcError::Listen`].
    pub async fn start(config: RpcConfig, handle: Handle) -> Result<Self, RpcError> {
        let failed = |reason| RpcError::Listen { address: config.listen, reason };
        let socket = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let (stopped, stop) = stop_channel();
        let sockets = Arc::new(Sockets::new(&config));
        let service = Service::new(handle, &config, Arc::clone(&sockets));
        let task = tokio::spawn(accept(socket, config, service, sockets, stopped));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting and lets requests at work end, for a moment.
    pub async fn stop(self) {
        // Already stopped is as good.
        let _ = self.stop.stop();
        let _ = tokio::time::timeout(Duration::from_secs(5), self.task).await;
    }
}

async fn accept(
    socket: TcpListener,
    config: RpcConfig,
    service: Service,
    sockets: Arc<Sockets>,
    stopped: StopHandle,
) {
    let limits = config.limits;
    let server = ServerConfig::builder()
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        // The listener counts sockets itself; this would count requests.
        .max_connections(u32::MAX)
        .max_subscriptions_per_connection(limits.subscriptions)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch))
        .set_message_buffer_capacity(limits.messages)
        .enable_ws_ping(PingConfig::new())
        .build();
    let http = tower::ServiceBuilder::new()
        .layer(gate::cors(&config.origins))
        .layer(gate::Gate::new(config.origins.clone(), limits.request_bytes, limits.request_time));
    let quota = Quota { requests: limits.requests_of_connection, time: limits.request_time };
    let builder = Server::builder()
        .set_config(server)
        .set_http_middleware(http)
        .set_rpc_middleware(RpcServiceBuilder::new().layer(quota))
        .to_service_builder();
    let methods = service.into_rpc();
    let farewells = Arc::new(Semaphore::new(FAREWELLS_MAX));
    let mut end = Box::pin(stopped.clone().shutdown());
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = &mut end => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: the kernel queues the next ones meanwhile.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let place = match sockets.take(peer.ip()) {
            Ok(place) => place,
            Err(refusal) => {
                refuse(&farewells, stream, refusal);
                continue;
            }
        };
        // Answers are small and awaited; a failure only makes them slower.
        let _ = stream.set_nodelay(true);
        let io = Socket::new(stream, place, limits.silence);
        let service = builder.clone().build(methods.clone(), stopped.clone());
        let stopped = stopped.clone();
        tokio::spawn(async move {
            let served = serve_with_graceful_shutdown(io, service, stopped.shutdown()).await;
            if let Err(error) = served {
                tracing::debug!(%peer, %error, "connection ended");
            }
        });
    }
}

/// Tells a client why it is refused: with patience while few are, at once in a flood.
fn refuse(farewells: &Arc<Semaphore>, stream: TcpStream, refusal: Refusal) {
    if let Ok(permit) = Arc::clone(farewells).try_acquire_owned() {
        tokio::spawn(async move {
            turn_away(stream, refusal).await;
            drop(permit);
        });
    } else {
        turn_away_at_once(stream, refusal);
    }
}

/// Counts open sockets, in all and by address.
pub(super) struct Sockets {
    all: AtomicUsize,
    all_max: usize,
    of_address: Mutex<BTreeMap<IpAddr, usize>>,
    of_address_max: usize,
}

impl Sockets {
    fn new(config: &RpcConfig) -> Self {
        Self {
            all: AtomicUsize::new(0),
            all_max: config.limits.connections,
            of_address: Mutex::default(),
            of_address_max: config.limits.connections_of_address,
        }
    }

    /// Sockets open now.
    pub(super) fn count(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refusal> {
        let mut by_address = self.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        if self.count() >= self.all_max {
            return Err(Refusal::TooManyConnections { limit: self.all_max as u64 });
        }
        let count = by_address.entry(address).or_default();
        if *count >= self.of_address_max {
            let (address, limit) = (address.to_string(), self.of_address_max as u64);
            return Err(Refusal::TooManyFromAddress { address, limit });
        }
        *count += 1;
        self.all.fetch_add(1, Ordering::Relaxed);
        Ok(Place { sockets: Arc::clone(self), address })
    }
}

/// One counted socket; counted until dropped.
struct Place {
    sockets: Arc<Sockets>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let sockets = &self.sockets;
        let mut by_address = sockets.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
        sockets.all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A socket that keeps its place while it is open, WebSocket or not, and closes when silent.
struct Socket {
    stream: TcpStream,
    _place: Place,
    silence: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Socket {
    fn new(stream: TcpStream, place: Place, silence: Duration) -> Self {
        let deadline = Box::pin(tokio::time::sleep(silence));
        Self { stream, _place: place, silence, deadline }
    }

    fn heard(&mut self) {
        let next = Instant::now() + self.silence;
        self.deadline.as_mut().reset(next);
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                self.heard();
                Poll::Ready(read)
            }
            Poll::Pending => match self.deadline.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.heard();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

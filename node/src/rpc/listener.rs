//! The listening socket: accepts, counts, turns away.

use super::{
    config::RpcConfig,
    forwarded::{Attributed, Proxies},
    gate,
    peer::Sockets,
    quota::Quota,
    refusal::{turn_away, turn_away_at_once},
    service::Service,
    socket::Socket,
};
use crate::handle::Handle;
use dure_rpc::{DureServer, RpcError as Refusal};
use jsonrpsee::server::{
    BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle, StopHandle,
    middleware::rpc::RpcServiceBuilder, serve_with_graceful_shutdown, stop_channel,
};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};

/// Bytes that the system takes for one connection ahead of its client. Left to itself it takes
/// megabytes, and says that it takes more only after a third of them went: too seldom to tell a slow
/// client from one that has stopped.
const SEND_BUFFER_BYTES: u32 = 128 << 10;
/// Connections that the system accepts ahead of us.
const BACKLOG: u32 = 1_024;

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
    sockets: Arc<Sockets>,
    service: Service,
}

impl RpcServer {
    /// Starts to serve.
    ///
    /// # Errors
    /// [`RpcError::Listen`].
    pub async fn start(config: RpcConfig, handle: Handle) -> Result<Self, RpcError> {
        let failed = |reason| RpcError::Listen { address: config.listen, reason };
        let socket = listen(config.listen).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let (stopped, stop) = stop_channel();
        let sockets = Arc::new(Sockets::new(config.limits));
        let service = Service::new(handle, &config, Arc::clone(&sockets));
        let accepting = accept(socket, config, service.clone(), Arc::clone(&sockets), stopped);
        let task = tokio::spawn(accepting);
        Ok(Self { address, stop, task, sockets, service })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes of requests that come now or are at work, but for short ones.
    #[must_use]
    pub fn requests_bytes(&self) -> usize {
        self.sockets.requests_bytes()
    }

    /// Bytes of answers that wait for their clients to read them.
    #[must_use]
    pub fn answers_bytes(&self) -> usize {
        self.sockets.bytes()
    }

    /// Requests that hold a permit now, of whatever kind.
    #[must_use]
    pub fn at_work(&self) -> usize {
        self.service.at_work()
    }

    /// Stops accepting and lets requests at work end, for a moment.
    pub async fn stop(self) {
        // Already stopped is as good.
        let _ = self.stop.stop();
        let _ = tokio::time::timeout(Duration::from_secs(5), self.task).await;
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart takes its port again at once.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
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
        .layer(gate::Gate::new(config.origins.clone(), limits));
    let builder =
        Server::builder().set_config(server).set_http_middleware(http).to_service_builder();
    let methods = service.into_rpc();
    let proxies = Proxies::new(&config.trusted_proxies);
    let farewells = Arc::new(Semaphore::new(limits.farewells));
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
        let taken = match sockets.take(peer.ip(), proxies.trust(peer.ip())) {
            Ok(taken) => taken,
            Err(refusal) => {
                refuse(&farewells, stream, refusal);
                continue;
            }
        };
        // Answers are small and awaited; a failure only makes them slower.
        let _ = stream.set_nodelay(true);
        let weak = Arc::downgrade(&taken);
        let quota = Quota::new(limits, Weak::clone(&weak));
        let service = builder
            .clone()
            .connection_id(taken.number())
            .set_rpc_middleware(RpcServiceBuilder::new().layer(quota))
            .build(methods.clone(), stopped.clone());
        let service = Attributed::new(service, proxies.clone(), peer.ip(), weak);
        let io = Socket::new(stream, taken, limits);
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

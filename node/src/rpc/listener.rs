//! The listening socket: accepts, counts, turns away.

use super::{
    config::{RpcConfig, RpcLimits},
    forwarded::{Attributed, Proxies},
    gate,
    peer::{Peer, Sockets},
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
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
    time::{Instant, Sleep},
};

/// Connections turned away with patience at the same time; more are told and closed at once.
const FAREWELLS_MAX: usize = 256;
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
        .layer(gate::Gate::new(config.origins.clone(), limits.request_bytes, limits.request_time));
    let builder =
        Server::builder().set_config(server).set_http_middleware(http).to_service_builder();
    let methods = service.into_rpc();
    let proxies = Proxies::new(&config.trusted_proxies);
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
        let quota = Quota::new(&limits, Weak::clone(&weak));
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

/// A socket that keeps its place while it is open, WebSocket or not. It closes when silent, and
/// when its client takes what it is sent too slowly.
struct Socket {
    stream: TcpStream,
    peer: Arc<Peer>,
    limits: RpcLimits,
    silence: Pin<Box<Sleep>>,
    sending: Pin<Box<Sleep>>,
    /// Bytes taken since something began to wait; none while nothing waits.
    taken: Option<usize>,
    /// The client was too slow: nothing is read from it either.
    closed: bool,
    reader: Option<Waker>,
}

impl Socket {
    fn new(stream: TcpStream, peer: Arc<Peer>, limits: RpcLimits) -> Self {
        Self {
            stream,
            peer,
            limits,
            silence: Box::pin(tokio::time::sleep(limits.silence)),
            sending: Box::pin(tokio::time::sleep(limits.send_time)),
            taken: None,
            closed: false,
            reader: None,
        }
    }

    fn heard(&mut self) {
        self.silence.as_mut().reset(Instant::now() + self.limits.silence);
    }

    /// Starts a period in which the least must be taken.
    fn begin_to_wait(&mut self) {
        self.taken = Some(0);
        self.sending.as_mut().reset(Instant::now() + self.limits.send_time);
    }

    /// Whether the client takes less in a period than it must; wakes the writer at its end.
    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        if self.taken.is_none() {
            self.begin_to_wait();
        }
        while self.sending.as_mut().poll(context).is_ready() {
            if self.taken.is_some_and(|taken| taken < self.limits.send_bytes_min) {
                return true;
            }
            self.begin_to_wait();
        }
        false
    }

    /// Gives up a client that is too slow, together with what the system still holds for it.
    fn give_up(&mut self) -> io::Error {
        self.closed = true;
        // Without it the system goes on for minutes; nothing else depends on it.
        let _ = self.stream.set_zero_linger();
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        io::ErrorKind::TimedOut.into()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                self.heard();
                Poll::Ready(read)
            }
            Poll::Pending => match self.silence.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => {
                    self.reader = Some(context.waker().clone());
                    Poll::Pending
                }
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
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        match &written {
            Poll::Ready(Ok(count)) => {
                self.heard();
                self.peer.sent(*count);
                self.taken = self.taken.map(|taken| taken.saturating_add(*count));
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.is_too_slow(context) => {
                return Poll::Ready(Err(self.give_up()));
            }
            Poll::Pending => {}
        }
        written
    }

    /// Whoever writes flushes once all that it had is taken.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.taken = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! Who is at the other end: what one address may have of everything, and what it has.

use super::{config::RpcLimits, websocket::HeadEnds};
use dure_rpc::RpcError;
use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

tokio::task_local! {
    /// Whose request is at work.
    static CLIENT: Client;
}

/// Runs a request's work in the name of a client.
pub(super) fn on_behalf<F: Future>(
    client: Client,
    work: F,
) -> impl Future<Output = F::Output> + use<F> {
    CLIENT.scope(client, work)
}

/// The client whose request this is; none outside of requests.
pub(super) fn current() -> Option<Client> {
    CLIENT.try_with(Client::clone).ok()
}

/// Somebody who asks, on a socket of their own or through that of a proxy.
#[derive(Clone)]
pub(super) struct Client {
    peer: Arc<Peer>,
    net: Net,
}

impl Client {
    /// Whose socket it is, unless the request is said to be another's.
    pub(super) fn of(peer: Arc<Peer>, forwarded: Option<Net>) -> Self {
        let net = forwarded.unwrap_or_else(|| peer.net());
        Self { peer, net }
    }

    /// Counts an answer until it is sent.
    ///
    /// # Errors
    /// [`RpcError::Busy`] when too much waits already: of all clients, or of this one's address,
    /// which gets half at most.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), RpcError> {
        self.peer.hold(self.net, bytes)
    }

    /// Begins to count the bytes of a request.
    pub(super) fn arriving(&self) -> Arriving {
        Arriving { client: self.clone(), bytes: 0 }
    }

    /// Lets a socket become a WebSocket.
    ///
    /// # Errors
    /// [`RpcError::InvalidRequest`] when something was sent after the head of the upgrade.
    pub(super) fn upgrade(&self) -> Result<(), RpcError> {
        if !lock(&self.peer.head_ends).is_exact() {
            return Err(RpcError::InvalidRequest);
        }
        self.peer.is_websocket.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Requests, and errors, up to this length are not counted.
pub(super) const FREE_BYTES_MAX: usize = 1_024;

/// The bytes of one request, counted for whoever sends it until dropped.
pub(super) struct Arriving {
    client: Client,
    bytes: usize,
}

impl Arriving {
    /// Counts more of the request.
    ///
    /// # Errors
    /// [`RpcError::Busy`] when there is too much already: of all clients, or of this one's address,
    /// which gets half at most. Then nothing more is counted.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), RpcError> {
        let counted = |bytes: usize| if bytes > FREE_BYTES_MAX { bytes } else { 0 };
        let grown = self.bytes.saturating_add(bytes);
        let more = counted(grown).saturating_sub(counted(self.bytes));
        self.client.peer.receive(self.client.net, more)?;
        self.bytes = grown;
        Ok(())
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if self.bytes > FREE_BYTES_MAX {
            let bytes = self.bytes;
            let change = |count: &mut Count| count.requests = count.requests.saturating_sub(bytes);
            self.client.peer.sockets.lock().change(self.client.net, change);
        }
    }
}

/// There is no room for more bytes of requests.
pub(super) fn no_room(limit: usize) -> RpcError {
    RpcError::Busy { what: "bytes of requests".to_owned(), limit: limit as u64 }
}

/// What the locks guard is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client as far as addresses tell: an IPv4 address, or the /64 network that one customer of
/// IPv6 has to himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Net(IpAddr);

impl Net {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
            v4 => v4,
        })
    }
}

/// Permits for one kind of work, of which one address gets half at most, so that another one's
/// work never waits for that of the first alone.
pub(super) struct Permits {
    all: Arc<Semaphore>,
    count: usize,
    of_net: Mutex<BTreeMap<Net, Arc<Semaphore>>>,
}

/// One permit; given back when dropped.
pub(super) struct Permit {
    _all: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

impl Permits {
    pub(super) fn new(count: usize) -> Self {
        let all = Arc::new(Semaphore::new(count));
        Self { all, count, of_net: Mutex::default() }
    }

    /// Permits that are taken now.
    pub(super) fn taken(&self) -> usize {
        self.count.saturating_sub(self.all.available_permits())
    }

    /// Waits for a permit, first among the work of the same address.
    pub(super) async fn take(&self) -> Option<Permit> {
        let own = match current() {
            Some(client) => Some(self.own(client.net).acquire_owned().await.ok()?),
            None => None,
        };
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Permit { _all: all, _own: own })
    }

    fn own(&self, net: Net) -> Arc<Semaphore> {
        let mut of_net = lock(&self.of_net);
        // Permits, and those who wait for one, hold a reference; the rest are done.
        of_net.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        // A half, rounded down; of a single permit all, and of none nothing to wait with.
        let new = || Arc::new(Semaphore::new((self.count / 2).max(self.count.min(1))));
        Arc::clone(of_net.entry(net).or_insert_with(new))
    }
}

/// Counts open sockets, bytes of requests that come or are at work, and bytes of answers that wait
/// to be sent, in all and by address.
pub(super) struct Sockets {
    limits: RpcLimits,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: Count,
    of_net: BTreeMap<Net, Count>,
    peers: BTreeMap<usize, Weak<Peer>>,
    next: u32,
}

#[derive(Clone, Copy, Default)]
struct Count {
    sockets: usize,
    requests: usize,
    bytes: usize,
}

impl Sockets {
    pub(super) fn new(limits: RpcLimits) -> Self {
        Self { limits, counts: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    /// Sockets open now.
    pub(super) fn count(&self) -> usize {
        self.lock().all.sockets
    }

    /// Bytes of requests that come now or are at work.
    pub(super) fn requests_bytes(&self) -> usize {
        self.lock().all.requests
    }

    /// Bytes of answers that wait to be sent now.
    pub(super) fn bytes(&self) -> usize {
        self.lock().all.bytes
    }

    /// The client of a connection that is still open.
    pub(super) fn peer(&self, connection: usize) -> Option<Arc<Peer>> {
        self.lock().peers.get(&connection)?.upgrade()
    }

    /// Counts a socket. Those of a proxy are its clients', and only bounded in all.
    pub(super) fn take(
        self: &Arc<Self>,
        address: IpAddr,
        is_proxy: bool,
    ) -> Result<Arc<Peer>, RpcError> {
        let (net, limits) = (Net::of(address), &self.limits);
        let mut counts = self.lock();
        if counts.all.sockets >= limits.connections {
            return Err(RpcError::TooManyConnections { limit: limits.connections as u64 });
        }
        if !is_proxy && counts.of(net).sockets >= limits.connections_of_address {
            return Err(too_many(address, limits));
        }
        counts.change(net, |count| count.sockets += 1);
        // Numbers come back after four thousand million connections; by then the first is closed.
        let number = counts.next;
        counts.next = number.wrapping_add(1);
        let peer = Arc::new(Peer {
            sockets: Arc::clone(self),
            net: Mutex::new(net),
            number,
            held: Mutex::default(),
            head_ends: Mutex::default(),
            is_websocket: AtomicBool::new(false),
        });
        counts.peers.insert(number as usize, Arc::downgrade(&peer));
        Ok(peer)
    }
}

impl Counts {
    fn of(&self, net: Net) -> Count {
        self.of_net.get(&net).copied().unwrap_or_default()
    }

    /// Whether this stays within the limit in all, and within half of it for the address.
    fn fits(&self, net: Net, limit: usize, of: impl Fn(Count) -> usize) -> bool {
        of(self.all) <= limit && of(self.of(net)) <= limit / 2
    }

    /// Changes what is counted of an address, and in all; who has nothing more is forgotten.
    fn change(&mut self, net: Net, change: impl Fn(&mut Count)) {
        change(&mut self.all);
        let own = self.of_net.entry(net).or_default();
        change(own);
        if own.sockets == 0 && own.requests == 0 && own.bytes == 0 {
            self.of_net.remove(&net);
        }
    }
}

fn too_many(address: IpAddr, limits: &RpcLimits) -> RpcError {
    let (address, limit) = (address.to_string(), limits.connections_of_address as u64);
    RpcError::TooManyFromAddress { address, limit }
}

/// One counted socket; counted, with all that waits to be sent on it, until dropped.
pub(super) struct Peer {
    sockets: Arc<Sockets>,
    /// Whose it is: of a proxy's, the client's while it is a WebSocket.
    net: Mutex<Net>,
    number: u32,
    /// Whose answers wait, in the order in which they are sent.
    held: Mutex<VecDeque<(Net, usize)>>,
    head_ends: Mutex<HeadEnds>,
    is_websocket: AtomicBool,
}

impl Peer {
    /// The number of the connection.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    fn net(&self) -> Net {
        *lock(&self.net)
    }

    /// Counts a proxy's socket as this address's from now on: as a client's for a WebSocket, as
    /// the proxy's own for other requests.
    ///
    /// # Errors
    /// [`RpcError::TooManyFromAddress`] for a WebSocket more than the address may have.
    pub(super) fn hand_to(&self, address: IpAddr, is_websocket: bool) -> Result<(), RpcError> {
        let (net, limits) = (Net::of(address), &self.sockets.limits);
        let mut own = lock(&self.net);
        let mut counts = self.sockets.lock();
        let others = counts.of(net).sockets.saturating_sub(usize::from(*own == net));
        if is_websocket && others >= limits.connections_of_address {
            return Err(too_many(address, limits));
        }
        counts.change(*own, |count| count.sockets = count.sockets.saturating_sub(1));
        counts.change(net, |count| count.sockets += 1);
        *own = net;
        Ok(())
    }

    /// Whether what comes from now on are frames.
    pub(super) fn is_websocket(&self) -> bool {
        self.is_websocket.load(Ordering::Relaxed)
    }

    /// Takes note of bytes that came before there were frames.
    pub(super) fn came(&self, bytes: &[u8]) {
        lock(&self.head_ends).read(bytes);
    }

    fn receive(&self, net: Net, bytes: usize) -> Result<(), RpcError> {
        if bytes == 0 {
            return Ok(());
        }
        let limit = self.sockets.limits.requests_bytes;
        let mut counts = self.sockets.lock();
        if !counts.fits(net, limit, |count| count.requests.saturating_add(bytes)) {
            return Err(no_room(limit));
        }
        counts.change(net, |count| count.requests += bytes);
        Ok(())
    }

    fn hold(&self, net: Net, bytes: usize) -> Result<(), RpcError> {
        let limit = self.sockets.limits.answers_bytes;
        let mut counts = self.sockets.lock();
        if !counts.fits(net, limit, |count| count.bytes.saturating_add(bytes)) {
            let what = "bytes of answers that nobody reads".to_owned();
            return Err(RpcError::Busy { what, limit: limit as u64 });
        }
        counts.change(net, |count| count.bytes += bytes);
        let mut held = lock(&self.held);
        match held.back_mut() {
            Some((last, waiting)) if *last == net => *waiting += bytes,
            _ => held.push_back((net, bytes)),
        }
        Ok(())
    }

    /// Takes note of bytes that went into the socket. Frames and heads count too, so that a little
    /// less may be counted than waits.
    pub(super) fn sent(&self, bytes: usize) {
        lock(&self.head_ends).wrote();
        let mut held = lock(&self.held);
        let (mut left, mut gone) = (bytes, Vec::new());
        while let Some((net, waiting)) = held.front_mut().filter(|_| left > 0) {
            let part = left.min(*waiting);
            (left, *waiting) = (left - part, *waiting - part);
            gone.push((*net, part));
            if *waiting == 0 {
                held.pop_front();
            }
        }
        drop(held);
        self.release(&gone);
    }

    fn release(&self, gone: &[(Net, usize)]) {
        if gone.is_empty() {
            return;
        }
        let mut counts = self.sockets.lock();
        for (net, bytes) in gone {
            counts.change(*net, |count| count.bytes = count.bytes.saturating_sub(*bytes));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let held = std::mem::take(self.held.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.release(&held.into_iter().collect::<Vec<_>>());
        let net = self.net();
        let mut counts = self.sockets.lock();
        counts.peers.remove(&(self.number as usize));
        counts.change(net, |count| count.sockets = count.sockets.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn peer(sockets: &Arc<Sockets>, address: &str) -> Arc<Peer> {
        sockets.take(address.parse().unwrap(), false).unwrap()
    }

    fn client(peer: &Arc<Peer>) -> Client {
        Client::of(Arc::clone(peer), None)
    }

    fn take(permits: &Permits, peer: &Arc<Peer>) -> Option<Permit> {
        on_behalf(client(peer), permits.take()).now_or_never().flatten()
    }

    #[test]
    fn one_address_gets_half_of_the_permits() {
        let sockets = Arc::new(Sockets::new(RpcLimits::default()));
        let (one, again) = (peer(&sockets, "::ffff:1.1.1.1"), peer(&sockets, "1.1.1.1"));
        let other = peer(&sockets, "1.1.1.2");
        let permits = Permits::new(4);
        let held = [take(&permits, &one).unwrap(), take(&permits, &again).unwrap()];
        assert!(take(&permits, &one).is_none(), "two of four are the share");
        let others = [take(&permits, &other).unwrap(), take(&permits, &other).unwrap()];
        assert!(take(&permits, &other).is_none());
        drop(others);
        assert!(take(&permits, &one).is_none(), "what another gave back is not for the first");
        drop(held);
        assert!(take(&permits, &one).is_some());
        assert_eq!(permits.of_net.lock().unwrap().len(), 1, "those who are done are forgotten");
    }

    #[test]
    fn another_address_always_gets_a_permit() {
        let limits = RpcLimits::default();
        let sockets = Arc::new(Sockets::new(limits));
        let (one, other) = (peer(&sockets, "1.1.1.1"), peer(&sockets, "1.1.1.2"));
        let kinds = [
            limits.queries,
            limits.rehearsals,
            limits.reads,
            limits.receipt_reads,
            limits.subscription_reads,
        ];
        for count in kinds.into_iter().chain([3]) {
            let permits = Permits::new(count);
            let held: Vec<_> = std::iter::from_fn(|| take(&permits, &one)).collect();
            assert_eq!(held.len(), count / 2);
            assert!(take(&permits, &other).is_some(), "one has {} of {count}", held.len());
        }
    }

    #[test]
    fn addresses_of_one_customer_are_one() {
        let net = |text: &str| Net::of(text.parse().unwrap());
        assert_eq!(net("2001:db8:0:1::1"), net("2001:db8:0:1:ffff::9"));
        assert_ne!(net("2001:db8:0:1::1"), net("2001:db8:0:2::1"));
        assert_eq!(net("::ffff:10.0.0.1"), net("10.0.0.1"));
        assert_ne!(net("10.0.0.1"), net("10.0.0.2"));
    }

    #[test]
    fn answers_are_counted_until_they_are_sent_or_the_socket_is_gone() {
        let limits = RpcLimits { answers_bytes: 100, ..RpcLimits::default() };
        let sockets = Arc::new(Sockets::new(limits));
        let (one, other) = (peer(&sockets, "1.1.1.1"), peer(&sockets, "1.1.1.2"));
        client(&one).hold(50).unwrap();
        assert!(matches!(client(&one).hold(1), Err(RpcError::Busy { limit: 100, .. })));
        client(&other).hold(50).unwrap();
        assert_eq!(sockets.bytes(), 100);
        one.sent(20);
        assert!(client(&other).hold(1).is_err());
        client(&one).hold(20).unwrap();
        one.sent(1_000);
        assert_eq!(sockets.bytes(), 50);
        drop(other);
        assert_eq!((sockets.bytes(), sockets.count()), (0, 1));
        drop(one);
        assert!(sockets.lock().of_net.is_empty() && sockets.lock().peers.is_empty());
    }

    #[test]
    fn what_goes_through_a_proxy_is_counted_for_who_asked() {
        let limits =
            RpcLimits { answers_bytes: 100, connections_of_address: 1, ..RpcLimits::default() };
        let sockets = Arc::new(Sockets::new(limits));
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxy = || sockets.take(address("1.1.1.1"), true).unwrap();
        let (one, other) = (proxy(), proxy());
        let asks = |who: &str| Client::of(Arc::clone(&one), Some(Net::of(address(who))));
        asks("7.7.7.7").hold(50).unwrap();
        assert!(asks("7.7.7.7").hold(1).is_err());
        asks("8.8.8.8").hold(30).unwrap();
        one.sent(60);
        assert_eq!(sockets.lock().of(Net::of(address("8.8.8.8"))).bytes, 20, "the first is sent");
        asks("7.7.7.7").hold(50).unwrap();

        one.hand_to(address("7.7.7.7"), true).unwrap();
        assert!(matches!(
            other.hand_to(address("7.7.7.7"), true),
            Err(RpcError::TooManyFromAddress { limit: 1, .. })
        ));
        one.hand_to(address("1.1.1.1"), false).unwrap();
        other.hand_to(address("7.7.7.7"), true).unwrap();
        assert_eq!(sockets.count(), 2);
        drop((one, other));
        assert!(sockets.lock().of_net.is_empty());
        assert_eq!((sockets.bytes(), sockets.count()), (0, 0));
    }
}

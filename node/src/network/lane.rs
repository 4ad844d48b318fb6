//! One lane: its swarm, its connections, and the streams on them.

use super::{
    IN_BYTES_MAX, Member, NetworkError, PeerAddress, WIRE_VERSION,
    frame::{self, Budget},
    post::{self, Letter, Queue},
    resolve,
    shun::Shunned,
    status::Peers,
};
use crate::{driver::Inbox, machine::Lane};
use dure_types::{Hash, ValidatorId};
use futures::{AsyncWriteExt, StreamExt, io::BufReader};
use libp2p::{
    Multiaddr, Stream, StreamProtocol, Swarm, SwarmBuilder, allow_block_list,
    connection_limits::{self, ConnectionLimits},
    multiaddr::Protocol,
    noise, ping,
    swarm::{
        DialError, NetworkBehaviour, SwarmEvent, dial_opts::DialOpts, dial_opts::PeerCondition,
    },
    tcp, yamux,
};
use libp2p_identity::{Keypair, PeerId};
use libp2p_stream::{Control, OpenStreamError};
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinHandle},
};

/// How long a port may take to be ours.
const BIND: Duration = Duration::from_secs(5);
/// How often connections that are missing are looked at.
const TICK: Duration = Duration::from_millis(100);
/// From one attempt to connect to the next: the first, doubled by each...
const DIAL_FIRST: Duration = Duration::from_millis(200);
/// ... up to this.
const DIAL_LONGEST: Duration = Duration::from_secs(5);
/// A connection on which a ping takes longer is closed.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// From one ping to the next.
const PING_EVERY: Duration = Duration::from_secs(5);
/// After a stream could not be opened.
const OPEN_AGAIN: Duration = Duration::from_millis(200);
/// Connections that have not proved who they are.
const PENDING_MAX: u32 = 64;
/// Connections of one validator: both sides may have begun one at once.
const CONNECTIONS_MAX: u32 = 4;

const fn name(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "urgent",
        Lane::Bulk => "bulk",
    }
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    limits: connection_limits::Behaviour,
    ping: ping::Behaviour,
    streams: libp2p_stream::Behaviour,
}

/// A port that is ours.
pub(super) struct Listener {
    lane: Lane,
    swarm: Swarm<Behaviour>,
    address: SocketAddr,
}

/// What a lane needs of the rest.
pub(super) struct Around {
    pub(super) chain: Hash,
    pub(super) others: BTreeMap<PeerId, Member>,
    pub(super) addresses: BTreeMap<ValidatorId, PeerAddress>,
    pub(super) status: Peers,
    pub(super) shunned: Shunned,
    pub(super) inbox: Inbox,
}

/// The queues of a lane.
type OwnQueues = Vec<((Lane, ValidatorId), Queue)>;

/// A lane that runs; [`Running::stop`] ends it.
pub(super) struct Running(Vec<JoinHandle<()>>);

impl Running {
    pub(super) async fn stop(mut self) {
        for task in std::mem::take(&mut self.0) {
            task.abort();
            // It was told to end: how is no matter.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Listener {
    pub(super) async fn bind(
        lane: Lane,
        key: &Keypair,
        address: SocketAddr,
    ) -> Result<Self, NetworkError> {
        let setup = |error: &dyn std::fmt::Display| NetworkError::Setup(error.to_string());
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(PENDING_MAX))
            .with_max_established_per_peer(Some(CONNECTIONS_MAX));
        let behaviour = Behaviour {
            allowed: allow_block_list::Behaviour::default(),
            limits: connection_limits::Behaviour::new(limits),
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_TIMEOUT),
            ),
            streams: libp2p_stream::Behaviour::new(),
        };
        let tcp = tcp::Config::default().nodelay(true);
        let mut swarm = SwarmBuilder::with_existing_identity(key.clone())
            .with_tokio()
            .with_tcp(tcp, noise::Config::new, yamux::Config::default)
            .map_err(|error| setup(&error))?
            .with_behaviour(|_| behaviour)
            .map_err(|error| setup(&error))?
            // Pings keep watch; a connection without a stream is about to get one.
            .with_swarm_config(|config| {
                config.with_idle_connection_timeout(Duration::from_secs(60))
            })
            .build();
        let refused = |reason: String| NetworkError::Listen { address, reason };
        // Of an address in use libp2p does not say why it cannot have it.
        let free = std::net::TcpListener::bind(address);
        drop(free.map_err(|error| refused(error.to_string()))?);
        swarm.listen_on(multiaddr(address)).map_err(|error| refused(error.to_string()))?;
        let bound = async {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::NewListenAddr { address, .. } => return Ok(socket(&address)),
                    SwarmEvent::ListenerError { error, .. } => return Err(error.to_string()),
                    SwarmEvent::ListenerClosed { reason, .. } => {
                        return Err(reason
                            .err()
                            .map_or_else(String::new, |error| error.to_string()));
                    }
                    _ => {}
                }
            }
        };
        let found = match tokio::time::timeout(BIND, bound).await {
            Ok(found) => found.map_err(refused)?,
            Err(_) => return Err(refused("the system does not answer".to_owned())),
        };
        let address = SocketAddr::new(address.ip(), found.map_or(address.port(), |at| at.port()));
        Ok(Self { lane, swarm, address })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts what connects, reads and writes.
    pub(super) fn run(mut self, around: Around) -> Result<(Running, OwnQueues), NetworkError> {
        let lane = self.lane;
        // A peer of another chain, or of another version, opens no stream here.
        let text = format!("/dure/{}/{}/{WIRE_VERSION}", around.chain, name(lane));
        let protocol = StreamProtocol::try_from_owned(text)
            .map_err(|error| NetworkError::Setup(error.to_string()))?;
        let mut control = self.swarm.behaviour().streams.new_control();
        let mut incoming = control
            .accept(protocol.clone())
            .map_err(|error| NetworkError::Setup(error.to_string()))?;
        let (mut tasks, mut queues, mut connected) = (Vec::new(), Vec::new(), HashMap::new());
        for (peer, member) in &around.others {
            self.swarm.behaviour_mut().allowed.allow_peer(*peer);
            let (queue, letters) = Queue::new();
            let (stands, seen) = watch::channel(false);
            connected.insert(*peer, stands);
            queues.push(((lane, member.id), queue));
            let writer =
                Writer { peer: *peer, name: Arc::clone(&member.name), protocol: protocol.clone() };
            tasks.push(tokio::spawn(writer.run(control.clone(), letters, seen)));
        }
        let around = Arc::new(around);
        let shared = Arc::clone(&around);
        tasks.push(tokio::spawn(async move {
            let mut readers: HashMap<PeerId, AbortHandle> = HashMap::new();
            let mut budgets: HashMap<PeerId, Budget> = HashMap::new();
            while let Some((peer, stream)) = incoming.next().await {
                // Only validators are let in.
                let Some(member) = shared.others.get(&peer).cloned() else { continue };
                let budget = budgets.entry(peer).or_insert_with(|| Budget::new(IN_BYTES_MAX));
                let reading = read(stream, member, budget.clone(), Arc::clone(&shared));
                let reader = tokio::spawn(reading).abort_handle();
                // One stream of each: a new one means that the last is given up.
                if let Some(last) = readers.insert(peer, reader) {
                    last.abort();
                }
            }
        }));
        tasks.push(tokio::spawn(drive(self.swarm, lane, around, connected)));
        Ok((Running(tasks), queues))
    }
}

/// Keeps a connection with everybody.
struct Keeper {
    swarm: Swarm<Behaviour>,
    lane: Lane,
    around: Arc<Around>,
    connected: HashMap<PeerId, watch::Sender<bool>>,
    attempts: HashMap<PeerId, Attempt>,
}

/// Addresses of a validator, as the system resolved them.
type Resolved = (PeerId, Vec<SocketAddr>);

async fn drive(
    swarm: Swarm<Behaviour>,
    lane: Lane,
    around: Arc<Around>,
    connected: HashMap<PeerId, watch::Sender<bool>>,
) {
    let (found, mut resolved) = mpsc::channel::<Resolved>(64);
    let attempts = around.others.keys().map(|peer| (*peer, Attempt::default())).collect();
    let mut keeper = Keeper { swarm, lane, around, connected, attempts };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => keeper.look_around(&found),
            Some(resolved) = resolved.recv() => keeper.dial(resolved),
            event = keeper.swarm.select_next_some() => keeper.happened(event),
        }
    }
}

impl Keeper {
    /// Lets in who may be, and has the addresses of those who are missing resolved.
    fn look_around(&mut self, found: &mpsc::Sender<Resolved>) {
        let now = Instant::now();
        for (peer, member) in &self.around.others {
            let out = self.around.shunned.is_out(member.id, now);
            enforce(&mut self.swarm, *peer, out);
            let stands = self.connected.get(peer).is_some_and(|stands| *stands.borrow());
            let (Some(attempt), Some(address)) =
                (self.attempts.get_mut(peer), self.around.addresses.get(&member.id))
            else {
                continue;
            };
            if stands || out || !attempt.due(now) {
                continue;
            }
            let (found, peer, address, lane) = (found.clone(), *peer, address.clone(), self.lane);
            tokio::spawn(async move {
                let _ = found.send((peer, resolve(&address, lane).await)).await;
            });
        }
    }

    fn dial(&mut self, (peer, addresses): Resolved) {
        let addresses = addresses.into_iter().map(multiaddr).collect::<Vec<_>>();
        let dial = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(addresses)
            .build();
        // Why it does not work is told by the event.
        let _ = self.swarm.dial(dial);
    }

    fn happened(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => self.stands(peer_id, None),
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
                let cause = cause.map_or_else(String::new, |cause| cause.to_string());
                self.stands(peer_id, Some(cause));
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                if let Some(member) = self.around.others.get(&peer) {
                    said(&error, member, self.attempts.get_mut(&peer));
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event {
                connection,
                result: Err(error),
                peer,
            })) if !matches!(error, ping::Failure::Unsupported) => {
                tracing::debug!(%peer, %error, "no answer to a ping");
                self.swarm.close_connection(connection);
            }
            _ => {}
        }
    }

    /// Notes that a validator is connected, or why it is not any more.
    fn stands(&mut self, peer: PeerId, ended: Option<String>) {
        let (Some(stands), Some(member)) =
            (self.connected.get(&peer), self.around.others.get(&peer))
        else {
            return;
        };
        let (before, lane) = (stands.send_replace(ended.is_none()), name(self.lane));
        self.around.status.connection(member.id, self.lane, ended.is_none());
        match ended {
            Some(cause) => tracing::info!(validator = %member.name, lane, cause, "disconnected"),
            None => {
                self.attempts.insert(peer, Attempt::default());
                if !before {
                    tracing::info!(validator = %member.name, lane, "connected");
                }
            }
        }
    }
}

/// Lets a validator in, or shuts it out.
fn enforce(swarm: &mut Swarm<Behaviour>, peer: PeerId, out: bool) {
    let allowed = &mut swarm.behaviour_mut().allowed;
    if out {
        allowed.disallow_peer(peer);
    } else {
        allowed.allow_peer(peer);
    }
}

/// When to try again.
#[derive(Default)]
struct Attempt {
    next: Option<Instant>,
    wait: Duration,
    /// Whether it was told what keeps us from connecting.
    told: bool,
}

impl Attempt {
    fn due(&mut self, now: Instant) -> bool {
        if self.next.is_some_and(|next| next > now) {
            return false;
        }
        self.wait = (self.wait * 2).clamp(DIAL_FIRST, DIAL_LONGEST);
        self.next = Some(now + self.wait);
        true
    }
}

/// Tells once why a validator cannot be reached: that nobody listens there is nothing new.
fn said(error: &DialError, member: &Member, attempt: Option<&mut Attempt>) {
    let Some(attempt) = attempt.filter(|attempt| !attempt.told) else { return };
    match error {
        DialError::WrongPeerId { obtained, .. } => {
            attempt.told = true;
            tracing::warn!(
                validator = %member.name, %obtained,
                "another node answers at the address of this validator: see --peer and its network key"
            );
        }
        DialError::DialPeerConditionFalse(_) => {}
        error => tracing::debug!(validator = %member.name, %error, "a validator cannot be reached"),
    }
}

/// Writes what waits for one validator.
struct Writer {
    peer: PeerId,
    name: Arc<str>,
    protocol: StreamProtocol,
}

impl Writer {
    async fn run(
        self,
        mut control: Control,
        mut letters: mpsc::UnboundedReceiver<Letter>,
        mut connected: watch::Receiver<bool>,
    ) {
        let mut told = false;
        loop {
            // Closed only when the lane ends.
            if connected.wait_for(|connected| *connected).await.is_err() {
                return;
            }
            match control.open_stream(self.peer, self.protocol.clone()).await {
                Ok(stream) => {
                    told = false;
                    // What waited while there was no stream is old: agreement has moved on, and
                    // sends again what matters.
                    while letters.try_recv().is_ok() {}
                    if self.write(stream, &mut letters).await.is_none() {
                        return;
                    }
                }
                Err(OpenStreamError::UnsupportedProtocol(_)) if !told => {
                    told = true;
                    tracing::warn!(
                        validator = %self.name, protocol = %self.protocol,
                        "a validator is of another chain, or its release speaks another version"
                    );
                }
                Err(_) => {}
            }
            tokio::time::sleep(OPEN_AGAIN).await;
        }
    }

    /// Writes until the stream breaks; none when nothing more will come.
    async fn write(
        &self,
        mut stream: Stream,
        letters: &mut mpsc::UnboundedReceiver<Letter>,
    ) -> Option<()> {
        loop {
            let letter = match letters.try_recv() {
                Ok(letter) => letter,
                Err(_) => {
                    if stream.flush().await.is_err() {
                        return Some(());
                    }
                    letters.recv().await?
                }
            };
            if frame::write(&mut stream, &letter.bytes).await.is_err() {
                return Some(());
            }
        }
    }
}

/// Reads what one validator sends, until its stream ends or it sends what is no message.
async fn read(stream: Stream, from: Member, budget: Budget, around: Arc<Around>) {
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    loop {
        match frame::read(&mut stream, &budget).await {
            Ok((bytes, held)) => {
                around.status.change(from.id, |status| status.received += 1);
                if !around.inbox.deliver(from.id, bytes, held) {
                    return;
                }
            }
            Err(error) => {
                if error.is_misbehaviour() {
                    tracing::warn!(validator = %from.name, %error, "a validator sent what is no message");
                    post::shut_out(from.id, &around.status, &around.shunned);
                }
                return;
            }
        }
    }
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

/// The other way round, of what we listen on.
fn socket(address: &Multiaddr) -> Option<SocketAddr> {
    let (mut ip, mut port) = (None, None);
    for part in address {
        match part {
            Protocol::Ip4(at) => ip = Some(at.into()),
            Protocol::Ip6(at) => ip = Some(at.into()),
            Protocol::Tcp(at) => port = Some(at),
            _ => {}
        }
    }
    Some(SocketAddr::new(ip?, port?))
}

//! The other validators over libp2p: who they are, and how what is said reaches them.
//!
//! ```text
//! driver ─ Outgoing ─► post ─► a queue for each validator and lane ─► writer ─┐
//!                                                                 swarm of a lane ◄─► TCP, Noise, yamux
//! driver ◄─ Inbox ─────────────────────────── reader of a stream ◄────────────┘
//! ```
//! Each lane has a port, a swarm and connections of its own, so that batches on their way delay no
//! vote. Only validators are let in: a connection is whose network key it proves (Noise), and genesis
//! binds that key to a validator. A stream goes one way; who opens it sends frames: four bytes of
//! length, little endian, and a [`Wire`](crate::machine::Wire). Its protocol names chain and version.
//!
//! **Invariant:** all that one validator makes us hold is bounded: in [`IN_BYTES_MAX`] of what it sent
//! and the node has not taken, in [`OUT_BYTES_MAX`] of what it does not take. What does not fit is
//! not sent: agreement sends again what matters, and batches are asked for.

mod frame;
mod lane;
mod post;
mod shun;
mod status;

pub use status::{PeerStatus, Peers as PeerStatuses};

use crate::{
    driver::{Inbox, Outgoing},
    machine::Lane,
    rpc::PeersView,
};
use dure_types::{Hash, ValidatorId, ValidatorSet};
use libp2p_identity::{Keypair, PeerId, ed25519};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, mpsc},
};

/// Version of frames and of what is in them.
pub const WIRE_VERSION: u32 = 1;
/// Bytes that came from one validator on one lane and that the node has not taken yet.
pub const IN_BYTES_MAX: usize = 16 << 20;
/// Bytes that wait for one validator on one lane.
pub const OUT_BYTES_MAX: usize = 16 << 20;

const _: () = {
    // A message of the greatest length can always come and go.
    assert!(IN_BYTES_MAX >= crate::machine::WIRE_BYTES_MAX);
    assert!(OUT_BYTES_MAX >= crate::machine::WIRE_BYTES_MAX);
    // And so can the batches of a whole block, asked for at once.
    assert!(OUT_BYTES_MAX >= 2 * dure_types::limits::BLOCK_BYTES_MAX);
};

/// How a validator takes part.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// Proves who we are; genesis binds its public half to our consensus key.
    pub key: ed25519_dalek::SigningKey,
    /// Where to listen for what is urgent; port 0 takes free ones.
    pub listen: SocketAddr,
    /// Where to listen for the rest: the next port unless told.
    pub bulk: Option<SocketAddr>,
    /// Where the others listen.
    pub peers: BTreeMap<ValidatorId, PeerAddress>,
}

/// Where a validator listens: a name or address with a port, for each lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// For [`Lane::Urgent`].
    pub urgent: (String, u16),
    /// For [`Lane::Bulk`].
    pub bulk: (String, u16),
}

/// Why the network cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The network key is not the one that genesis has of this validator.
    #[error("the network key gives peer {found}; genesis binds this validator to {expected}")]
    OtherKey {
        /// What the key gives.
        found: String,
        /// What genesis says.
        expected: String,
    },
    /// A validator's record has no key that is one.
    #[error("the network key of validator {name} in genesis is no ed25519 key")]
    RecordKey {
        /// The validator's name.
        name: String,
    },
    /// We are not in the set.
    #[error("genesis names no validator with this consensus key")]
    NotAValidator,
    /// Nobody listens where we were told to.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// libp2p could not be set up.
    #[error("network: {0}")]
    Setup(String),
}

/// Who is who: validators by the names that connections prove.
#[derive(Debug)]
struct Members(BTreeMap<PeerId, Member>);

/// One of the validators.
#[derive(Clone, Debug)]
struct Member {
    id: ValidatorId,
    /// As genesis has it, for logs.
    name: Arc<str>,
}

impl Members {
    fn of(set: &ValidatorSet) -> Result<Self, NetworkError> {
        let peer = |record: &dure_types::ValidatorRecord| {
            let key = ed25519::PublicKey::try_from_bytes(&record.network_key)
                .map_err(|_| NetworkError::RecordKey { name: record.name.clone() })?;
            let key = libp2p_identity::PublicKey::from(key);
            let member = Member { id: record.id, name: record.name.as_str().into() };
            Ok((key.to_peer_id(), member))
        };
        Ok(Self(set.0.iter().map(peer).collect::<Result<_, NetworkError>>()?))
    }
}

/// The running network. Dropping it closes every connection.
pub struct Network {
    lanes: Vec<lane::Running>,
    status: PeerStatuses,
}

impl Network {
    /// Listens on both ports, so that an address in use is known before anything else is begun.
    ///
    /// # Errors
    /// [`NetworkError`] says what the operator should look at.
    pub async fn listen(
        config: NetworkConfig,
        me: ValidatorId,
        (chain, set): (Hash, &ValidatorSet),
    ) -> Result<Listening, NetworkError> {
        let mut seed = config.key.to_bytes();
        let key = Keypair::ed25519_from_bytes(&mut seed)
            .map_err(|error| NetworkError::Setup(error.to_string()))?;
        let members = Members::of(set)?;
        let expected = members.0.iter().find(|(_, member)| member.id == me);
        let Some((expected, _)) = expected else { return Err(NetworkError::NotAValidator) };
        let found = key.public().to_peer_id();
        if found != *expected {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(NetworkError::OtherKey { found, expected });
        }
        let urgent = lane::Listener::bind(Lane::Urgent, &key, config.listen).await?;
        let next = |address: SocketAddr| match config.listen.port() {
            0 => SocketAddr::new(address.ip(), 0),
            port => SocketAddr::new(address.ip(), port.saturating_add(1)),
        };
        let bulk = config.bulk.unwrap_or_else(|| next(config.listen));
        let bulk = lane::Listener::bind(Lane::Bulk, &key, bulk).await?;
        Ok(Listening { lanes: [urgent, bulk], members, me, chain, peers: config.peers })
    }

    /// How it stands with each of the others.
    #[must_use]
    pub const fn status(&self) -> &PeerStatuses {
        &self.status
    }

    /// The same for `node_health`.
    #[must_use]
    pub fn view(&self) -> PeersView {
        let status = self.status.clone();
        PeersView(Arc::new(move || status.health()))
    }

    /// Closes the connections. What the driver still sends is dropped.
    pub async fn stop(self) {
        for lane in self.lanes {
            lane.stop().await;
        }
    }
}

/// Ports that are ours, where nothing is said yet.
pub struct Listening {
    lanes: [lane::Listener; 2],
    members: Members,
    me: ValidatorId,
    chain: Hash,
    peers: BTreeMap<ValidatorId, PeerAddress>,
}

impl Listening {
    /// Where the others find us: of each lane.
    #[must_use]
    pub fn addresses(&self) -> [SocketAddr; 2] {
        [self.lanes[0].address(), self.lanes[1].address()]
    }

    /// Begins to carry what the node says and to hand it what it is told.
    ///
    /// # Errors
    /// [`NetworkError::Setup`].
    pub fn carry(
        self,
        outgoing: mpsc::Receiver<Outgoing>,
        inbox: &Inbox,
    ) -> Result<Network, NetworkError> {
        let Self { lanes, members, me, chain, peers } = self;
        let others: BTreeMap<PeerId, Member> = (members.0.iter())
            .filter(|(_, member)| member.id != me)
            .map(|(peer, member)| (*peer, member.clone()))
            .collect();
        let status = PeerStatuses::new(others.values().map(|member| (member.id, &*member.name)));
        let shunned = shun::Shunned::default();
        let mut queues = post::Queues::default();
        let mut running = Vec::with_capacity(lanes.len());
        for listener in lanes {
            let around = lane::Around {
                chain,
                others: others.clone(),
                addresses: peers.clone(),
                status: status.clone(),
                shunned: shunned.clone(),
                inbox: inbox.clone(),
            };
            let (lane, own) = listener.run(around)?;
            queues.add(own);
            running.push(lane);
        }
        post::start(outgoing, queues, status.clone(), shunned)
            .map_err(|error| NetworkError::Setup(error.to_string()))?;
        Ok(Network { lanes: running, status })
    }
}

/// The address of a host on a lane, as the system resolves it now.
pub(crate) async fn resolve(address: &PeerAddress, lane: Lane) -> Vec<SocketAddr> {
    let (host, port) = match lane {
        Lane::Urgent => &address.urgent,
        Lane::Bulk => &address.bulk,
    };
    match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, *port)],
        Err(_) => match tokio::net::lookup_host((host.as_str(), *port)).await {
            Ok(found) => found.collect(),
            Err(_) => Vec::new(),
        },
    }
}

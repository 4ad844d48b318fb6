//! Nodes over libp2p on this machine: real sockets, real handshakes.

mod town;

use codec::Encode;
use dure_node::{
    config::NodeConfig,
    driver::Node,
    network::{Network, NetworkConfig, NetworkError, PeerAddress, WIRE_VERSION},
    store::MemoryStore,
};
use dure_types::{Genesis, Hash, Height, ValidatorId};
use futures::{AsyncWriteExt, StreamExt};
use libp2p::{Multiaddr, StreamProtocol, Swarm, noise, swarm::dial_opts::DialOpts, tcp, yamux};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, mpsc},
    time::Duration,
};
use town::{has, id, key, transaction, until};

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn config(n: u8, listen: [SocketAddr; 2]) -> NetworkConfig {
    // Where the others listen is said when a node starts.
    NetworkConfig {
        key: key(20 + n),
        listen: listen[0],
        bulk: Some(listen[1]),
        peers: BTreeMap::new(),
    }
}

/// One validator: its disk outlives it.
struct Member {
    n: u8,
    store: Arc<MemoryStore>,
    addresses: [SocketAddr; 2],
    running: Option<(Node, Network)>,
}

impl Member {
    fn node(&self) -> &Node {
        &self.running.as_ref().expect("it runs").0
    }

    fn network(&self) -> &Network {
        &self.running.as_ref().expect("it runs").1
    }

    /// Starts on the addresses that it had, knowing those of the others.
    async fn start(&mut self, genesis: &Genesis, peers: &BTreeMap<ValidatorId, PeerAddress>) {
        let set = (genesis.chain_id(), &genesis.validators);
        let own = NetworkConfig { peers: peers.clone(), ..config(self.n, self.addresses) };
        let listening = Network::listen(own, id(&key(self.n)), set).await.unwrap();
        let (outgoing, carried) = mpsc::channel();
        let node = NodeConfig::new(genesis.clone(), key(self.n));
        let (node, inbox) = Node::start_among(node, self.store.clone(), outgoing).await.unwrap();
        self.running = Some((node, listening.carry(carried, &inbox).unwrap()));
    }

    /// Ends as a process does: its connections break.
    async fn stop(&mut self) {
        let (node, network) = self.running.take().expect("it runs");
        network.stop().await;
        node.stop().await;
    }
}

struct Town {
    genesis: Genesis,
    members: Vec<Member>,
    peers: BTreeMap<ValidatorId, PeerAddress>,
}

impl Town {
    /// Four validators, each on two free ports, none of which runs.
    async fn new() -> Self {
        let genesis = town::genesis();
        let (mut members, mut peers) = (Vec::new(), BTreeMap::new());
        for n in 1..=4 {
            let set = (genesis.chain_id(), &genesis.validators);
            let own = config(n, [anywhere(), anywhere()]);
            // The ports are given back, and taken again when it starts.
            let addresses = Network::listen(own, id(&key(n)), set).await.unwrap().addresses();
            let [urgent, bulk] = addresses.map(|address| ("localhost".to_owned(), address.port()));
            let address = PeerAddress { urgent, bulk };
            peers.insert(id(&key(n)), address);
            let store = Arc::new(MemoryStore::new());
            members.push(Member { n, store, addresses, running: None });
        }
        Self { genesis, members, peers }
    }

    async fn start(&mut self, index: usize) {
        self.members[index].start(&self.genesis, &self.peers).await;
    }

    /// Has a transaction taken in by one, and waits until it is final there.
    async fn pay(&self, index: usize, nonce: u64) -> Hash {
        let (id, bytes) = transaction(&self.genesis, nonce);
        self.members[index].node().handle().submit(bytes).await.unwrap();
        until("final where it was taken in", || has(self.members[index].node(), id)).await;
        id
    }

    async fn everywhere(&self, ids: &[Hash]) {
        for member in self.members.iter().filter(|member| member.running.is_some()) {
            until("final at every node", || ids.iter().all(|id| has(member.node(), *id))).await;
        }
    }

    async fn stop(mut self) {
        for member in self.members.iter_mut().filter(|member| member.running.is_some()) {
            assert_eq!(member.node().handle().stopped(), None);
            member.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_agree_over_sockets_and_one_that_was_away_comes_back() {
    let mut town = Town::new().await;
    for index in 0..4 {
        town.start(index).await;
    }
    let mut ids = Vec::new();
    for nonce in 1..=8u64 {
        ids.push(town.pay(nonce as usize % 4, nonce).await);
    }
    town.everywhere(&ids).await;
    for member in &town.members {
        let status = member.network().status();
        until("connected with all", || status.connected() == 3).await;
        let all = status.all();
        assert!(all.values().all(|peer| peer.bulk && peer.received > 0), "{all:?}");
        assert!(all.values().all(|peer| peer.dropped == 0 && peer.shunned == 0), "{all:?}");
    }
    town.members[3].stop().await;
    for nonce in 9..=16u64 {
        ids.push(town.pay(nonce as usize % 3, nonce).await);
    }
    let tip = town.members[0].node().handle().view().unwrap().height();
    town.start(3).await;
    let late = town.members[3].node();
    until("it caught up", || late.handle().view().unwrap().height() >= tip).await;
    town.everywhere(&ids).await;
    // And it takes part again.
    ids.push(town.pay(3, 17).await);
    town.everywhere(&ids).await;
    let block = |member: &Member, height| {
        member.node().handle().view().unwrap().block_id(Height(height)).unwrap()
    };
    for height in 1..=tip.0 {
        assert_eq!(block(&town.members[3], height), block(&town.members[0], height));
    }
    town.stop().await;
}

/// Somebody who speaks libp2p with the network key `n`, and connects to a validator's lane.
struct Raw {
    swarm: Swarm<libp2p_stream::Behaviour>,
    peer: libp2p_identity::PeerId,
}

impl Raw {
    fn new(n: u8, of: u8) -> Self {
        let peer_id = |n: u8| {
            let keypair =
                libp2p_identity::Keypair::ed25519_from_bytes(&mut key(n).to_bytes()).unwrap();
            (keypair.public().to_peer_id(), keypair)
        };
        let swarm = libp2p::SwarmBuilder::with_existing_identity(peer_id(n).1)
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| libp2p_stream::Behaviour::new())
            .unwrap()
            .with_swarm_config(|config| {
                config.with_idle_connection_timeout(Duration::from_secs(60))
            })
            .build();
        Self { swarm, peer: peer_id(of).0 }
    }

    /// Opens a stream of a lane of a chain, and writes; says whether all was taken.
    async fn say(mut self, to: SocketAddr, chain: Hash, lane: &str, bytes: Vec<u8>) -> bool {
        let address: Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", to.port()).parse().unwrap();
        let mut control = self.swarm.behaviour().new_control();
        self.swarm.dial(DialOpts::peer_id(self.peer).addresses(vec![address]).build()).unwrap();
        let name = format!("/dure/{chain}/{lane}/{WIRE_VERSION}");
        let protocol = StreamProtocol::try_from_owned(name).unwrap();
        let peer = self.peer;
        let driving = tokio::spawn(async move { while self.swarm.next().await.is_some() {} });
        let said = async {
            let mut stream = control.open_stream(peer, protocol).await.ok()?;
            stream.write_all(&bytes).await.ok()?;
            stream.flush().await.ok()?;
            // Who is shut out learns it by the end of the stream.
            tokio::time::sleep(Duration::from_millis(300)).await;
            for _ in 0..20 {
                stream.write_all(&bytes).await.ok()?;
                stream.flush().await.ok()?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Some(())
        };
        let said = tokio::time::timeout(Duration::from_secs(20), said).await;
        driving.abort();
        matches!(said, Ok(Some(())))
    }
}

/// Messages as they stand in a stream.
fn frames(messages: &[Vec<u8>]) -> Vec<u8> {
    let frame =
        |message: &Vec<u8>| [&(message.len() as u32).to_le_bytes(), message.as_slice()].concat();
    messages.iter().flat_map(frame).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_let_in_and_nonsense_shuts_a_validator_out() {
    let mut town = Town::new().await;
    for index in 0..3 {
        town.start(index).await;
    }
    let chain = town.genesis.chain_id();
    let (urgent, bulk) = (town.members[0].addresses[0], town.members[0].addresses[1]);
    let pull = dure_node::machine::Wire::Consensus(dure_consensus::Message::Pull(Height(1)));
    let good = frames(&[pull.encode()]);
    let shunned = |town: &Town| town.members[0].network().status().all()[&id(&key(4))].shunned;

    // A key that genesis does not name, and one that it names for another chain.
    assert!(!Raw::new(99, 21).say(urgent, chain, "urgent", good.clone()).await, "a stranger");
    assert!(!Raw::new(24, 21).say(urgent, Hash([9; 32]), "urgent", good.clone()).await, "foreign");
    // The fourth validator's may speak...
    assert!(Raw::new(24, 21).say(urgent, chain, "urgent", good.clone()).await, "one of us");
    assert_eq!(shunned(&town), 0);
    // ... but not what is no message: by its length, at once; by its content, once it was decoded.
    let long = u32::MAX.to_le_bytes().to_vec();
    assert!(!Raw::new(24, 21).say(bulk, chain, "bulk", [long, vec![1; 64]].concat()).await);
    assert_eq!(shunned(&town), 1);
    assert!(!Raw::new(24, 21).say(urgent, chain, "urgent", good.clone()).await, "shut out of both");
    // What it says to another is nonsense by its content.
    let second = town.members[1].addresses[0];
    let _ = Raw::new(24, 22).say(second, chain, "urgent", frames(&[vec![2, 0xff, 0xff]])).await;
    let of_second = || town.members[1].network().status().all()[&id(&key(4))].shunned;
    until("the second noticed", || of_second() == 1).await;

    // None of it kept the others from anything.
    let id = town.pay(0, 1).await;
    town.everywhere(&[id]).await;
    town.stop().await;
}

#[tokio::test]
async fn what_an_operator_mixed_up_is_said_before_anything_begins() {
    let genesis = town::genesis();
    let set = || (genesis.chain_id(), &genesis.validators);
    let other = config(2, [anywhere(), anywhere()]);
    let refused = Network::listen(other, id(&key(1)), set()).await.err().unwrap();
    assert!(matches!(refused, NetworkError::OtherKey { .. }), "{refused}");
    let nobody = config(1, [anywhere(), anywhere()]);
    let refused = Network::listen(nobody, id(&key(9)), set()).await.err().unwrap();
    assert!(matches!(refused, NetworkError::NotAValidator), "{refused}");
    let taken = std::net::TcpListener::bind(anywhere()).unwrap();
    let address = taken.local_addr().unwrap();
    let busy = config(1, [address, anywhere()]);
    let refused = Network::listen(busy, id(&key(1)), set()).await.err().unwrap();
    assert!(refused.to_string().contains(&address.to_string()), "{refused}");
    assert!(refused.to_string().contains("in use"), "{refused}");
}

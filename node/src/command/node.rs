//! `dure start`, and running a node until it is told to stop.

use super::{dev_key::is_dev, exit::Failure, key, key::peer_id, output::Output};
#[cfg(feature = "network")]
use crate::network::PeerAddress;
use crate::{
    config::NodeConfig,
    config_file::{self, ConfigFile, NetworkSection},
    driver::Node,
    genesis_file,
    rpc::{Origins, RpcConfig, RpcLimits, RpcServer},
};
use clap::Args;
use dure_client::Key;
#[cfg(feature = "network")]
use dure_types::ValidatorSet;
use dure_types::{Genesis, ValidatorId, ValidatorRecord};
use serde_json::json;
#[cfg(feature = "network")]
use std::collections::BTreeMap;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// Where JSON-RPC is served unless told.
const RPC_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9944);
/// Where other validators find this one unless told.
#[cfg(feature = "network")]
const P2P_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 9955);
/// How long a node that had to stop still tells why over RPC, before its process ends.
const FAREWELL: Duration = Duration::from_secs(3);

/// Which chain, where it is kept, who the node is and whom it reaches.
#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// A file with all of this; what stands on the command line overrules it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The chain's genesis file.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// The hash of the genesis, as its makers agreed: a file with another is refused.
    #[arg(long, value_name = "HASH")]
    chain: Option<String>,
    /// Folder of the databases.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The validator's consensus key: name or file.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The node's network key: name or file; it gives the node its peer id.
    #[arg(long, value_name = "KEY")]
    network_key: Option<String>,
    /// File whose first line opens keys that are encrypted.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Port of JSON-RPC; 0 takes a free one. 9944 unless told.
    #[arg(long, value_name = "N")]
    rpc_port: Option<u16>,
    /// Address on which JSON-RPC is served; this machine's own unless told.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,
    /// Web pages that may use the node (`https://cafe.example`), each; none unless told.
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    origin: Vec<String>,
    /// Reverse proxy, by address, that is believed when `X-Forwarded-For` or `Forwarded` says for
    /// whom it asks; each. Limits by address are the client's then, not the proxy's.
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<IpAddr>,
    /// Where the other validators reach this one: the port for what is urgent, and the next for
    /// batches. 0.0.0.0:9955 unless told.
    #[arg(long, value_name = "ADDRESS:PORT")]
    p2p_listen: Option<SocketAddr>,
    /// Where another validator listens, by its name in genesis; each.
    #[arg(long, value_name = "NAME=HOST:PORT")]
    peer: Vec<String>,
}

/// Where JSON-RPC is served.
#[derive(Clone, Debug, Args)]
pub(super) struct ServeArgs {
    /// Port of JSON-RPC; 0 takes a free one.
    #[arg(long, default_value_t = 9944, value_name = "N")]
    pub(super) rpc_port: u16,
    /// Address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    pub(super) listen: IpAddr,
}

/// An origin as a browser sends it: one that is none would never match, without a word.
fn origin(text: &str) -> Result<String, String> {
    let rest = text.split_once("://").filter(|(scheme, _)| !scheme.is_empty());
    let host = rest.map_or("", |(_, host)| host);
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    if !plain || host.is_empty() || host.contains('/') {
        return Err("expected a scheme and a host, as in https://cafe.example".to_owned());
    }
    Ok(text.to_owned())
}

/// What the file says, and the command line over it.
fn settings(args: StartArgs) -> Result<ConfigFile, Failure> {
    let mut file = match &args.config {
        Some(path) => config_file::read(path).map_err(|error| Failure::Start(error.to_string()))?,
        None => ConfigFile::default(),
    };
    file.genesis = args.genesis.or(file.genesis);
    file.chain = args.chain.or(file.chain);
    file.data_dir = args.data_dir.or(file.data_dir);
    file.key = args.key.or(file.key);
    file.network_key = args.network_key.or(file.network_key);
    file.passphrase_file = args.passphrase_file.or(file.passphrase_file);
    let listen = file.rpc.listen.unwrap_or(RPC_LISTEN);
    let (ip, port) = (args.listen.unwrap_or(listen.ip()), args.rpc_port.unwrap_or(listen.port()));
    file.rpc.listen = Some(SocketAddr::new(ip, port));
    for text in &file.rpc.origins {
        origin(text).map_err(|error| Failure::Usage(format!("origin {text:?}: {error}")))?;
    }
    file.rpc.origins.extend(args.origin);
    file.rpc.trusted_proxies.extend(args.trusted_proxy);
    file.network.listen = args.p2p_listen.or(file.network.listen);
    for peer in args.peer {
        let Some((name, address)) = peer.split_once('=') else {
            let text = format!("--peer {peer}: expected NAME=HOST:PORT");
            return Err(Failure::Usage(text));
        };
        file.network.peers.insert(name.to_owned(), address.to_owned());
    }
    Ok(file)
}

/// What to do with a configuration.
#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Check it without starting anything: the file, the genesis, the keys, the others' addresses.
    Check(Box<StartArgs>),
}

pub(super) fn config(command: ConfigCommand, output: &mut Output) -> Result<(), Failure> {
    let ConfigCommand::Check(args) = command;
    let file = settings(*args)?;
    let Identity { genesis, consensus, network, .. } = identity(&file)?;
    let own = own_record(&genesis, &consensus, network.as_ref())?;
    #[cfg(feature = "network")]
    if genesis.validators.0.len() > 1 {
        need(network.as_ref(), "network_key")?;
        peers(&genesis.validators, own.id, &file.network)?;
    }
    let value = json!({
        "chain": genesis.chain_id().to_string(),
        "name": genesis.name,
        "validator": own.name,
        "validators": genesis.validators.0.len(),
        "peer_id": network.as_ref().and_then(peer_id),
    });
    output.answer(&value, || {
        format!(
            "chain       {}\nname        {}\nvalidator   {}, one of {}\n",
            genesis.chain_id(),
            genesis.name,
            own.name,
            genesis.validators.0.len()
        )
    })
}

/// Which node it is, of which chain.
struct Identity {
    genesis: Genesis,
    data_dir: PathBuf,
    consensus: Key,
    network: Option<Key>,
}

/// Reads what the settings name.
fn identity(file: &ConfigFile) -> Result<Identity, Failure> {
    let genesis = agreed(file)?;
    let data_dir = need(file.data_dir.clone(), "data_dir")?;
    let passphrase = file.passphrase_file.as_deref();
    let read = |name: &str| key::unlocked(&key::path_of(name), passphrase);
    let consensus = read(&need(file.key.clone(), "key")?)?;
    let network = file.network_key.as_deref().map(read).transpose()?;
    Ok(Identity { genesis, data_dir, consensus, network })
}

/// Who we are in genesis, by both keys.
fn own_record<'a>(
    genesis: &'a Genesis,
    consensus: &Key,
    network: Option<&Key>,
) -> Result<&'a ValidatorRecord, Failure> {
    let me = ValidatorId::of_key(consensus.signing().verifying_key().as_bytes());
    let Some(own) = genesis.validators.get(me) else {
        let text = "genesis names no validator with this consensus key";
        return Err(Failure::Start(text.to_owned()));
    };
    match network {
        Some(key) if key.signing().verifying_key().to_bytes() != own.network_key => {
            let text = format!("genesis binds the validator {} to another network key", own.name);
            Err(Failure::Start(text))
        }
        _ => Ok(own),
    }
}

/// A setting that a node cannot do without.
fn need<T>(value: Option<T>, name: &str) -> Result<T, Failure> {
    let option = name.replace('_', "-");
    let missing =
        || Failure::Usage(format!("--{option}, or {name} in the file of --config, is needed"));
    value.ok_or_else(missing)
}

/// Reads the genesis, which must be the one that the operator was told of.
fn agreed(file: &ConfigFile) -> Result<Genesis, Failure> {
    let path = need(file.genesis.clone(), "genesis")?;
    let genesis = genesis_file::read(&path).map_err(|error| Failure::Start(error.to_string()))?;
    let found = genesis.chain_id().to_string();
    match &file.chain {
        Some(told) if *told == found => Ok(genesis),
        Some(told) => Err(Failure::Start(format!(
            "{} is the genesis of chain {found}, not of {told}: it is not the file that was agreed \
             on",
            path.display()
        ))),
        None => Err(Failure::Usage(format!(
            "{} is the genesis of chain {found}: compare this with the other operators, then say \
             so by --chain {found}, or chain in the file of --config",
            path.display()
        ))),
    }
}

pub(super) async fn start(args: StartArgs, output: &mut Output) -> Result<(), Failure> {
    let file = settings(args)?;
    let Identity { genesis, data_dir, consensus, network } = identity(&file)?;
    let listen = need(file.rpc.listen, "listen")?;
    let keys = [Some(&consensus), network.as_ref()].into_iter().flatten().map(Key::address);
    let accounts = genesis.accounts.iter().map(|(account, _)| *account);
    let sponsors = genesis.sponsors.iter().map(|record| record.sponsor);
    if !listen.ip().is_loopback()
        && let Some(known) = keys.chain(accounts).chain(sponsors).find(is_dev)
    {
        let text = format!(
            "--listen {}: {known} is a key of dure dev, which everybody knows, so that anybody \
             could sign for it; make keys of your own with dure keys new",
            listen.ip()
        );
        return Err(Failure::Usage(text));
    }
    let me = own_record(&genesis, &consensus, network.as_ref())?.id;
    let rpc = RpcConfig {
        listen,
        origins: Origins::List(file.rpc.origins.clone()),
        limits: RpcLimits::default().within(descriptors()),
        peer_id: network.as_ref().and_then(peer_id),
        trusted_proxies: file.rpc.trusted_proxies.clone(),
        peers: None,
    };
    let joins = joining(&genesis, me, network.as_ref(), &file.network).await?;
    let config = NodeConfig {
        data_dir: Some(data_dir),
        ..NodeConfig::new(genesis, consensus.signing().clone())
    };
    run(config, joins, rpc, &[], || Ok(()), output).await
}

/// What joins a node to the others; nothing where it is alone.
#[cfg(feature = "network")]
pub(super) type Joining = crate::network::Listening;
/// This build has no network.
#[cfg(not(feature = "network"))]
pub(super) type Joining = std::convert::Infallible;

/// Listens where the others are to find this validator.
#[cfg(feature = "network")]
async fn joining(
    genesis: &Genesis,
    me: ValidatorId,
    network: Option<&Key>,
    section: &NetworkSection,
) -> Result<Option<Joining>, Failure> {
    use crate::network::{Network, NetworkConfig};
    let set = &genesis.validators;
    if set.0.len() == 1 {
        return Ok(None);
    }
    let key = need(network, "network_key")?;
    let peers = peers(set, me, section)?;
    let config = NetworkConfig {
        key: key.signing().clone(),
        listen: section.listen.unwrap_or(P2P_LISTEN),
        bulk: section.bulk_listen,
        peers,
    };
    let chain = genesis.chain_id();
    let listening = Network::listen(config, me, (chain, set)).await;
    listening.map(Some).map_err(|error| Failure::Start(error.to_string()))
}

#[cfg(not(feature = "network"))]
async fn joining(
    genesis: &Genesis,
    _: ValidatorId,
    _: Option<&Key>,
    _: &NetworkSection,
) -> Result<Option<Joining>, Failure> {
    match genesis.validators.0.len() {
        1 => Ok(None),
        count => Err(Failure::Start(format!(
            "the chain has {count} validators, and this build has no network: build the node with \
             cargo build --release --bin dure"
        ))),
    }
}

/// Where the others listen, by the names that genesis gives them: each must have an address.
#[cfg(feature = "network")]
fn peers(
    set: &ValidatorSet,
    me: ValidatorId,
    section: &NetworkSection,
) -> Result<BTreeMap<ValidatorId, PeerAddress>, Failure> {
    let others = || set.0.iter().filter(|record| record.id != me);
    let known = || others().map(|record| record.name.clone()).collect::<Vec<_>>().join(", ");
    for name in section.peers.keys().chain(section.bulk_peers.keys()) {
        match others().filter(|record| record.name == *name).count() {
            1 => {}
            0 => {
                let text =
                    format!("peer {name}: genesis names no other validator so; it has {}", known());
                return Err(Failure::Usage(text));
            }
            _ => {
                let text = format!("peer {name}: genesis has several validators of that name");
                return Err(Failure::Usage(text));
            }
        }
    }
    let mut peers = BTreeMap::new();
    for record in others() {
        let Some(address) = section.peers.get(&record.name) else {
            let text = format!(
                "the validator {name} has no address: --peer {name}=HOST:PORT, or {name} = \
                 \"HOST:PORT\" under [network.peers] in the file of --config",
                name = record.name
            );
            return Err(Failure::Usage(text));
        };
        let (host, port) = host_and_port(&record.name, address)?;
        let bulk = section.bulk_peers.get(&record.name);
        let bulk = bulk.map(|bulk| host_and_port(&record.name, bulk)).transpose()?;
        let bulk = bulk.unwrap_or_else(|| (host.clone(), port.saturating_add(1)));
        peers.insert(record.id, PeerAddress { urgent: (host, port), bulk });
    }
    Ok(peers)
}

#[cfg(feature = "network")]
fn host_and_port(name: &str, address: &str) -> Result<(String, u16), Failure> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    match parts.filter(|(host, port)| !host.is_empty() && *port != 0) {
        Some((host, port)) => Ok((host.trim_matches(['[', ']']).to_owned(), port)),
        None => Err(Failure::Usage(format!("peer {name}: {address:?} is no HOST:PORT"))),
    }
}

/// A node with what joins it to others, if it does.
#[cfg(feature = "network")]
async fn start_node(
    config: NodeConfig,
    joins: Option<Joining>,
) -> Result<(Node, Option<crate::network::Network>), Failure> {
    let started = |error: &dyn std::fmt::Display| Failure::Start(error.to_string());
    let Some(listening) = joins else {
        return Ok((Node::start(config).await.map_err(|error| started(&error))?, None));
    };
    let (outgoing, carried) = std::sync::mpsc::channel();
    let node = Node::start_networked(config, outgoing).await;
    let (node, inbox) = node.map_err(|error| started(&error))?;
    let network = listening.carry(carried, &inbox).map_err(|error| started(&error))?;
    Ok((node, Some(network)))
}

/// Stands for the network where there is none.
#[cfg(not(feature = "network"))]
struct Alone;

#[cfg(not(feature = "network"))]
impl Alone {
    async fn stop(self) {}
}

#[cfg(not(feature = "network"))]
async fn start_node(
    config: NodeConfig,
    _: Option<Joining>,
) -> Result<(Node, Option<Alone>), Failure> {
    let node = Node::start(config).await;
    Ok((node.map_err(|error| Failure::Start(error.to_string()))?, None))
}

/// Runs a node until a signal or a fault; `before_ready` has the folder for itself, and `accounts`
/// are shown when the node is ready.
pub(super) async fn run(
    config: NodeConfig,
    joins: Option<Joining>,
    rpc: RpcConfig,
    accounts: &[(&str, Key)],
    before_ready: impl FnOnce() -> Result<(), Failure>,
    output: &mut Output,
) -> Result<(), Failure> {
    let started = |error: &dyn std::fmt::Display| Failure::Start(error.to_string());
    // Before anything is written, so that no signal finds us unprepared.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| started(&error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| started(&error))?;
    let listen = rpc.listen;
    // A port in use is found before the databases are opened.
    drop(std::net::TcpListener::bind(listen).map_err(|error| occupied(listen, &error))?);
    let (node, network) = start_node(config, joins).await?;
    #[cfg(feature = "network")]
    let rpc = match &network {
        Some(network) => RpcConfig { peers: Some(network.view()), ..rpc },
        None => rpc,
    };
    let server = RpcServer::start(rpc, node.handle()).await.map_err(|error| started(&error))?;
    before_ready()?;
    ready(&node, &server, accounts, output)?;
    let fault = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        fault = node.failed() => Some(fault),
    };
    if fault.is_some() {
        // Its log says why, and so does it to those who ask, such as a monitor.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = tokio::time::sleep(FAREWELL) => {}
        }
    }
    output.progress("stopping");
    server.stop().await;
    node.stop().await;
    if let Some(network) = network {
        network.stop().await;
    }
    match fault {
        Some(fault) => Err(Failure::Start(format!("the node had to stop: {fault}"))),
        None => Ok(()),
    }
}

/// Why nobody can be listened to; where somebody else listens, what to do.
fn occupied(listen: SocketAddr, error: &std::io::Error) -> Failure {
    let way_out = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; --rpc-port N takes another port (0: a free one), which the other commands find by \
             --rpc http://HOST:N or DURE_RPC"
        }
        _ => "",
    };
    Failure::Start(format!("cannot listen on {listen}: {error}{way_out}"))
}

/// The line that says that the node can be used.
fn ready(
    node: &Node,
    server: &RpcServer,
    accounts: &[(&str, Key)],
    output: &mut Output,
) -> Result<(), Failure> {
    let (handle, address) = (node.handle(), server.address());
    let url = format!("http://{address}{}", dure_rpc::PATH);
    let socket = format!("ws://{address}{}", dure_rpc::PATH);
    let (name, chain) = (handle.genesis().name.clone(), handle.chain());
    let height = handle.head().borrow().height;
    let listed: Vec<_> = accounts
        .iter()
        .map(|(name, key)| {
            json!({
                "name": name,
                "address": key.address().to_string(),
                "seed": dure_rpc::hex::to_text(&key.signing().to_bytes()),
            })
        })
        .collect();
    let value = json!({
        "ready": true,
        "url": url,
        "ws": socket,
        "name": name,
        "chain": chain.to_string(),
        "height": height.0.to_string(),
        "keys": listed,
    });
    output.bare(&value, || {
        let mut text =
            format!("ready: {url} and {socket}\nchain {name} {chain}, height {height}\n");
        for (name, key) in accounts {
            text.push_str(&format!("key {name:<6} {}\n", key.address()));
        }
        text
    })
}

/// File descriptors that the process may open, after asking for as many as the system grants.
pub(super) fn descriptors() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// As much as any of our limits needs; some systems grant billions.
    const WANTED: u64 = 65_536;
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(WANTED).min(WANTED);
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    if limit.current.is_some_and(|current| current < wanted)
        && setrlimit(Resource::Nofile, raised).is_ok()
    {
        return wanted;
    }
    limit.current.unwrap_or(WANTED)
}

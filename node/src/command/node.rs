//! `dure start`, and running a node until it is told to stop.

use super::{dev_key::is_dev, exit::Failure, key, key::peer_id, output::Output};
use crate::{
    config::NodeConfig,
    driver::Node,
    genesis_file,
    rpc::{Origins, RpcConfig, RpcLimits, RpcServer},
};
use clap::Args;
use dure_client::Key;
use serde_json::json;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// How long a node that had to stop still tells why over RPC, before its process ends.
const FAREWELL: Duration = Duration::from_secs(3);

/// Which chain, and where it is kept.
#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// The chain's genesis file.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Folder of the databases.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The validator's consensus key: name or file.
    #[arg(long, value_name = "KEY")]
    key: String,
    /// The node's network key: name or file; it gives the node its peer id.
    #[arg(long, value_name = "KEY")]
    network_key: Option<String>,
    #[command(flatten)]
    serve: ServeArgs,
    /// Web pages that may use the node (`https://cafe.example`), each; none unless told.
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    origin: Vec<String>,
    /// Reverse proxy, by address, that is believed when `X-Forwarded-For` or `Forwarded` says for
    /// whom it asks; each. Limits by address are the client's then, not the proxy's.
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<IpAddr>,
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

pub(super) async fn start(args: StartArgs, output: &mut Output) -> Result<(), Failure> {
    let genesis =
        genesis_file::read(&args.genesis).map_err(|error| Failure::Start(error.to_string()))?;
    let read = |name: &str| key::read(&key::path_of(name));
    let consensus = read(&args.key)?;
    let network = args.network_key.as_deref().map(read).transpose()?;
    let keys = [Some(&consensus), network.as_ref()].into_iter().flatten().map(Key::address);
    let accounts = genesis.accounts.iter().map(|(account, _)| *account);
    let sponsors = genesis.sponsors.iter().map(|record| record.sponsor);
    if !args.serve.listen.is_loopback()
        && let Some(known) = keys.chain(accounts).chain(sponsors).find(is_dev)
    {
        let text = format!(
            "--listen {}: {known} is a key of dure dev, which everybody knows, so that anybody \
             could sign for it; make keys of your own with dure keys new",
            args.serve.listen
        );
        return Err(Failure::Usage(text));
    }
    let config = NodeConfig {
        data_dir: Some(args.data_dir),
        ..NodeConfig::new(genesis, consensus.signing().clone())
    };
    let rpc = RpcConfig {
        listen: SocketAddr::new(args.serve.listen, args.serve.rpc_port),
        origins: Origins::List(args.origin),
        limits: RpcLimits::default().within(descriptors()),
        peer_id: network.as_ref().and_then(peer_id),
        trusted_proxies: args.trusted_proxy,
    };
    run(config, rpc, &[], || Ok(()), output).await
}

/// Runs a node until a signal or a fault; `before_ready` has the folder for itself, and `accounts`
/// are shown when the node is ready.
pub(super) async fn run(
    config: NodeConfig,
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
    let node = Node::start(config).await.map_err(|error| started(&error))?;
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

//! `dure dev`: a chain of one validator whose keys everybody knows.

use super::{
    dev_key::{DEV_NAMES, dev_key, dev_network, dev_validator},
    exit::Failure,
    key::peer_id,
    node::{self, ServeArgs, descriptors},
    output::Output,
};
use crate::{
    config::NodeConfig,
    driver::WallClock,
    execution::UndoWindow,
    genesis_file::{self, dev_genesis},
    rpc::{Origins, RpcConfig, RpcLimits},
};
use clap::Args;
use dure_client::Key;
use dure_types::{Address, Genesis, TimestampMs};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The time of every development chain's genesis: fixed, so that it is the same chain again when
/// a node is started on the same folder.
const GENESIS_TIME: TimestampMs = TimestampMs(1_760_000_000_000);

/// As far back a call can be traced: an hour, while nobody but its author uses the chain; less
/// under a load of which that would fill the memory.
const UNDO: UndoWindow = UndoWindow { heights: 3_600, bytes: 64 << 20 };

/// How to run it.
#[derive(Debug, Args)]
pub(super) struct DevArgs {
    /// Folder of the databases; in memory, and forgotten at the end, unless told.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Another genesis than the usual; its validator must be the development key.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeArgs,
}

pub(super) async fn run(args: DevArgs, output: &mut Output) -> Result<(), Failure> {
    let listen = SocketAddr::new(args.serve.listen, args.serve.rpc_port);
    if !listen.ip().is_loopback() {
        let text = format!(
            "--listen {}: everybody knows the keys of dure dev, so it listens on this machine \
             only; for others to reach a node use dure start",
            listen.ip()
        );
        return Err(Failure::Usage(text));
    }
    let accounts: Vec<(&str, Key)> =
        DEV_NAMES.iter().filter_map(|name| Some((*name, dev_key(name)?))).collect();
    let genesis = match &args.genesis {
        Some(path) => {
            genesis_file::read(path).map_err(|error| Failure::Start(error.to_string()))?
        }
        None => genesis(&accounts),
    };
    let data_dir = args.data_dir;
    if let Some(folder) = data_dir.as_ref().filter(|_| !cfg!(feature = "rocksdb")) {
        let text = format!(
            "--data-dir {}: this build has no database, and its chain is forgotten at the end; leave \
             the option out, or build the node with cargo build --release --bin dure",
            folder.display()
        );
        return Err(Failure::Usage(text));
    }
    let keys = data_dir.as_ref().map(|folder| folder.join("keys"));
    let validator = dev_validator();
    let config = NodeConfig {
        data_dir,
        clock: WallClock::movable(),
        undo: UNDO,
        ..NodeConfig::new(genesis, validator.signing().clone())
    };
    let rpc = RpcConfig {
        listen,
        origins: Origins::Any,
        limits: RpcLimits::default().within(descriptors()),
        peer_id: peer_id(&dev_network()),
        trusted_proxies: Vec::new(),
        peers: None,
    };
    // Once the folder is known to be ours and the port free.
    let write = || keys.map_or(Ok(()), |folder| write_keys(&folder, &accounts));
    node::run(config, None, rpc, &accounts, write, output).await
}

fn genesis(accounts: &[(&str, Key)]) -> Genesis {
    let developers: Vec<Address> = accounts.iter().map(|(_, key)| key.address()).collect();
    let (validator, network) = (dev_validator(), dev_network());
    dev_genesis("dev", GENESIS_TIME, validator.signing(), network.signing(), &developers)
}

/// Writes the keys into files too, for programs that take a file.
fn write_keys(folder: &Path, accounts: &[(&str, Key)]) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Start(format!("{} is not writable: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    for (name, key) in accounts {
        let path = folder.join(format!("{name}.key"));
        // A crash may have left an empty one.
        let empty = std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() == 0);
        if empty {
            std::fs::remove_file(&path).map_err(|error| failed(&error))?;
        }
        if !path.exists() {
            key.to_file(&path).map_err(|error| failed(&error))?;
        }
    }
    Ok(())
}

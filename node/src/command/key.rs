//! `dure keys`, and finding the key that a command names.

use super::{
    dev_key::{DEV_NAMES, dev_key, is_dev, is_loopback},
    exit::Failure,
    keys_dir,
    output::{Output, say},
};
use crate::file;
use clap::Subcommand;
use dure_client::{Client, ClientError, Key, KeyError, ParseAddress};
use dure_types::Address;
use serde_json::{Value, json};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// What stands for the address of the system contract.
pub(super) const SYSTEM: &str = "system";

/// Keys lie in files of their own; a name stands for `NAME.key` in the folder of keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a key.
    New {
        /// A name, or a path.
        name: String,
        /// Encrypt it: file, or pipe as /dev/fd/3, whose first line is the passphrase. For
        /// validators; accounts sign with keys that are not.
        #[cfg(feature = "network")]
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Show a key's address.
    Show {
        /// A name, or a path.
        name: String,
        /// Show the secret seed, too, of a key of `dure dev`, which everybody knows.
        #[arg(long)]
        seed: bool,
    },
    /// List the keys of the folder, and those of `dure dev`.
    List,
}

pub(super) fn run(command: KeysCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        KeysCommand::New {
            name,
            #[cfg(feature = "network")]
            passphrase_file,
        } => {
            if name.is_empty() || DEV_NAMES.contains(&name.as_str()) {
                let text = format!(
                    "\"{name}\" is no name for a key: {} are those of every dure dev",
                    DEV_NAMES.join(", ")
                );
                return Err(Failure::Usage(text));
            }
            let path = path_of(&name);
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Failure::File(format!("{}: {error}", folder.display())))?;
            }
            let key = Key::generate().map_err(ClientError::from)?;
            #[cfg(feature = "network")]
            if let Some(file) = passphrase_file {
                let passphrase = super::sealed::passphrase(&file)?;
                super::sealed::write(&key, &path, &passphrase)?;
                return print(&name, &key, Some(&path), false, output);
            }
            key.to_file(&path).map_err(ClientError::from)?;
            print(&name, &key, Some(&path), false, output)
        }
        KeysCommand::Show { name, seed } => {
            let path = path_of(&name);
            match dev_key(&name).filter(|_| !path.exists()) {
                Some(key) => print(&name, &key, None, seed, output),
                None if seed => Err(Failure::Usage(format!(
                    "--seed: only the keys of dure dev are shown, which are {}; the secret of \
                     another stays in its file",
                    DEV_NAMES.join(", ")
                ))),
                None => print(&name, &existing(&name)?, Some(&path), false, output),
            }
        }
        KeysCommand::List => list(output),
    }
}

/// The files of the folder of keys, each with its name.
fn files() -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(keys_dir()).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "key"));
    let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    paths.into_iter().map(|path| (name(&path), path)).collect()
}

fn list(output: &mut Output) -> Result<(), Failure> {
    let mut keys = Vec::new();
    for (name, path) in files() {
        // A file that is no key is not listed.
        if let Ok(key) = read(&path) {
            keys.push((name, key.address(), "file"));
        }
    }
    for name in DEV_NAMES {
        keys.extend(dev_key(name).map(|key| (name.to_owned(), key.address(), "dev")));
    }
    let values: Vec<Value> = keys
        .iter()
        .map(|(name, address, kind)| {
            json!({ "name": name, "address": address.to_string(), "kind": kind })
        })
        .collect();
    output.bare(&values, || {
        let lines = keys.iter().map(|(name, address, kind)| {
            let note = if *kind == "dev" { "  (dure dev only)" } else { "" };
            format!("{name:<12} {address}{note}\n")
        });
        lines.collect()
    })
}

fn print(
    name: &str,
    key: &Key,
    path: Option<&Path>,
    with_seed: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let public = dure_rpc::hex::to_text(key.signing().verifying_key().as_bytes());
    let seed = with_seed.then(|| dure_rpc::hex::to_text(&key.signing().to_bytes()));
    let mut value = json!({
        "name": name,
        "address": key.address().to_string(),
        "public_key": public,
        "peer_id": peer_id(key),
        "path": path.map(|path| path.display().to_string()),
    });
    if let Some(seed) = &seed {
        value["seed"] = json!(seed);
    }
    output.bare(&value, || {
        let mut text = format!("address     {}\npublic key  {public}\n", key.address());
        if let Some(peer_id) = peer_id(key) {
            text.push_str(&format!("peer id     {peer_id}  (as a node's network key)\n"));
        }
        if let Some(path) = path {
            text.push_str(&format!("file        {}\n", path.display()));
        }
        if let Some(seed) = &seed {
            text.push_str(&format!("seed        {seed}  (everybody knows it: dure dev only)\n"));
        }
        text
    })
}

/// The name that a node with this network key has on the network.
#[cfg(feature = "network")]
pub(super) fn peer_id(key: &Key) -> Option<String> {
    let seed = key.signing().to_bytes();
    let pair = libp2p_identity::Keypair::ed25519_from_bytes(seed).ok()?;
    Some(pair.public().to_peer_id().to_string())
}

/// Without the network a node has no name on it.
#[cfg(not(feature = "network"))]
pub(super) const fn peer_id(_: &Key) -> Option<String> {
    None
}

/// Reads the key of a validator: its owner's alone, and maybe encrypted.
#[cfg(feature = "network")]
pub(super) fn unlocked(path: &Path, passphrase_file: Option<&Path>) -> Result<Key, Failure> {
    super::sealed::read(path, passphrase_file)
}

/// The same in a build that opens no encrypted keys.
#[cfg(not(feature = "network"))]
pub(super) fn unlocked(path: &Path, _: Option<&Path>) -> Result<Key, Failure> {
    read(path)
}

/// Reads a key file; says so when others may read it too.
pub(super) fn read(path: &Path) -> Result<Key, Failure> {
    let shown = path.display().to_string();
    let bytes = file::read(path, file::KEY_BYTES_MAX)
        .map_err(|error| Failure::File(format!("{shown}: {error}")))?;
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        say(&format!("warning: others may use the key {shown}; chmod 600 {shown}"));
    }
    let key = std::str::from_utf8(&bytes).ok().and_then(Key::from_text);
    Ok(key.ok_or(KeyError::NotASeed { path: shown }).map_err(ClientError::from)?)
}

/// The accounts of the keys here, with the names that stand for them; files that are no keys, and
/// keys of `dure dev` whose names files have, are not among them.
pub(super) fn accounts() -> Vec<(Address, String)> {
    let of_file = |(name, path): (String, PathBuf)| {
        let bytes = file::read(&path, file::KEY_BYTES_MAX).ok()?;
        let key = std::str::from_utf8(&bytes).ok().and_then(Key::from_text)?;
        Some((key.address(), name))
    };
    let of_dev = |name: &str| {
        let key = dev_key(name).filter(|_| !path_of(name).exists())?;
        Some((key.address(), name.to_owned()))
    };
    let of_files = files().into_iter().filter_map(of_file);
    of_files.chain(DEV_NAMES.into_iter().filter_map(of_dev)).collect()
}

/// Says which key an account is of, for who lacks its right.
pub(super) fn whose(account: Address) -> String {
    match accounts().into_iter().find(|(known, _)| *known == account) {
        Some((_, name)) => format!("that is the account of the key {name}: --key {name}"),
        None => format!("none of the keys that `dure keys list` shows is that of {account}"),
    }
}

/// The key of a name or path: of a file, or of `dure dev`.
pub(super) fn named(name: &str) -> Result<Key, Failure> {
    match dev_key(name).filter(|_| !path_of(name).exists()) {
        Some(key) => Ok(key),
        None => existing(name),
    }
}

/// Reads the key file of a name or path; names those that there are when it is none of them.
fn existing(name: &str) -> Result<Key, Failure> {
    let path = path_of(name);
    if path.exists() || path == Path::new(name) {
        return read(&path);
    }
    let known: Vec<String> = files().into_iter().map(|(name, _)| name).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Failure::File(format!(
        "no key \"{name}\": {} is not there; in that folder there are {known}, on a dure dev {}; \
         the path of a key file stands for its key, too",
        path.display(),
        DEV_NAMES.join(", ")
    )))
}

/// The file that a name or path stands for.
pub(super) fn path_of(name: &str) -> PathBuf {
    let path = PathBuf::from(name);
    if name.contains('/') || path.extension().is_some() {
        return path;
    }
    keys_dir().join(format!("{name}.key"))
}

/// Finds the key that signs: the named one, or on a development chain alice.
pub(super) async fn signer(client: &Client, named: Option<&str>) -> Result<Key, Failure> {
    let Some(name) = named else {
        let key = dev_key(DEV_NAMES[0]).filter(|_| is_loopback(client.url()));
        if let Some(key) = key
            && client.account(key.address()).await?.tier > 0
        {
            return Ok(key);
        }
        let needed = "--key NAME or FILE is needed: only a dure dev on this machine has keys of \
                      its own";
        return Err(Failure::Usage(needed.to_owned()));
    };
    // By the key, not by its name: `dure dev --data-dir` writes the same keys into files.
    let key = self::named(name)?;
    if is_dev(&key.address()) && !is_loopback(client.url()) {
        let text = format!(
            "{name} is a key of dure dev, which everybody knows; it is used on this machine only, \
             not at {}",
            client.url()
        );
        return Err(Failure::Usage(text));
    }
    Ok(key)
}

/// Reads an address: hexadecimal, @NAME for the account of a key, `system` for the system contract.
pub(super) fn address(text: &str) -> Result<Address, Failure> {
    if text == SYSTEM {
        return Ok(Address::SYSTEM);
    }
    match text.strip_prefix('@') {
        Some(name) => Ok(named(name)?.address()),
        None if is_known(text) => Err(lacks_at(text)),
        None => Ok(text.parse_address()?),
    }
}

/// Whether there is a key of that name.
pub(super) fn is_known(name: &str) -> bool {
    let is_name = !name.is_empty() && !name.starts_with("0x") && !name.contains(['/', '.']);
    is_name && (DEV_NAMES.contains(&name) || path_of(name).is_file())
}

/// A name where an address should be.
pub(super) fn lacks_at(name: &str) -> Failure {
    Failure::Usage(format!("\"{name}\" is no address: @{name} is the address of that key"))
}

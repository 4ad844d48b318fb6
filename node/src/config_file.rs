//! The configuration file of a node: TOML, unknown keys are errors.
//!
//! Paths in it are relative to its folder. Everything can stand on the command line of `dure start`
//! instead, which overrules the file.

use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// Why a configuration file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value that is none of its key; with its line.
    #[error("{path}: {reason}")]
    Syntax {
        /// The file.
        path: String,
        /// What is wrong, and where.
        reason: String,
    },
}

/// All that a file can say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The chain's genesis file.
    pub genesis: Option<PathBuf>,
    /// Its hash, as its makers agreed: a file with another is refused.
    pub chain: Option<String>,
    /// Folder of the databases.
    pub data_dir: Option<PathBuf>,
    /// The validator's consensus key: a path, or the name of one of `dure keys`.
    pub key: Option<String>,
    /// The node's network key, likewise.
    pub network_key: Option<String>,
    /// File whose first line opens keys that are encrypted.
    pub passphrase_file: Option<PathBuf>,
    /// JSON-RPC.
    #[serde(default)]
    pub rpc: RpcSection,
    /// The other validators.
    #[serde(default)]
    pub network: NetworkSection,
}

/// Where JSON-RPC is served, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpcSection {
    /// Address and port; `127.0.0.1:9944` unless told.
    pub listen: Option<SocketAddr>,
    /// Web pages that may use the node.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Reverse proxies that are believed when they say for whom they ask.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
}

/// How validators reach each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSection {
    /// Address and port for what is urgent; `0.0.0.0:9955` unless told.
    pub listen: Option<SocketAddr>,
    /// Address and port for batches; the next port unless told.
    pub bulk_listen: Option<SocketAddr>,
    /// Where each of the others listens for what is urgent: `name = "host:port"`, by its name in
    /// genesis.
    #[serde(default)]
    pub peers: BTreeMap<String, String>,
    /// Where those listen for batches whose port is not the next one.
    #[serde(default)]
    pub bulk_peers: BTreeMap<String, String>,
}

/// Reads a file; its paths are those that it means.
///
/// # Errors
/// [`ConfigError`] names the key that is wrong.
pub fn read(path: &Path) -> Result<ConfigFile, ConfigError> {
    let shown = || path.display().to_string();
    let text =
        crate::file::read_text(path).map_err(|source| ConfigError::Io { path: shown(), source })?;
    let mut file: ConfigFile = toml::from_str(&text)
        .map_err(|error| ConfigError::Syntax { path: shown(), reason: error.to_string() })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let own = [&mut file.genesis, &mut file.data_dir, &mut file.passphrase_file];
    for own in own.into_iter().flatten() {
        *own = folder.join(&*own);
    }
    // A bare name stands for a key of `dure keys`.
    for key in [&mut file.key, &mut file.network_key] {
        if let Some(key) = key.as_mut().filter(|key| key.contains(['/', '.'])) {
            *key = folder.join(&*key).display().to_string();
        }
    }
    Ok(file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{ConfigError, read};
    use std::path::Path;

    const WHOLE: &str = r#"
genesis = "genesis.toml"
chain = "0x00"
data_dir = "/var/lib/dure"
key = "consensus.key"
network_key = "town-1-network"
passphrase_file = "passphrase"

[rpc]
listen = "127.0.0.1:9944"
origins = ["https://cafe.example"]
trusted_proxies = ["10.0.0.1"]

[network]
listen = "0.0.0.0:9955"
bulk_listen = "0.0.0.0:9957"

[network.peers]
town-2 = "10.0.0.2:9955"
town-3 = "node.town.example:9955"

[network.bulk_peers]
town-3 = "bulk.town.example:443"
"#;

    #[test]
    fn paths_are_of_its_folder_and_unknown_keys_are_named_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::fs::write(&path, WHOLE).unwrap();
        let file = read(&path).unwrap();
        assert_eq!(file.genesis, Some(folder.path().join("genesis.toml")));
        assert_eq!(file.data_dir.as_deref(), Some(Path::new("/var/lib/dure")));
        assert_eq!(file.key, Some(folder.path().join("consensus.key").display().to_string()));
        assert_eq!(file.network_key.as_deref(), Some("town-1-network"));
        assert_eq!(file.network.peers.len(), 2);
        for (good, bad) in [
            ("origins", "origin"),
            ("[network]", "[netwrok]"),
            ("\"0.0.0.0:9955\"", "\"everywhere\""),
            ("bulk_listen", "bulk-listen"),
        ] {
            std::fs::write(&path, WHOLE.replacen(good, bad, 1)).unwrap();
            let error = read(&path).unwrap_err();
            assert!(matches!(error, ConfigError::Syntax { .. }), "{bad}: {error}");
            let text = error.to_string();
            assert!(text.contains("line ") && text.contains("node.toml"), "{bad}: {text}");
        }
        let missing = read(&folder.path().join("none.toml")).unwrap_err();
        assert!(missing.to_string().contains("none.toml"), "{missing}");
    }
}

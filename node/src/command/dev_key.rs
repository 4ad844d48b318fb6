//! The keys of `dure dev`: known to everyone, thus worthless anywhere else.

use dure_client::Key;
use dure_types::{Address, domain::blake3_hash};

/// The funded accounts of a development chain; the first is used unasked.
pub const DEV_NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];

/// The key that a name stands for.
pub(super) fn dev_key(name: &str) -> Option<Key> {
    DEV_NAMES.contains(&name).then(|| derive(name))
}

/// The key that orders the blocks of a development chain.
pub(super) fn dev_validator() -> Key {
    derive("validator")
}

/// The key by which the node of a development chain is known on the network.
pub(super) fn dev_network() -> Key {
    derive("network")
}

/// Whether everybody knows the key of an account, under whatever name or in whatever file it came.
pub(super) fn is_dev(account: &Address) -> bool {
    let names = DEV_NAMES.into_iter().chain(["validator", "network"]);
    names.map(derive).any(|known| known.address() == *account)
}

fn derive(name: &str) -> Key {
    Key::from_seed(blake3_hash(format!("dure dev key {name}").as_bytes()).0)
}

/// Whether a URL leads to this machine, the only place where these keys may be used.
pub(super) fn is_loopback(url: &str) -> bool {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before an @ is a user's name, not the host.
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["http://127.0.0.1:9944/v1", "ws://localhost:1", "http://[::1]:9/v1"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in
            ["http://127.0.0.1.example/v1", "http://127.0.0.1@example.com", "http://10.0.0.1"]
        {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn names_have_different_keys() {
        let mut addresses: Vec<_> =
            DEV_NAMES.iter().filter_map(|name| Some(dev_key(name)?.address())).collect();
        addresses.push(dev_validator().address());
        addresses.push(dev_network().address());
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), DEV_NAMES.len() + 2);
        assert!(dev_key("mallory").is_none());
        assert!(
            ["alice", "validator"].map(derive).iter().all(|key| is_dev(&key.address()))
                && !is_dev(&derive("mallory").address())
        );
    }
}

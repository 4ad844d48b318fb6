//! What operators do before a chain runs: keys, the genesis that they make together, configurations.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod program;

use program::{code, dure};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn done(arguments: &[&str]) -> Value {
    let output = dure(&[arguments, &["--json"]].concat());
    assert_eq!(code(&output), 0, "{arguments:?}: {}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str], exit: i32, text: &str) {
    let output = dure(arguments);
    assert_eq!(code(&output), exit, "{arguments:?}: {}", said(&output));
    assert!(said(&output).contains(text), "{arguments:?}: {}", said(&output));
}

/// Makes keys, a genesis of two validators, and the configuration of the first.
fn ceremony(folder: &Path) -> (String, String) {
    let at = |name: &str| folder.join(name).display().to_string();
    fs::write(at("passphrase"), "a horse, a battery\n").unwrap();
    let genesis = at("genesis.toml");
    done(&["genesis", "new", &genesis, "--name", "town", "--deployer", "@alice"]);
    for n in ["1", "2"] {
        let (key, network) = (at(&format!("consensus-{n}.key")), at(&format!("network-{n}.key")));
        done(&["keys", "new", &key, "--passphrase-file", &at("passphrase")]);
        done(&["keys", "new", &network]);
        let file = at(&format!("town-{n}.toml"));
        let name = format!("town-{n}");
        done(&[
            "genesis",
            "validator",
            &file,
            "--name",
            &name,
            "--key",
            &key,
            "--network-key",
            &network,
            "--passphrase-file",
            &at("passphrase"),
        ]);
    }
    let added = done(&["genesis", "add", &genesis, &at("town-1.toml"), &at("town-2.toml")]);
    assert_eq!(added["validators"], 2);
    let chain = added["chain"].as_str().unwrap().to_owned();
    let config = format!(
        "genesis = \"genesis.toml\"\nchain = \"{chain}\"\ndata_dir = \"data\"\n\
         key = \"consensus-1.key\"\nnetwork_key = \"network-1.key\"\n\
         passphrase_file = \"passphrase\"\n[network.peers]\ntown-2 = \"localhost:9955\"\n"
    );
    fs::write(at("node.toml"), config).unwrap();
    (chain, at("node.toml"))
}

#[test]
fn a_genesis_is_made_by_operators_of_whom_none_has_anothers_key() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (chain, config) = ceremony(folder.path());
    let genesis = at("genesis.toml");
    assert_eq!(done(&["genesis", "hash", &genesis])["chain"], chain.as_str());
    let checked = done(&["config", "check", "--config", &config]);
    assert_eq!(
        (&checked["chain"], &checked["validator"]),
        (&chain.as_str().into(), &"town-1".into())
    );

    // The same file again changes nothing; another with a name that is taken is refused.
    let again = done(&["genesis", "add", &genesis, &at("town-1.toml")]);
    assert_eq!(again["chain"], chain.as_str());
    let forged = fs::read_to_string(at("town-2.toml")).unwrap();
    let stolen = forged.replace("town-2", "town-3");
    fs::write(at("stolen.toml"), &stolen).unwrap();
    refused(&["genesis", "add", &genesis, &at("stolen.toml")], 4, "town-2");
    // A key that its owner did not sign for.
    let line =
        |text: &str, key: &str| text.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    let first = fs::read_to_string(at("town-1.toml")).unwrap();
    let mixed = forged.replace(&line(&forged, "network_key"), &line(&first, "network_key"));
    fs::write(at("mixed.toml"), mixed).unwrap();
    refused(&["genesis", "add", &genesis, &at("mixed.toml")], 4, "does not hold");
    assert_eq!(done(&["genesis", "hash", &genesis])["chain"], chain.as_str());
    refused(&["genesis", "new", &genesis, "--name", "town"], 4, "is there already");
}

#[test]
fn a_node_is_started_on_what_its_operator_agreed_to_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (chain, config) = ceremony(folder.path());
    let start = ["start", "--config", &config, "--rpc-port", "0", "--p2p-listen", "127.0.0.1:0"];
    let other = "0x0000000000000000000000000000000000000000000000000000000000000000";
    refused(&[&start[..], &["--chain", other]].concat(), 5, "not the file that was agreed on");
    let text = fs::read_to_string(&config).unwrap();
    let changed = |from: &str, to: &str, exit: i32, says: &str| {
        assert!(text.contains(from), "{from}");
        fs::write(&config, text.replace(from, to)).unwrap();
        refused(&start, exit, says);
        refused(&["config", "check", "--config", &config], exit, says);
        fs::write(&config, &text).unwrap();
    };
    changed(&format!("chain = \"{chain}\"\n"), "", 2, &format!("--chain {chain}"));
    changed("data_dir", "data-dir", 5, "line 3");
    changed("town-2 = ", "town-9 = ", 2, "town-9");
    changed("[network.peers]\ntown-2 = \"localhost:9955\"\n", "", 2, "town-2 has no address");
    changed("localhost:9955", "localhost", 2, "no HOST:PORT");
    changed("network-1.key", "network-2.key", 5, "network key");
    changed("consensus-1.key", "network-1.key", 5, "");
    changed("passphrase_file = \"passphrase\"\n", "", 4, "--passphrase-file");
    fs::write(at("wrong"), "another\n").unwrap();
    changed("\"passphrase\"", "\"wrong\"", 4, "does not open it");
    let key = at("consensus-1.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    refused(&start, 4, "chmod 600");
    refused(&["keys", "show", &key], 4, "");
}

//! The program `dure` as a script uses it: answers, exit codes, what it says when it cannot start.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "rpc/chain.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the RPC tests")]
mod chain;
mod program;

use dure_client::Key;
use dure_node::genesis_file;
use dure_types::{TimestampMs, domain::blake3_hash};
use program::{Dev, code, dure};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

const STDERR: usize = 0;
const STDOUT: usize = 1;

fn write_counter(folder: &Path) -> String {
    let path = folder.join("counter.wasm");
    std::fs::write(&path, chain::counter()).unwrap();
    path.display().to_string()
}

#[test]
fn a_contract_is_deployed_and_called_with_a_dev_key_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    assert_eq!(dev.ready["keys"].as_array().unwrap().len(), 6);
    let file = write_counter(folder.path());
    let done = dev.answer(&["deploy", &file, "--init", r#"{"start": 5}"#]);
    let address = done["address"].as_str().unwrap();
    let begun = Instant::now();
    let called = dev.answer(&["call", address, "add", "--amount", "3"]);
    // A block follows the first transaction on an idle chain within 50 ms; the rest is the
    // program's start.
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(called["stage"], "final");
    assert_eq!(dev.answer(&["query", address, "value"]), json!("8"));
    let again = dev.answer(&["call", address, "add", "--args", r#"{"amount": "1"}"#]);
    let id = again["id"].as_str().unwrap();
    assert_eq!(dev.answer(&["tx", id])["receipt"]["id"], id);
    assert_eq!(dev.answer(&["status"])["chain"]["name"], "dev");
    let events = dev.run(&["events", "--contract", address]);
    assert_eq!(String::from_utf8(events.stdout).unwrap().lines().count(), 2);
}

/// What a program that never ends says on its standard error and output, and its end with the test.
struct Following(std::process::Child, [mpsc::Receiver<String>; 2]);

impl Following {
    fn start(dev: &Dev, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dure"))
            .args(["events", "--follow", "--rpc", &dev.url])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let error = lines(child.stderr.take().unwrap());
        let output = lines(child.stdout.take().unwrap());
        Self(child, [error, output])
    }

    /// The next line that has these words; a program that does not say it fails the test.
    fn says(&self, stream: usize, words: &str) -> String {
        loop {
            let line = self.1[stream].recv_timeout(Duration::from_secs(60)).expect(words);
            if line.contains(words) {
                return line;
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    let each = move || {
        BufReader::new(from).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    };
    thread::spawn(each);
    lines
}

#[test]
fn events_are_followed_from_now_or_from_where_one_says() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let file = write_counter(folder.path());
    let done = dev.answer(&["deploy", &file, "--init", r#"{"start": 5}"#]);
    let address = done["address"].as_str().unwrap();
    let called = |amount: &str| {
        let called = dev.answer(&["call", address, "add", "--amount", amount]);
        called["receipt"]["height"].as_str().unwrap().to_owned()
    };
    let first = called("1");
    let now = Following::start(&dev, &["--contract", address]);
    let line = now.says(STDERR, "following from block ");
    let block: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(block > first.parse().unwrap(), "{line} after {first}");
    let second = called("2");
    assert!(now.says(STDOUT, address).starts_with(&format!("{second}-0 ")));
    // Told where, it begins there, with what was before it came.
    let from = Following::start(&dev, &["--contract", address, "--from", &format!("{first}-0")]);
    from.says(STDERR, &format!("following from block {first}"));
    for height in [first, second] {
        assert!(from.says(STDOUT, address).starts_with(&format!("{height}-0 ")));
    }
}

#[test]
fn the_clock_of_a_development_chain_moves_forward_and_blocks_follow_it() {
    const YEAR_MS: u64 = 365 * 24 * 60 * 60 * 1_000;
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let clock = || number(&dev.answer(&["status"])["chain"]["now"]);
    let before = clock();
    let now = number(&dev.answer(&["advance", "365days"])["now"]);
    assert!(now >= before + YEAR_MS && clock() >= now);
    // A transaction is signed for the time that the node has.
    let file = write_counter(folder.path());
    let done = dev.answer(&["deploy", &file, "--init", "[1]"]);
    assert!(number(&dev.answer(&["status"])["chain"]["time"]) >= now, "{done}");
    let far = dev.run(&["advance", "36525days"]);
    assert_eq!(code(&far), 1, "{far:?}");
    let said = String::from_utf8_lossy(&far.stderr);
    assert!(said.contains("6012"), "{said}");
}

#[test]
fn the_exit_code_is_0_only_for_what_succeeded() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let file = write_counter(folder.path());
    let done = dev.answer(&["deploy", &file, "--init", "[1]", "--key", "bob"]);
    let address = done["address"].as_str().unwrap();
    let check = |arguments: &[&str], expect: i32, text: &str| {
        let output = dev.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), expect, "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    };
    check(&["call", address, "fail"], 1, "\"code\":4001");
    check(&["call", address, "fail", "--gas", "5000000"], 1, "Refused");
    check(&["call", address, "spin", "--gas", "5000000"], 1, "\"code\":4003");
    check(&["call", address, "steal"], 1, "\"code\":3004");
    check(&["call", address, "add", "--amount", "many"], 2, "args.amount");
    check(&["call", address, "add"], 2, "args.amount: the field is missing");
    check(&["query", address, "value", "--key", "bob"], 2, "--key: value has no such argument");
    check(&["call", address, "add", "--sum", "1"], 2, "amount");
    check(&["call", address, "add", "1"], 2, "--name value");
    let twice = ["call", address, "add", "--amount", "1", "--amount", "2"];
    check(&twice, 2, "--amount: given twice");
    check(&["events", "--limit", "0"], 2, "\"exit\":2");
    check(&["inspect", "nofile"], 2, "nor is there such a file");
    check(&["query", "0x12", "value"], 2, "1 bytes, expected 32");
    check(&["deploy", "/no/such/file"], 4, "/no/such/file");
    check(&["deploy", &file, "--init", "{"], 2, "--init");
    check(&["deploy", &file], 2, "args.start: the field is missing");
    for (bytes, words) in [(&b"text"[..], "no WASM"), (b"\0asm\x01\0\0\0", "no contract, or one")] {
        let other = folder.path().join("other.wasm").display().to_string();
        fs::write(&other, bytes).unwrap();
        check(&["deploy", &other], 4, words);
        check(&["upgrade", address, &other], 4, &format!("{other}: {words}"));
        check(&["inspect", &other], 4, words);
    }
    check(&["call", address, "fail", "--sum", "1"], 2, "has no such argument; it takes none");
    check(&["account", "bob"], 2, "@bob is the address of that key");
    check(&["call", "system", "set_upgrader", "--contract", "bob"], 2, "@bob is the address");
    let nobody = "alice, bob, carol, dave, erin, frank; the path of a key file";
    check(&["call", address, "add", "--amount", "1", "--key", "nobody"], 4, nobody);
    check(&["account", "@nobody"], 4, nobody);
    check(&["tx", &format!("0x{}", "00".repeat(32))], 1, "\"code\":3002");
    let nobody = dure(&["status", "--rpc", "http://127.0.0.1:1"]);
    assert_eq!(code(&nobody), 3);
    assert_eq!(code(&dure(&["no-such-command"])), 2);
    for name in ["alice", ""] {
        let refused = dure(&["keys", "new", name, "--json"]);
        let told: Value = serde_json::from_slice(&refused.stderr).unwrap();
        assert_eq!((code(&refused), &told["exit"]), (2, &json!(2)), "{told}");
    }
    for command in ["build", "check", "test"] {
        assert_eq!(code(&dure(&[command, "/no/such/crate"])), 4, "{command}");
    }
}

#[test]
fn people_are_told_which_methods_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let done = dev.answer(&["deploy", &write_counter(folder.path()), "--init", "[1]"]);
    let address = done["address"].as_str().unwrap();
    let no_arguments = dure(&["deploy", &write_counter(folder.path()), "--rpc", &dev.url]);
    let takes = "the init method takes (start: u64): give them by --init JSON, or in a deploy.toml";
    assert!(said(&no_arguments).contains(takes), "{}", said(&no_arguments));
    assert!(said(&no_arguments).contains("--init: start: the field"), "{}", said(&no_arguments));
    let refused = dure(&["call", address, "steal", "--rpc", &dev.url]);
    assert_eq!(code(&refused), 1);
    assert!(said(&refused).contains("has no method steal; it has add, "), "{}", said(&refused));
    let refused = dure(&["call", address, "add", "--rpc", &dev.url]);
    let takes = "error: --amount: the field is missing; add takes (amount: u64)";
    assert!(said(&refused).contains(takes), "{}", said(&refused));
    for (more, expect) in [
        (["--amount", "many"], "error: --amount: expected u64 as decimal string, found \"many\""),
        (["--args", "{}"], "error: --args: amount: the field is missing"),
    ] {
        let refused = dure(&[&["call", address, "add", "--rpc", &dev.url], &more[..]].concat());
        assert!(said(&refused).contains(expect), "{}", said(&refused));
    }
}

#[test]
fn a_simulation_is_of_whom_its_key_names_and_a_filter_knows_names() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let done = dev.answer(&["deploy", &write_counter(folder.path()), "--init", "[1]"]);
    let address = done["address"].as_str().unwrap();
    // The system contract tells an account that is no upgrader from one that is.
    let args = json!({ "contract": address, "upgrader": null }).to_string();
    let freeze = |who: &[&str]| {
        dev.run(&[&["simulate", "system", "set_upgrader", "--args", &args], who].concat())
    };
    assert_eq!(code(&freeze(&[])), 0, "alice is the upgrader");
    for who in [["--key", "bob"], ["--by", "@bob"]] {
        assert!(said(&freeze(&who)).contains("NotUpgrader"), "{}", said(&freeze(&who)));
    }
    assert_eq!(code(&freeze(&["--key", "bob", "--by", "@bob"])), 2);
    assert_eq!(code(&freeze(&["--key", "nobody"])), 4);

    let events = |fields: &str| {
        dev.run(&["events", "--contract", address, "--event", "Added", "--fields", fields])
    };
    assert!(said(&events(r#"{"amount": "@nobody"}"#)).contains("no key \\\"nobody\\\""));
    let shown = dure(&["keys", "show", "bob", "--json"]);
    let bob = serde_json::from_slice::<Value>(&shown.stdout).unwrap()["address"].clone();
    let named = events(r#"{"amount": "@bob"}"#);
    let written = events(&json!({ "amount": bob }).to_string());
    assert_eq!(said(&named), said(&written));
    let of_system = dev.run(&["events", "--contract", "system", "--event", "Instantiated"]);
    assert!(String::from_utf8_lossy(&of_system.stdout).contains(address), "{}", said(&of_system));
}

#[test]
fn the_secret_of_a_dev_key_is_shown_and_of_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.key").display().to_string();
    assert_eq!(code(&dure(&["keys", "new", &path])), 0);
    assert_eq!(code(&dure(&["keys", "show", &path, "--seed"])), 2);
    let shown = |arguments: &[&str]| -> Value {
        let output = dure(&[&["keys", "show", "alice", "--json"], arguments].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(shown(&[])["seed"], Value::Null);
    let alice = shown(&["--seed"]);
    let seed = dure_rpc::hex::to_bytes(alice["seed"].as_str().unwrap()).unwrap();
    let key = dure_client::Key::from_seed(seed.try_into().unwrap());
    assert_eq!(json!(key.address().to_string()), alice["address"]);
}

#[test]
fn dev_keys_stay_on_this_machine() {
    let output = dure(&["dev", "--listen", "0.0.0.0"]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("everybody knows"));
    // A file with the same key is no other key; the last URL is this machine under another name.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.key");
    let alice = dure_rpc::hex::to_text(&blake3_hash(b"dure dev key alice").0);
    std::fs::write(&path, format!("{alice}\n")).unwrap();
    let path = path.display().to_string();
    let dev = Dev::start(&[]);
    let file = write_counter(folder.path());
    let init = ["deploy", &file, "--init", r#"{"start": 5}"#, "--key", &path];
    dev.answer(&init);
    let elsewhere = dev.url.replace("127.0.0.1", "127.1");
    let refused = dure(&[&init[..], &["--rpc", &elsewhere]].concat());
    assert_eq!(code(&refused), 2, "{}", said(&refused));
    assert!(said(&refused).contains("everybody knows"), "{}", said(&refused));
}

#[test]
fn a_node_with_a_dev_key_is_not_reached_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (genesis, key) = (at("genesis.toml"), at("validator.key"));
    let of_dev =
        |name: &str| Key::from_seed(blake3_hash(format!("dure dev key {name}").as_bytes()).0);
    let own = Key::from_seed([8; 32]);
    // The key that orders, or an account that the chain begins with.
    for (validator, accounts) in
        [(of_dev("validator"), vec![]), (own, vec![of_dev("alice").address()])]
    {
        let _ = std::fs::remove_file(&key);
        validator.to_file(&key).unwrap();
        let network = Key::from_seed([9; 32]);
        let chain = genesis_file::dev_genesis(
            "other",
            TimestampMs(1),
            validator.signing(),
            network.signing(),
            &accounts,
        );
        genesis_file::write(Path::new(&genesis), &chain).unwrap();
        let (id, data) = (chain.chain_id().to_string(), at("data"));
        let start = ["start", "--genesis", &genesis, "--data-dir", &data, "--key", &key];
        let start = [&start[..], &["--chain", &id]].concat();
        let refused = dure(&[&start[..], &["--listen", "0.0.0.0", "--rpc-port", "0"]].concat());
        assert_eq!(code(&refused), 2, "{}", said(&refused));
        assert!(said(&refused).contains("everybody knows"), "{}", said(&refused));
    }
}

#[test]
fn a_node_that_cannot_start_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = dure(&["dev", "--rpc-port", &port]);
    assert_eq!(code(&output), 5);
    let said = said(&output);
    assert!(said.contains(&port) && said.contains("--rpc-port N"), "{said}");
    assert!(said.contains("--rpc http://HOST:N or DURE_RPC"), "{said}");
}

#[test]
fn keys_are_made_shown_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.key");
    let name = path.display().to_string();
    let made = dure(&["keys", "new", &name, "--json"]);
    assert_eq!(code(&made), 0);
    let shown = dure(&["keys", "show", &name, "--json"]);
    let address = |output: &Output| -> Value {
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["address"].clone()
    };
    assert_eq!(address(&made), address(&shown));
    assert_eq!(code(&dure(&["keys", "new", &name])), 4);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_nobody_hears_changes_no_exit_code_and_what_nobody_gets_is_no_success() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let mut status = Command::new(env!("CARGO_BIN_EXE_dure"));
    status.args(["status", "--rpc", "http://127.0.0.1:1"]).stderr(full());
    assert_eq!(status.status().unwrap().code(), Some(3));
    let mut help = Command::new(env!("CARGO_BIN_EXE_dure"));
    assert_eq!(help.arg("help").stdout(full()).status().unwrap().code(), Some(4));
    assert_eq!(code(&dure(&["help"])), 0);
}

#[test]
fn a_node_whose_standard_error_is_gone_stops_orderly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["dev", "--rpc-port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    drop(child.stderr.take());
    rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{line}");
}

#[cfg(not(feature = "rocksdb"))]
#[test]
fn a_build_without_a_database_refuses_a_folder_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let refused = dure(&["dev", "--data-dir", &folder.path().display().to_string()]);
    assert_eq!(code(&refused), 2, "{}", said(&refused));
    assert!(said(&refused).contains("has no database"), "{}", said(&refused));
}

#[cfg(feature = "rocksdb")]
mod disk {
    use super::*;
    use codec::Encode;
    use dure_client::{Client, Wait};
    use dure_types::{Address, Gas};

    fn refused(arguments: &[&str], text: &str) {
        let output = dure(&[&["dev", "--rpc-port", "0"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), 5, "{said}");
        assert!(said.contains(text), "{said}");
    }

    #[test]
    fn what_was_final_is_there_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let file = write_counter(folder.path());
        let dev = Dev::start(&["--data-dir", &data]);
        let done = dev.answer(&["deploy", &file, "--init", "[1]"]);
        let address = done["address"].as_str().unwrap();
        let called = dev.answer(&["call", address, "add", "--amount", "2"]);
        let chain = dev.ready["chain"].clone();
        drop(dev);
        let dev = Dev::start(&["--data-dir", &data]);
        assert_eq!(dev.ready["chain"], chain);
        assert_eq!(dev.answer(&["query", address, "value"]), json!("3"));
        let id = called["id"].as_str().unwrap();
        assert_eq!(dev.answer(&["tx", id])["receipt"], called["receipt"]);
        // The keys lie in files too.
        let key = format!("{data}/keys/carol.key");
        dev.answer(&["call", address, "add", "--amount", "1", "--key", &key]);
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let below = file.join("data").display().to_string();
        refused(&["--data-dir", &below], &below);

        let data = folder.path().join("data").display().to_string();
        let dev = Dev::start(&["--data-dir", &data]);
        refused(&["--data-dir", &data], "in use");
        drop(dev);

        let validator = Key::from_seed(blake3_hash(b"dure dev key validator").0);
        let other = genesis_file::dev_genesis(
            "other",
            TimestampMs(1),
            validator.signing(),
            Key::from_seed([9; 32]).signing(),
            &[],
        );
        let path = folder.path().join("other.toml");
        genesis_file::write(&path, &other).unwrap();
        let path = path.display().to_string();
        let chain = other.chain_id().to_string();
        refused(&["--data-dir", &data, "--genesis", &path], &chain);
        let hash = dure(&["genesis", "hash", &path]);
        assert_eq!(String::from_utf8(hash.stdout).unwrap().trim(), chain);

        let damage = |database: &str| {
            let current = Path::new(&data).join(database).join("CURRENT");
            std::fs::write(current, "garbage").unwrap();
        };
        damage("state");
        refused(&["--data-dir", &data], "move that folder away");
        // What is said helps.
        std::fs::rename(Path::new(&data).join("state"), folder.path().join("away")).unwrap();
        drop(Dev::start(&["--data-dir", &data]));
        damage("ledger");
        refused(&["--data-dir", &data], "put a copy");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_that_cannot_write_any_more_says_so_and_ends_with_its_code() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        // No file may grow above 2 MiB; the system says so instead of ending the process.
        let limited = r#"trap "" XFSZ; ulimit -f 4096; exec "$0" "$@""#;
        let mut node = Command::new("sh")
            .args(["-c", limited, env!("CARGO_BIN_EXE_dure"), "dev", "--rpc-port", "0", "--json"])
            .args(["--data-dir", &data])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(node.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let url = ready["url"].as_str().unwrap();
        // Refused by the chain until the disk refuses: each is kept in a batch first.
        let (client, junk) = (Client::connect(url).await.unwrap(), vec![7u8; 900_000].encode());
        let alice = Key::from_file(Path::new(&data).join("keys/alice.key")).unwrap();
        let mut left = 20;
        while client.health().await.is_ok_and(|health| health.running) {
            let sent =
                client.transaction(&alice).call_scale(Address::SYSTEM, "deploy", junk.clone());
            let refused = sent.gas_limit(Gas(90_000_000)).submit(Wait::Final).await;
            assert!(refused.is_err(), "it is no module");
            left -= 1;
            assert!(left > 0, "nothing was too large for the disk");
        }
        let output = node.wait_with_output().unwrap();
        assert_eq!(code(&output), 5, "{}", said(&output));
        assert!(said(&output).contains("File too large"), "{}", said(&output));
        // What is there can be used where there is room.
        drop(Dev::start(&["--data-dir", &data]));
    }

    #[test]
    fn a_port_that_is_taken_leaves_no_keys_behind() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let path = data.display().to_string();
        let output = dure(&["dev", "--rpc-port", &port, "--data-dir", &path]);
        assert_eq!(code(&output), 5);
        assert!(!data.exists(), "nothing was written");
        // A key whose writing a crash cut off is written anew.
        let keys = data.join("keys");
        fs::create_dir_all(&keys).unwrap();
        fs::write(keys.join("alice.key"), "").unwrap();
        drop(Dev::start(&["--data-dir", &path]));
        assert!(Key::from_file(keys.join("alice.key")).is_ok());
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_no_file_or_too_long_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (pipe, long) = (at("pipe"), at("long"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::File::create(&long).unwrap().set_len(64 << 20).unwrap();
    for command in [
        vec!["deploy"],
        vec!["inspect"],
        vec!["upgrade", "0x00"],
        vec!["apply"],
        vec!["token", "issue", "--policy"],
        vec!["genesis", "hash"],
        vec!["keys", "show"],
    ] {
        for (file, reason) in [
            ("/dev/zero", "not a regular file"),
            (pipe.as_str(), "not a regular file"),
            (long.as_str(), "more than"),
        ] {
            let refused = dure(&[command.as_slice(), &[file]].concat());
            assert_ne!(code(&refused), 0, "{command:?} {file}");
            assert!(said(&refused).contains(reason), "{command:?} {file}: {}", said(&refused));
        }
    }
}

#[test]
fn key_that_others_may_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.key").display().to_string();
    assert_eq!(code(&dure(&["keys", "new", &path])), 0);
    let shown = dure(&["keys", "show", &path]);
    assert_eq!((code(&shown), said(&shown).as_str()), (0, ""));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let shown = dure(&["keys", "show", &path]);
    assert_eq!(code(&shown), 0);
    assert!(said(&shown).contains(&format!("chmod 600 {path}")), "{}", said(&shown));
}

#[test]
fn origin_that_no_browser_sends_is_refused() {
    let start = ["start", "--genesis", "g", "--data-dir", "d", "--key", "k", "--origin"];
    for bad in ["https://a.example\n", "https://a.example/", "a.example", "https://", "é://a", "*"]
    {
        let refused = dure(&[&start[..], &[bad]].concat());
        assert_eq!(code(&refused), 2, "{bad:?}");
        assert!(said(&refused).contains("expected a scheme and a host"), "{}", said(&refused));
    }
    // The next thing that is wrong.
    assert_eq!(code(&dure(&[&start[..], &["https://a.example:8080"]].concat())), 5);
}

#[test]
fn log_in_a_file_has_no_colours() {
    let program = env!("CARGO_BIN_EXE_dure");
    let output = Command::new(program).env("DURE_LOG", "a=b=c").arg("keys").output().unwrap();
    assert!(said(&output).contains("the log filter is not understood"), "{}", said(&output));
    assert!(!said(&output).contains('\u{1b}'), "{:?}", said(&output));
}

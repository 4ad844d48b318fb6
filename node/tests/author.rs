//! The command line of a contract author: what it shows, what it refuses, with which exit code.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "rpc/chain.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the RPC tests")]
mod chain;
mod program;
#[path = "author/unset.rs"]
mod unset;

use dure_client::{Client, ClientError, Key, RpcError, Wait, shape::TraceAnswer};
use dure_node::genesis_file;
use dure_types::{Address, Gas, TimestampMs};
use program::{Dev, code, dure};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Output};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn write_counter(folder: &Path) -> String {
    let path = folder.join("counter.wasm");
    fs::write(&path, chain::counter()).unwrap();
    path.display().to_string()
}

fn counter(dev: &Dev, folder: &Path) -> String {
    let file = write_counter(folder);
    let done = dev.answer(&["deploy", &file, "--init", r#"{"start": 5}"#]);
    done["address"].as_str().unwrap().to_owned()
}

fn people(dev: &Dev, arguments: &[&str]) -> Output {
    dure(&[arguments, &["--rpc", &dev.url]].concat())
}

/// What a command said behind the line that names the chain it acts on.
#[track_caller]
fn said_on(dev: &Dev, output: &Output) -> String {
    let said = text(&output.stderr);
    let (chain, rest) = said.split_once('\n').unwrap();
    let id = dev.ready["chain"].as_str().unwrap().get(..10).unwrap();
    assert_eq!(chain, format!("chain dev ({id}..) at {}", dev.url));
    rest.to_owned()
}

#[test]
fn a_failure_names_the_error_of_the_source_and_the_path_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let address = counter(&dev, folder.path());
    let failed = people(&dev, &["call", &address, "fail"]);
    let expect = "error: counter::Error::Refused { limit: 7 } at counter.fail\n";
    let unsent = format!("{expect}  refused before it was sent\n");
    assert_eq!((code(&failed), said_on(&dev, &failed)), (1, unsent));
    let failed = dev.run(&["call", &address, "fail"]);
    let said: Value = serde_json::from_slice(&failed.stderr).unwrap();
    assert_eq!(said["sent"], false);
    assert_eq!(said["at"], "counter.fail");
    assert_eq!(said["said"], "counter::Error::Refused { limit: 7 }");
    assert_eq!(said["error"]["code"], 4001);
    let simulated = people(&dev, &["simulate", &address, "fail"]);
    assert_eq!(code(&simulated), 1);
    assert_eq!(text(&simulated.stderr), expect);
}

/// A contract named `counter` that refuses whatever it is asked, with the time; it is made only
/// with a start above nought.
fn picky() -> Vec<u8> {
    let module = r#"(module
        (import "dure1" "input" (func $input (param i32)))
        (import "dure1" "ret" (func $ret (param i32 i32)))
        (import "dure1" "time_ms" (func $time (result i64)))
        (memory (export "memory") 1)
        (func $refuse (result i32)
          (i64.store (i32.const 33) (call $time))
          (call $ret (i32.const 32) (i32.const 9))
          (i32.const 1))
        (func (export "dure_init") (param i32) (result i32)
          (call $input (i32.const 0))
          (if (i64.ne (i64.load (i32.const 0)) (i64.const 0)) (then (return (i32.const 0))))
          (call $refuse))
        (func (export "dure_call") (param i32) (result i32) (call $refuse))
        (func (export "dure_query") (param i32) (result i32) (call $refuse)))"#;
    chain::with_spec(wat::parse_str(module).unwrap())
}

#[test]
fn what_refuses_a_contract_is_told_by_its_code_and_an_error_with_the_time_keeps_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let path = folder.path().join("counter.wasm");
    fs::write(&path, picky()).unwrap();
    let file = path.display().to_string();
    let deploy = |start: &str| people(&dev, &["deploy", &file, "--init", start]);
    let plan = folder.path().join("deploy.toml");
    fs::write(&plan, "[contract.a]\nwasm = \"counter.wasm\"\ninit = { start = 0 }\n").unwrap();
    let apply = || people(&dev, &["apply", &plan.display().to_string()]);
    let unsent = |refused: &Output, place: &str| {
        let said = text(&refused.stderr);
        assert_eq!(code(refused), 1, "{said}");
        let end = format!(" }} at {place}\n  refused before it was sent\n");
        assert!(said.contains("error: counter::Error::Refused { limit: "), "{said}");
        assert!(said.ends_with(&end), "{said}");
    };
    let made = "system.instantiate -> counter.new";
    unsent(&deploy("[0]"), made);
    unsent(&apply(), made);
    let account = dev.answer(&["account", "@alice"]);
    assert!(account["transactions"].as_array().unwrap().is_empty(), "nothing was sent: {account}");

    let done = dev.answer(&["deploy", &file, "--init", "[1]"]);
    let (address, hash) = (done["address"].as_str().unwrap(), &done["code"]);
    unsent(&deploy("[0]"), made);
    unsent(&apply(), made);
    unsent(&people(&dev, &["call", address, "add", "--amount", "1"]), "counter.add");
    let asked = text(&people(&dev, &["query", address, "value"]).stderr);
    assert!(asked.ends_with(" } at counter.value\n"), "{asked}");

    let init = json!({ "code": hash, "salt": "0x01", "init": "0x0000000000000000" }).to_string();
    for (call, place) in [
        (["call", address, "add", "--args", "[1]"], "counter.add"),
        (["call", "system", "instantiate", "--args", &init], made),
    ] {
        let failed = people(&dev, &[&call[..], &["--gas", "5000000"]].concat());
        let said = text(&failed.stderr);
        let (error, id) = said.split_once(&format!(" }} at {place}\n  transaction ")).unwrap();
        assert!(error.contains("error: counter::Error::Refused { limit: "), "{said}");
        let told = text(&people(&dev, &["tx", id.trim()]).stderr);
        assert!(told.contains("counter::Error::Refused { limit: "), "{told}");
    }
}

/// Adds so often, each in a block of its own, after the first time, which is traced at the end.
async fn traced_after(
    client: &Client,
    key: &Key,
    counter: Address,
    times: u64,
) -> Result<TraceAnswer, ClientError> {
    let add = || client.transaction(key).call(counter, "add", json!({ "amount": 1 }));
    let first = add().submit(Wait::Final).await?;
    for _ in 0..times {
        add().gas_limit(Gas(5_000_000)).submit(Wait::Final).await?;
    }
    client.trace(first.id.0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_chain_traces_what_another_node_no_longer_can() {
    let node = chain::Chain::start().await;
    let client = node.client().await;
    let counter = node.counter(&client).await;
    let gone = traced_after(&client, &node.alice, counter, 64).await.unwrap_err();
    assert!(matches!(gone.refusal(), Some(RpcError::StateGone { .. })), "{gone}");
    node.stop().await;

    let dev = Dev::start(&[]);
    let client = Client::connect(&dev.url).await.unwrap();
    let seed = dev.ready["keys"][0]["seed"].as_str().unwrap();
    let key = Key::from_text(seed).unwrap();
    let made = client.deploy(&key, &chain::counter(), &json!([5]), b"far").await.unwrap();
    let traced = traced_after(&client, &key, made.contract, 64).await.unwrap();
    assert_eq!((traced.exact, &traced.trace[0].value), (true, &json!("6")));
}

#[test]
fn a_call_that_failed_on_the_chain_is_told_with_its_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let address = counter(&dev, folder.path());
    // With a gas limit nothing is tried first.
    let failed = people(&dev, &["call", &address, "fail", "--gas", "5000000"]);
    let said = said_on(&dev, &failed);
    let (error, id) = said.split_once("\n  transaction ").unwrap();
    assert_eq!(error, "error: counter::Error::Refused { limit: 7 } at counter.fail");
    let shown = people(&dev, &["tx", id.trim()]);
    assert!(text(&shown.stdout).contains("failed       call 0\n"), "{}", text(&shown.stdout));
    let traced = people(&dev, &["trace", id.trim()]);
    let tree = text(&traced.stdout);
    assert!(tree.contains("counter.fail") && tree.ends_with("-> refused\n"), "{tree}");
    // Both show what failed, and end as its call did.
    let expect = "error: counter::Error::Refused { limit: 7 } at counter.fail\n";
    assert_eq!((code(&traced), text(&traced.stderr).as_str()), (1, expect));
    assert_eq!(code(&shown), 1);
    let failed = dev.run(&["call", &address, "fail", "--gas", "5000000"]);
    let said: Value = serde_json::from_slice(&failed.stderr).unwrap();
    assert_eq!(said["error"]["code"], 4001);
    let id = said["transaction"].as_str().unwrap();
    assert!(text(&dev.run(&["tx", id]).stdout).contains(id));
}

#[test]
fn help_on_a_method_is_from_its_contract() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let address = counter(&dev, folder.path());
    let help = |arguments: &[&str]| {
        let output = people(&dev, arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let shown = help(&["call", &address, "add", "--help"]);
    assert!(shown.starts_with("add(amount: u64) -> u64\n"), "{shown}");
    assert!(shown.ends_with("  --amount  u64\n"), "{shown}");
    assert_eq!(help(&["call", &address, "add", "--amount", "1", "--help"]), shown);
    let all = help(&["call", &address, "--help"]);
    assert!(all.contains("add(amount: u64)") && !all.contains("value()"), "{all}");
    assert!(help(&["query", &address, "-h"]).contains("value() -> u64"));
    let shown = help(&["simulate", "system", "set_upgrader", "--help"]);
    assert!(shown.contains("--contract  Address: 0x and 64 digits, or @NAME of a key"), "{shown}");
    assert!(help(&["call", "--help"]).contains("Usage: dure call [OPTIONS]"));
    let wrong = people(&dev, &["call", &address, "value", "--help"]);
    assert_eq!(code(&wrong), 2);
    assert!(text(&wrong.stderr).contains("use `dure query`"), "{}", text(&wrong.stderr));
    assert_eq!(code(&dure(&["call"])), 2);
}

/// A contract named `counter` whose calls panic with text for the terminal of whoever calls, and
/// its queries as one does that reads a field too early.
fn liar() -> Vec<u8> {
    let module = r#"(module
        (import "dure1" "panic" (func $panic (param i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\1b[2K\0dOK\0afinal\c2\9b")
        (data (i32.const 32) "unset field #0")
        (func (export "dure_init") (param i32) (result i32) (i32.const 0))
        (func (export "dure_call") (param i32) (result i32)
          (call $panic (i32.const 0) (i32.const 15)) (i32.const 0))
        (func (export "dure_query") (param i32) (result i32)
          (call $panic (i32.const 32) (i32.const 14)) (i32.const 0)))"#;
    chain::with_spec(wat::parse_str(module).unwrap())
}

#[test]
fn what_a_contract_or_a_genesis_says_does_not_steer_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let file = folder.path().join("liar.wasm");
    fs::write(&file, liar()).unwrap();
    let done = dev.answer(&["deploy", &file.display().to_string(), "--init", "[1]"]);
    let address = done["address"].as_str().unwrap();
    let called = people(&dev, &["call", address, "add", "--amount", "1"]);
    let expect = "error: panicked: \\u{1b}[2K\\rOK\\nfinal\\u{9b} at counter.add\n  refused before it \
                  was sent\n";
    assert_eq!((code(&called), said_on(&dev, &called).as_str()), (1, expect));
    let simulated = people(&dev, &["simulate", address, "add", "--amount", "1"]);
    let shown = text(&simulated.stdout) + &text(&simulated.stderr);
    assert!(shown.contains("\\u{1b}[2K\\rOK\\nfinal"), "{shown}");
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");

    let genesis = genesis_file::dev_genesis(
        "dev\x1b[2K",
        TimestampMs(1),
        Key::from_seed([8; 32]).signing(),
        Key::from_seed([9; 32]).signing(),
        &[],
    );
    let path = folder.path().join("genesis.toml");
    genesis_file::write(&path, &genesis).unwrap();
    let refused = dure(&["genesis", "hash", &path.display().to_string()]);
    assert_ne!(code(&refused), 0);
    assert!(text(&refused.stderr).contains("control characters"), "{}", text(&refused.stderr));
}

#[test]
fn a_query_that_panics_says_what_it_said_and_names_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let file = folder.path().join("liar.wasm");
    fs::write(&file, liar()).unwrap();
    let done = dev.answer(&["deploy", &file.display().to_string(), "--init", "[1]"]);
    let address = done["address"].as_str().unwrap();
    let expect = "panicked: the field `value` was read before it was set: set it in #[init], \
                  in a #[migrate] where an upgrade added it, or read it by try_get";
    let asked = people(&dev, &["query", address, "value"]);
    let said = text(&asked.stderr);
    assert_eq!((code(&asked), said.as_str()), (1, &*format!("error: {expect} at counter.value\n")));
    // The tree says where, and the error what.
    let tried = people(&dev, &["simulate", address, "value"]);
    assert!(text(&tried.stdout).ends_with("-> panicked\n"), "{}", text(&tried.stdout));
    assert_eq!((code(&tried), text(&tried.stderr)), (1, said));
    let simulated = dev.run(&["simulate", address, "value"]);
    let simulated: Value = serde_json::from_slice(&simulated.stdout).unwrap();
    assert_eq!(simulated["panic"], simulated["trace"][0]["panic"]);
}

#[test]
fn a_trace_shows_calls_events_and_gas_of_what_was_and_of_what_would_be() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let address = counter(&dev, folder.path());
    let called = dev.answer(&["call", &address, "add", "--amount", "3"]);
    dev.answer(&["call", &address, "add", "--amount", "100"]);
    let id = called["id"].as_str().unwrap();
    let past = dev.answer(&["trace", id]);
    assert_eq!(past["exact"], true, "{past}");
    let call = &past["trace"][0];
    assert_eq!((&call["contract_name"], &call["method"]), (&json!("counter"), &json!("add")));
    assert_eq!((&call["args"], &call["value"]), (&json!({ "amount": "3" }), &json!("8")));
    assert_eq!(call["events"][0]["name"], "Added");
    let shown = text(&people(&dev, &["trace", id]).stdout);
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let (used, base, calls) =
        (number(&past["gas_used"]), number(&past["gas_base"]), number(&call["gas_used"]));
    assert_eq!(used, base + calls);
    let sum = format!("{used} = base cost {base} + calls {calls}\n");
    assert!(shown.contains(&format!("gas          {sum}")), "{shown}");
    let receipt = text(&people(&dev, &["tx", id]).stdout);
    assert!(receipt.contains(&format!(", gas {sum}")), "{receipt}");
    assert!(shown.contains("counter.add { amount: 3 }"), "{shown}");
    assert!(shown.contains("-> ok: 8"), "{shown}");
    assert!(shown.contains("  event counter.Added { amount: 3 }"), "{shown}");

    let would = dev.answer(&["trace", &address, "add", "--amount", "1"]);
    assert_eq!(would["trace"][0]["value"], "109");
    let asked = dev.answer(&["trace", &address, "value"]);
    assert_eq!((&asked["trace"][0]["value"], &asked["changed"]), (&json!("108"), &json!(0)));
    let asked = text(&people(&dev, &["simulate", &address, "value"]).stdout);
    assert!(asked.contains("output       value: 108\n"), "{asked}");
    assert_eq!(dev.answer(&["query", &address, "value"]), json!("108"));
    let failed = people(&dev, &["trace", &address, "spin", "--gas", "5000000"]);
    assert_eq!(code(&failed), 1);
    let (shown, said) = (text(&failed.stdout), text(&failed.stderr));
    assert!(shown.contains("counter.spin {}") && shown.ends_with("-> failed\n"), "{shown}");
    assert!(said.starts_with("error: ") && said.contains("out of gas"), "{said}");
    let unknown = dev.run(&["trace", &format!("0x{}", "00".repeat(32))]);
    assert!(text(&unknown.stderr).contains("\"code\":3002"), "{}", text(&unknown.stderr));
}

#[test]
fn a_contract_and_a_module_are_inspected() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let address = counter(&dev, folder.path());
    let found = dev.answer(&["inspect", &address]);
    assert_eq!(found["name"], "counter");
    let entry = &found["storage_entries"][0];
    assert_eq!((&entry["field"], &entry["decoded"]), (&json!("value"), &json!("5")));
    assert_eq!(found["errors"], json!(["Refused { limit: u64 }"]));
    let shown = text(&people(&dev, &["inspect", &address]).stdout);
    assert!(shown.contains("add(amount: u64) -> u64"), "{shown}");
    assert!(shown.contains("value = 5"), "{shown}");
    assert!(shown.contains("version   1 of the storage"), "{shown}");
    assert_eq!(found["storage_version"], 1);
    assert_eq!(found["upgrader"], found["creator"]);
    let frozen = json!({ "contract": address, "upgrader": null }).to_string();
    dev.answer(&["call", "system", "set_upgrader", "--args", &frozen]);
    let shown = text(&people(&dev, &["inspect", &address]).stdout);
    assert!(shown.contains("upgrader  nobody"), "{shown}");
    let file = write_counter(folder.path());
    let module = dure(&["inspect", &file, "--json"]);
    let module: Value = serde_json::from_slice(&module.stdout).unwrap();
    assert_eq!((&module["methods"], &module["code"]), (&found["methods"], &found["code"]));
    assert_eq!(code(&dure(&["inspect", "nowhere.wasm"])), 4);
}

#[test]
fn an_account_shows_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    counter(&dev, folder.path());
    let account = dev.answer(&["account", "@alice"]);
    assert_eq!(account["account"]["may_deploy"], true);
    assert_eq!(account["transactions"].as_array().unwrap().len(), 2);
    assert_eq!(account["transactions"][0]["status"], "succeeded");
    assert!(dev.answer(&["account", "@bob"])["transactions"].as_array().unwrap().is_empty());
}

const PLAN: &str = r#"
[contract.first]
wasm = "counter.wasm"
init = { start = 1 }

[contract.second]
wasm = "counter.wasm"
init = { start = 2 }
key = "bob"

[[call]]
contract = "second"
method = "add"
args = { amount = 5 }
unless = { query = "value", is = "7" }
"#;

#[test]
fn applying_twice_changes_nothing_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    write_counter(folder.path());
    let file = folder.path().join("deploy.toml");
    fs::write(&file, PLAN).unwrap();
    let file = file.display().to_string();
    let dry = dev.answer(&["apply", &file, "--dry-run"]);
    assert_eq!((&dry["changed"], &dry["dry_run"]), (&json!(3), &json!(true)));
    let first = dev.answer(&["apply", &file]);
    assert_eq!(first["changed"], 3);
    assert_eq!(first["contracts"], dry["contracts"]);
    let second = first["contracts"]["second"].as_str().unwrap();
    assert_eq!(dev.answer(&["query", second, "value"]), json!("7"));
    let again = dev.answer(&["apply", &file]);
    assert_eq!((&again["changed"], &again["contracts"]), (&json!(0), &first["contracts"]));

    // What is a number in the file and text in an answer is the same; what can never be, and other
    // mistakes, are found before anything is sent.
    fs::write(&file, PLAN.replace("\"7\"", "7")).unwrap();
    assert_eq!(dev.answer(&["apply", &file])["changed"], 0);
    let height = || dev.answer(&["account", "@bob"])["transactions"].as_array().unwrap().len();
    let before = height();
    for (from, to, words) in [
        ("is = \"7\"", "is = \"seven\"", "call second.add: unless.is: expected u64"),
        ("\"value\"", "\"valve\"", "counter has no query valve; it has value"),
        ("\"add\"", "\"value\"", "counter has no call value; it has add"),
        ("amount = 5", "sum = 5", "call second.add: args"),
        ("second]\nwasm", "third]\nwasm", "no contract.second"),
        ("key = \"bob\"", "salt = \"first\"", "contract.first and contract.second have one salt"),
        ("start = 1 }", "start = -1 }\nsalt = \"new\"", "contract.first.init.start: expected u64"),
    ] {
        assert!(PLAN.contains(from), "{from}");
        fs::write(&file, PLAN.replace(from, to).replace("\"7\"", "\"8\"")).unwrap();
        let refused = people(&dev, &["apply", &file]);
        assert_eq!(code(&refused), 4, "{to}: {}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains(words), "{to}: {}", text(&refused.stderr));
    }
    assert_eq!(height(), before, "nothing was sent");

    fs::write(&file, PLAN.replace("\"7\"", "\"9\"")).unwrap();
    let never = dev.run(&["apply", &file]);
    assert_eq!(code(&never), 7, "{}", text(&never.stderr));
    assert!(text(&never.stderr).contains("answers"), "{}", text(&never.stderr));
    // What refuses is not so yet: the call is made, and asked again.
    fs::write(&file, PLAN.replace("\"value\", is = \"7\"", "\"refuse\", is = []")).unwrap();
    let refuses = dev.run(&["apply", &file]);
    let said = text(&refuses.stderr);
    let words =
        "second.add was called, but refuse refuses with counter::Error::Refused { limit: 7 }";
    assert!(code(&refuses) == 7 && said.contains(words), "{said}");
    // Nothing is left out of a query that always answers something.
    fs::write(&file, PLAN.replace(", is = \"7\"", "")).unwrap();
    let lacks = text(&people(&dev, &["apply", &file]).stderr);
    assert!(lacks.contains("call second.add: unless.is: expected u64"), "{lacks}");
    // Another module in the place of the one that was deployed.
    let other = chain::with_spec(wat::parse_str(NOTHING).unwrap());
    fs::write(folder.path().join("counter.wasm"), other).unwrap();
    let differs = dev.run(&["apply", &file]);
    assert_eq!(code(&differs), 7, "{}", text(&differs.stderr));
    assert!(text(&differs.stderr).contains("has the code"), "{}", text(&differs.stderr));
    fs::write(&file, "[contract.a]\n").unwrap();
    assert_eq!(code(&dev.run(&["apply", &file])), 4);
    assert_eq!(code(&dev.run(&["apply", "/no/such/deploy.toml"])), 4);
}

const NOTHING: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "dure_init") (param i32) (result i32) (i32.const 0))
    (func (export "dure_call") (param i32) (result i32) (i32.const 0))
    (func (export "dure_query") (param i32) (result i32) (i32.const 0)))"#;

#[test]
fn a_new_crate_has_its_own_names_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("coin").display().to_string();
    let made = dure(&["new", "city-coin", "--template", "voucher", "--dir", &dir, "--json"]);
    assert_eq!(code(&made), 0, "{}", text(&made.stderr));
    let source = fs::read_to_string(folder.path().join("coin/src/lib.rs")).unwrap();
    assert!(source.contains("pub mod city_coin") && source.contains("pub struct CityCoin"));
    let manifest = fs::read_to_string(folder.path().join("coin/Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"city-coin\"") && manifest.contains("sdk/testing"));
    assert!(folder.path().join("coin/Cargo.lock").is_file());
    assert_eq!(code(&dure(&["new", "city-coin", "--dir", &dir])), 4);
    for bad in ["City", "match", "a--b", "dure-x"] {
        assert_eq!(code(&dure(&["new", bad, "--dir", &format!("{dir}2")])), 2, "{bad}");
    }
    assert_eq!(code(&dure(&["new", "a", "--template", "nft"])), 2);
    assert_eq!(code(&dure(&["test", &format!("{dir}3")])), 4);
}

#[test]
fn a_shell_gets_its_completions() {
    let script = dure(&["completions", "bash"]);
    assert_eq!(code(&script), 0);
    assert!(text(&script.stdout).contains("_dure()"), "{}", text(&script.stdout));
    assert_eq!(code(&dure(&["completions", "tcl"])), 2);
}

/// From nothing to a contract on a chain whose code is proved to be that of the source.
#[test]
fn slow_a_new_crate_is_checked_applied_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let dir = folder.path().join("coin");
    let shown = dir.display().to_string();
    assert_eq!(code(&dure(&["new", "coin", "--dir", &shown])), 0);
    let checked = dure(&["check", &shown, "--offline", "--json"]);
    assert_eq!(code(&checked), 0, "{}", text(&checked.stderr));
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let crates = checked["crates"].as_array().unwrap();
    assert!(crates.iter().any(|one| one["crate"] == "dure_sdk"), "{crates:?}");
    let code_bytes = &checked["limits"][0];
    assert_eq!(code_bytes["what"], "code bytes");
    // The bar: a token under 24 KiB without its specification, which has at most 8.
    let spec = checked["limits"][1]["value"].as_u64().unwrap();
    let plain = code_bytes["value"].as_u64().unwrap() - spec;
    assert!(plain < 24 * 1024 && spec < 8 * 1024, "{plain} + {spec}");
    let plan = dir.join("deploy.toml").display().to_string();
    let applied = dev.answer(&["apply", &plan, "--offline"]);
    let address = applied["contracts"]["coin"].as_str().unwrap();
    assert_eq!(dev.answer(&["query", address, "name"]), json!("Won"));
    let interfaces = &dev.answer(&["inspect", address])["interfaces"];
    assert!(interfaces.to_string().contains("dure-sdk::Token"), "{interfaces}");
    assert_eq!(dev.answer(&["verify", address, &shown, "--offline"])["verified"], true);
    let source = dir.join("src/lib.rs");
    let changed = fs::read_to_string(&source).unwrap();
    let zero = "ensure!(amount > Amount::ZERO, Reason::Zero);";
    assert!(changed.contains(zero));
    fs::write(&source, changed.replace(zero, "")).unwrap();
    let differs = dev.run(&["verify", address, &shown, "--offline"]);
    assert_eq!(code(&differs), 7, "{}", text(&differs.stderr));
    assert!(text(&differs.stderr).contains("another source"), "{}", text(&differs.stderr));
}

/// The module of one of the two commits of `examples/upgrade`.
fn till(commit: &str) -> String {
    let dir = format!("{}/../examples/upgrade/{commit}", env!("CARGO_MANIFEST_DIR"));
    let built = dure(&["build", &dir, "--locked", "--offline", "--json"]);
    assert_eq!(code(&built), 0, "{}", text(&built.stderr));
    let built: Value = serde_json::from_slice(&built.stdout).unwrap();
    built["path"].as_str().unwrap().to_owned()
}

/// What the rehearsal says of the till: fields, methods and entries.
fn check_rehearsal(dry: &Value) {
    assert_eq!(dry["version"], json!({ "from": 1, "to": 2 }));
    let field = |name: &str| {
        let fields = dry["fields"].as_array().unwrap().iter();
        fields.clone().find(|field| field["was"] == name || field["name"] == name).unwrap()
    };
    assert_eq!(field("taken")["name"], "earned");
    assert_eq!(field("note")["after"], Value::Null);
    assert_eq!(field("vat")["before"], Value::Null);
    let price = "map String -> Price, Price = { amount: Amount, since: TimestampMs }";
    assert_eq!(
        (&field("prices")["before"], &field("prices")["after"]),
        (&json!("map String -> u64"), &json!(price),)
    );
    let methods = dry["methods"].as_array().unwrap();
    let init = json!({
        "name": "new",
        "before": "init new()",
        "after": "init new(vat: u16)",
    });
    assert!(methods.contains(&init), "{methods:?}");
    let change = |name: &str| {
        let changes = dry["changes"].as_array().unwrap().iter();
        changes.clone().find(|change| change["field"] == name).unwrap()
    };
    let price = change("prices");
    assert_eq!((&price["key"], &price["before"]), (&json!("coffee"), &json!("4500")));
    assert_eq!(price["after"]["amount"], "4500");
    assert_eq!(
        (&change("note")["before"], &change("note")["after"]),
        (&json!("open"), &Value::Null)
    );
}

/// A lock that was lost can be had from the chain; of what is gone it knows id and name only.
fn recover_lock(dev: &Dev, address: &str, module: &str) {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("dure.lock");
    let file = lock.to_str().unwrap();
    dev.answer(&["inspect", address, "--lock", file]);
    let source = format!("{}/../examples/upgrade/after", env!("CARGO_MANIFEST_DIR"));
    let committed = fs::read_to_string(format!("{source}/dure.lock")).unwrap();
    let gone = "kind = \"item\"\nvalue = \"String\"\nretired";
    assert!(committed.contains(gone), "{committed}");
    let known = committed.replace(gone, "kind = \"?\"\nvalue = \"?\"\nretired");
    assert_eq!(fs::read_to_string(&lock).unwrap(), known);
    // What is there is left alone.
    let refused = dev.run(&["inspect", module, "--lock", file]);
    assert_eq!(code(&refused), 4);
    let said = text(&refused.stderr);
    assert!(said.contains("is there, and is left alone; name another file"), "{said}");
    assert_eq!(fs::read_to_string(&lock).unwrap(), known);
}

#[test]
fn slow_an_upgrade_is_rehearsed_and_then_done() {
    let dev = Dev::start(&[]);
    let (before, after) = (till("before"), till("after"));
    let address = dev.answer(&["deploy", &before])["address"].as_str().unwrap().to_owned();
    dev.answer(&["call", &address, "price", "--item", "coffee", "--price", "4500"]);
    dev.answer(&["call", &address, "sell", "--item", "coffee"]);
    let upgrade = |migrate: &str, more: &[&str]| {
        dev.run(&[&["upgrade", &address, &after, "--migrate", migrate], more].concat())
    };
    let unchanged = || {
        assert_eq!(dev.answer(&["query", &address, "taken"]), json!("4500"));
        assert_eq!(code(&dev.run(&["query", &address, "earned"])), 1);
    };

    // What the migration refuses is refused in the rehearsal as in earnest.
    for more in [&["--dry-run"] as &[&str], &[]] {
        let refused = upgrade(r#"{"vat": 10001}"#, more);
        let said = text(&refused.stderr);
        assert!(code(&refused) == 1 && said.contains("till::Error::Vat { vat: 10001 }"), "{said}");
        unchanged();
    }
    // Whoever may not, is told that and whose key it takes, whatever else is wrong.
    let others = upgrade(r#"{"vat": "much"}"#, &["--key", "bob"]);
    let said = text(&others.stderr);
    assert!(said.contains("NotUpgrader") && said.contains("the key alice: --key alice"), "{said}");
    // Neither stored the module.
    let hash = dure_types::domain::blake3_hash(&std::fs::read(&after).unwrap()).to_string();
    assert_eq!(dev.answer(&["query", "system", "code", "--code", &hash]), Value::Null);

    let dry = upgrade(r#"{"vat": 1000}"#, &["--dry-run"]);
    assert_eq!(code(&dry), 0, "{}", text(&dry.stderr));
    let dry: Value = serde_json::from_slice(&dry.stdout).unwrap();
    check_rehearsal(&dry);
    unchanged();
    let shown =
        people(&dev, &["upgrade", &address, &after, "--migrate", r#"{"vat": 1000}"#, "--dry-run"]);
    let shown = text(&shown.stdout);
    assert!(shown.contains("storage   version 1 -> 2 by `from_1`"), "{shown}");
    assert!(shown.contains("field     taken -> earned (id 2): item u64"), "{shown}");
    assert!(shown.contains("method    + query vat() -> u16"), "{shown}");
    assert!(shown.contains("method    - query taken() -> u64"), "{shown}");
    assert!(shown.ends_with("nothing was changed (--dry-run)\n"), "{shown}");

    let done = upgrade(r#"{"vat": 1000}"#, &[]);
    assert_eq!(code(&done), 0, "{}", text(&done.stderr));
    let done: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(done["code"], dry["code"], "what was rehearsed");
    assert_eq!(dev.answer(&["query", &address, "earned"]), json!("4500"));
    let price = dev.answer(&["query", &address, "price_of", "--item", "coffee"]);
    assert_eq!(price["amount"], "4500");
    // The same code is that first, not an argument too many.
    for migrate in ["{}", r#"{"vat": 1000}"#] {
        let again = upgrade(migrate, &["--dry-run"]);
        assert!(text(&again.stderr).contains("SameCode"), "{}", text(&again.stderr));
    }
    recover_lock(&dev, &address, &after);
}

//! Policy files become tokens: by the program, on a chain of its own process.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "rpc/chain.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the RPC tests")]
mod chain;
mod program;

use program::{Dev, code, dure};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

fn contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/token")
}

fn policy(name: &str) -> String {
    contract().join("policies").join(name).display().to_string()
}

fn refusal(output: &Output) -> Value {
    serde_json::from_slice(&output.stderr).unwrap()
}

/// A copy of a policy with another text in it.
fn changed(folder: &Path, name: &str, from: &str, to: &str) -> String {
    let text = fs::read_to_string(policy(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let path = folder.join(name);
    fs::write(&path, text.replace(from, to)).unwrap();
    path.display().to_string()
}

#[test]
fn a_file_that_is_no_policy_is_refused_with_its_line_before_anything_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let file = changed(folder.path(), "festival.toml", "held = ", "hold = ");
    let refused = dev.run(&["token", "issue", "--policy", &file]);
    assert_eq!(code(&refused), 4);
    let said = refusal(&refused);
    assert_eq!((&said["file"], &said["key"]), (&json!(file), &json!("caps.hold")));
    let line = fs::read_to_string(&file).unwrap().lines().position(|l| l.starts_with("hold ="));
    assert_eq!(said["line"], json!(line.unwrap() + 1));
    let shown = dure(&["token", "issue", "--policy", &file, "--rpc", &dev.url]);
    let shown = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(shown.contains("caps.hold there is no such key; remove it, or use"), "{shown}");
    assert_eq!(code(&dev.run(&["token", "issue", "--policy", "/no/such/file"])), 4);
    assert_eq!(code(&dev.run(&["token", "issue"])), 2);
    let none = folder.path().display().to_string();
    let nowhere = ["token", "issue", "--policy", &policy("plain.toml"), "--repository", &none];
    assert_eq!(code(&dev.run(&nowhere)), 2);
    let module = ["token", "issue", "--policy", &policy("plain.toml"), "--module", "/no/such.wasm"];
    assert_eq!(code(&dev.run(&module)), 4);
}

#[test]
fn what_is_no_such_token_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let file = folder.path().join("counter.wasm");
    fs::write(&file, chain::counter()).unwrap();
    let done = dev.answer(&["deploy", &file.display().to_string(), "--init", "[1]"]);
    let shown = dev.run(&["token", "show", done["address"].as_str().unwrap()]);
    assert_eq!(code(&shown), 1);
    assert_eq!(refusal(&shown)["error"]["code"], 3004);
    assert_eq!(code(&dev.run(&["token", "show", "0x12"])), 2);
}

#[test]
fn slow_a_policy_file_becomes_a_token_that_keeps_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let meal = policy("meal.toml");
    let issued = dev.answer(&["token", "issue", "--policy", &meal, "--offline"]);
    let token = issued["address"].as_str().unwrap();
    // The contract; bob as issuer and agent, carol as agent and pauser; a merchant; a holder.
    assert_eq!((issued["steps"].as_array().unwrap().len(), &issued["changed"]), (7, &json!(7)));

    dev.answer(&["call", token, "issue", "--to", "@erin", "--amount", "50000", "--key", "bob"]);
    let pay = |to: &'static str, amount: &'static str| {
        ["call", token, "transfer", "--to", to, "--amount", amount, "--key", "erin"]
    };
    dev.answer(&pay("@dave", "15000"));
    let balance = dev.answer(&["query", token, "balance_of", "--holder", "@dave"]);
    assert_eq!(balance, json!("15000"));
    let refused = dev.run(&pay("@dave", "15001"));
    assert_eq!(code(&refused), 1);
    let said = refusal(&refused);
    assert_eq!(said["error"]["code"], 4001);
    let error = "token::Error::AbovePurchase { limit: 15000, wanted: 15001 }";
    assert_eq!((&said["said"], &said["at"]), (&json!(error), &json!("token.transfer")));
    let refused = refusal(&dev.run(&pay("@frank", "1")));
    assert!(refused["said"].as_str().unwrap().contains("NotMerchant"), "{refused}");
    let stranger = dev.run(&["call", token, "issue", "--to", "@frank", "--amount", "1"]);
    assert!(refusal(&stranger)["said"].as_str().unwrap().contains("NotAdmitted"));

    let again = dev.answer(&["token", "issue", "--policy", &meal, "--offline"]);
    assert_eq!((&again["address"], &again["changed"]), (&issued["address"], &json!(0)));
    // A merchant that is new in the file is added.
    let merchants = "[[merchant]]\naccount = \"@frank\"\nregion = 1\ncategory = \"9\"\n[[holder]]";
    let more = changed(folder.path(), "meal.toml", "[[holder]]", merchants);
    let added = dev.answer(&["token", "issue", "--policy", &more, "--offline"]);
    assert_eq!((&added["address"], &added["changed"]), (&issued["address"], &json!(1)));
    let refused = refusal(&dev.run(&pay("@frank", "1")));
    let reason = &refused["error"]["data"]["decoded"]["NotPermitted"]["reason"];
    assert_eq!(reason, &json!({ "Region": { "region": 1 } }), "{refused}");
    // A file of other conditions is refused before anything of it is done.
    let other = changed(folder.path(), "meal.toml", "15_000", "20_000");
    let text = fs::read_to_string(&other).unwrap();
    assert!(text.contains("issuers = ["), "{text}");
    fs::write(&other, text.replace("issuers = [", "issuers = [\"@carol\", ")).unwrap();
    let refused = dev.run(&["token", "issue", "--policy", &other, "--offline"]);
    assert_eq!(code(&refused), 7, "{}", refusal(&refused));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("dure token policy"));
    let carol = ["query", token, "has_role", "--account", "@carol", "--role", "Issuer"];
    assert_eq!(dev.answer(&carol), json!(false));
    for (from, to) in [
        ("name = \"Gimpo meal card\"", "name = \"Other\"\nsalt = \"Gimpo meal card\""),
        ("symbol = \"MEAL\"", "symbol = \"FOOD\""),
        ("decimals = 0", "decimals = 2"),
    ] {
        let other = changed(folder.path(), "meal.toml", from, to);
        let refused = dev.run(&["token", "issue", "--policy", &other, "--offline"]);
        assert_eq!(code(&refused), 7, "{to}: {}", refusal(&refused));
        let refused = dev.run(&["token", "policy", token, &other, "--from", FUTURE]);
        assert_eq!(code(&refused), 2, "{to}: {}", refusal(&refused));
    }
    let shown = dure(&["token", "show", token, "--rpc", &dev.url]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "token          Gimpo meal card (MEAL)",
        "units          50000 issued, 0 redeemed, 0 expired, 50000 held",
        "period       2026-01-01 to 2099-12-31",
        "regions 41570; categories 5.2, 5.3; not categories 5.2.9; tier up to 2; groups 1",
        "held by      admitted accounts",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

/// A day that is over, and one that is not, on any clock that this runs by.
const PAST: &str = "2026-01-02";
const FUTURE: &str = "2099-03-01";

#[test]
fn slow_a_token_that_lives_gets_another_policy_is_paused_and_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let issued = dev.answer(&["token", "issue", "--policy", &policy("meal.toml"), "--offline"]);
    let token = issued["address"].as_str().unwrap();
    dev.answer(&["call", token, "issue", "--to", "@erin", "--amount", "500"]);

    // Better from a day on; the same again changes nothing; worse is refused by the contract.
    let better = changed(folder.path(), "meal.toml", "15_000", "20_000");
    let set = |file: &str, from: &str| dev.run(&["token", "policy", token, file, "--from", from]);
    let answer = |output: &Output| -> Value {
        assert_eq!(code(output), 0, "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let done = answer(&set(&better, FUTURE));
    assert_eq!(done["changed"], true);
    assert_eq!(done["scheduled"]["conditions"]["caps"]["per_purchase"], "20000");
    assert_eq!(done["policy"], issued["policy"], "not before its day");
    assert_eq!(answer(&set(&better, FUTURE))["changed"], false);
    assert_eq!(code(&set(&better, PAST)), 1, "not for the past");
    let worse = changed(folder.path(), "meal.toml", "15_000", "10_000");
    let refused = set(&worse, "2099-04-01");
    assert_eq!(code(&refused), 1);
    let refused = refusal(&refused);
    assert_eq!(refused["said"], "token::Error::Worse { condition: PerPurchase }");
    let hint = refused["hint"].as_str().unwrap();
    assert!(hint.starts_with("caps.per_purchase of the file leaves holders less"), "{hint}");
    let other = changed(folder.path(), "meal.toml", "Gimpo meal card", "Another");
    for from in [FUTURE, "tomorrow"] {
        assert_eq!(code(&set(&other, from)), 2, "{from}");
    }

    let reason = folder.path().join("order.txt");
    fs::write(&reason, "a key was stolen").unwrap();
    let reason = reason.display().to_string();
    let pause = ["token", "pause", token, "--reason", &reason, "--key", "carol"];
    let carol = dure(&["keys", "show", "carol", "--json"]);
    let carol: Value = serde_json::from_slice(&carol.stdout).unwrap();
    assert_eq!(dev.answer(&pause)["paused"]["by"], carol["address"]);
    let pay = ["call", token, "transfer", "--to", "@dave", "--amount", "100", "--key", "erin"];
    assert!(refusal(&dev.run(&pay))["said"].as_str().unwrap().contains("Paused"));
    assert_eq!(dev.answer(&["token", "resume", token])["paused"], Value::Null);
    dev.answer(&pay);

    // The period is not over: nothing is swept.
    let early = refusal(&dev.run(&["token", "sweep", token]));
    assert_eq!(early["said"], "token::Error::NotExpired { until: 2100-01-01 }");
    assert!(early["hint"].as_str().unwrap().contains("before 2100-01-01: "), "{early}");
    assert_eq!(dev.answer(&["query", token, "balance_of", "--holder", "@erin"]), json!("400"));
    let over = changed(folder.path(), "meal.toml", "2099-12-31", PAST);
    let over = dev.answer(&["token", "issue", "--policy", &over, "--key", "bob", "--offline"]);
    let over = over["address"].as_str().unwrap();
    let swept = dev.answer(&["token", "sweep", over, "--key", "bob"]);
    assert_eq!((&swept["changed"], &swept["totals"]["expired"]), (&json!(false), &json!("0")));
}

/// What the README says of the module's size is true: of it as a whole, and of its specification.
fn said_of_its_size(module: &str, bytes: &Value) {
    let checked = dure(&["check", &contract().display().to_string(), "--offline", "--json"]);
    assert_eq!(code(&checked), 0, "{}", String::from_utf8_lossy(&checked.stderr));
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let limits = checked["limits"].as_array().unwrap();
    let spec = limits.iter().find(|limit| limit["what"] == "spec bytes").unwrap();
    let spec = spec["value"].as_u64().unwrap();
    let code = fs::read(module).unwrap().len() as u64 - spec;
    assert_eq!(bytes, &json!(code + spec));
    let thousands = |number: u64| format!("{},{:03}", number / 1_000, number % 1_000);
    let (code, spec) = (thousands(code), thousands(spec));
    let says = format!("weighs {code} bytes and {spec} of specification");
    let readme = fs::read_to_string(contract().join("README.md")).unwrap();
    assert!(readme.contains(&says), "contracts/token/README.md does not say that it {says}");
}

#[test]
fn slow_every_policy_of_the_repository_is_issued() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let built = dure(&["build", &contract().display().to_string(), "--offline", "--json"]);
    assert_eq!(code(&built), 0, "{}", String::from_utf8_lossy(&built.stderr));
    let built: Value = serde_json::from_slice(&built.stdout).unwrap();
    let module = built["path"].as_str().unwrap();
    said_of_its_size(module, &built["bytes"]);
    // A repository without the contract: after the first token its code is on the chain.
    let testing = folder.path().join("sdk/testing");
    fs::create_dir_all(&testing).unwrap();
    fs::write(testing.join("Cargo.toml"), "").unwrap();
    let bare = folder.path().display().to_string();
    let mut files: Vec<_> = fs::read_dir(contract().join("policies")).unwrap().flatten().collect();
    files.sort_by_key(fs::DirEntry::file_name);
    assert!(files.len() >= 3);
    for (index, file) in files.iter().enumerate() {
        let file = file.path().display().to_string();
        let mut issue = vec!["token", "issue", "--policy", &file, "--repository", &bare];
        if index == 0 {
            assert_eq!(code(&dev.run(&issue)), 2, "there is no code yet");
            issue.extend(["--module", module]);
        }
        let issued = dev.answer(&issue);
        let token = issued["address"].as_str().unwrap();
        let stored = dev.answer(&["inspect", token]);
        assert_eq!(stored["code"], built["code"], "{file}");
        let steps = issued["steps"].as_array().unwrap();
        assert_eq!(json!(steps.len()), issued["changed"], "{file}");
        let shown = dev.answer(&["token", "show", token]);
        assert_eq!(shown["policy"], issued["policy"]);
        assert_eq!(shown["scheduled"], Value::Null);
    }
    let plain = dev.answer(&["token", "issue", "--policy", &policy("plain.toml")]);
    let token = plain["address"].as_str().unwrap();
    dev.answer(&["call", token, "issue", "--to", "@bob", "--amount", "10"]);
    dev.answer(&["call", token, "transfer", "--to", "@carol", "--amount", "4", "--key", "bob"]);
    dev.answer(&["call", token, "redeem", "--amount", "4", "--key", "carol"]);
    dev.answer(&["call", token, "book_deposit", "--amount", "9"]);
    let shown = dure(&["token", "show", token, "--rpc", &dev.url]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("deposit        9, which covers what is held"), "{shown}");
    assert_eq!(dev.answer(&["query", token, "total_supply"]), json!("6"));
}

#[test]
fn slow_an_audit_counts_to_the_end_and_fails_where_the_books_differ() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let plain = policy("plain.toml");
    let issued = dev.answer(&["token", "issue", "--policy", &plain, "--offline"]);
    let token = issued["address"].as_str().unwrap();
    for to in ["@alice", "@bob", "@carol"] {
        dev.answer(&["call", token, "issue", "--to", to, "--amount", "5"]);
    }
    let audited = dev.answer(&["audit", token, "--limit", "2"]);
    assert_eq!((&audited["pages"], &audited["audited"]), (&json!(2), &json!(true)));
    assert_eq!(audited["last"]["totals"]["outstanding"], json!("15"));

    let counter = folder.path().join("counter.wasm");
    fs::write(&counter, chain::counter()).unwrap();
    let counter = dev.answer(&["deploy", &counter.display().to_string(), "--init", "[1]"]);
    let counter = counter["address"].as_str().unwrap();
    assert_eq!(code(&dev.run(&["audit", counter])), 2, "it counts nothing");
    // A shop whose token answers nothing has no tokens for its takings.
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/shop");
    let built = dure(&["build", &shop.display().to_string(), "--offline", "--json"]);
    let built: Value = serde_json::from_slice(&built.stdout).unwrap();
    let init = json!({ "token": counter }).to_string();
    let shop = dev.answer(&["deploy", built["path"].as_str().unwrap(), "--init", &init]);
    let differs = dev.run(&["audit", shop["address"].as_str().unwrap()]);
    assert_eq!(code(&differs), 7, "{differs:?}");
    let said = refusal(&differs)["error"]["message"].to_string();
    assert!(said.contains("the books differ at height"), "{said}");
}

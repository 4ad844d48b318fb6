//! Settlement rules written as files are played as written, and what is not as written is found.

use dure_testing::{Account, scenario};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/scenario")
}

#[test]
fn every_scenario_is_played_as_written() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = files.collect();
    assert!(!files.is_empty());
    for file in files {
        let played =
            scenario::run(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(played.steps > 0 && played.compared > 0, "{}: {played:?}", file.display());
    }
}

/// Keys and signatures of `energy.json` are in its policy, where its steps name them.
#[test]
fn readings_of_the_energy_scenario_are_signed_by_its_keys() {
    let text = std::fs::read_to_string(folder().join("energy.json")).unwrap();
    let policy = &serde_json::from_str::<Value>(&text).unwrap()["policy"];
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    // The second contract that this account instantiates.
    let operator = Account::named("operator").address();
    let market = dure_types::address::contract(operator, &2u64.to_be_bytes());
    let mut wrong = Vec::new();
    let mut compare = |name: String, expected: Value| {
        if policy[&name] != expected {
            wrong.push(format!("\"{name}\": {expected}"));
        }
    };
    for (meter, who) in [(1u32, "ana"), (2, "ben"), (3, "cem")] {
        let key = |signer: u8| SigningKey::from_bytes(&[meter as u8 * 4 + signer; 32]);
        let keys = [0, 1, 2].map(|signer| hex(&key(signer).verifying_key().to_bytes()));
        compare(format!("{who}'s keys"), json!(keys));
        for (slot, when) in [("before nine", "at nine"), ("nine", "at a quarter past")] {
            let reading = &policy[format!("{who} {when}")];
            let Some(import) = reading["import_wh"].as_u64() else { continue };
            let mut message = b"dure/energy/reading".to_vec();
            message.extend([0x4d; 32]);
            message.extend(market.0);
            message.extend(meter.to_le_bytes());
            message.extend(policy[slot].as_u64().unwrap().to_le_bytes());
            message.extend(import.to_le_bytes());
            message.extend(reading["export_wh"].as_u64().unwrap().to_le_bytes());
            message.extend(0u32.to_le_bytes());
            let signed = [("Meter", 0), ("Aggregator", 2)].map(|(by, signer)| {
                json!({ "by": by, "signature": hex(&key(signer).sign(&message).to_bytes()) })
            });
            compare(format!("{who} {when}, signed"), json!(signed));
        }
    }
    assert!(wrong.is_empty(), "the policy has to say:\n{}", wrong.join(",\n"));
}

/// What is said of the café's scenario after something in it was changed.
fn changed(place: &str, to: Value) -> String {
    let text = std::fs::read_to_string(folder().join("cafe.json")).unwrap();
    let mut scenario: Value = serde_json::from_str(&text).unwrap();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match scenario.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = to,
        fields => fields[name] = to,
    }
    for contract in scenario["setup"]["contracts"].as_array_mut().unwrap() {
        let source = folder().join(contract["source"].as_str().unwrap());
        contract["source"] = json!(source);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), scenario.to_string()).unwrap();
    match scenario::run(file.path()) {
        Ok(played) => panic!("{place} is not looked at: {played:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn first_difference_is_named_with_its_place() {
    for (place, to, said) in [
        ("/steps/3/expect/ok/1/given", json!("6001"), "ok[1].given: expected 6001, found 6000"),
        (
            "/steps/3/expect/balances/k-token/desk",
            json!(1),
            "balances.k-token.desk: expected 1, found 6000",
        ),
        (
            "/steps/3/expect/events/1/fields/to",
            json!("@kiosk"),
            "events[1].fields.to: expected @kiosk, found @desk",
        ),
        (
            "/steps/3/expect/events/3/contract",
            json!("kiosk"),
            "events[3].contract: expected @kiosk, found @desk",
        ),
        (
            "/steps/3/expect/events/11/name",
            json!("Settled"),
            "events[11]: expected Settled, found TakingsChanged",
        ),
        (
            "/steps/4/expect/error/name",
            json!("Empty"),
            "error: expected Empty, found { OutOfStock: ",
        ),
        ("/steps/4/expect/error/fields/left", json!(2), "error.fields.left: expected 2, found 1"),
        (
            "/steps/4/expect",
            json!({}),
            "(more than there is in stock): expected success, found shop::Error::OutOfStock",
        ),
        (
            "/steps/4/expect",
            json!({ "fails": "out of gas" }),
            "expected out of gas, found shop::Error::OutOfStock",
        ),
        (
            "/steps/8/expect",
            json!({ "error": { "name": "NotAdmitted" } }),
            "(redeemed): expected NotAdmitted, found success",
        ),
        ("/steps/8/expect/queries/0/returns", json!(0), "queries[0]: expected 0, found 4000"),
        ("/always/0/returns", json!(1), "always[0]: expected 1, found 50000"),
        ("/steps/3/expect/events", json!([]), "events[0]: expected no event, found Approved { "),
    ] {
        let found = changed(place, to);
        assert!(found.contains(said), "{place}: {found}");
    }
}

#[test]
fn what_has_no_meaning_is_refused_by_place() {
    for (place, to, said) in [
        ("/steps/3/by", json!("emplyee"), "no account is called `emplyee`; known: cafe, company"),
        ("/steps/4/call", json!("orders"), "kiosk has no such Call `orders`; known: "),
        ("/steps/4/args/lines", json!([{ "item": "one", "quantity": 1 }]), "args.lines[0].item"),
        (
            "/steps/1/calls/1/args/amount",
            json!("$grant"),
            "the policy has no `grant`; known: americano",
        ),
        ("/steps/3/at", json!("2026-03-02"), "no time by RFC 3339"),
        ("/steps/3/at", json!("2026-03-02T08:30:00+09:00"), "is past"),
        ("/setup/accounts/1", json!("company"), "`company` is the name of another"),
        ("/setup/contracts/0/init", json!({}), "init: args.name: the field is missing"),
        ("/steps/8/expect/queries/0/error", json!({ "name": "NotAdmitted" }), "exclude each other"),
        ("/steps/1/args", json!({ "amount": 1 }), "`args` goes with `contract` and `call`"),
    ] {
        let found = changed(place, to);
        assert!(found.contains(said), "{place}: {found}");
    }
}

#[test]
fn what_a_step_without_a_call_does_not_look_at_is_refused() {
    let wait = |field: &str, to: Value| {
        let mut step = json!({ "about": "a day later", "expect": {} });
        match field.strip_prefix("expect.") {
            Some(field) => step["expect"][field] = to,
            None => step[field] = to,
        }
        step
    };
    for (field, to) in [
        ("by", json!("employee")),
        ("expect.ok", json!(1)),
        ("expect.error", json!({ "name": "Empty" })),
        ("expect.fails", json!("out of gas")),
        ("expect.events", json!([])),
    ] {
        let found = changed("/steps/3", wait(field, to));
        let said = format!("`{field}` has no meaning without a call");
        assert!(found.contains("steps[3] (a day later)") && found.contains(&said), "{found}");
    }
    let found = changed("/steps/3", wait("args", json!({})));
    assert!(found.contains("`args` goes with"), "{found}");
}

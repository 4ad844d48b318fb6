//! Bad input: each gets its code from the table, and the node goes on.

use crate::chain::{Chain, counter, with_spec};
use codec::Encode;
use dure_client::{Client, ClientError, Key, RpcError, Wait};
use dure_types::{Address, Gas, Hash, Signature, Transaction, limits};
use serde_json::{Value, json};

fn code<T: std::fmt::Debug>(result: Result<T, ClientError>) -> (i32, RpcError) {
    let error = result.unwrap_err();
    let refusal = error.refusal().unwrap_or_else(|| panic!("untyped: {error}"));
    (refusal.code(), refusal.clone())
}

async fn signed(client: &Client, key: &Key, contract: Address) -> Transaction {
    let add = client.transaction(key).call(contract, "add", json!({ "amount": "1" }));
    add.sign().await.unwrap()
}

fn resign(key: &Key, transaction: &Transaction, chain: Hash) -> Transaction {
    key.sign(chain, transaction.body.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_by_code() {
    let chain = Chain::start().await;
    let check = async |method: &str, params: Value, expect: (i64, &str)| {
        let (code, name) = chain.refusal(method, params.clone()).await;
        assert_eq!((code, name.as_str()), expect, "{method} {params}");
    };
    check("tx_submit", json!(["zz"]), (1001, "MalformedHex")).await;
    check("tx_submit", json!(["0x0"]), (1001, "MalformedHex")).await;
    check("tx_submit", json!({ "bytes": "0xzz" }), (1001, "MalformedHex")).await;
    check("account_get", json!(["0x00"]), (1001, "MalformedHex")).await;
    check("tx_submit", json!(["0x00"]), (2002, "MalformedTransaction")).await;
    check("chain_nothing", json!([]), (-32601, "UnknownRpcMethod")).await;
    check("account_get", json!([]), (-32602, "InvalidParams")).await;
    check("tx_receipt", json!([Hash::ZERO.to_string()]), (3002, "UnknownTransaction")).await;
    check("chain_block", json!(["4000000000"]), (3001, "UnknownBlock")).await;
    check("chain_block", json!(["99999999999999999999999999"]), (3001, "UnknownBlock")).await;
    check("chain_block", json!(["newest"]), (1001, "MalformedHex")).await;
    // A misspelt parameter does not mean the default.
    check("chain_status", json!({ "bogus": 1 }), (-32602, "InvalidParams")).await;
    check("chain_status", json!([null, 1]), (-32602, "InvalidParams")).await;
    check("contract_list", json!({ "limit": 0 }), (1004, "OutOfRange")).await;
    check("event_list", json!([{ "limit": 0 }]), (1004, "OutOfRange")).await;
    let nobody = json!(Address([7; 32]).to_string());
    check("contract_spec", json!([nobody]), (3003, "UnknownContract")).await;
    let limit = json!({ "limit": 1_000_000 });
    check("contract_list", limit, (1004, "OutOfRange")).await;
    let named = json!([{ "event": "Added" }]);
    check("event_list", named, (1005, "FilterNeedsContract")).await;
    let high = json!({ "min_height": "1000000000" });
    check("chain_status", high, (6003, "HeightNotReached")).await;
    let (_, body) = chain.exchange("POST /v1", &[], "{not json").await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["error"]["data"], json!({ "name": "ParseError" }));
    let (_, body) = chain.exchange("POST /v1", &[], r#"[{"id":7},{"id":8,"method":1}]"#).await;
    let answers: Value = serde_json::from_str(&body).unwrap();
    for answer in answers.as_array().unwrap() {
        assert_eq!(answer["error"]["data"], json!({ "name": "InvalidRequest" }), "{answer}");
    }
    for id in ["-1", "1.5", "{}", "[1]", "true", "18446744073709551616", "1, \"id\": 1"] {
        let call = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"chain_status"}}"#);
        let (_, body) = chain.exchange("POST /v1", &[], &call).await;
        assert!(body.contains(r#""name":"InvalidRequest""#), "{id}: {body}");
        let (_, body) = chain.exchange("POST /v1", &[], &format!("[{call}]")).await;
        assert!(body.contains(r#""name":"InvalidRequest""#), "{id}, in a batch: {body}");
    }
    let far =
        format!("{}{}", " \n".repeat(200), r#"{"jsonrpc":"2.0","id":1,"method":"chain_status"}"#);
    let (_, body) = chain.exchange("POST /v1", &[], &far).await;
    assert!(body.contains(r#""result""#), "{body}");
    let unknown = json!([{ "jsonrpc": "2.0", "id": 1, "method": "chain_nothing", "params": [] }]);
    let (_, body) = chain.exchange("POST /v1", &[], &unknown.to_string()).await;
    assert!(body.contains(r#""name":"UnknownRpcMethod""#), "in a batch, too: {body}");
    assert!(chain.client().await.health().await.unwrap().running);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_transactions_are_refused_at_the_door() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let good = signed(&client, &chain.alice, counter).await;

    // Truncated.
    let mut bytes = good.encode();
    bytes.truncate(bytes.len() - 1);
    let params = json!([dure_rpc::hex::to_text(&bytes)]);
    assert_eq!(chain.refusal("tx_submit", params).await.0, 2002);

    // For another chain: by name when the caller says so, as a bad signature otherwise.
    let other = resign(&chain.alice, &good, Hash([8; 32]));
    let text = dure_rpc::hex::to_text(&other.encode());
    let params = json!({ "bytes": text, "chain": Hash([8; 32]).to_string() });
    assert_eq!(chain.refusal("tx_submit", params).await, (2011, "WrongChain".into()));
    let (number, error) = code(client.submit(&other, Wait::Accepted).await);
    assert_eq!(number, 2010, "{error}");

    // A signature of one flipped bit.
    let mut torn = good.clone();
    if let Some(Signature::Ed25519 { signature, .. }) = torn.witness.first_mut() {
        signature[5] ^= 1;
    }
    let (number, error) = code(client.submit(&torn, Wait::Accepted).await);
    assert!(matches!(error, RpcError::BadSignature { index: 0, .. }), "{number} {error}");

    // Expired, and valid for too long.
    let mut late = good.clone();
    late.body.valid_until = dure_types::TimestampMs(2);
    let late = resign(&chain.alice, &late, client.chain());
    assert_eq!(code(client.submit(&late, Wait::Accepted).await).0, 2012);
    let mut early = good.clone();
    early.body.valid_until = dure_types::TimestampMs(u64::MAX);
    let early = resign(&chain.alice, &early, client.chain());
    assert_eq!(code(client.submit(&early, Wait::Accepted).await).0, 2013);

    // Nobody's account, without a quota.
    let mallory = Key::from_seed([66; 32]);
    let poor = client
        .transaction(&mallory)
        .call(counter, "add", json!({ "amount": "1" }))
        .submit(Wait::Accepted);
    assert_eq!(code(poor.await).0, 2022);
    // Somebody else's account.
    let mut theft = good.clone();
    theft.body.account = mallory.address();
    let theft = resign(&chain.alice, &theft, client.chain());
    assert_eq!(code(client.submit(&theft, Wait::Accepted).await).0, 2018);

    // Replayed under the same nonce with another body.
    client.submit(&good, Wait::Final).await.unwrap();
    let mut replay = good.clone();
    replay.body.valid_until.0 += 1;
    let replay = resign(&chain.alice, &replay, client.chain());
    assert_eq!(code(client.submit(&replay, Wait::Accepted).await).0, 2014);
    let mut far = good.clone();
    far.body.nonce = 1_000_000;
    let far = resign(&chain.alice, &far, client.chain());
    let (_, error) = code(client.submit(&far, Wait::Accepted).await);
    assert!(matches!(error, RpcError::NonceTooHigh { .. }), "{error}");

    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_nonces_long_transactions_and_unwilling_sponsors_are_refused_at_the_door() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let good = signed(&client, &chain.alice, counter).await;
    let mallory = Key::from_seed([66; 32]);
    // The window moves on with the highest nonce.
    for nonce in [1_000, 2_000] {
        let mut next = good.clone();
        next.body.nonce = nonce;
        let next = resign(&chain.alice, &next, client.chain());
        client.submit(&next, Wait::Final).await.unwrap();
    }
    let mut old = good.clone();
    old.body.nonce = 7;
    let old = resign(&chain.alice, &old, client.chain());
    let (_, error) = code(client.submit(&old, Wait::Accepted).await);
    assert!(matches!(error, RpcError::NonceTooOld { nonce, .. } if nonce == 7.into()), "{error}");

    // Longer than any transaction may be.
    let bytes = vec![0; limits::TRANSACTION_BYTES_MAX + 1];
    let params = json!([dure_rpc::hex::to_text(&bytes)]);
    let refused = chain.refusal("tx_submit", params).await;
    assert_eq!(refused, (2001, "TransactionTooLarge".into()));

    // A sponsor of contracts does not pay for what is asked of the system.
    let mut sponsored = good.clone();
    sponsored.body.account = mallory.address();
    sponsored.body.sponsor = Some(chain.alice.address());
    sponsored.body.calls[0].contract = Address::SYSTEM;
    let sponsored = resign(&mallory, &sponsored, client.chain());
    let (_, error) = code(client.submit(&sponsored, Wait::Accepted).await);
    let sponsor = chain.alice.address().into();
    assert_eq!(error, RpcError::SponsorRefuses { sponsor });
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_gas_than_a_block_has_is_refused_at_the_door() {
    let chain =
        Chain::start_altered(|genesis| genesis.parameters.block_gas_max = Gas(60_000_000)).await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let call = client.transaction(&chain.alice).call(counter, "add", json!({ "amount": "1" }));
    let refused = call.gas_limit(Gas(60_000_001)).submit(Wait::Accepted).await;
    let limit = 60_000_000.into();
    assert_eq!(code(refused).1, RpcError::GasAboveBlock { gas_limit: 60_000_001.into(), limit });
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_calls_say_why_with_the_contracts_own_error() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let call = |contract, method: &str, args| {
        client.transaction(&chain.alice).call(contract, method, args).gas_limit(Gas(5_000_000))
    };
    let failed = call(counter, "fail", json!({})).submit(Wait::Final).await;
    let (_, error) = code(failed);
    let RpcError::ContractRefused { decoded, .. } = &error else { panic!("{error}") };
    assert_eq!(decoded, &json!({ "Refused": { "limit": "7" } }));

    let spun = call(counter, "spin", json!({})).submit(Wait::Final).await;
    assert_eq!(code(spun).1, RpcError::OutOfGas { limit: 5_000_000.into() });

    let unknown = call(counter, "steal", json!({})).submit(Wait::Final).await;
    let (_, error) = code(unknown);
    let RpcError::UnknownMethod { known, .. } = &error else { panic!("{error}") };
    assert_eq!(known, &["add", "fail", "spin"]);
    // The same without a client that looks first.
    let raw = client.transaction(&chain.alice).call_scale(counter, "steal", vec![]);
    let raw = raw.gas_limit(Gas(5_000_000)).submit(Wait::Final).await;
    assert_eq!(code(raw).0, 3004);
    let nobody = client.transaction(&chain.alice).call_scale(Address([7; 32]), "add", vec![]);
    let nobody = nobody.gas_limit(Gas(5_000_000)).submit(Wait::Final).await;
    assert_eq!(code(nobody).0, 3003);

    let short = client.transaction(&chain.alice).call_scale(Address::SYSTEM, "deploy", vec![9]);
    let (_, error) = code(short.gas_limit(Gas(5_000_000)).submit(Wait::Final).await);
    let RpcError::BadArguments { method, .. } = &error else { panic!("{error}") };
    assert_eq!(method, "deploy");

    let wrong = call(counter, "add", json!({ "amount": "many" })).submit(Wait::Final).await;
    let (number, error) = code(wrong);
    assert_eq!(number, 1003);
    let text = "args.amount: expected u64 as decimal string, found \"many\"";
    assert_eq!(error.to_string(), text);

    // Too many bytes of arguments: which of the calls it was is said.
    let good = json!({ "contract": counter.to_string(), "method": "add", "args": [1] });
    let mut long = good.clone();
    long["args"] = json!(dure_rpc::hex::to_text(&vec![0; limits::ARGS_BYTES_MAX + 1]));
    let account = chain.alice.address().to_string();
    let tried = json!([{ "account": account, "calls": [good, long] }]);
    let answer = chain.post("tx_simulate", tried).await;
    assert_eq!(answer["error"]["data"]["name"], "ArgumentsTooLong", "{answer}");
    assert_eq!(answer["error"]["data"]["call"], 1, "{answer}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_modules_are_refused_with_what_is_wrong() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let deploy = async |wasm: Vec<u8>| {
        let submitted = client
            .transaction(&chain.alice)
            .call_scale(Address::SYSTEM, "deploy", wasm.encode())
            .gas_limit(Gas(90_000_000))
            .submit(Wait::Final)
            .await;
        code(submitted)
    };
    assert_eq!(deploy(b"not wasm".to_vec()).await.0, 5003);
    let text = r#"(module (import "dure1" "steal" (func)))"#;
    let (_, error) = deploy(with_spec(wat::parse_str(text).unwrap())).await;
    let expect = RpcError::ModuleImport { module: "dure1".into(), import: "steal".into() };
    assert_eq!(error, expect);
    let text = r#"(module (func $mean (result i32) f32.const 1 drop i32.const 0))"#;
    let (number, error) = deploy(with_spec(wat::parse_str(text).unwrap())).await;
    assert!(matches!(error, RpcError::ModuleOpcode { .. }), "{number} {error}");
    assert!(error.to_string().contains("mean"), "{error}");
    let text = "(module (func (param f64)))";
    let (number, error) = deploy(with_spec(wat::parse_str(text).unwrap())).await;
    assert!(matches!(error, RpcError::ModuleType { .. }), "{number} {error}");
    assert!(error.to_string().contains("f64"), "{error}");
    let text = "(module (func $begin) (start $begin))";
    let (_, error) = deploy(with_spec(wat::parse_str(text).unwrap())).await;
    assert_eq!(error, RpcError::ModuleStart);
    let text = "(module (memory 65))";
    let (number, error) = deploy(with_spec(wat::parse_str(text).unwrap())).await;
    let RpcError::ModuleLimit { value, limit, .. } = &error else { panic!("{number} {error}") };
    assert_eq!((value.0, limit.0), (65, limits::MEMORY_PAGES_MAX));
    let without_spec = wat::parse_str("(module)").unwrap();
    assert_eq!(deploy(without_spec).await.0, 5007);
    // The good one still goes, once.
    let done = client.deploy(&chain.alice, &counter(), &json!([1]), b"a").await.unwrap();
    assert!(done.deployed.is_some());
    let again = client.deploy(&chain.alice, &counter(), &json!([1]), b"b").await.unwrap();
    assert!(again.deployed.is_none());
    let taken = client.deploy(&chain.alice, &counter(), &json!([1]), b"b").await;
    assert_eq!(code(taken).0, 5013);
    chain.stop().await;
}

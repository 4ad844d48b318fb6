//! Deploys and upgrades: what is read by which code, and how often a module travels.

use crate::chain::{Chain, counter, module, spec, with_spec, with_this_spec};
use codec::Encode;
use dure_abi::spec::{FieldKind, MigrationSpec};
use dure_client::{
    Client, NewFields, RpcError, Wait,
    shape::{CallRequest, EventFilter, ExecutionResult, OneOrMany, SimulateRequest},
};
use dure_rpc::{Place, hex::to_text};
use dure_types::{Address, Gas, Hash, domain};
use scale_info::{MetaType, Registry, TypeInfo};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The error of the code that a counter is upgraded to.
#[derive(TypeInfo)]
#[allow(dead_code, reason = "only its type is used")]
enum Error {
    Denied { limit: u64 },
}

/// The counter with another name for its error.
fn denying() -> Vec<u8> {
    let mut registry = Registry::new();
    let error = registry.register_type(&MetaType::new::<Error>()).id;
    with_this_spec(module(), &spec(registry, error))
}

/// A contract that calls another, whose address and input stand in its own input, and takes any
/// answer for good.
fn relay() -> Vec<u8> {
    let text = r#"(module
        (import "dure1" "input" (func $input (param i32)))
        (import "dure1" "call" (func $call (param i32 i32 i32 i64 i32) (result i64)))
        (memory (export "memory") 1)
        (func (export "dure_init") (param i32) (result i32) (i32.const 0))
        (func (export "dure_call") (param i32) (result i32)
          (call $input (i32.const 0))
          (drop (call $call (i32.const 4) (i32.const 36)
            (i32.sub (local.get 0) (i32.const 36)) (i64.const 0) (i32.const 0)))
          (i32.const 0))
        (func (export "dure_query") (param i32) (result i32) (i32.const 2)))"#;
    with_spec(wat::parse_str(text).unwrap())
}

/// A map with an entry of 7; as its second version, one whose values are shorter and whose
/// migration leaves them as they are.
fn keeper(version: u32) -> Vec<u8> {
    let text = r#"(module
        (import "dure1" "storage_set" (func $set (param i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\00\00\07")
        (func (export "dure_init") (param i32) (result i32)
          (call $set (i32.const 0) (i32.const 3) (i32.const 16) (i32.const 8))
          (i32.const 0))
        (func (export "dure_migrate") (param i32) (result i32) (i32.const 0))
        (func (export "dure_call") (param i32) (result i32) (i32.const 2))
        (func (export "dure_query") (param i32) (result i32) (i32.const 2)))"#;
    let mut registry = Registry::new();
    let error = registry.register_type(&MetaType::new::<Error>()).id;
    let key = registry.register_type(&MetaType::new::<u8>()).id;
    let short = registry.register_type(&MetaType::new::<u32>()).id;
    let mut spec = spec(registry, error);
    let field = &mut spec.storage[0];
    (field.kind, field.key) = (FieldKind::Map, Some(key));
    if version == 2 {
        field.value = short;
        spec.history.version = 2;
        spec.history.migrations = vec![MigrationSpec {
            name: "from_1".into(),
            from: 1,
            args: Vec::new(),
            fallible: false,
            docs: Vec::new(),
        }];
    }
    with_this_spec(wat::parse_str(text).unwrap(), &spec)
}

fn system(method: &str, args: impl Encode) -> CallRequest {
    let args = Value::String(to_text(&args.encode()));
    CallRequest { contract: Address::SYSTEM.into(), method: method.into(), args }
}

/// Stores a module, as another author may have done.
async fn store(chain: &Chain, client: &Client, wasm: &[u8]) -> Hash {
    let made = client.deploy(&chain.alice, wasm, &json!([5]), b"stored").await.unwrap();
    made.code
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_a_trace_is_read_by_the_code_that_gave_it() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let (made, code) = (chain.counter(&client).await, store(&chain, &client, &denying()).await);
    let by = client.deploy(&chain.alice, &relay(), &json!([0]), b"relay").await.unwrap().contract;
    let fail = [&made.0[..], &domain::selector("fail").0].concat();
    let relayed = || CallRequest {
        contract: by.into(),
        method: "add".into(),
        args: Value::String(to_text(&fail)),
    };
    let upgrade = system("upgrade", (made, code, Vec::<u8>::new()));
    let answer = client.simulate(SimulateRequest {
        account: chain.alice.address().into(),
        calls: OneOrMany::Many(vec![relayed(), upgrade, relayed()]),
        gas_limit: None,
        sponsor: None,
        rehearse: false,
    });
    let answer = answer.await.unwrap();
    assert!(matches!(answer.result, ExecutionResult::Succeeded { .. }), "{:?}", answer.result);
    let errors = answer.trace.iter().filter_map(|call| call.error.as_ref());
    let texts = errors.map(|error| match &error.data {
        RpcError::ContractRefused { text, .. } => text.clone(),
        other => panic!("{other}"),
    });
    let expected = ["counter::Error::Refused { limit: 7 }", "counter::Error::Denied { limit: 7 }"];
    assert_eq!(texts.collect::<Vec<_>>(), expected);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_a_migration_left_is_named_by_the_node() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let made = client.deploy(&chain.alice, &keeper(1), &json!([5]), b"kept").await.unwrap();
    let entry = |error: &RpcError| match error {
        RpcError::FieldUnread { entry, .. } => entry.clone(),
        other => panic!("{other}"),
    };
    // Before the code is stored, and of a transaction that was sent in spite of it.
    let (by, next, nothing) = (chain.alice.address(), keeper(2), json!({}));
    let rehearsed = client.rehearse_upgrade(by, made.contract, &next, &nothing).await.unwrap();
    match rehearsed.answer.result {
        ExecutionResult::Failed { error, .. } => assert_eq!(entry(&error.data), "value[7]"),
        other => panic!("{other:?}"),
    }
    let code = store(&chain, &client, &next).await;
    let args = (made.contract, code, Vec::<u8>::new()).encode();
    let sent = client.transaction(&chain.alice).call_scale(Address::SYSTEM, "upgrade", args);
    let sent = sent.gas_limit(Gas(50_000_000)).submit(Wait::Final).await.unwrap_err();
    assert_eq!(entry(sent.refusal().unwrap()), "value[7]");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_code_is_of_another_contract_is_told_before_what_its_migration_takes() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let made = chain.counter(&client).await;
    let mut registry = Registry::new();
    let error = registry.register_type(&MetaType::new::<Error>()).id;
    let mut other = spec(registry, error);
    let args = other.methods[0].args.clone();
    let migration =
        MigrationSpec { name: "from_1".into(), from: 1, args, fallible: false, docs: vec![] };
    (other.name, other.history.version) = ("other".into(), 2);
    other.history.migrations = vec![migration];
    let other = with_this_spec(module(), &other);
    let refused = client
        .upgrade(&chain.alice, made, &other, &json!({}), NewFields::MustBeSet)
        .await
        .unwrap_err();
    let foreign = matches!(refused.refusal(), Some(RpcError::SchemaForeign { .. }));
    assert!(foreign, "{refused}");
    chain.stop().await;
}

/// Counts what clients send to a server on its way there.
async fn counting(chain: &Chain) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (server, sent) = (chain.server.address(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let node = tokio::net::TcpStream::connect(server).await.unwrap();
            let ((mut from, mut to), (mut back, mut out)) =
                (client.into_split(), node.into_split());
            let counter = Arc::clone(&counter);
            tokio::spawn(async move { tokio::io::copy(&mut back, &mut to).await });
            tokio::spawn(async move {
                let mut piece = vec![0; 65_536];
                while let Ok(length @ 1..) = from.read(&mut piece).await {
                    counter.fetch_add(length, Ordering::Relaxed);
                    out.write_all(&piece[..length]).await.unwrap();
                }
            });
        }
    });
    (url, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_travels_twice_to_be_tried_and_to_be_stored() {
    const PADDING: usize = 100_000;
    let padded = |module: Vec<u8>, mark: u8| {
        // A custom section of that many bytes, with its length in LEB128.
        let length = PADDING as u32;
        let leb = [length & 0x7f | 0x80, length >> 7 & 0x7f | 0x80, length >> 14];
        let head = [&[0][..], &leb.map(|byte| byte as u8), &[1, b'p']].concat();
        [module, head, vec![mark; PADDING - 2]].concat()
    };
    let chain = Chain::start().await;
    let (url, sent) = counting(&chain).await;
    let client = Client::connect(&url).await.unwrap();
    let twice = || {
        let bytes = sent.swap(0, Ordering::Relaxed);
        // In hexadecimal.
        assert!((2 * 2 * PADDING..3 * 2 * PADDING).contains(&bytes), "{bytes}");
    };
    let made = chain.deploy(&client, &padded(counter(), 1)).await;
    twice();
    let next = padded(counter(), 2);
    let done = client.upgrade(&chain.alice, made, &next, &json!({}), NewFields::MustBeSet).await;
    done.unwrap();
    twice();
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_before_an_upgrade_is_read_by_the_code_of_then() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let made = chain.counter(&client).await;
    let add = || client.transaction(&chain.alice).call(made, "add", json!({ "amount": "3" }));
    let before = add().submit(Wait::Final).await.unwrap().id;
    let mut registry = Registry::new();
    let error = registry.register_type(&MetaType::new::<Error>()).id;
    let mut renamed = spec(registry, error);
    renamed.events[0].fields[0].name = "sum".into();
    let next = with_this_spec(module(), &renamed);
    let done = client.upgrade(&chain.alice, made, &next, &json!({}), NewFields::MustBeSet).await;
    done.unwrap();
    let after = add().submit(Wait::Final).await.unwrap().id;

    let receipt = async |id| client.receipt(id, false).await.unwrap().receipt.events.remove(0);
    assert_eq!(receipt(before.0).await.fields, json!({ "amount": "3" }));
    assert_eq!(receipt(after.0).await.fields, json!({ "sum": "3" }));
    let filter = EventFilter { contract: Some(made.into()), ..EventFilter::default() };
    let events = client.events(filter.clone()).await.unwrap().events;
    let fields: Vec<_> = events.into_iter().map(|event| event.fields).collect();
    assert_eq!(fields, [json!({ "amount": "3" }), json!({ "sum": "3" })]);
    let from = EventFilter { from: Some(Place::default()), ..filter };
    let mut followed = chain.socket().await.follow_events(from).await.unwrap();
    for expect in fields {
        assert_eq!(followed.next().await.unwrap().unwrap().fields, expect);
    }
    chain.stop().await;
}

//! The chain under test: one validator in memory, a server on a free port, a small contract.

use codec::Encode;
use dure_abi::spec::{
    ArgSpec, ContractSpec, EventFieldSpec, EventSpec, FieldKind, FieldSpec, MethodKind, MethodSpec,
    VERSION,
};
use dure_client::{Client, Key};
use dure_node::{
    config::NodeConfig,
    driver::Node,
    genesis_file::dev_genesis,
    rpc::{Origins, RpcConfig, RpcLimits, RpcServer},
    store::MemoryStore,
};
use dure_types::{Address, Genesis, Selector, TimestampMs, domain};
use scale_info::{MetaType, PortableRegistry, Registry, TypeDef, TypeInfo};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc};

pub(crate) struct Chain {
    pub(crate) node: Node,
    pub(crate) server: RpcServer,
    pub(crate) alice: Key,
}

impl Chain {
    pub(crate) async fn start() -> Self {
        Self::start_with(RpcLimits::default(), Origins::Any).await
    }

    pub(crate) async fn start_with(limits: RpcLimits, origins: Origins) -> Self {
        Self::begin(limits, origins, Arc::new(MemoryStore::new()), |_| {}).await
    }

    /// Of another genesis.
    pub(crate) async fn start_altered(alter: impl FnOnce(&mut Genesis)) -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::begin(RpcLimits::default(), Origins::Any, store, alter).await
    }

    /// On a simulated disk.
    pub(crate) async fn start_on(disk: &MemoryStore) -> Self {
        Self::begin(RpcLimits::default(), Origins::Any, Arc::new(disk.clone()), |_| {}).await
    }

    async fn begin(
        limits: RpcLimits,
        origins: Origins,
        store: Arc<MemoryStore>,
        alter: impl FnOnce(&mut Genesis),
    ) -> Self {
        let validator = Key::from_seed([1; 32]);
        let alice = Key::from_seed([2; 32]);
        let mut genesis = dev_genesis(
            "test",
            TimestampMs(1),
            validator.signing(),
            Key::from_seed([3; 32]).signing(),
            &[alice.address()],
        );
        alter(&mut genesis);
        let config = NodeConfig::new(genesis, validator.signing().clone());
        let node = Node::start_on(config, store).await.unwrap();
        let server = serve(&node, limits, origins, Vec::new()).await;
        Self { node, server, alice }
    }

    /// Another server of the same node, with other limits.
    pub(crate) async fn second(&self, limits: RpcLimits) -> RpcServer {
        serve(&self.node, limits, Origins::Any, Vec::new()).await
    }

    /// The same, where proxies are trusted.
    pub(crate) async fn behind(&self, limits: RpcLimits, proxies: &[&str]) -> RpcServer {
        let proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        serve(&self.node, limits, Origins::Any, proxies).await
    }

    pub(crate) fn http(&self) -> String {
        format!("http://{}/v1", self.server.address())
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.http()).await.unwrap()
    }

    pub(crate) async fn socket(&self) -> Client {
        Client::connect(&format!("ws://{}/v1", self.server.address())).await.unwrap()
    }

    /// Deploys the counter, starting at 5.
    pub(crate) async fn counter(&self, client: &Client) -> Address {
        self.deploy(client, &counter()).await
    }

    /// Deploys a counter, starting at 5.
    pub(crate) async fn deploy(&self, client: &Client, module: &[u8]) -> Address {
        let init = json!({ "start": "5" });
        client.deploy(&self.alice, module, &init, b"counter").await.unwrap().contract
    }

    /// One JSON-RPC request over plain HTTP; the whole answer.
    pub(crate) async fn post(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (_, body) = self.exchange("POST /v1", &[], &request.to_string()).await;
        serde_json::from_str(&body).unwrap_or_else(|_| panic!("no JSON: {body}"))
    }

    /// The code and name of the error that a request meets.
    pub(crate) async fn refusal(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.post(method, params).await;
        let error = &answer["error"];
        assert!(error.is_object(), "not refused: {answer}");
        let name = error["data"]["name"].as_str().unwrap_or_default().to_owned();
        (error["code"].as_i64().unwrap(), name)
    }

    /// One HTTP exchange: head and body of the answer.
    pub(crate) async fn exchange(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (String, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.server.address()).await.unwrap();
        let mut request = format!(
            "{line} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        // A refusal may come before all was sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_lowercase(), body.to_owned())
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
        self.node.stop().await;
    }
}

async fn serve(
    node: &Node,
    limits: RpcLimits,
    origins: Origins,
    trusted_proxies: Vec<IpAddr>,
) -> RpcServer {
    let listen = "127.0.0.1:0".parse().unwrap();
    let peer_id = Some("peer".into());
    let config = RpcConfig { listen, origins, limits, peer_id, trusted_proxies, peers: None };
    RpcServer::start(config, node.handle()).await.unwrap()
}

#[derive(TypeInfo)]
#[allow(dead_code, reason = "only its type is used")]
enum CounterError {
    Refused { limit: u64 },
}

#[derive(TypeInfo)]
#[allow(dead_code, reason = "only its type is used")]
enum HeavyError {
    Refused { limit: u64, nothing: [(); 65_536] },
}

/// A contract that adds up, fails when asked to, and can loop for ever.
pub(crate) fn counter() -> Vec<u8> {
    with_spec(module())
}

/// The same with a specification by which every event and error takes megabytes as JSON.
pub(crate) fn heavy() -> Vec<u8> {
    let mut registry = Registry::new();
    let error = registry.register_type(&MetaType::new::<HeavyError>()).id;
    let mut spec = spec(registry, error);
    let of_error = spec.types.resolve(error).unwrap();
    let TypeDef::Variant(variants) = &of_error.type_def else { panic!("no enum") };
    let ty = variants.variants[0].fields[1].ty.id;
    spec.events[0].fields.push(EventFieldSpec { name: "nothing".into(), ty, indexed: false });
    with_this_spec(module(), &spec)
}

pub(crate) fn module() -> Vec<u8> {
    let selector = |name: &str| i32::from_le_bytes(domain::selector(name).0);
    let text = format!(
        r#"(module
        (import "dure1" "input" (func $input (param i32)))
        (import "dure1" "ret" (func $ret (param i32 i32)))
        (import "dure1" "storage_get" (func $get (param i32 i32 i32 i32) (result i64)))
        (import "dure1" "storage_set" (func $set (param i32 i32 i32 i32)))
        (import "dure1" "time_ms" (func $time (result i64)))
        (import "dure1" "event" (func $event (param i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 1024) "\00\00")
        (data (i32.const 1032) "{topic}")
        (func $load (drop (call $get (i32.const 1024) (i32.const 2) (i32.const 16) (i32.const 8))))
        (func (export "dure_init") (param i32) (result i32)
          (call $input (i32.const 0))
          (call $set (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 8))
          (i32.const 0))
        (func (export "dure_call") (param i32) (result i32)
          (call $input (i32.const 0))
          (if (i32.eq (i32.load (i32.const 0)) (i32.const {spin})) (then (loop (br 0))))
          (if (i32.eq (i32.load (i32.const 0)) (i32.const {fail})) (then
            (i64.store (i32.const 33) (i64.const 7))
            (call $ret (i32.const 32) (i32.const 9))
            (return (i32.const 1))))
          (if (i32.eq (i32.load (i32.const 0)) (i32.const {add})) (then
            (call $load)
            (i64.store (i32.const 16)
              (i64.add (i64.load (i32.const 16)) (i64.load (i32.const 4))))
            (call $set (i32.const 1024) (i32.const 2) (i32.const 16) (i32.const 8))
            (call $event (i32.const 1032) (i32.const 4) (i32.const 8))
            (call $ret (i32.const 16) (i32.const 8))
            (return (i32.const 0))))
          (i32.const 2))
        (func (export "dure_query") (param i32) (result i32)
          (call $input (i32.const 0))
          (if (i32.eq (i32.load (i32.const 0)) (i32.const {refuse})) (then
            (i64.store (i32.const 33) (i64.const 7))
            (call $ret (i32.const 32) (i32.const 9))
            (return (i32.const 1))))
          (if (i32.eq (i32.load (i32.const 0)) (i32.const {now})) (then
            (i64.store (i32.const 16) (call $time))
            (call $ret (i32.const 16) (i32.const 8))
            (return (i32.const 0))))
          (call $load)
          (call $ret (i32.const 16) (i32.const 8))
          (i32.const 0)))"#,
        topic = escaped(domain::selector("Added")),
        spin = selector("spin"),
        fail = selector("fail"),
        add = selector("add"),
        refuse = selector("refuse"),
        now = selector("now"),
    );
    wat::parse_str(text).unwrap()
}

fn escaped(selector: Selector) -> String {
    selector.0.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Appends the counter's specification to a module.
pub(crate) fn with_spec(wasm: Vec<u8>) -> Vec<u8> {
    let mut registry = Registry::new();
    let error = registry.register_type(&MetaType::new::<CounterError>()).id;
    with_this_spec(wasm, &spec(registry, error))
}

pub(crate) fn with_this_spec(mut wasm: Vec<u8>, spec: &ContractSpec) -> Vec<u8> {
    let name = b"dure.spec";
    let mut body = vec![u8::try_from(name.len()).unwrap()];
    body.extend_from_slice(name);
    spec.encode_to(&mut body);
    wasm.push(0);
    let mut length = body.len();
    while length >= 0x80 {
        wasm.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    wasm.push(u8::try_from(length).unwrap());
    wasm.extend_from_slice(&body);
    wasm
}

/// The counter's specification, with this type of error.
pub(crate) fn spec(mut registry: Registry, error: u32) -> ContractSpec {
    let number = registry.register_type(&MetaType::new::<u64>()).id;
    let unit = registry.register_type(&MetaType::new::<()>()).id;
    let method = |name: &str, kind, args: &[&str], returns| MethodSpec {
        name: name.into(),
        selector: domain::selector(name),
        kind,
        args: args.iter().map(|arg| ArgSpec { name: (*arg).into(), ty: number }).collect(),
        returns,
        fallible: matches!(name, "fail" | "refuse"),
        reentrant: false,
        docs: Vec::new(),
    };
    ContractSpec {
        version: VERSION,
        name: "counter".into(),
        methods: vec![
            method("new", MethodKind::Init, &["start"], unit),
            method("add", MethodKind::Call, &["amount"], number),
            method("fail", MethodKind::Call, &[], unit),
            method("spin", MethodKind::Call, &[], unit),
            method("value", MethodKind::Query, &[], number),
            method("refuse", MethodKind::Query, &[], unit),
            method("now", MethodKind::Query, &[], number),
        ],
        events: vec![EventSpec {
            name: "Added".into(),
            topic: domain::selector("Added"),
            fields: vec![EventFieldSpec { name: "amount".into(), ty: number, indexed: false }],
            docs: Vec::new(),
        }],
        error: Some(error),
        storage: vec![FieldSpec {
            name: "value".into(),
            id: 0,
            kind: FieldKind::Item,
            key: None,
            value: number,
            published: false,
            parts: vec![],
        }],
        history: Default::default(),
        interfaces: Vec::new(),
        docs: vec!["Adds up.".into()],
        types: PortableRegistry::from(registry),
    }
}

//! A money of the simulator: eight holders, transfers, and a sum that never changes.

use codec::Encode;
use dure_abi::spec::{
    ArgSpec, ContractSpec, FieldKind, FieldSpec, MethodKind, MethodSpec, VERSION,
};
use dure_node::view::View;
use dure_types::{Address, Call, Selector, address, domain};
use scale_info::{MetaType, PortableRegistry, Registry};

/// Holders, and what each has at first.
pub(crate) const HOLDERS: u8 = 8;
pub(crate) const START: u128 = 1_000;
const SALT: &[u8] = b"money";

/// The calls that deploy the module and create the contract.
pub(crate) fn calls() -> [Call; 2] {
    let module = module();
    let code = domain::blake3_hash(&module);
    let system =
        |method, args| Call { contract: Address::SYSTEM, method: domain::selector(method), args };
    let create = (code, SALT.to_vec(), Vec::<u8>::new()).encode();
    [system("deploy", module.encode()), system("instantiate", create)]
}

/// Where the contract of a creator is.
pub(crate) fn at(creator: Address) -> Address {
    address::contract(creator, SALT)
}

pub(crate) fn transfer(token: Address, from: u8, to: u8, amount: u64) -> Call {
    let method: Selector = domain::selector("transfer");
    Call { contract: token, method, args: (from, to, amount).encode() }
}

/// The sum of all balances; none while the contract does not exist.
pub(crate) fn sum(view: &View, token: Address) -> Option<u128> {
    let balance = |holder: u8| {
        let key = [token.0.as_slice(), &[0, 0, holder]].concat();
        let bytes = view.state().get(&key).unwrap()?;
        Some(u128::from_le_bytes(bytes.try_into().unwrap()))
    };
    let balances: Vec<_> = (0..HOLDERS).filter_map(balance).collect();
    (!balances.is_empty()).then(|| balances.iter().sum())
}

fn module() -> Vec<u8> {
    let text = format!(
        r#"(module
        (import "dure1" "input" (func $input (param i32)))
        (import "dure1" "storage_add"
          (func $add (param i32 i32 i64 i64 i64 i64) (result i64)))
        (import "dure1" "storage_sub" (func $sub (param i32 i32 i64 i64) (result i64)))
        (memory (export "memory") 1)
        (func (export "dure_init") (param i32) (result i32) (local $holder i32)
          (loop $next
            (i32.store8 (i32.const 1026) (local.get $holder))
            (drop (call $add (i32.const 1024) (i32.const 3) (i64.const {START}) (i64.const 0)
              (i64.const -1) (i64.const -1)))
            (local.set $holder (i32.add (local.get $holder) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $holder) (i32.const {HOLDERS}))))
          (i32.const 0))
        (func (export "dure_call") (param i32) (result i32)
          (call $input (i32.const 0))
          (i32.store8 (i32.const 1026) (i32.load8_u (i32.const 4)))
          (if (i64.lt_s
            (call $sub (i32.const 1024) (i32.const 3) (i64.load (i32.const 6)) (i64.const 0))
            (i64.const 0)) (then unreachable))
          (i32.store8 (i32.const 1026) (i32.load8_u (i32.const 5)))
          (drop (call $add (i32.const 1024) (i32.const 3) (i64.load (i32.const 6)) (i64.const 0)
            (i64.const -1) (i64.const -1)))
          (i32.const 0))
        (func (export "dure_query") (param i32) (result i32) (i32.const 2)))"#
    );
    with_spec(wat::parse_str(text).unwrap())
}

/// Appends the section `dure.spec`.
fn with_spec(mut wasm: Vec<u8>) -> Vec<u8> {
    let name = b"dure.spec";
    let mut body = vec![name.len() as u8];
    body.extend_from_slice(name);
    spec().encode_to(&mut body);
    wasm.push(0);
    let mut length = body.len();
    while length >= 0x80 {
        wasm.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    wasm.push(length as u8);
    wasm.extend_from_slice(&body);
    wasm
}

fn spec() -> ContractSpec {
    let mut registry = Registry::new();
    let holder = registry.register_type(&MetaType::new::<u8>()).id;
    let amount = registry.register_type(&MetaType::new::<u64>()).id;
    let balance = registry.register_type(&MetaType::new::<u128>()).id;
    let unit = registry.register_type(&MetaType::new::<()>()).id;
    let method = |name: &str, kind, args: &[(&str, u32)]| MethodSpec {
        name: name.into(),
        selector: domain::selector(name),
        kind,
        args: args.iter().map(|(name, ty)| ArgSpec { name: (*name).into(), ty: *ty }).collect(),
        returns: unit,
        fallible: false,
        reentrant: false,
        docs: Vec::new(),
    };
    let of = [("from", holder), ("to", holder), ("amount", amount)];
    ContractSpec {
        version: VERSION,
        name: "money".into(),
        methods: vec![
            method("new", MethodKind::Init, &[]),
            method("transfer", MethodKind::Call, &of),
        ],
        events: Vec::new(),
        error: None,
        storage: vec![FieldSpec {
            name: "balances".into(),
            id: 0,
            kind: FieldKind::Map,
            key: Some(holder),
            value: balance,
            published: false,
            parts: vec![],
        }],
        history: Default::default(),
        interfaces: Vec::new(),
        docs: Vec::new(),
        types: PortableRegistry::from(registry),
    }
}

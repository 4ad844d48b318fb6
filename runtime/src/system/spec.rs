//! The specification of the system contract, so that tools treat it like any other.

use super::record::{AccountRecord, CodeRecord, ContractRecord};
use dure_abi::spec::{
    ArgSpec, ContractSpec, EventFieldSpec, EventSpec, MethodKind, MethodSpec, StorageHistory,
    VERSION,
};
use dure_types::{Address, Hash, SystemError, domain};
use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};

struct Builder {
    registry: Registry,
}

impl Builder {
    fn id<T: TypeInfo + 'static>(&mut self) -> u32 {
        self.registry.register_type(&MetaType::new::<T>()).id
    }

    fn method(
        &self,
        name: &str,
        kind: MethodKind,
        args: &[(&str, u32)],
        returns: u32,
        docs: &str,
    ) -> MethodSpec {
        let arg = |(name, ty): &(&str, u32)| ArgSpec { name: (*name).into(), ty: *ty };
        MethodSpec {
            name: name.into(),
            selector: domain::selector(name),
            kind,
            args: args.iter().map(arg).collect(),
            returns,
            fallible: kind == MethodKind::Call,
            reentrant: true,
            docs: vec![docs.into()],
        }
    }

    fn event(&self, name: &str, fields: &[(&str, u32, bool)], docs: &str) -> EventSpec {
        let field = |(name, ty, indexed): &(&str, u32, bool)| EventFieldSpec {
            name: (*name).into(),
            ty: *ty,
            indexed: *indexed,
        };
        EventSpec {
            name: name.into(),
            topic: domain::selector(name),
            fields: fields.iter().map(field).collect(),
            docs: vec![docs.into()],
        }
    }
}

/// Numbers of the types, in the order of the registry.
struct Types {
    hash: u32,
    address: u32,
    bytes: u32,
    lane: u32,
    nonce: u32,
    length: u32,
    contract: u32,
    code: u32,
    account: u32,
    error: u32,
    nothing: u32,
    nobody: u32,
}

/// Describes the system contract of this release.
#[must_use]
pub fn contract_spec() -> ContractSpec {
    let mut b = Builder { registry: Registry::new() };
    let types = Types {
        hash: b.id::<Hash>(),
        address: b.id::<Address>(),
        bytes: b.id::<Vec<u8>>(),
        lane: b.id::<u16>(),
        nonce: b.id::<u64>(),
        length: b.id::<u32>(),
        contract: b.id::<Option<ContractRecord>>(),
        code: b.id::<Option<CodeRecord>>(),
        account: b.id::<AccountRecord>(),
        error: b.id::<SystemError>(),
        nothing: b.id::<()>(),
        nobody: b.id::<Option<Address>>(),
    };
    let (methods, events) = (methods(&mut b, &types), events(&mut b, &types));
    ContractSpec {
        version: VERSION,
        name: "system".into(),
        methods,
        events,
        error: Some(types.error),
        storage: Vec::new(),
        history: StorageHistory::default(),
        interfaces: Vec::new(),
        docs: vec!["Deploys code, creates contracts and upgrades them.".into()],
        types: PortableRegistry::from(b.registry),
    }
}

fn methods(b: &mut Builder, t: &Types) -> Vec<MethodSpec> {
    vec![
        b.method(
            "deploy",
            MethodKind::Call,
            &[("code", t.bytes)],
            t.hash,
            "Stores a module; usable from the next block.",
        ),
        b.method(
            "instantiate",
            MethodKind::Call,
            &[("code", t.hash), ("salt", t.bytes), ("init", t.bytes)],
            t.address,
            "Creates a contract and runs its init method.",
        ),
        b.method(
            "upgrade",
            MethodKind::Call,
            &[("contract", t.address), ("code", t.hash), ("migrate", t.bytes)],
            t.nothing,
            "Gives a contract new code and runs its migration, if its storage has a new version; \
             only its upgrader can. Calls that begin later run the new code.",
        ),
        b.method(
            "set_upgrader",
            MethodKind::Call,
            &[("contract", t.address), ("upgrader", t.nobody)],
            t.nothing,
            "Names who may upgrade a contract; none: nobody any more. Only its upgrader can.",
        ),
        b.method(
            "contract",
            MethodKind::Query,
            &[("address", t.address)],
            t.contract,
            "What is known of a contract.",
        ),
        b.method(
            "code",
            MethodKind::Query,
            &[("code", t.hash)],
            t.code,
            "What is known of stored code.",
        ),
        b.method(
            "account",
            MethodKind::Query,
            &[("address", t.address)],
            t.account,
            "Tier, quota and nonces.",
        ),
        b.method(
            "next_nonce",
            MethodKind::Query,
            &[("address", t.address), ("lane", t.lane)],
            t.nonce,
            "The least nonce above all used ones.",
        ),
    ]
}

fn events(b: &mut Builder, t: &Types) -> Vec<EventSpec> {
    vec![
        b.event(
            "Deployed",
            &[("code", t.hash, true), ("length", t.length, false)],
            "A module was stored.",
        ),
        b.event(
            "Instantiated",
            &[("address", t.address, true), ("code", t.hash, true), ("creator", t.address, true)],
            "A contract was created.",
        ),
        b.event(
            "Upgraded",
            &[
                ("contract", t.address, true),
                ("code", t.hash, true),
                ("previous", t.hash, false),
                ("from", t.length, false),
                ("to", t.length, false),
            ],
            "A contract got new code; its storage went from one version to another.",
        ),
        b.event(
            "UpgraderChanged",
            &[("contract", t.address, true), ("upgrader", t.nobody, false)],
            "Somebody else may upgrade a contract; none: nobody.",
        ),
    ]
}

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

/// Describes the system contract of this release.
#[must_use]
pub fn contract_spec() -> ContractSpec {
    let mut b = Builder { registry: Registry::new() };
    let (hash, address) = (b.id::<Hash>(), b.id::<Address>());
    let (bytes, lane, nonce) = (b.id::<Vec<u8>>(), b.id::<u16>(), b.id::<u64>());
    let length = b.id::<u32>();
    let contract = b.id::<Option<ContractRecord>>();
    let code = b.id::<Option<CodeRecord>>();
    let account = b.id::<AccountRecord>();
    let error = b.id::<SystemError>();
    let (nothing, nobody, version) = (b.id::<()>(), b.id::<Option<Address>>(), length);
    let (call, query) = (MethodKind::Call, MethodKind::Query);
    let methods = vec![
        b.method(
            "deploy",
            call,
            &[("code", bytes)],
            hash,
            "Stores a module; usable from the next block.",
        ),
        b.method(
            "instantiate",
            call,
            &[("code", hash), ("salt", bytes), ("init", bytes)],
            address,
            "Creates a contract and runs its init method.",
        ),
        b.method(
            "upgrade",
            call,
            &[("contract", address), ("code", hash), ("migrate", bytes)],
            nothing,
            "Gives a contract new code and runs its migration, if its storage has a new version; \
             only its upgrader can. Calls that begin later run the new code.",
        ),
        b.method(
            "set_upgrader",
            call,
            &[("contract", address), ("upgrader", nobody)],
            nothing,
            "Names who may upgrade a contract; none: nobody any more. Only its upgrader can.",
        ),
        b.method(
            "contract",
            query,
            &[("address", address)],
            contract,
            "What is known of a contract.",
        ),
        b.method("code", query, &[("code", hash)], code, "What is known of stored code."),
        b.method("account", query, &[("address", address)], account, "Tier, quota and nonces."),
        b.method(
            "next_nonce",
            query,
            &[("address", address), ("lane", lane)],
            nonce,
            "The least nonce above all used ones.",
        ),
    ];
    let events = vec![
        b.event(
            "Deployed",
            &[("code", hash, true), ("length", length, false)],
            "A module was stored.",
        ),
        b.event(
            "Instantiated",
            &[("address", address, true), ("code", hash, true), ("creator", address, true)],
            "A contract was created.",
        ),
        b.event(
            "Upgraded",
            &[
                ("contract", address, true),
                ("code", hash, true),
                ("previous", hash, false),
                ("from", version, false),
                ("to", version, false),
            ],
            "A contract got new code; its storage went from one version to another.",
        ),
        b.event(
            "UpgraderChanged",
            &[("contract", address, true), ("upgrader", nobody, false)],
            "Somebody else may upgrade a contract; none: nobody.",
        ),
    ];
    ContractSpec {
        version: VERSION,
        name: "system".into(),
        methods,
        events,
        error: Some(error),
        storage: Vec::new(),
        history: StorageHistory::default(),
        interfaces: Vec::new(),
        docs: vec!["Deploys code, creates contracts and upgrades them.".into()],
        types: PortableRegistry::from(b.registry),
    }
}

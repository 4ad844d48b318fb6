//! A contract specification.

use dure_abi::{
    Address, Amount, Selector,
    spec::{
        ArgSpec, ContractSpec, EventFieldSpec, EventSpec, FieldKind, FieldSpec, FormerName,
        InterfaceSpec, MethodKind, MethodSpec, MigrationSpec, RetiredField, StorageHistory,
        VERSION,
    },
};
use dure_types::domain;
use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};

/// What the sample contract refuses; only its type information is used.
#[derive(TypeInfo)]
#[expect(dead_code, reason = "the registry reads the fields, nothing else does")]
enum Refusal {
    NotIssuer,
    Short { need: Amount },
}

/// A contract with something of every kind.
#[must_use]
pub fn contract_spec() -> ContractSpec {
    let mut registry = Registry::new();
    let mut id = |ty: MetaType| registry.register_type(&ty).id;
    let (unit, address, amount) =
        (id(MetaType::new::<()>()), id(MetaType::new::<Address>()), id(MetaType::new::<Amount>()));
    let error = id(MetaType::new::<Refusal>());
    let arg = |name: &str, ty| ArgSpec { name: name.to_owned(), ty };
    let field = |name: &str, ty, indexed| EventFieldSpec { name: name.to_owned(), ty, indexed };
    ContractSpec {
        version: VERSION,
        name: "voucher".to_owned(),
        methods: vec![
            method("new", MethodKind::Init, vec![], unit),
            method("pay", MethodKind::Call, vec![arg("to", address), arg("amount", amount)], unit),
            method("balance", MethodKind::Query, vec![arg("who", address)], amount),
        ],
        events: vec![EventSpec {
            name: "Moved".to_owned(),
            topic: domain::selector("Moved"),
            fields: vec![field("to", address, true), field("amount", amount, false)],
            docs: vec!["Vouchers changed hands.".to_owned()],
        }],
        error: Some(error),
        storage: vec![
            storage("issuer", 0, FieldKind::Item, None, address),
            storage("held", 1, FieldKind::Map, Some(address), amount),
            storage("supply", 2, FieldKind::Balance, None, amount),
            storage("lots", 3, FieldKind::Composite, None, unit),
            storage("visits", 4, FieldKind::Counter, None, amount),
        ],
        history: StorageHistory {
            version: 3,
            retired: vec![RetiredField { name: "limit".to_owned(), id: 3 }],
            renamed: vec![FormerName { name: "owed".to_owned(), id: 1 }],
            migrations: vec![MigrationSpec {
                name: "from_2".to_owned(),
                from: 2,
                args: vec![arg("amount", amount)],
                fallible: true,
                docs: vec!["Books what was forgotten.".to_owned()],
            }],
            before: vec![storage("held", 1, FieldKind::Map, Some(address), unit)],
        },
        interfaces: vec![InterfaceSpec {
            name: "sample::Payable".to_owned(),
            methods: vec!["pay".to_owned()],
        }],
        docs: vec!["Vouchers of one issuer.".to_owned()],
        types: PortableRegistry::from(registry),
    }
}

fn method(name: &str, kind: MethodKind, args: Vec<ArgSpec>, returns: u32) -> MethodSpec {
    let selector: Selector = domain::selector(name);
    let (fallible, name) = (kind == MethodKind::Call, name.to_owned());
    MethodSpec { name, selector, kind, args, returns, fallible, reentrant: false, docs: vec![] }
}

fn storage(name: &str, id: u16, kind: FieldKind, key: Option<u32>, value: u32) -> FieldSpec {
    let parts = match kind {
        FieldKind::Composite => vec![storage("open", 0, FieldKind::Map, Some(value), value)],
        _ => vec![],
    };
    FieldSpec { name: name.to_owned(), id, kind, key, value, published: id == 1, parts }
}

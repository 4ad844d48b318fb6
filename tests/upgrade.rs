//! Upgrades: what may take over a contract's storage, what is refused, and that nothing else
//! changes.

#[path = "upgrade/before.rs"]
mod before;
#[path = "upgrade/entries.rs"]
mod entries;
#[path = "upgrade/interface.rs"]
mod interface;
#[path = "upgrade/module.rs"]
mod module;
#[path = "upgrade/shadow.rs"]
mod shadow;

use dure_abi::spec::{FieldKind, FieldSpec, FormerName, InterfaceSpec, RetiredField};
use dure_runtime::{
    BlockContext, Executor, ExecutorConfig, state::tree::StateTree, system::ContractRecord,
};
use dure_testing::{
    Account, Address, Chain, ExecutionError, TestFailure, call,
    codec::{Decode, Encode},
};
use dure_types::{
    Event, Gas, Hash, Height, ModuleError, SchemaError, SystemError, TransactionBody,
    domain::{self, blake3_hash},
    limits,
};
use module::{Body, Code, MIGRATED, REFUSE, TRAP, Types, WRITE, field, first};
use proptest::prelude::*;
use scale_info::{
    Path, PortableRegistry, PortableRegistryBuilder, Registry, Type, TypeInfo, build::Fields,
};
use std::collections::BTreeMap;

/// A chain with the first code at one address.
struct Scene {
    chain: Chain,
    owner: Account,
    contract: Address,
}

impl Scene {
    fn new() -> Self {
        Self::of(&first())
    }

    fn of(code: &Code) -> Self {
        let mut chain = Chain::new();
        // What the chain itself takes; that more is asked for by default has a test of its own.
        chain.allow_unset();
        let owner = chain.account("owner");
        let contract = chain.deploy_wasm(&code.bytes(), owner, ()).expect("the code is in order");
        Self { chain, owner, contract }
    }

    /// Writes an entry; the mark of the code that did it.
    fn put(&mut self, key: [u8; 3], value: u64) -> u8 {
        self.chain.call(self.owner, self.contract, "put", (key, value)).expect("it writes")
    }

    /// Writes any entry, of a code whose body is [`Body::PutAny`].
    fn set(&mut self, key: &[u8], value: &[u8]) {
        let args = [&(key.len() as u32).to_le_bytes(), key, value].concat();
        let method = domain::selector("put");
        let call = dure_types::Call { contract: self.contract, method, args };
        self.chain.transact(self.owner, vec![call]).expect("it writes");
    }

    fn get(&self, key: [u8; 3]) -> Option<u64> {
        let bytes = self.chain.storage(self.contract, &key).expect("state can be read")?;
        Some(u64::decode(&mut bytes.as_slice()).expect("8 bytes"))
    }

    fn upgrade(&mut self, code: &Code, args: impl Encode) -> Result<(), TestFailure> {
        self.chain.upgrade_wasm(self.owner, self.contract, &code.bytes(), args)
    }

    fn refused(&mut self, code: &Code, args: impl Encode) -> SystemError {
        let failure = self.upgrade(code, args).expect_err("it is refused");
        failure.contract_error().unwrap_or_else(|| panic!("not by the system: {failure}"))
    }

    #[track_caller]
    fn refuses(&mut self, code: &Code, expected: SchemaError) {
        let before = self.record();
        assert_eq!(self.refused(code, ()), SystemError::Schema(expected));
        assert_eq!(self.record(), before);
    }

    fn record(&self) -> ContractRecord {
        let record: Option<ContractRecord> =
            self.chain.query(Address::SYSTEM, "contract", self.contract).expect("a query");
        record.expect("it is there")
    }
}

fn changed(field: &str, id: u16, stored: &str, offered: &str) -> SchemaError {
    let [field, stored, offered] = [field, stored, offered].map(|text| text.as_bytes().to_vec());
    SchemaError::FieldChanged { field, id, stored, offered }
}

fn system_error(result: Result<(), TestFailure>) -> SystemError {
    let failure = result.expect_err("it is refused");
    failure.contract_error().unwrap_or_else(|| panic!("not by the system: {failure}"))
}

#[test]
fn state_survives_and_new_code_runs_at_once() {
    let mut scene = Scene::new();
    assert_eq!(scene.put([0, 1, 5], 50), 1);
    let code = first().marked(2);
    let previous = scene.record().code;
    scene.upgrade(&code, ()).expect("the same schema");
    assert_eq!(scene.get([0, 1, 5]), Some(50));
    assert_eq!(scene.put([0, 1, 6], 60), 2);
    let hash = blake3_hash(&code.bytes());
    assert_eq!(scene.record().code, hash);
    let event = Event {
        contract: Address::SYSTEM,
        topic: domain::selector("Upgraded"),
        data: (scene.contract, hash, previous, 1u32, 1u32).encode(),
    };
    assert!(scene.chain.events().contains(&event));
}

#[test]
fn calls_after_the_upgrade_in_the_same_transaction_run_the_new_code() {
    let mut scene = Scene::new();
    let (owner, contract) = (scene.owner, scene.contract);
    let code = first().marked(2).bytes();
    scene.chain.call::<Hash>(owner, Address::SYSTEM, "deploy", code.clone()).expect("it is good");
    let put = || call(contract, "put", ([0u8, 1, 9], 9u64));
    let upgrade =
        call(Address::SYSTEM, "upgrade", (contract, blake3_hash(&code), Vec::<u8>::new()));
    let done = scene.chain.transact(owner, vec![put(), upgrade, put()]).expect("all succeed");
    assert_eq!((done.output(0), done.output(2)), (Ok(1u8), Ok(2u8)));
}

#[test]
fn a_migration_runs_once_with_its_arguments() {
    let mut scene = Scene::new();
    scene.put([0, 1, 5], 50);
    let second = first().marked(2).migrating(1, 2, WRITE);
    scene.upgrade(&second, 77u64).expect("it migrates");
    assert_eq!((scene.get([0, 1, 5]), scene.get(MIGRATED)), (Some(50), Some(77)));
    // The version stays at 2 from here on: nothing runs, and arguments are refused.
    let fixed = second.marked(3);
    scene.put(MIGRATED, 1);
    assert_eq!(
        scene.refused(&fixed, 78u64),
        SystemError::Schema(SchemaError::NothingToMigrate { version: 2 })
    );
    scene.upgrade(&fixed, ()).expect("the same version");
    assert_eq!(scene.get(MIGRATED), Some(1));
}

#[test]
fn a_migration_that_fails_undoes_everything() {
    for (body, expected) in [(REFUSE, Some(7u8)), (TRAP, None)] {
        let mut scene = Scene::new();
        scene.put([0, 1, 5], 50);
        let record = scene.record();
        let failure = scene
            .upgrade(&first().marked(2).migrating(1, 2, body), 77u64)
            .expect_err("the migration fails");
        assert_eq!(failure.contract_error::<u8>(), expected, "{failure}");
        // The code that runs has no error of that type: it is read by the code that is refused.
        let read = failure.to_string().contains("keeper::Error::7");
        assert_eq!(read, expected.is_some(), "{failure}");
        assert!(
            matches!(&failure, TestFailure::Failed { error, .. } if match error {
                ExecutionError::Contract { contract, .. } | ExecutionError::Trap { contract, .. } =>
                    *contract == scene.contract,
                _ => false,
            }),
            "{failure}"
        );
        assert_eq!((scene.get([0, 1, 5]), scene.get(MIGRATED)), (Some(50), None));
        assert_eq!(scene.record(), record);
        assert_eq!(scene.put([0, 1, 6], 60), 1, "the old code runs on");
        let upgraded = domain::selector("Upgraded");
        assert!(scene.chain.events().iter().all(|event| event.topic != upgraded));
    }
}

#[test]
fn a_migration_may_change_the_type_of_a_field() {
    let narrow = retyped::<u32>().marked(2);
    let mut scene = Scene::new();
    scene.refuses(&narrow, changed("count", 0, "item u64", "item u32"));
    scene.upgrade(&narrow.migrating(1, 2, WRITE), 5u64).expect("it migrates");
}

#[test]
fn a_version_is_not_skipped() {
    let mut scene = Scene::new();
    let (second, third) =
        (first().marked(2).migrating(1, 2, WRITE), first().marked(3).migrating(2, 3, WRITE));
    scene.refuses(&third, SchemaError::NoMigration { stored: 1, offered: 3 });
    scene.upgrade(&second, 7u64).expect("from 1 to 2");
    scene.upgrade(&third, 8u64).expect("from 2 to 3");
    assert_eq!(scene.get(MIGRATED), Some(8));
}

/// The first code with another type of `count`.
fn retyped<T: TypeInfo + 'static>() -> Code {
    let mut types = Types(Registry::new());
    let (byte, number, other) = (types.id::<u8>(), types.id::<u64>(), types.id::<T>());
    let storage = vec![
        field("count", 0, FieldKind::Item, None, other),
        field("held", 1, FieldKind::Map, Some(byte), number),
    ];
    Code { spec: module::spec(types, storage), ..first() }
}

#[test]
fn what_would_lose_stored_fields_is_refused_by_name() {
    let mut scene = Scene::new();
    let code = first().marked(2);
    let name = |text: &str| text.as_bytes().to_vec();
    scene.refuses(
        &code.with(|spec| spec.name = "other".into()),
        SchemaError::Foreign { stored: name("keeper"), offered: name("other") },
    );
    scene.refuses(
        &code.with(|spec| spec.storage[0].kind = FieldKind::Balance),
        changed("count", 0, "item u64", "balance u64"),
    );
    scene.refuses(
        &code.with(|spec| spec.storage[1].value = spec.storage[1].key.unwrap()),
        changed("held", 1, "map u8 -> u64", "map u8 -> u8"),
    );
    scene.refuses(
        &code.with(|spec| spec.storage[1].key = Some(spec.storage[1].value)),
        changed("held", 1, "map u8 -> u64", "map u64 -> u64"),
    );
    // Fields that changed places, each with the other's name.
    scene.refuses(
        &code.with(|spec| {
            (spec.storage[0].id, spec.storage[1].id) = (1, 0);
            for (id, name) in [(0, "count"), (1, "held")] {
                spec.history.renamed.push(FormerName { name: name.into(), id });
            }
        }),
        changed("count", 0, "item u64", "map u8 -> u64"),
    );
    scene.refuses(
        &code.with(|spec| spec.storage.truncate(1)),
        SchemaError::FieldLost { field: name("held"), id: 1 },
    );
    scene.refuses(
        &code.with(|spec| spec.history.version = 2),
        SchemaError::NoMigration { stored: 1, offered: 2 },
    );
    // Not even a migration may forget a field.
    scene.refuses(
        &code.migrating(1, 2, WRITE).with(|spec| spec.storage.truncate(1)),
        SchemaError::FieldLost { field: name("held"), id: 1 },
    );
}

#[test]
fn a_retired_id_is_never_used_again() {
    let mut scene = Scene::new();
    let retired = RetiredField { name: "held".into(), id: 1 };
    let gone = first().marked(2).with(|spec| {
        spec.storage.truncate(1);
        spec.history.retired = vec![retired.clone()];
    });
    scene.upgrade(&gone, ()).expect("the field is retired");
    let name = |text: &str| text.as_bytes().to_vec();
    let again = SchemaError::FieldReused { field: name("held"), id: 1 };
    scene.refuses(&first().marked(3), again.clone());
    scene.refuses(&first().marked(3).migrating(1, 2, WRITE), again);
    scene.refuses(
        &first().marked(3).with(|spec| spec.storage.truncate(1)),
        SchemaError::FieldLost { field: name("held"), id: 1 },
    );
}

#[test]
fn a_new_field_of_one_value_that_nothing_sets_is_refused_unless_it_may_be() {
    let mut chain = Chain::new();
    let owner = chain.account("owner");
    let contract = chain.deploy_wasm(&first().bytes(), owner, ()).expect("the code is in order");
    let limited = |code: Code| {
        code.with(|spec| {
            let number = spec.storage[0].value;
            spec.storage.push(field("limit", 2, FieldKind::Item, None, number));
        })
    };
    let (plain, migrating) =
        (limited(first().marked(2)), limited(first().marked(2).migrating(1, 2, WRITE)));
    let same = |chain: &Chain| {
        let record: Option<ContractRecord> =
            chain.query(Address::SYSTEM, "contract", contract).expect("a query");
        assert_eq!(record.map(|record| record.code), Some(blake3_hash(&first().bytes())));
    };
    let refused = chain.upgrade_wasm(owner, contract, &plain.bytes(), ()).expect_err("unset");
    let TestFailure::Unset(unset) = &refused else { panic!("{refused}") };
    let names: Vec<&str> = unset.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!((names.as_slice(), unset.migration.is_none()), (["limit"].as_slice(), true));
    same(&chain);
    // A migration that sets something else.
    let refused = chain.upgrade_wasm(owner, contract, &migrating.bytes(), 7u64).expect_err("unset");
    let TestFailure::Unset(unset) = &refused else { panic!("{refused}") };
    assert!(unset.migration.is_some(), "{refused}");
    assert!(refused.to_string().contains("Chain::allow_unset"), "{refused}");
    same(&chain);
    chain.allow_unset();
    chain.upgrade_wasm(owner, contract, &plain.bytes(), ()).expect("it may be");
}

#[test]
fn fields_may_be_added_and_renamed() {
    let mut scene = Scene::new();
    scene.put([0, 1, 5], 50);
    let renamed = |code: Code, name: &str| code.with(|spec| spec.storage[1].name = name.into());
    let was = |code: Code, name: &str| {
        code.with(|spec| spec.history.renamed.push(FormerName { name: name.into(), id: 1 }))
    };
    let grown = renamed(first().marked(2), "kept").with(|spec| {
        let number = spec.storage[0].value;
        spec.storage.insert(0, field("limit", 2, FieldKind::Item, None, number));
        spec.storage.swap(0, 1);
        spec.storage.swap(1, 2);
    });
    let name = |text: &str| text.as_bytes().to_vec();
    let refusal = SchemaError::FieldRenamed { stored: name("held"), offered: name("kept"), id: 1 };
    scene.refuses(&grown, refusal.clone());
    // Nor by a migration, nor by a name that another field had.
    scene.refuses(&renamed(first().marked(2).migrating(1, 2, WRITE), "kept"), refusal.clone());
    scene.refuses(&was(grown.clone(), "gone"), refusal);
    scene.upgrade(&was(grown, "held"), ()).expect("ids stay what they are");
    assert_eq!(scene.get([0, 1, 5]), Some(50));
    // Who skips a release has the older names too.
    let later = was(was(renamed(first().marked(3), "owed"), "kept"), "held");
    Scene::new().upgrade(&later, ()).expect("the name before the last");
}

#[test]
fn fields_of_one_type_that_changed_places_are_refused() {
    let items = |names: [&str; 2]| {
        let mut types = Types(Registry::new());
        let number = types.id::<u64>();
        let storage =
            (0..).zip(names).map(|(id, name)| field(name, id, FieldKind::Item, None, number));
        Code { spec: module::spec(types, storage.collect()), ..first() }
    };
    let mut scene = Scene::of(&items(["earned", "spent"]));
    let name = |text: &str| text.as_bytes().to_vec();
    let (stored, offered) = (name("earned"), name("spent"));
    scene.refuses(
        &items(["spent", "earned"]).marked(2),
        SchemaError::FieldRenamed { stored, offered, id: 0 },
    );
}

#[test]
fn an_older_version_is_refused() {
    let mut scene = Scene::new();
    scene.upgrade(&first().marked(2).migrating(1, 2, WRITE), 1u64).expect("it migrates");
    scene.refuses(&first(), SchemaError::Older { stored: 2, offered: 1 });
}

#[test]
fn only_the_upgrader_upgrades_and_nobody_once_it_is_frozen() {
    let mut scene = Scene::new();
    let (owner, contract) = (scene.owner, scene.contract);
    let other = scene.chain.account("other");
    let code = first().marked(2).bytes();
    let mine = SystemError::NotUpgrader { contract, upgrader: owner.address() };
    let failure = scene.chain.upgrade_wasm(other, contract, &code, 5u8).expect_err("not by them");
    assert_eq!(failure.contract_error(), Some(mine.clone()), "and not for the argument");
    assert_eq!(failure.to_string(), format!("call 0: {mine} at system.upgrade"));
    let set = |chain: &mut Chain, by, upgrader: Option<Address>| {
        chain.call::<()>(by, Address::SYSTEM, "set_upgrader", (contract, upgrader))
    };
    assert_eq!(system_error(set(&mut scene.chain, other, Some(other.address()))), mine);
    set(&mut scene.chain, owner, Some(other.address())).expect("the creator names another");
    let theirs = SystemError::NotUpgrader { contract, upgrader: other.address() };
    assert_eq!(system_error(scene.chain.upgrade_wasm(owner, contract, &code, ())), theirs);
    scene.chain.upgrade_wasm(other, contract, &code, ()).expect("the new upgrader may");
    set(&mut scene.chain, other, None).expect("and freezes it");
    let frozen = SystemError::Frozen { contract };
    let third = first().marked(3).bytes();
    assert_eq!(system_error(scene.chain.upgrade_wasm(other, contract, &third, ())), frozen);
    assert_eq!(system_error(set(&mut scene.chain, other, Some(other.address()))), frozen);
    assert_eq!(scene.record().upgrader, None);
}

#[test]
fn code_must_be_known_from_an_earlier_block_and_another() {
    let mut scene = Scene::new();
    let (owner, contract) = (scene.owner, scene.contract);
    let code = first().marked(2).bytes();
    let hash = blake3_hash(&code);
    let upgrade = |hash: Hash| call(Address::SYSTEM, "upgrade", (contract, hash, Vec::<u8>::new()));
    let unknown = scene.chain.transact(owner, vec![upgrade(hash)]).map(drop);
    assert_eq!(system_error(unknown), SystemError::UnknownCode { code: hash });
    let deploy = call(Address::SYSTEM, "deploy", code);
    let from = scene.chain.height().0 + 2;
    let both = vec![deploy, upgrade(hash)];
    // A rehearsal does both at once, and leaves nothing behind.
    let same = scene.chain.transact(owner, both).map(drop);
    assert_eq!(system_error(same), SystemError::CodeNotActive { code: hash, from });
    let same = scene.refused(&first(), ());
    assert_eq!(same, SystemError::SameCode { contract, code: blake3_hash(&first().bytes()) });
    let nobody = Address([9; 32]);
    let upgrade = call(Address::SYSTEM, "upgrade", (nobody, hash, Vec::<u8>::new()));
    let failure = scene.chain.transact(owner, vec![upgrade]).expect_err("nobody is there");
    let unknown = ExecutionError::UnknownContract { contract: nobody };
    assert!(matches!(failure, TestFailure::Failed { error, .. } if error == unknown));
}

#[test]
fn a_rehearsal_compiles_each_code_once_however_often_it_is_called() {
    let scene = Scene::new();
    let (contract, code) = (scene.contract, first().marked(2).bytes());
    let upgrade =
        call(Address::SYSTEM, "upgrade", (contract, blake3_hash(&code), Vec::<u8>::new()));
    let mut calls = vec![call(Address::SYSTEM, "deploy", code), upgrade];
    calls.extend((0..5).map(|key| call(contract, "put", ([0u8, 1, key], 9u64))));
    let body = TransactionBody {
        account: scene.owner.address(),
        lane: 0,
        nonce: 1,
        valid_until: scene.chain.time(),
        gas_limit: Gas(limits::TRANSACTION_GAS_MAX),
        sponsor: None,
        calls,
    };
    let height = Height(scene.chain.height().0 + 1);
    let block = BlockContext { chain: Hash::ZERO, height, time: scene.chain.time() };
    let executor = Executor::new(ExecutorConfig::default()).expect("it runs here");
    for rehearsals in 1..=2 {
        let tried = executor.rehearse(&scene.chain.state(), &block, &body).expect("it runs");
        let outputs = tried.outputs.expect("all succeed");
        assert!(outputs[2..].iter().all(|mark| *mark == [2]), "{outputs:?}");
        // The second compiles again: nothing of a rehearsal is kept.
        assert_eq!(executor.modules_compiled(), rehearsals);
    }
}

#[test]
fn a_contract_on_the_call_stack_is_not_upgraded() {
    let relay = Code { body: Body::Relay, ..first() };
    let mut scene = Scene::of(&relay);
    let (owner, contract) = (scene.owner, scene.contract);
    let code = first().marked(2).bytes();
    let hash: Hash =
        scene.chain.call(owner, Address::SYSTEM, "deploy", code).expect("the code is good");
    let itself = (contract, Some(contract));
    scene.chain.call::<()>(owner, Address::SYSTEM, "set_upgrader", itself).expect("it may");
    let mut input = domain::selector("upgrade").0.to_vec();
    (contract, hash, Vec::<u8>::new()).encode_to(&mut input);
    let raw = dure_types::Call { contract, method: domain::selector("put"), args: input };
    let done = scene.chain.transact(owner, vec![raw]).expect("the relay itself succeeds");
    assert_eq!(done.output::<i64>(0), Ok(dure_abi::CallFault::Reentrant as i64));
    assert_eq!(scene.record().code, blake3_hash(&relay.bytes()));
}

#[test]
fn a_published_field_stays_published() {
    let published = |code: Code| code.with(|spec| spec.storage[1].published = true);
    let mut scene = Scene::of(&first());
    scene.upgrade(&published(first().marked(2)), ()).expect("publishing a field promises more");
    let withdrawn = SchemaError::FieldWithdrawn { field: b"held".to_vec(), id: 1 };
    scene.refuses(&first().marked(3), withdrawn.clone());
    // Nor by a migration, nor by retiring it.
    scene.refuses(&first().marked(3).migrating(1, 2, WRITE), withdrawn.clone());
    let retired = first().marked(3).with(|spec| {
        spec.storage.truncate(1);
        spec.history.retired = vec![RetiredField { name: "held".into(), id: 1 }];
    });
    scene.refuses(&retired, withdrawn);
    scene.upgrade(&published(first().marked(3)), ()).expect("it keeps the promise");
}

/// A code whose field `tills` is a composite of these parts.
fn composite(parts: impl FnOnce(&mut Types) -> Vec<FieldSpec>) -> Code {
    let mut types = Types(Registry::new());
    let (unit, parts) = (types.id::<()>(), parts(&mut types));
    let tills = FieldSpec { parts, ..field("tills", 0, FieldKind::Composite, None, unit) };
    Code { spec: module::spec(types, vec![tills]), ..first() }
}

/// The same with its parts bent, and how old and new field are called.
fn bent_composites(start: &Code) -> [(&'static str, String, Code); 6] {
    let whole = "composite { cash: balance u128, by: map u8 -> u64, drawer: composite { coins: \
                 item u8 } }";
    [
        (
            whole,
            "composite { cash: balance u128, by: map u8 -> u64 }".to_owned(),
            start.with(|spec| spec.storage[0].parts.truncate(2)),
        ),
        (
            whole,
            whole.replace("cash", "coin"),
            start.with(|spec| spec.storage[0].parts[0].name = "coin".into()),
        ),
        (
            "cash: balance u128",
            "cash: item u128".to_owned(),
            start.with(|spec| spec.storage[0].parts[0].kind = FieldKind::Item),
        ),
        (
            whole,
            "composite { by: map u8 -> u64, cash: balance u128, drawer: composite { coins: item \
             u8 } }"
                .to_owned(),
            start.with(|spec| {
                spec.storage[0].parts.swap(0, 1);
                for (part, id) in spec.storage[0].parts.iter_mut().zip(0..) {
                    part.id = id;
                }
            }),
        ),
        (
            "by: map u8 -> u64",
            "by: map u64 -> u64".to_owned(),
            start.with(|spec| {
                let part = &mut spec.storage[0].parts[1];
                part.key = Some(part.value);
            }),
        ),
        (
            "drawer.coins: item u8",
            "drawer.coins: item u64".to_owned(),
            start.with(|spec| {
                let number = spec.storage[0].parts[1].value;
                spec.storage[0].parts[2].parts[0].value = number;
            }),
        ),
    ]
}

#[test]
fn parts_of_a_composite_keep_place_name_and_type_and_new_ones_come_after() {
    let cash = |types: &mut Types| field("cash", 0, FieldKind::Balance, None, types.id::<u128>());
    let by = |types: &mut Types, id| {
        let (key, value) = (types.id::<u8>(), types.id::<u64>());
        field("by", id, FieldKind::Map, Some(key), value)
    };
    // `drawer` holds a composite itself.
    let drawer = |types: &mut Types, parts| {
        let unit = types.id::<()>();
        FieldSpec { parts, ..field("drawer", 2, FieldKind::Composite, None, unit) }
    };
    let coins =
        |types: &mut Types| vec![field("coins", 0, FieldKind::Item, None, types.id::<u8>())];
    let start = composite(|types| {
        let inner = coins(types);
        vec![cash(types), by(types, 1), drawer(types, inner)]
    });
    let mut scene = Scene::of(&start);
    for (stored, offered, code) in bent_composites(&start) {
        scene.refuses(&code.marked(2), changed("tills", 0, stored, &offered));
    }
    let more = |types: &mut Types, id| field("more", id, FieldKind::Item, None, types.id::<u64>());
    let grown = composite(|types| {
        let mut inner = coins(types);
        inner.push(more(types, 1));
        vec![cash(types), by(types, 1), drawer(types, inner), more(types, 3)]
    });
    scene.upgrade(&grown.marked(2), ()).expect("new parts come after");
}

/// A registry of `count` structs, each with the next as its only field, in a circle.
fn circle(count: u32) -> PortableRegistry {
    let mut builder = PortableRegistryBuilder::new();
    for index in 0..count {
        let path = Path::from_segments_unchecked(["sample".to_owned(), format!("T{index}")]);
        let next = (index + 1) % count;
        let fields = Fields::named().field_portable(|field| field.name("next".to_owned()).ty(next));
        builder.register_type(Type::builder_portable().path(path).composite(fields));
    }
    builder.finish()
}

#[test]
fn types_in_circles_are_compared_within_the_limit() {
    // 257 and 263 have no common divisor: every type meets every other.
    let with = |count: u32, mark: u8| {
        first().marked(mark).with(|spec| {
            spec.types = circle(count);
            spec.methods.iter_mut().for_each(|method| {
                method.args.clear();
                method.returns = 0;
            });
            spec.storage = vec![field("list", 0, FieldKind::Item, None, 0)];
            spec.error = None;
        })
    };
    let mut scene = Scene::of(&with(257, 1));
    let limit = limits::SCHEMA_STEPS_MAX;
    scene.refuses(&with(263, 2), SchemaError::TooLarge { limit });
    scene.upgrade(&with(257, 3), ()).expect("257 steps");
}

#[test]
fn a_spec_with_migrations_needs_the_entry_point() {
    let code = Code { migrate: None, ..first().migrating(1, 2, WRITE) };
    let error = deploy_code(&code).contract_error();
    let export = ModuleError::Export { name: b"dure_migrate".to_vec() };
    assert_eq!(error, Some(SystemError::Module(export)));
    let unsound = [
        first().with(|spec| spec.history.version = 0),
        first().migrating(1, 1, WRITE),
        first().migrating(0, 1, WRITE),
        first().migrating(1, 3, WRITE),
        first().migrating(2, 3, WRITE).with(|spec| {
            spec.history.migrations.push(spec.history.migrations[0].clone());
        }),
        first().with(|spec| {
            spec.history.renamed = vec![FormerName { name: "held".into(), id: 2 }];
        }),
        first().with(|spec| {
            spec.history.before = vec![FieldSpec { id: 7, ..spec.storage[0].clone() }];
        }),
        first().with(|spec| spec.history.retired = vec![RetiredField { name: "x".into(), id: 1 }]),
        first().with(|spec| {
            spec.interfaces = vec![InterfaceSpec { name: "Token".into(), methods: vec![] }];
        }),
    ];
    for code in unsound {
        let error = deploy_code(&code).contract_error();
        assert_eq!(error, Some(SystemError::Module(ModuleError::Spec)), "{:?}", code.spec.history);
    }
}

fn deploy_code(code: &Code) -> TestFailure {
    let mut chain = Chain::new();
    let owner = chain.account("owner");
    chain.deploy_wasm(&code.bytes(), owner, ()).expect_err("the module is refused")
}

#[derive(Clone, Debug)]
enum Act {
    Put(u8, u64),
    /// Other code of the same version.
    Replace(u8),
    /// The next version, with this argument.
    Migrate(u64),
    /// A next version whose migration fails.
    Fail(u64),
    /// A code that loses a field.
    Lose,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (any::<u8>(), any::<u64>()).prop_map(|(key, value)| Act::Put(key, value)),
        2 => (2u8..6).prop_map(Act::Replace),
        2 => any::<u64>().prop_map(Act::Migrate),
        1 => any::<u64>().prop_map(Act::Fail),
        1 => Just(Act::Lose),
    ]
}

/// What must be there after some acts.
struct Model {
    entries: BTreeMap<[u8; 3], u64>,
    version: u32,
    mark: u8,
}

fn code_of(version: u32, mark: u8) -> Code {
    match version {
        1 => first().marked(mark),
        version => first().marked(mark).migrating(version - 1, version, WRITE),
    }
}

fn perform(scene: &mut Scene, model: &mut Model, act: &Act) {
    match act {
        Act::Put(key, value) => {
            let key = [0, 1, *key];
            assert_eq!(scene.put(key, *value), model.mark);
            model.entries.insert(key, *value);
        }
        Act::Replace(mark) => {
            let done = scene.upgrade(&code_of(model.version, *mark), ());
            assert_eq!(done.is_ok(), *mark != model.mark, "{done:?}");
            model.mark = *mark;
        }
        Act::Migrate(value) => {
            model.version += 1;
            model.mark = 9;
            scene.upgrade(&code_of(model.version, 9), *value).expect("it migrates");
            model.entries.insert(MIGRATED, *value);
        }
        Act::Fail(value) => {
            let code = first().marked(8).migrating(model.version, model.version + 1, REFUSE);
            let failure = scene.upgrade(&code, *value).expect_err("its migration refuses");
            assert_eq!(failure.contract_error(), Some(7u8));
        }
        Act::Lose => {
            let code = code_of(model.version, 7).with(|spec| spec.storage.truncate(1));
            let error = scene.refused(&code, ());
            let lost = SchemaError::FieldLost { field: b"held".to_vec(), id: 1 };
            assert_eq!(error, SystemError::Schema(lost));
        }
    }
}

fn root(chain: &Chain) -> Hash {
    let entries = chain.state().scan(&[], &[0xff; 64], false, usize::MAX).expect("memory");
    let changes: Vec<_> =
        entries.iter().map(|(key, value)| (blake3_hash(key), Some(blake3_hash(value)))).collect();
    let mut tree = StateTree::new(4);
    tree.update(&changes);
    tree.root()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn state_survives_any_upgrades_and_execution_again_gives_the_same_roots(
        acts in proptest::collection::vec(act(), 1..14),
    ) {
        let (mut one, mut two) = (Scene::new(), Scene::new());
        let model = || Model { entries: BTreeMap::new(), version: 1, mark: 1 };
        let (mut first, mut second) = (model(), model());
        for act in &acts {
            perform(&mut one, &mut first, act);
            for (key, value) in &first.entries {
                prop_assert_eq!(one.get(*key), Some(*value));
            }
            perform(&mut two, &mut second, act);
            prop_assert_eq!(root(&one.chain), root(&two.chain));
        }
        prop_assert_eq!(one.chain.events(), two.chain.events());
    }
}

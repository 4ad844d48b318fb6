//! What a build does to the lock and what it refuses.

use super::{LockError, LockFile, lock_of, settle};
use dure_abi::{
    Address, Amount,
    spec::{
        ContractSpec, FieldKind, FieldSpec, FormerName, MigrationSpec, RetiredField,
        StorageHistory, VERSION,
    },
};
use scale_info::{MetaType, Registry, TypeDef, TypeDefSequence, TypeInfo};

/// Types as two releases of a contract have them; only their type information is used.
#[allow(dead_code, reason = "the registry reads the fields, nothing else does")]
mod one {
    use super::{Amount, TypeInfo};

    #[derive(TypeInfo)]
    pub(super) struct Price {
        amount: Amount,
        state: State,
    }
    #[derive(TypeInfo)]
    pub(super) enum State {
        Open,
        Closed { at: u64 },
    }
    #[derive(TypeInfo)]
    pub(super) enum Place {
        Shop,
        Stall,
    }
}

#[allow(dead_code, reason = "the registry reads the fields, nothing else does")]
mod two {
    use super::{Amount, TypeInfo};

    #[derive(TypeInfo)]
    pub(super) struct Price {
        state: State,
        amount: Amount,
    }
    #[derive(TypeInfo)]
    pub(super) enum State {
        Open,
        Closed { at: u64 },
        Moved(u8, bool),
    }
    #[derive(TypeInfo)]
    pub(super) enum Place {
        Shop,
        Stall,
        Cart,
    }
    #[derive(TypeInfo)]
    pub(super) struct NarrowPrice {
        amount: u64,
        state: State,
    }
    /// As `one::Price`, with an enum that grew.
    #[derive(TypeInfo)]
    pub(super) struct OldPrice {
        amount: Amount,
        state: State,
    }
}

struct Draft {
    registry: Registry,
    storage: Vec<FieldSpec>,
    history: StorageHistory,
}

impl Draft {
    fn new() -> Self {
        let history = StorageHistory::default();
        Self { registry: Registry::new(), storage: Vec::new(), history }
    }

    fn field<V: TypeInfo + 'static>(mut self, id: u16, name: &str) -> Self {
        let value = self.registry.register_type(&MetaType::new::<V>()).id;
        let (name, kind) = (name.into(), FieldKind::Item);
        let (published, parts) = (false, vec![]);
        self.storage.push(FieldSpec { name, id, kind, key: None, value, published, parts });
        self
    }

    fn map<K: TypeInfo + 'static, V: TypeInfo + 'static>(self, id: u16, name: &str) -> Self {
        let mut draft = self.field::<V>(id, name);
        let key = draft.registry.register_type(&MetaType::new::<K>()).id;
        if let Some(field) = draft.storage.last_mut() {
            (field.kind, field.key) = (FieldKind::Map, Some(key));
        }
        draft
    }

    fn was(mut self, id: u16, name: &str) -> Self {
        self.history.renamed.push(FormerName { name: name.into(), id });
        self
    }

    /// Makes the last field one that `before!` opens.
    fn opened(mut self) -> Self {
        self.history.before.extend(self.storage.pop());
        self
    }

    fn version(mut self, version: u32, from: &[u32]) -> Self {
        self.history.version = version;
        self.history.migrations = from
            .iter()
            .map(|from| MigrationSpec {
                name: format!("from_{from}"),
                from: *from,
                args: vec![],
                fallible: false,
                docs: vec![],
            })
            .collect();
        self
    }

    fn spec(self) -> ContractSpec {
        ContractSpec {
            version: VERSION,
            name: "tally".into(),
            methods: vec![],
            events: vec![],
            error: None,
            storage: self.storage,
            history: self.history,
            interfaces: vec![],
            docs: vec![],
            types: self.registry.into(),
        }
    }
}

fn first() -> Draft {
    Draft::new()
        .field::<u64>(0, "count")
        .map::<(Address, one::Place), Vec<one::Price>>(1, "prices")
        .field::<[u8; 4]>(2, "code")
}

/// The lock of a contract that has none.
fn locked(draft: Draft) -> LockFile {
    settle(None, &draft.spec()).expect("a new contract").lock
}

#[track_caller]
fn refused(lock: &LockFile, draft: Draft, words: &str) -> LockError {
    let error = settle(Some(lock), &draft.spec()).expect_err("it is refused");
    assert!(error.to_string().contains(words), "{error} does not say {words:?}");
    error
}

#[test]
fn a_new_contract_gets_a_lock_that_people_can_read() {
    let text = locked(first()).render();
    let (_, body) = text.split_once("version").expect("the head is a comment");
    assert_eq!(
        body,
        r#" = 1
contract = "tally"

[[field]]
id = 0
name = "count"
kind = "item"
value = "u64"

[[field]]
id = 1
name = "prices"
kind = "map"
key = "(Address, Place)"
value = "Vec<Price>"

[[field]]
id = 2
name = "code"
kind = "item"
value = "[u8; 4]"

[types]
Place = ["0 Shop", "1 Stall"]
Price = ["amount: Amount", "state: State"]
State = ["0 Open", "1 Closed { at: u64 }"]
"#
    );
    assert_eq!(LockFile::parse(&text), Ok(locked(first())));
}

#[test]
fn what_fits_the_lock_changes_nothing() {
    let settled = settle(Some(&locked(first())), &first().spec()).expect("it fits");
    assert_eq!((settled.changes, settled.lock), (vec![], locked(first())));
}

#[test]
fn new_fields_are_appended() {
    let grown = || first().field::<bool>(3, "open");
    let settled = settle(Some(&locked(first())), &grown().spec()).expect("a new field");
    assert_eq!(settled.changes, ["new field `open` (id 3)"]);
    assert_eq!(settled.lock, locked(grown()));
}

#[test]
fn a_field_keeps_its_id_under_a_new_name_only_when_the_source_says_so() {
    let renamed = || {
        let mut draft = first();
        draft.storage[0].name = "total".into();
        draft
    };
    let lock = locked(first());
    refused(&lock, renamed(), "`#[was(\"count\")]`");
    let settled = settle(Some(&lock), &renamed().was(0, "count").spec());
    let settled = settled.expect("it is the same field");
    assert_eq!(settled.changes, ["field `count` (id 0) is now `total`"]);
    let other = settle(Some(&lock), &renamed().was(0, "code").spec());
    assert!(matches!(other, Err(LockError::Used { id: 0, .. })), "{other:?}");
    // The file remembers the old name, since the chain asks for it whenever the upgrade comes.
    assert!(settled.lock.render().contains("name = \"total\"\nwas = [\"count\"]\n"));
    assert_eq!(LockFile::parse(&settled.lock.render()), Ok(settled.lock.clone()));
    let lock = settled.lock;
    let settled = settle(Some(&lock), &renamed().was(0, "count").spec()).expect("it fits");
    assert_eq!((settled.changes, settled.lock), (vec![], lock.clone()));
    let settled = settle(Some(&lock), &renamed().was(0, "count").was(0, "sum").spec());
    assert_eq!(settled.expect("one more").changes, ["field `total` (id 0) was `count`, `sum`"]);
}

#[test]
fn retired_ids_stay_taken() {
    let mut lock = locked(first());
    lock.fields[2].retired = true;
    let error = refused(&lock, first(), "`code` had and is retired");
    assert!(matches!(error, LockError::Retired { id: 2, .. }));
    let mut gone = first();
    gone.storage.truncate(2);
    gone.history.retired = vec![RetiredField { name: "code".into(), id: 2 }];
    let settled = settle(Some(&lock), &gone.spec()).expect("the field is gone");
    assert_eq!(settled.lock, lock);
    let mut dropped = first();
    dropped.storage.truncate(2);
    refused(&locked(first()), dropped, "`retired = true`");
}

#[test]
fn a_changed_type_needs_a_migration_from_exactly_the_locked_version() {
    let changed = |version, from: &[u32]| {
        Draft::new()
            .field::<u32>(0, "count")
            .map::<(Address, one::Place), Vec<two::Price>>(1, "prices")
            .field::<[u8; 4]>(2, "code")
            .version(version, from)
    };
    let lock = locked(first());
    let error = refused(&lock, changed(1, &[]), "`item u64` and is `item u32`");
    assert!(error.to_string().contains("#[migrate(from = 1)]"), "{error}");
    assert!(error.to_string().contains("#[storage(version = 2)]"), "{error}");
    refused(&lock, changed(2, &[]), "`#[migrate(from = 1)]`");
    refused(&lock, changed(3, &[2]), "`#[migrate(from = 1)]`");
    let settled = settle(Some(&lock), &changed(2, &[1]).spec()).expect("it migrates");
    assert_eq!(settled.changes[0], "storage version 1 -> 2");
    assert!(settled.changes.contains(&"field `count` (id 0) `item u64` -> `item u32`".into()));
    assert!(settled.changes.contains(&"type `Price` changed".into()), "{:?}", settled.changes);
    // And back: the version never falls.
    refused(&settled.lock, first(), "`#[storage(version = 2)]`");
}

#[test]
fn a_change_inside_a_type_is_seen() {
    let with = |draft: Draft| draft.field::<[u8; 4]>(2, "code");
    let start = || Draft::new().field::<u64>(0, "count");
    let lock = locked(first());
    let swapped = with(start().map::<(Address, one::Place), Vec<two::Price>>(1, "prices"));
    let error =
        refused(&lock, swapped, "type `Price`, which is stored, was [amount: Amount, state");
    assert!(matches!(error, LockError::Type { version: 1, next: 2, .. }));
    // An enum that is a value may grow; one that is part of a key may not.
    let grown = locked(Draft::new().field::<one::State>(0, "state"));
    let settled = settle(Some(&grown), &Draft::new().field::<two::State>(0, "state").spec());
    assert_eq!(settled.expect("it grows").changes, ["type `State` changed"]);
    let key = with(start().map::<(Address, two::Place), Vec<one::Price>>(1, "prices"));
    refused(&lock, key, "type `Place`");
    let shrunk = locked(Draft::new().field::<two::State>(0, "state"));
    refused(&shrunk, Draft::new().field::<one::State>(0, "state"), "type `State`");
}

/// A composite `till` of the parts of the draft's own fields, with ids by place.
fn composite(draft: Draft) -> Draft {
    let Draft { mut registry, storage, history } = draft;
    let value = registry.register_type(&MetaType::new::<()>()).id;
    let (name, kind) = ("till".into(), FieldKind::Composite);
    let till = FieldSpec { name, id: 0, kind, key: None, value, published: false, parts: storage };
    Draft { registry, storage: vec![till], history }
}

#[test]
fn parts_of_a_composite_are_pinned_each_on_a_line() {
    let base = || Draft::new().field::<u64>(0, "cash").map::<Address, one::Price>(1, "by");
    let lock = locked(composite(base()));
    assert_eq!(lock.fields[0].parts, ["0 cash item u64", "1 by map Address -> Price"]);
    assert_eq!(LockFile::parse(&lock.render()), Ok(lock.clone()));
    // A type that only a part stores is pinned too.
    assert_eq!(lock.types["Price"], ["amount: Amount", "state: State"]);
    let swapped = Draft::new().field::<u64>(0, "cash").map::<Address, two::Price>(1, "by");
    refused(&lock, composite(swapped), "type `Price`, which is stored");
    // A key of a part does not grow.
    let of = |draft: Draft| locked(composite(draft));
    let keyed = of(Draft::new().map::<one::Place, u64>(0, "by"));
    refused(&keyed, composite(Draft::new().map::<two::Place, u64>(0, "by")), "type `Place`");

    let words = "`composite [0 cash item u64, 1 by map Address -> Price]` and is";
    let renamed = Draft::new().field::<u64>(0, "coin").map::<Address, one::Price>(1, "by");
    let error = refused(&lock, composite(renamed), words);
    assert!(matches!(error, LockError::Changed { id: 0, .. }), "{error}");
    refused(&lock, composite(Draft::new().field::<u64>(0, "cash")), words);
    let moved = Draft::new().map::<Address, one::Price>(0, "by").field::<u64>(1, "cash");
    refused(&lock, composite(moved), words);

    let grown = || composite(base().field::<bool>(2, "open"));
    let settled = settle(Some(&lock), &grown().spec()).expect("a new part");
    assert_eq!(settled.changes.len(), 1, "{:?}", settled.changes);
    assert!(settled.changes[0].ends_with("2 open item bool]`"), "{}", settled.changes[0]);
    assert_eq!(settled.lock, locked(grown()));

    // Parts of parts have lines of their own, under the number of the part that they are in.
    let mut nested = composite(base());
    let inner = nested.storage[0].clone();
    nested.storage[0].parts.push(FieldSpec { name: "drawer".into(), id: 2, ..inner });
    let lines = &locked(nested).fields[0].parts;
    assert_eq!(
        lines[2..],
        ["2 drawer composite ()", "2.0 cash item u64", "2.1 by map Address -> Price"]
    );
}

#[test]
fn a_counter_is_not_a_balance() {
    let of = |kind| {
        let mut draft = Draft::new().field::<u128>(0, "visits");
        draft.storage[0].kind = kind;
        draft
    };
    let lock = locked(of(FieldKind::Counter));
    assert!(lock.render().contains("kind = \"counter\"\nvalue = \"u128\"\n"), "{}", lock.render());
    // As a lock had it before there was the kind.
    let older = lock.render().replace("counter", "balance");
    let older = LockFile::parse(&older).expect("it is a lock");
    let error = refused(&older, of(FieldKind::Counter), "`balance u128` and is `counter u128`");
    assert!(error.way_out().contains("delete the file"), "{error}");
}

#[test]
fn a_lock_of_another_contract_is_refused() {
    let lock = LockFile { contract: "points".into(), ..locked(first()) };
    refused(&lock, first(), "a contract keeps its name");
}

#[test]
fn a_storage_with_a_past_needs_its_lock() {
    let error = settle(None, &first().version(2, &[1]).spec()).expect_err("it is lost");
    assert_eq!(error, LockError::Lost { version: 2 });
}

#[test]
fn a_malformed_lock_names_the_line() {
    let good = locked(first()).render();
    let check = |bad: &str, good_part: &str, line: usize, words: &str| {
        assert!(good.contains(good_part), "{good_part}");
        let text = good.replacen(good_part, bad, 1);
        let error = LockFile::parse(&text).expect_err("it is malformed");
        let LockError::Malformed { line: found, reason } = &error else { panic!("{error}") };
        assert_eq!(*found, line, "{error}\n{text}");
        assert!(reason.contains(words), "{error} does not say {words:?}");
    };
    check("version = one", "version = 1", 3, "");
    check("version = 0", "version = 1", 1, "from 1");
    check("vers = 1", "version = 1", 3, "unknown key `vers`");
    check("contract = 5", "contract = \"tally\"", 4, "no text");
    check("id = 70000", "id = 0", 7, "`id`");
    check("id = 0", "id = 1", 12, "`prices` has the id 0 of `count`");
    check("name = \"count\"", "name = \"prices\"", 12, "`count` stands here twice");
    check("", "kind = \"item\"\n", 6, "`kind` is missing");
    check("kidn = \"item\"", "kind = \"item\"", 9, "unknown key `kidn`");
    check("kind = \"item\"\nretired = 1", "kind = \"item\"", 10, "`true` or `false`");
    check("Place = [0]", "Place = [\"0 Shop\", \"1 Stall\"]", 26, "list of texts");
    check("[field]", "[[field]]", 12, "duplicate");
}

#[test]
fn what_before_opens_is_what_the_lock_says_is_stored() {
    type Key = (Address, one::Place);
    let lock = locked(first());
    let second = || first().version(2, &[1]);
    let copied = second().map::<Key, Vec<two::OldPrice>>(1, "prices").opened();
    settle(Some(&lock), &copied.spec()).expect("a copy under another name, of which an enum grew");
    let swapped = second().map::<Key, Vec<two::Price>>(1, "prices").opened();
    let error = refused(&lock, swapped, "copy the type from the code that was deployed");
    let LockError::Misread { field, id: 1, locked: old, declared } = error else {
        panic!("{error}")
    };
    assert_eq!(field, "prices");
    let one = ", Price = [amount: Amount, state: State]";
    let two = ", Price = [state: State, amount: Amount]";
    assert!(old.ends_with(one) && declared.ends_with(two), "{old} {declared}");
    refused(
        &lock,
        second().field::<i64>(0, "count").opened(),
        "is `item u64`, and `before!` opens",
    );
    refused(&lock, second().map::<u8, u64>(0, "count").opened(), "`map u8 -> u64`");
    // Nothing runs: what it says of the past is not read.
    settle(Some(&lock), &first().field::<i64>(0, "count").opened().spec()).expect("no migration");
}

#[test]
fn a_lost_lock_is_written_from_the_specification() {
    let draft = || first().field::<u8>(4, "kept").was(4, "held");
    let mut lock = locked(draft());
    assert_eq!(lock_of(&draft().spec()), Some(lock.render()));
    let retired = |draft: Draft| {
        let mut spec = draft.spec();
        spec.history.retired.push(RetiredField { name: "gone".into(), id: 3 });
        spec
    };
    let text = lock_of(&retired(draft().version(7, &[6]))).expect("a version further on");
    assert!(
        text.contains("id = 3\nname = \"gone\"\nkind = \"?\"\nvalue = \"?\"\nretired = true\n")
    );
    lock = LockFile::parse(&text).expect("it is a lock");
    let settled = settle(Some(&lock), &retired(draft().version(7, &[6]))).expect("the same code");
    assert_eq!(settled.changes, Vec::<String>::new());
}

#[test]
fn a_strangers_specification_gives_no_lock() {
    let mut spec = first().spec();
    spec.name = "x\"\nversion = 9\n#".into();
    assert_eq!(lock_of(&spec), None);
    // A list of itself.
    let mut spec = Draft::new().field::<u8>(0, "list").spec();
    let list = TypeDefSequence { type_param: 0.into() };
    spec.types.types[0].ty.type_def = TypeDef::Sequence(list);
    assert_eq!(lock_of(&spec), None);
}

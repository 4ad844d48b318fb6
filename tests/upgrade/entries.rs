//! A migration leaves nothing that the new types cannot read.

use super::{
    Scene, SystemError,
    module::{self, Body, Code, REMOVE, Types, WRITE, field, first},
};
use codec::{Compact, Encode};
use dure_abi::spec::{FieldKind, FieldSpec};
use dure_testing::{ExecutionError, TestFailure, call};
use dure_types::{Address, Amount, Hash, SchemaError};
use scale_info::{Registry, TypeInfo};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Encode, TypeInfo)]
struct Price {
    amount: Amount,
    until: Option<u64>,
}

#[derive(Encode, TypeInfo)]
enum State {
    #[allow(dead_code, reason = "only its place counts")]
    Open,
    Closed(u8, String),
}

/// The first code, which writes whatever it is told.
fn any() -> Code {
    Code { body: Body::PutAny, ..first() }
}

/// That code with one field under id 1, as a map from `K` to `V` unless told.
fn holding<K: TypeInfo + 'static, V: TypeInfo + 'static>(kind: FieldKind) -> Code {
    let mut types = Types(Registry::new());
    let (key, value) = (types.id::<K>(), types.id::<V>());
    let key = (kind == FieldKind::Map).then_some(key);
    Code { spec: module::spec(types, vec![field("held", 1, kind, key, value)]), ..any() }
}

/// Whether an upgrade to the second code is done when the first stored this entry under `held`.
#[track_caller]
fn check(before: &Code, after: &Code, key: &[u8], value: &[u8], readable: bool) {
    let mut scene = Scene::of(before);
    let full = [&[0, 1], key].concat();
    scene.set(&full, value);
    let record = scene.record();
    let done = scene.upgrade(&after.marked(2).migrating(1, 2, "(i32.const 0)"), 0u64);
    if readable {
        done.expect("it can be read");
        return;
    }
    let failure = done.expect_err("it cannot be read");
    let unread = SchemaError::FieldUnread { field: b"held".to_vec(), id: 1, key: key.to_vec() };
    assert_eq!(failure.contract_error(), Some(SystemError::Schema(unread)), "{failure}");
    assert_eq!(scene.record(), record);
}

#[test]
fn an_entry_that_a_migration_leaves_is_read_by_the_new_type() {
    use FieldKind::{Balance, Counter, Item, Map};
    let old = holding::<u8, u64>(Map);
    let eight = 7u64.encode();
    check(&old, &holding::<u8, u32>(Map), &[5], &eight, false);
    check(&old, &holding::<u8, (u32, u32)>(Map), &[5], &eight, true);
    check(&old, &holding::<u16, u64>(Map), &[5], &eight, false);
    check(&old, &holding::<u16, u64>(Map), &[5, 0], &eight, true);
    check(&old, &holding::<u8, u64>(Item), &[5], &eight, false);
    check(&old, &holding::<u8, u64>(Item), &[], &eight, true);
    let sixteen = u128::from(u64::MAX).encode();
    check(&old, &holding::<u8, Amount>(Balance), &[], &eight, false);
    check(&old, &holding::<u8, Amount>(Balance), &[], &sixteen, true);
    check(&old, &holding::<u8, u128>(Counter), &[], &sixteen, true);
    check(&old, &holding::<u8, u128>(Counter), &[], &u128::MAX.encode(), false);
    // What did not change is not read, whatever it holds.
    check(&old, &old, &[5], &[1], true);
}

#[test]
fn values_are_read_as_scale_and_keys_as_the_sdk_writes_them() {
    #[track_caller]
    fn value<V: Encode + TypeInfo + 'static>(value: V) {
        let (old, new) = (holding::<u8, ()>(FieldKind::Map), holding::<u8, V>(FieldKind::Map));
        let bytes = value.encode();
        check(&old, &new, &[5], &bytes, true);
        check(&old, &new, &[5], &[bytes.as_slice(), &[0]].concat(), false);
        check(&old, &new, &[5], &bytes[..bytes.len() - 1], false);
    }
    value((true, String::from("차"), vec![1u8, 2], [3u16; 3], -1i64));
    value(vec![
        Price { amount: Amount(5), until: Some(9) },
        Price { amount: Amount(6), until: None },
    ]);
    value(State::Closed(1, "x".into()));
    value((Compact(70_000u32), BTreeMap::from([(1u8, vec![()])]), BTreeSet::from([2u32])));
    let bad = |new: Code, bytes: &[u8]| {
        check(&holding::<u8, ()>(FieldKind::Map), &new, &[5], bytes, false);
    };
    bad(holding::<u8, bool>(FieldKind::Map), &[2]);
    bad(holding::<u8, char>(FieldKind::Map), &0xd800u32.encode());
    bad(holding::<u8, String>(FieldKind::Map), &[4, 0xff]);
    bad(holding::<u8, State>(FieldKind::Map), &[2]);
    bad(holding::<u8, Option<u8>>(FieldKind::Map), &[2, 0]);
    bad(holding::<u8, Compact<u32>>(FieldKind::Map), &[2, 0, 0, 0]);

    #[track_caller]
    fn key<K: TypeInfo + 'static>(bytes: &[u8], readable: bool) {
        let (old, new) = (holding::<(), u8>(FieldKind::Map), holding::<K, u8>(FieldKind::Map));
        check(&old, &new, bytes, &[1], readable);
    }
    key::<(Address, bool)>(&[[7; 32].as_slice(), &[1]].concat(), true);
    key::<(Address, bool)>(&[7; 32], false);
    key::<(String, Option<u8>)>(b"a\0\xffb\0\0\x01\x07", true);
    key::<(String, Option<u8>)>(b"a\0\x01\0\0\0", false);
    key::<Vec<u8>>(&[0xff, 0, 0], true);
    key::<String>(&[0xff, 0, 0], false);
    key::<Vec<u16>>(&[0, 0], false);
}

#[test]
fn parts_of_a_composite_are_read_each_by_its_type() {
    let composite = |parts: fn(&mut Types) -> Vec<FieldSpec>| {
        let mut types = Types(Registry::new());
        let (unit, parts) = (types.id::<()>(), parts(&mut types));
        let held = FieldSpec { parts, ..field("held", 1, FieldKind::Composite, None, unit) };
        Code { spec: module::spec(types, vec![held]), ..any() }
    };
    let old = composite(|types| vec![field("a", 0, FieldKind::Item, None, types.id::<u8>())]);
    let new = composite(|types| {
        let (byte, number) = (types.id::<u8>(), types.id::<u32>());
        vec![
            field("a", 0, FieldKind::Item, None, number),
            field("b", 1, FieldKind::Map, Some(byte), byte),
        ]
    });
    check(&old, &new, &[0], &[1, 2, 3, 4], true);
    check(&old, &new, &[0], &[1], false);
    check(&old, &new, &[1, 9], &[1], true);
    check(&old, &new, &[1], &[1], false);
    check(&old, &new, &[2], &[1], false);
    check(&old, &new, &[], &[1], false);
}

#[test]
fn what_the_migration_wrote_is_read_and_every_entry_is_paid_for() {
    let (old, new) =
        (holding::<u8, u32>(FieldKind::Map), holding::<u8, u64>(FieldKind::Map).marked(2));
    // `WRITE` writes the eight bytes of its argument under the key 255.
    let write = new.migrating(1, 2, WRITE);
    let gas = |entries: u8| {
        let mut scene = Scene::of(&old);
        for key in 0..entries {
            scene.set(&[0, 1, key], &7u64.encode());
        }
        let (owner, contract, code) = (scene.owner, scene.contract, write.bytes());
        let hash: Hash = scene.chain.call(owner, Address::SYSTEM, "deploy", code).expect("good");
        let upgrade = call(Address::SYSTEM, "upgrade", (contract, hash, 9u64.encode()));
        let done = scene.chain.transact(owner, vec![upgrade]).expect("all can be read");
        assert_eq!(scene.get([0, 1, 255]), Some(9));
        done.gas_used.0
    };
    // More than the store hands out at a time.
    let (none, many) = (gas(0), gas(200));
    // 1,000 for the entry, 9 for its bytes, 20 for each of key and value.
    assert_eq!(many - none, 200 * (1_000 + 9 + 40));

    // The one that is left in the old type is the last.
    let mut scene = Scene::of(&old);
    for key in 0..200 {
        scene.set(&[0, 1, key], &7u64.encode());
    }
    scene.set(&[0, 1, 254], &7u32.encode());
    let unread = SchemaError::FieldUnread { field: b"held".to_vec(), id: 1, key: vec![254] };
    let failure = scene.upgrade(&write, 9u64).expect_err("the last is left");
    assert_eq!(failure.contract_error(), Some(SystemError::Schema(unread)));
    assert!(failure.to_string().contains("left the entry held[254] (field id 1)"), "{failure}");
    assert_eq!(scene.get([0, 1, 255]), None);
    scene.set(&[0, 1, 254], &7u64.encode());
    scene.upgrade(&write, 9u64).expect("all can be read");
}

#[test]
fn an_entry_that_the_migration_rewrites_or_removes_is_out_of_the_way() {
    let (old, new) = (holding::<u8, u32>(FieldKind::Map), holding::<u8, u64>(FieldKind::Map));
    for (body, left) in [("(i32.const 0)", None), (WRITE, Some(Some(9))), (REMOVE, Some(None))] {
        let mut scene = Scene::of(&old);
        scene.set(&[0, 1, 255], &7u32.encode());
        let done = scene.upgrade(&new.marked(2).migrating(1, 2, body), 9u64);
        assert_eq!(done.is_ok(), left.is_some(), "{body}: {done:?}");
        if let Some(left) = left {
            assert_eq!(scene.get([0, 1, 255]), left, "{body}");
        }
    }
}

#[test]
fn a_value_of_nothing_many_times_over_ends_with_the_gas() {
    let old = holding::<u8, u8>(FieldKind::Map);
    let mut scene = Scene::of(&old);
    scene.set(&[0, 1, 5], &Compact(u32::MAX).encode());
    let new = holding::<u8, Vec<()>>(FieldKind::Map).marked(2);
    let failure = scene.upgrade(&new.migrating(1, 2, "(i32.const 0)"), 0u64);
    let failure = failure.expect_err("four billion steps");
    assert!(
        matches!(&failure, TestFailure::Failed { error: ExecutionError::OutOfGas { .. }, .. }),
        "{failure}"
    );
}

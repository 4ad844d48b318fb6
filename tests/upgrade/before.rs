//! What `before!` declares is what is stored, or the upgrade is refused.

use super::{
    Scene, SystemError,
    module::{self, Code, Types, field, first},
};
use dure_abi::spec::{FieldKind, FieldSpec, RetiredField};
use dure_types::{Amount, Height, SchemaError};
use scale_info::{Registry, TypeInfo};

/// Types as the code that runs has them.
#[expect(dead_code, reason = "the registry reads the fields, nothing else does")]
mod one {
    use scale_info::TypeInfo;

    #[derive(TypeInfo)]
    pub(super) struct Voucher {
        pub(super) owner: u8,
        pub(super) face: u64,
        pub(super) left: u64,
    }
    #[derive(TypeInfo)]
    pub(super) enum State {
        Open,
        Spent { at: u64 },
    }
    #[derive(TypeInfo)]
    pub(super) struct Points(pub(super) u64);
}

/// The same as an author may copy them.
#[expect(dead_code, reason = "the registry reads the fields, nothing else does")]
mod two {
    use super::TypeInfo;

    #[derive(TypeInfo)]
    pub(super) struct OldVoucher {
        pub(super) owner: u8,
        pub(super) face: u64,
        pub(super) left: u64,
    }
    #[derive(TypeInfo)]
    pub(super) struct Swapped {
        pub(super) owner: u8,
        pub(super) left: u64,
        pub(super) face: u64,
    }
    #[derive(TypeInfo)]
    pub(super) enum Grown {
        Open,
        Spent { at: u64 },
        Held,
    }
    #[derive(TypeInfo)]
    pub(super) enum Other {
        Spent { at: u64 },
        Open,
    }
    #[derive(TypeInfo)]
    pub(super) struct Points(pub(super) u64);
    #[derive(TypeInfo)]
    pub(super) struct Marks(pub(super) u64);
}

/// A code with a map `held` of `V`, which opens `opened` as a map of `D`.
fn opening<V: TypeInfo + 'static, D: TypeInfo + 'static>(opened: u16) -> Code {
    let mut types = Types(Registry::new());
    let (key, value, declared) = (types.id::<u8>(), types.id::<V>(), types.id::<D>());
    let map = |id, value| -> FieldSpec { field("held", id, FieldKind::Map, Some(key), value) };
    let (held, before) = (map(1, value), map(opened, declared));
    let mut spec = module::spec(types, vec![held]);
    spec.history.before = vec![before];
    spec.history.retired = vec![RetiredField { name: "gone".into(), id: 2 }];
    Code { spec, ..first() }
}

/// Upgrades from a map of `S` to code that opens it as one of `D`, and says how both are called.
#[track_caller]
fn check<S: TypeInfo + 'static, D: TypeInfo + 'static>(refused: Option<[&str; 2]>) {
    let mut scene = Scene::of(&opening::<S, S>(1));
    let code = opening::<u8, D>(1).marked(2).migrating(1, 2, "(i32.const 0)");
    let Some(words) = refused else {
        return scene.upgrade(&code, 0u64).expect("it is what is stored");
    };
    let before = scene.record();
    let [stored, declared] = words.map(|text| format!("map u8 -> {text}").into_bytes());
    let misread = SchemaError::FieldMisread { field: b"held".to_vec(), id: 1, stored, declared };
    assert_eq!(scene.refused(&code, 0u64), SystemError::Schema(misread));
    assert_eq!(scene.record(), before);
}

#[test]
fn a_type_of_the_same_shape_is_not_the_type_that_is_stored() {
    check::<one::Voucher, two::Swapped>(Some([
        "Voucher, Voucher = { .., face: u64, left: u64 }",
        "Swapped, Swapped = { .., left: u64, face: u64 }",
    ]));
    check::<Option<Vec<one::Voucher>>, Option<Vec<two::Swapped>>>(Some([
        "Option<Vec<Voucher>>, Voucher = { .., face: u64, left: u64 }",
        "Option<Vec<Swapped>>, Swapped = { .., left: u64, face: u64 }",
    ]));
    check::<Amount, u128>(Some(["Amount, Amount = (u128)", "u128"]));
    check::<Height, u64>(Some(["Height, Height = (u64)", "u64"]));
    check::<u64, i64>(Some(["u64", "i64"]));
    check::<one::Points, two::Marks>(Some(["Points, Points = (u64)", "Marks, Marks = (u64)"]));
    check::<one::State, two::Other>(Some([
        "State, State = Open | Spent { at: u64 }",
        "Other, Other = Spent { at: u64 } | Open",
    ]));
}

#[test]
fn a_copy_under_another_name_is_the_type_that_is_stored() {
    check::<one::Voucher, two::OldVoucher>(None);
    check::<Vec<one::Voucher>, Vec<two::OldVoucher>>(None);
    check::<one::State, two::Grown>(None);
    // Whose fields have no names is known by its own, wherever it stands.
    check::<one::Points, two::Points>(None);
}

#[test]
fn another_kind_of_field_is_none_that_is_stored() {
    let mut scene = Scene::of(&opening::<u128, u128>(1));
    let code = opening::<u128, u128>(1).marked(2).migrating(1, 2, "(i32.const 0)");
    let code = code.with(|spec| spec.history.before[0].kind = FieldKind::Balance);
    let words = |text: &str| text.as_bytes().to_vec();
    let (stored, declared) = (words("map u8 -> u128"), words("balance u8 -> u128"));
    let misread = SchemaError::FieldMisread { field: words("held"), id: 1, stored, declared };
    assert_eq!(scene.refused(&code, 0u64), SystemError::Schema(misread));
}

#[test]
fn what_no_migration_opens_and_what_was_retired_before_is_not_judged() {
    let mut scene = Scene::of(&opening::<u64, u64>(1));
    // Code of the same version, whose migration ran long ago.
    scene.upgrade(&opening::<u64, u8>(1).marked(2), ()).expect("nothing runs");
    // Of the field `gone` no code has the type any more.
    let gone = opening::<u64, u8>(2).marked(3).migrating(1, 2, "(i32.const 0)");
    scene.upgrade(&gone, 0u64).expect("it is believed");
}

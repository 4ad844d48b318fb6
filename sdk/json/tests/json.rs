//! SCALE to JSON and back is the identity, and hostile input is refused with its path.

use codec::{Compact, Decode, Encode};
use dure_abi::{
    TimestampMs,
    spec::{ContractSpec, VERSION},
};
use dure_json::{Budget, JSON_BYTES_MAX, JsonErrorKind, decode, encode};
use proptest::prelude::*;
use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, TypeInfo)]
struct Address([u8; 32]);

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
struct Amount(u128);

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
enum Kind {
    Nothing,
    One(u64),
    Two(i8, i64),
    Named { owner: Address, note: String },
    Boxed(Option<Box<Kind>>),
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
struct Everything {
    flag: bool,
    letter: u16,
    wide: (u32, u64, u128, i128),
    bytes: Vec<u8>,
    word: [u8; 4],
    owner: Address,
    amounts: BTreeMap<Address, Amount>,
    kinds: Vec<Kind>,
    maybe: Option<u64>,
    nested: Option<Option<u32>>,
    compact: Compact<u64>,
    result: Result<u16, String>,
    unit: (),
    grid: [[u16; 2]; 2],
}

fn registry<T: TypeInfo + 'static>() -> (PortableRegistry, u32) {
    let mut registry = Registry::new();
    let id = registry.register_type(&MetaType::new::<T>()).id;
    (registry.into(), id)
}

fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        Just(Kind::Nothing),
        any::<u64>().prop_map(Kind::One),
        any::<(i8, i64)>().prop_map(|(a, b)| Kind::Two(a, b)),
        (any::<[u8; 32]>(), ".{0,12}")
            .prop_map(|(owner, note)| Kind::Named { owner: Address(owner), note }),
        Just(Kind::Boxed(None)),
    ];
    leaf.prop_recursive(4, 8, 1, |inner| inner.prop_map(|kind| Kind::Boxed(Some(Box::new(kind)))))
}

fn everything() -> impl Strategy<Value = Everything> {
    let first = (
        any::<bool>(),
        any::<u16>(),
        any::<(u32, u64, u128, i128)>(),
        proptest::collection::vec(any::<u8>(), 0..40),
        any::<[u8; 4]>(),
        any::<[u8; 32]>(),
        proptest::collection::btree_map(any::<[u8; 32]>(), any::<u128>(), 0..4),
    );
    let second = (
        proptest::collection::vec(kind(), 0..5),
        any::<Option<u64>>(),
        any::<Option<Option<u32>>>(),
        any::<u64>(),
        prop_oneof![any::<u16>().prop_map(Ok), ".{0,8}".prop_map(Err)],
        any::<[[u16; 2]; 2]>(),
    );
    (first, second).prop_map(|(first, second)| Everything {
        flag: first.0,
        letter: first.1,
        wide: first.2,
        bytes: first.3,
        word: first.4,
        owner: Address(first.5),
        amounts: first.6.into_iter().map(|(key, value)| (Address(key), Amount(value))).collect(),
        kinds: second.0,
        maybe: second.1,
        nested: second.2,
        compact: Compact(second.3),
        result: second.4,
        unit: (),
        grid: second.5,
    })
}

proptest! {
    #[test]
    fn decode_then_encode_gives_the_same_bytes(value in everything()) {
        let (types, id) = registry::<Everything>();
        let bytes = value.encode();
        let mut rest = bytes.as_slice();
        let json = decode(&types, id, &mut rest, "value").unwrap();
        prop_assert!(rest.is_empty());
        // Through text, as it travels.
        let json: Value = serde_json::from_str(&json.to_string()).unwrap();
        let mut again = Vec::new();
        encode(&types, id, &json, &mut again, 1 << 20, "value").unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn torn_bytes_never_panic(value in everything(), cut in 0usize..400, flip in any::<u8>()) {
        let (types, id) = registry::<Everything>();
        let mut bytes = value.encode();
        let at = cut % bytes.len();
        bytes[at] ^= flip;
        bytes.truncate(bytes.len() - at / 2);
        let _ = decode(&types, id, &mut bytes.as_slice(), "value");
    }
}

fn to_json<T: Encode + TypeInfo + 'static>(value: &T) -> Value {
    let (types, id) = registry::<T>();
    decode(&types, id, &mut value.encode().as_slice(), "value").unwrap()
}

fn to_scale<T: TypeInfo + 'static>(value: &Value) -> Result<Vec<u8>, String> {
    let (types, id) = registry::<T>();
    let mut out = Vec::new();
    encode(&types, id, value, &mut out, 1 << 16, "args").map_err(|error| error.to_string())?;
    Ok(out)
}

#[test]
fn forms_are_those_of_the_table() {
    assert_eq!(to_json(&Kind::Nothing), json!("Nothing"));
    assert_eq!(to_json(&Kind::One(7)), json!({ "One": "7" }));
    assert_eq!(to_json(&Kind::Two(-1, -2)), json!({ "Two": [-1, "-2"] }));
    assert_eq!(to_json(&Some(5u32)), json!(5));
    assert_eq!(to_json(&None::<u32>), json!(null));
    assert_eq!(to_json(&Some(None::<u32>)), json!({ "Some": null }));
    assert_eq!(to_json(&Amount(u128::MAX)), json!(u128::MAX.to_string()));
    assert_eq!(to_json(&vec![1u8, 255]), json!("0x01ff"));
    assert_eq!(to_json(&(1u8, "a")), json!([1, "a"]));
    assert_eq!(to_json(&BTreeMap::from([(1u8, 2u16)])), json!([[1, 2]]));
    assert_eq!(to_json(&()), json!([]));
}

#[test]
fn safe_numbers_are_taken_for_wide_integers_and_unsafe_ones_are_not() {
    assert_eq!(to_scale::<u64>(&json!(5)), Ok(5u64.encode()));
    assert_eq!(to_scale::<u128>(&json!((1u64 << 53) - 1)), Ok(((1u128 << 53) - 1).encode()));
    assert!(to_scale::<u64>(&json!(1u64 << 53)).is_err());
    assert!(to_scale::<u64>(&json!(1.5)).is_err());
    assert_eq!(to_scale::<u8>(&json!("255")), Ok(vec![255]));
    assert!(to_scale::<u8>(&json!(256)).is_err());
}

#[test]
fn a_time_is_taken_as_milliseconds_or_as_a_date_and_a_number_only_as_a_number() {
    type Period = (TimestampMs, Option<TimestampMs>);
    let (from, until) = (1_772_290_800_000u64, 1_772_323_200_500u64);
    let expect = Ok((from, Some(until)).encode());
    assert_eq!(to_scale::<Period>(&json!([from, until.to_string()])), expect);
    let dates = json!(["2026-03-01", "2026-03-01T00:00:00.5Z"]);
    assert_eq!(to_scale::<Period>(&dates), expect);
    assert_eq!(to_json(&TimestampMs(from)), json!(from.to_string()));
    let refused = to_scale::<Period>(&json!(["2026-03-01", "1 March"])).unwrap_err();
    let words = "args[1]: expected milliseconds since 1970, a day as 2026-03-01";
    assert!(refused.starts_with(words), "{refused}");
    assert!(to_scale::<u64>(&json!("2026-03-01")).is_err());
}

#[test]
fn an_error_names_the_path_of_the_value() {
    #[derive(TypeInfo)]
    #[allow(dead_code, reason = "only its type is used")]
    struct Order {
        lines: Vec<(u32, Amount)>,
    }
    let check = |value: Value, expect: &str| {
        assert_eq!(to_scale::<Order>(&value), Err(expect.to_owned()), "{value}");
    };
    check(
        json!({ "lines": [[1, "5"], [2, true]] }),
        "args.lines[1][1]: expected u128 as decimal string, found true",
    );
    check(json!({ "line": [] }), "args.line: there is no such field; there are lines");
    check(json!({}), "args.lines: the field is missing");
    #[derive(TypeInfo)]
    struct Nothing {}
    let refused = to_scale::<Nothing>(&json!({ "line": 1 }));
    assert_eq!(refused, Err("args.line: there is no such field; it has none".to_owned()));
    check(json!({ "lines": [[1]] }), "args.lines[0]: expected a list of 2, found a list of 1");
    check(json!(7), "args: expected an object with [lines], found 7");
    let short = to_scale::<Address>(&json!("0x00"));
    assert_eq!(short, Err("args: expected 0x and 64 digits, found \"0x00\"".into()));
}

#[test]
fn depth_is_bounded() {
    let (types, id) = registry::<Kind>();
    // Each pair of bytes opens one more box.
    let bytes = [4u8, 1].repeat(10_000);
    let error = decode(&types, id, &mut bytes.as_slice(), "value").unwrap_err();
    assert!(matches!(error.kind, JsonErrorKind::Depth { .. }), "{error}");
    let mut value = json!("Nothing");
    for _ in 0..100 {
        value = json!({ "Boxed": value });
    }
    let error = encode(&types, id, &value, &mut Vec::new(), 1 << 20, "args").unwrap_err();
    assert!(matches!(error.kind, JsonErrorKind::Depth { .. }), "{error}");
}

#[test]
fn a_list_of_nothing_cannot_grow_without_bytes() {
    let (types, id) = registry::<Vec<()>>();
    let bytes = Compact(u32::MAX).encode();
    let error = decode(&types, id, &mut bytes.as_slice(), "value").unwrap_err();
    assert!(matches!(error.kind, JsonErrorKind::Size { .. }), "{error}");
}

#[test]
fn a_value_of_nothing_but_names_is_counted_as_the_memory_that_it_takes() {
    #[derive(TypeInfo)]
    #[allow(dead_code, reason = "only its type is used")]
    struct Hollow {
        nothing: (),
    }
    let refused = |(types, id): (PortableRegistry, u32)| {
        let error = decode(&types, id, &mut [0u8; 16].as_slice(), "value").unwrap_err();
        assert!(matches!(error.kind, JsonErrorKind::Size { .. }), "{error}");
    };
    // No bytes at all, and hundreds of megabytes as objects.
    refused(registry::<([Hollow; 65_536], [Hollow; 65_536], [Hollow; 65_536], Amount)>());
    // One object takes 600 bytes or more, whatever is in it.
    refused(registry::<[Hollow; 16_384]>());
    assert!(to_json(&vec![true; 65_536]).is_array());
}

#[test]
fn values_of_one_answer_share_its_memory() {
    let (types, id) = registry::<[(); 65_536]>();
    let spec = ContractSpec {
        version: VERSION,
        name: String::new(),
        methods: Vec::new(),
        events: Vec::new(),
        error: None,
        storage: Vec::new(),
        history: Default::default(),
        interfaces: Vec::new(),
        docs: Vec::new(),
        types,
    };
    // A list takes a little more than half of what one value may.
    let budget = Budget::new(2 * JSON_BYTES_MAX);
    let read = || budget.value(&spec, id, &[], "value");
    let mut taken = 0;
    while budget.has_room() {
        assert!(read().unwrap().is_array());
        taken += 1;
    }
    assert_eq!(taken, 2);
    // One that fits into what is left, and then no more.
    assert!(read().unwrap().is_array());
    let error = read().unwrap_err();
    assert!(matches!(error.kind, JsonErrorKind::Size { .. }), "{error}");
}

//! What the SDK's ordered keys hold is read back by the specification alone.

use dure_json::{JsonErrorKind, key_to_json};
use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
use serde_json::{Value, json};

#[derive(TypeInfo)]
struct Address(#[allow(dead_code, reason = "described only")] [u8; 32]);

#[derive(TypeInfo)]
#[allow(dead_code, reason = "described only")]
enum Kind {
    #[codec(index = 7)]
    Paper,
    #[codec(index = 9)]
    Card,
}

fn read<T: TypeInfo + 'static>(bytes: &[u8]) -> Result<Value, JsonErrorKind> {
    let mut registry = Registry::new();
    let ty = registry.register_type(&MetaType::new::<T>()).id;
    let types = PortableRegistry::from(registry);
    key_to_json(&types, ty, bytes, "key").map_err(|error| error.kind)
}

#[test]
fn every_kind_of_key_is_read() {
    assert_eq!(read::<u32>(&[0, 0, 1, 2]), Ok(json!(258)));
    assert_eq!(read::<u128>(&[0; 16]), Ok(json!("0")));
    // The sign bit is flipped so that -1 sorts below 0.
    assert_eq!(read::<i8>(&[0x7f]), Ok(json!(-1)));
    assert_eq!(read::<bool>(&[1]), Ok(json!(true)));
    assert_eq!(read::<String>(b"a\0\xffb\0\0"), Ok(json!("a\0b")));
    assert_eq!(read::<Vec<u8>>(&[9, 0, 0]), Ok(json!("0x09")));
    assert_eq!(read::<Address>(&[2; 32]), Ok(json!(format!("0x{}", "02".repeat(32)))));
    assert_eq!(read::<Option<u8>>(&[0]), Ok(Value::Null));
    assert_eq!(read::<(Option<u8>, u16)>(&[1, 5, 0, 6]), Ok(json!([5, 6])));
    assert_eq!(read::<Kind>(&[1]), Ok(json!("Card")));
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    let kind = |bytes: &[u8]| read::<(u8, String)>(bytes).unwrap_err();
    assert!(matches!(kind(&[]), JsonErrorKind::Truncated { .. }));
    assert!(matches!(kind(&[1, b'a', 0]), JsonErrorKind::Truncated { .. }));
    assert!(matches!(kind(&[1, 0, 7]), JsonErrorKind::Invalid { .. }));
    assert!(matches!(kind(&[1, 0, 0, 3]), JsonErrorKind::LeftOver { extra: 1 }));
    assert!(matches!(read::<Kind>(&[2]), Err(JsonErrorKind::Invalid { .. })));
    assert!(matches!(read::<Vec<u16>>(&[0, 0]), Err(JsonErrorKind::Unsupported { .. })));
}

#[test]
fn a_key_of_no_bytes_is_not_walked_for_ever() {
    #[derive(TypeInfo)]
    #[allow(dead_code, reason = "only its type is used")]
    struct Much<T>(T, T, T, T, T, T, T, T);
    type Wide<T> = Much<Much<Much<T>>>;
    let mut registry = Registry::new();
    let id = registry.register_type(&MetaType::new::<Wide<Wide<Wide<()>>>>()).id;
    let error = key_to_json(&registry.into(), id, &[], "key").unwrap_err();
    assert!(matches!(error.kind, JsonErrorKind::Size { .. }), "{error}");
}

//! SCALE values as JSON and back, driven by the types of a contract's specification.
//!
//! | type | JSON |
//! |---|---|
//! | struct with named fields | object |
//! | tuple, tuple struct, list, array | array |
//! | struct with one unnamed field | its field |
//! | enum variant without fields | string, its name |
//! | enum variant with fields | `{"Name": fields}`; one unnamed field stands for itself |
//! | `Option` | value or `null`; where the value itself can be `null`: `{"Some": value}` |
//! | `u8` to `u32`, `i8` to `i32` | number |
//! | `u64`, `i64` and wider | decimal string; on input also a number below 2^53 |
//! | `Vec<u8>`, `[u8; N]`, `Address`, `Hash` | string, 0x and hexadecimal digits |
//! | `BTreeMap` | array of pairs |
//! | `TimestampMs` | decimal string, milliseconds since 1970; on input also a date, see below |
//! | `bool`, `char`, `String` | boolean, string of one character, string |
//!
//! A date is a day, `2026-03-01`, and means its 00:00 in Korea, as `dure_sdk::domain::calendar`
//! counts days; or a moment by RFC 3339 with its offset, `2026-03-01T09:30:00+09:00`.
//!
//! Both the specification and the bytes come from strangers: depth ([`DEPTH_MAX`]) and the size
//! of what is built ([`JSON_BYTES_MAX`]) are bounded, and an error names the path of the value
//! that is wrong (`args.amount: expected u128 as decimal string, found true`).

mod arguments;
mod budget;
mod date;
mod decode;
mod encode;
mod error;
pub mod hex;
mod key;
mod names;
mod schema;
mod storage;
mod text;
mod unset;

pub use arguments::{arguments_from_json, arguments_to_json, event_to_json, return_to_json};
pub use budget::Budget;
pub use decode::decode;
pub use dure_abi::spec::{primitive_name, type_name};
pub use encode::encode;
pub use error::{JsonError, JsonErrorKind};
pub use key::{key_to_json, key_to_scale};
pub use names::replace_names;
pub use storage::{Entry, entry_text, entry_to_json};
pub use text::{Ordered, error_text, fields_text, typed_text, value_text};
pub use unset::{Unset, UnsetField};

/// Levels of nesting that are followed.
pub const DEPTH_MAX: usize = 32;
/// Bytes of memory that one value may take as JSON, counted as `serde_json` allocates it.
pub const JSON_BYTES_MAX: usize = 8_388_608;

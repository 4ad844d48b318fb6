//! Bytes as text: 0x and hexadecimal digits.

use dure_types::{Address, Hash, Selector, ValidatorId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::marker::PhantomData;

pub use dure_json::hex::{HexError, to_bytes, to_text};

/// Values that are written as hexadecimal text.
pub trait Hexadecimal: Sized {
    /// How many bytes every value has; none: any number.
    const LENGTH: Option<usize>;
    /// The bytes.
    fn bytes(&self) -> &[u8];
    /// The value of the bytes.
    ///
    /// # Errors
    /// [`HexError::Length`] when the type has another length.
    fn of_bytes(bytes: Vec<u8>) -> Result<Self, HexError>;
}

macro_rules! fixed {
    ($($name:ident: $length:literal),*) => {$(
        impl Hexadecimal for $name {
            const LENGTH: Option<usize> = Some($length);

            fn bytes(&self) -> &[u8] {
                &self.0
            }

            fn of_bytes(bytes: Vec<u8>) -> Result<Self, HexError> {
                let length = bytes.len();
                let array = <[u8; $length]>::try_from(bytes)
                    .map_err(|_| HexError::Length { length, expected: $length })?;
                Ok(Self(array))
            }
        }
    )*};
}

fixed!(Address: 32, Hash: 32, ValidatorId: 32, Selector: 4);

impl Hexadecimal for Vec<u8> {
    const LENGTH: Option<usize> = None;

    fn bytes(&self) -> &[u8] {
        self
    }

    fn of_bytes(bytes: Vec<u8>) -> Result<Self, HexError> {
        Ok(bytes)
    }
}

/// Reads a value from text.
///
/// # Errors
/// [`HexError`] when the text is not hexadecimal or of another length.
pub fn parse<T: Hexadecimal>(text: &str) -> Result<T, HexError> {
    T::of_bytes(to_bytes(text)?)
}

/// `#[serde(with)]` for a [`Hexadecimal`] value.
pub mod serde_hex {
    use super::{Deserialize, Deserializer, Error, Hexadecimal, Serializer, parse, to_text};

    /// Writes the value.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Hexadecimal, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_text(value.bytes()))
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When it is not hexadecimal text of the type's length.
    pub fn deserialize<'de, T: Hexadecimal, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map_err(Error::custom)
    }
}

/// Text that a caller sent for a [`Hexadecimal`] value and that nobody has looked at yet.
///
/// It takes any text, so that the refusal is ours and typed, not the JSON reader's.
#[derive(Clone, PartialEq, Eq)]
pub struct Unchecked<T> {
    text: String,
    value: PhantomData<T>,
}

impl<T> std::fmt::Debug for Unchecked<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T: Hexadecimal> Unchecked<T> {
    /// Takes text as it came.
    #[must_use]
    pub const fn from_text(text: String) -> Self {
        Self { text, value: PhantomData }
    }

    /// Looks at the text; `argument` names it in the refusal.
    ///
    /// # Errors
    /// [`crate::RpcError::MalformedHex`].
    pub fn check(&self, argument: &str) -> Result<T, crate::RpcError> {
        parse(&self.text).map_err(|error| crate::RpcError::MalformedHex {
            argument: argument.to_owned(),
            reason: error.to_string(),
            found: self.text.chars().take(80).collect(),
        })
    }
}

impl<T: Hexadecimal> From<T> for Unchecked<T> {
    fn from(value: T) -> Self {
        Self::from_text(to_text(value.bytes()))
    }
}

impl<T> Serialize for Unchecked<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, T> Deserialize<'de> for Unchecked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self { text, value: PhantomData })
    }
}

/// Bytes of any length in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "serde_hex")] pub Vec<u8>);

/// 32 bytes or 4 in an answer: an address, a hash, a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hex<T: Hexadecimal>(#[serde(with = "serde_hex")] pub T);

impl<T: Hexadecimal> From<T> for Hex<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl<T: Hexadecimal> std::fmt::Display for Hex<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&to_text(self.0.bytes()))
    }
}

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&to_text(&self.0))
    }
}

fn schema<T: Hexadecimal>() -> schemars::Schema {
    let digits = T::LENGTH.map_or("([0-9a-f]{2})*".to_owned(), |length| {
        format!("[0-9a-f]{{{}}}", length.saturating_mul(2))
    });
    schemars::json_schema!({ "type": "string", "pattern": format!("^0x{digits}$") })
}

macro_rules! inline_schema {
    ($([$($generic:tt)*] $ty:ty => $value:ty),*) => {$(
        impl<$($generic)*> schemars::JsonSchema for $ty {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                "Hex".into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schema::<$value>()
            }
        }
    )*};
}

inline_schema!([] Bytes => Vec<u8>, [T: Hexadecimal] Hex<T> => T, [T: Hexadecimal] Unchecked<T> => T);

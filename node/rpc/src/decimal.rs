//! Integers that may not fit JavaScript's numbers: decimal strings, here as everywhere.

use dure_types::{Amount, Gas, Height, TimestampMs};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// An integer of 64 bits or more: a decimal string in JSON; a number below 2^53 is read too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal<T>(pub T);

impl<T> From<T> for Decimal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

macro_rules! unit {
    ($($name:ident),*) => {$(
        impl From<$name> for Decimal<u64> {
            fn from(value: $name) -> Self {
                Self(value.0)
            }
        }

        impl From<Decimal<u64>> for $name {
            fn from(value: Decimal<u64>) -> Self {
                Self(value.0)
            }
        }
    )*};
}

unit!(Gas, Height, TimestampMs);

impl From<Amount> for Decimal<u128> {
    fn from(value: Amount) -> Self {
        Self(value.0)
    }
}

impl<T: fmt::Display> fmt::Display for Decimal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display> Serialize for Decimal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Decimal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);
        impl<T: FromStr> de::Visitor<'_> for Visitor<T> {
            type Value = Decimal<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal string or a number below 2^53")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let value = digits.then(|| text.parse().ok()).flatten();
                value.map(Decimal).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                if value >= 1 << 53 {
                    return Err(E::invalid_value(de::Unexpected::Unsigned(value), &self));
                }
                self.visit_str(&value.to_string())
            }
        }
        deserializer.deserialize_any(Visitor(std::marker::PhantomData))
    }
}

impl<T> schemars::JsonSchema for Decimal<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+$" })
    }
}

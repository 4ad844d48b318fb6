//! Places in the chain's order: the numbers of events and transactions, and cursors.

use dure_types::Height;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

/// A place: height, and index of the event or transaction in its block. In JSON `"HEIGHT-INDEX"`;
/// `"HEIGHT"` alone or a number means the height's beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Height of the block.
    pub height: Height,
    /// Index in the block.
    pub index: u32,
}

/// The text is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected HEIGHT-INDEX")]
pub struct NoPlace;

impl Place {
    /// Names a place.
    #[must_use]
    pub const fn new(height: Height, index: u32) -> Self {
        Self { height, index }
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.index.checked_add(1) {
            Some(index) => Self { height: self.height, index },
            None => Self { height: Height(self.height.0.saturating_add(1)), index: 0 },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.height, self.index)
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (height, index) = text.split_once('-').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(height) || !digits(index) {
            return Err(NoPlace);
        }
        let height = Height(height.parse().map_err(|_| NoPlace)?);
        Ok(Self { height, index: index.parse().map_err(|_| NoPlace)? })
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Number(u64),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => text.parse().map_err(D::Error::custom),
            Form::Number(height) => Ok(Self::new(Height(height), 0)),
        }
    }
}

impl schemars::JsonSchema for Place {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+(-[0-9]+)?$" })
    }
}

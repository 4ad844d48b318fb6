//! Bytes as text: 0x and hexadecimal digits.

/// Says why text is not the bytes it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexError {
    /// Text does not begin with 0x.
    #[error("expected 0x at the beginning")]
    Prefix,
    /// A digit without its pair.
    #[error("odd number of digits ({digits})")]
    Odd {
        /// Digits after 0x.
        digits: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("character {index} is no hexadecimal digit")]
    Digit {
        /// Where it stands, 0x included.
        index: usize,
    },
    /// Another number of bytes than the type has.
    #[error("{length} bytes, expected {expected}")]
    Length {
        /// Bytes found.
        length: usize,
        /// Bytes that the type has.
        expected: usize,
    },
}

/// Writes bytes as text.
#[must_use]
pub fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2).saturating_add(2));
    text.push_str("0x");
    text.push_str(&hex::encode(bytes));
    text
}

/// Reads bytes from text.
///
/// # Errors
/// [`HexError`] names the first thing that is wrong.
pub fn to_bytes(text: &str) -> Result<Vec<u8>, HexError> {
    let digits = text.strip_prefix("0x").ok_or(HexError::Prefix)?;
    hex::decode(digits).map_err(|error| match error {
        hex::FromHexError::InvalidHexCharacter { index, .. } => {
            HexError::Digit { index: index.saturating_add(2) }
        }
        _ => HexError::Odd { digits: digits.len() },
    })
}

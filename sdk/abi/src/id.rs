//! Identifiers and units that appear on both sides of the sandbox.

use codec::{CompactAs, Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode,
            DecodeWithMemTracking, MaxEncodedLen,
        )]
        #[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
        #[repr(transparent)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// All bytes zero.
            pub const ZERO: Self = Self([0; 32]);
            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0x")?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

bytes32! {
    /// Names an account or a contract.
    Address
}
bytes32! {
    /// A BLAKE3 hash.
    Hash
}

impl Address {
    /// The system contract: deploy, instantiate, later upgrade and governance.
    pub const SYSTEM: Self = Self([0; 32]);
}

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode,
            DecodeWithMemTracking, MaxEncodedLen, CompactAs,
        )]
        #[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
        pub struct $name(pub $inner);

        impl $name {
            /// Nought.
            pub const ZERO: Self = Self(0);
            /// The greatest value.
            pub const MAX: Self = Self(<$inner>::MAX);

            /// Adds, or `None` above the greatest value.
            #[must_use]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// Subtracts, or `None` below nought.
            #[must_use]
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }

            /// Multiplies by a plain number, or `None` above the greatest value.
            #[must_use]
            pub const fn checked_mul(self, factor: $inner) -> Option<Self> {
                match self.0.checked_mul(factor) {
                    Some(product) => Some(Self(product)),
                    None => None,
                }
            }

            /// Adds, stopping at the greatest value.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// Subtracts, stopping at nought.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

unit! {
    /// An amount of one asset in its base unit (won, Wh, points).
    Amount(u128)
}
unit! {
    /// Metering unit of execution.
    Gas(u64)
}
unit! {
    /// Position of a block, counted from genesis, which is 0.
    Height(u64)
}
unit! {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    TimestampMs(u64)
}

/// First four bytes of BLAKE3 of a name: of a method in a call, of an event as its topic.
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub struct Selector(pub [u8; 4]);

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! What validators send each other: consensus messages, batches, and what keeps batches going.
//!
//! The stream says whose a message is. Its first byte is the kind, which bounds its length before
//! anything is decoded; everything in it is unverified.

use codec::{Decode, DecodeWithMemTracking, Encode};
use dure_consensus::{MESSAGE_BYTES_MAX, Message};
use dure_types::{
    Acknowledgement, Batch, BatchReference, Transaction,
    decode::{DecodeError, decode},
    limits,
};

/// Batches asked for in one message.
pub const FETCH_MAX: usize = limits::BLOCK_BATCHES_MAX;
/// Forwarded transactions, SCALE-encoded.
pub const FORWARD_BYTES_MAX: usize = limits::TRANSACTION_BYTES_MAX + 65_536;
/// The longest message.
pub const WIRE_BYTES_MAX: usize = 1 + limits::BATCH_BYTES_MAX;

/// SCALE bytes of a reference, or of an acknowledgement.
const REFERENCE_BYTES: usize = 32 + 8 + 32;

const _: () = {
    assert!(MESSAGE_BYTES_MAX < WIRE_BYTES_MAX);
    assert!(FORWARD_BYTES_MAX < WIRE_BYTES_MAX);
    assert!(limits::ACKNOWLEDGEMENTS_MAX * REFERENCE_BYTES < WIRE_BYTES_MAX);
    // Whoever lacks every batch of a block asks for them at once.
    assert!(FETCH_MAX >= limits::BLOCK_BATCHES_MAX);
    // The greatest transaction can be forwarded.
    assert!(FORWARD_BYTES_MAX >= limits::TRANSACTION_BYTES_MAX + 4);
};

/// First byte of a [`Wire::Batch`].
const BATCH_KIND: u8 = 1;
/// Second byte of a [`Wire::Consensus`] with [`Message::Decided`].
const DECIDED_KIND: u8 = 5;

/// One message between validators.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum Wire {
    /// For the ordering.
    Consensus(Message),
    /// A batch, from its author or from who was asked for it.
    Batch(Box<Batch>),
    /// The sender holds these batches, verified and durable.
    Acknowledgements(Vec<Acknowledgement>),
    /// Asks for batches; each comes as a message of its own.
    Fetch(Vec<BatchReference>),
    /// Transactions whose home author the receiver is.
    Transactions(Vec<Transaction>),
}

impl Wire {
    /// Decodes what a validator sent; everything in it is unverified.
    ///
    /// # Errors
    /// [`DecodeError`] when it is longer than its kind may be, or malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes, bytes.first().map_or(1, |kind| Self::bytes_max(*kind)))
    }

    /// What it must not wait behind.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::Consensus(Message::Decided(_)) => Lane::Bulk,
            Self::Consensus(_) | Self::Acknowledgements(_) => Lane::Urgent,
            Self::Batch(_) | Self::Fetch(_) | Self::Transactions(_) => Lane::Bulk,
        }
    }

    /// The same of what was not decoded, whatever it is.
    #[must_use]
    pub fn lane_of(bytes: &[u8]) -> Lane {
        match bytes {
            [0, DECIDED_KIND, ..] => Lane::Bulk,
            [0 | 2, ..] => Lane::Urgent,
            _ => Lane::Bulk,
        }
    }

    /// Bytes of a message whose first is this; of none that exists, that byte alone.
    #[must_use]
    pub const fn bytes_max(kind: u8) -> usize {
        1 + match kind {
            0 => MESSAGE_BYTES_MAX,
            BATCH_KIND => limits::BATCH_BYTES_MAX,
            2 => 4 + limits::ACKNOWLEDGEMENTS_MAX * REFERENCE_BYTES,
            3 => 4 + FETCH_MAX * REFERENCE_BYTES,
            4 => FORWARD_BYTES_MAX,
            _ => 0,
        }
    }

    /// A batch as it is sent, from the SCALE bytes that the ledger keeps: whoever hands out many need
    /// not decode them.
    #[must_use]
    pub fn batch_bytes(stored: &[u8]) -> Vec<u8> {
        [&[BATCH_KIND], stored].concat()
    }
}

/// What may not wait behind what: each lane has connections of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// What an agreement waits for: proposals, votes, acknowledgements.
    Urgent,
    /// Batches, decided headers, transactions, and what asks for them.
    Bulk,
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::{Hash, Height, ValidatorId};
    use proptest::prelude::*;

    proptest! {
        /// One value, one encoding, whatever is sent.
        #[test]
        fn damaged_messages_are_refused_or_are_what_they_say(
            kind in 0u8..6,
            count in 0u8..9,
            rest in proptest::collection::vec(any::<u8>(), 0..700),
        ) {
            let bytes = [&[kind, count << 2], rest.as_slice()].concat();
            if let Ok(wire) = Wire::from_bytes(&bytes) {
                prop_assert_eq!(wire.lane(), Wire::lane_of(&bytes));
                prop_assert_eq!(wire.encode(), bytes);
            }
        }
    }

    #[test]
    fn kinds_are_bounded_before_they_are_decoded() {
        let reference = BatchReference { author: ValidatorId([1; 32]), seq: 7, id: Hash([2; 32]) };
        let fetch = Wire::Fetch(vec![reference; FETCH_MAX]);
        assert_eq!(Wire::from_bytes(&fetch.encode()), Ok(fetch));
        let pull = Wire::Consensus(Message::Pull(Height(3)));
        assert_eq!(pull.encode(), [0, 4, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Wire::from_bytes(&pull.encode()), Ok(pull));
        let decided = Wire::Consensus(Message::Decided(Vec::new()));
        assert_eq!(Wire::lane_of(&decided.encode()), decided.lane());

        let limit = Wire::bytes_max(3);
        let long = Wire::Fetch(vec![reference; FETCH_MAX + 1]).encode();
        assert_eq!(
            Wire::from_bytes(&long),
            Err(DecodeError::TooLong { length: long.len(), limit })
        );
        let unknown = Wire::from_bytes(&[5, 0]);
        assert_eq!(unknown, Err(DecodeError::TooLong { length: 2, limit: 1 }));
        // A count that promises far more than was sent.
        let promise = [vec![4], codec::Compact(1u32 << 29).encode()].concat();
        assert!(matches!(Wire::from_bytes(&promise), Err(DecodeError::Malformed(_))));
        assert!(Wire::from_bytes(&[]).is_err());
    }
}

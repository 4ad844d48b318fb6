//! Outcomes and events.

use super::transaction_plain;
use codec::Encode as _;
use dure_types::{
    Address, Event, ExecutionError, Failure, Gas, Hash, Outcome, Receipt, SkipReason, domain,
};

/// An event with some data.
#[must_use]
pub fn event(data: u8) -> Event {
    Event {
        contract: Address([0xc0; 32]),
        topic: domain::selector("Moved"),
        data: vec![data; usize::from(data)],
    }
}

/// Success with outputs and events, failure, and a skipped transaction.
#[must_use]
pub fn outcomes() -> [Outcome; 3] {
    let events: Vec<_> = (0..3).map(|data| event(data).encode()).collect();
    let failure = Failure {
        call: 1,
        error: ExecutionError::Contract { contract: Address([0xc0; 32]), error: vec![4, 1, 0] },
    };
    let refused = Receipt {
        result: Err(failure),
        gas_used: Gas(180_000),
        gas_charged: Gas(250_000),
        events: 0,
        events_root: crate::merkle::list_root(&[]),
    };
    [
        Outcome::Receipt(Receipt {
            result: Ok(vec![vec![], vec![0x2a, 0, 0, 0]]),
            gas_used: Gas(654_321),
            gas_charged: Gas(654_321),
            events: 3,
            events_root: crate::merkle::list_root(&events),
        }),
        Outcome::Receipt(refused),
        Outcome::Skipped(SkipReason::Expired),
    ]
}

/// Leaf of the receipts tree.
#[must_use]
pub fn receipt_leaf(index: u32, outcome: &Outcome) -> Vec<u8> {
    let id: Hash = transaction_plain().body.id(super::chain());
    (index, id, outcome).encode()
}

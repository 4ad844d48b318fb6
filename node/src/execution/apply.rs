//! What a block writes into the state database: all of it here, all of it one batch.

use crate::{
    fault::Fault,
    store::{
        Column, Read, WriteBatch,
        column::{self, APPLIED_KEY},
        state::{self, Applied},
    },
};
use codec::Encode;
use dure_runtime::{StateDelta, TransactionOutput, VerifiedTransaction};
use dure_types::{Address, Hash, Height, Outcome};
use std::collections::BTreeSet;

/// Writes the changed state itself.
pub(super) fn put_state(writes: &mut WriteBatch, delta: &StateDelta) {
    for (key, value) in delta {
        match value {
            Some(value) => writes.put(Column::State, key.as_slice(), value.as_slice()),
            None => writes.delete(Column::State, key.as_slice()),
        }
    }
}

/// Writes which block the state is after.
pub(super) fn put_applied(writes: &mut WriteBatch, applied: &Applied) {
    writes.put(Column::StateMeta, APPLIED_KEY, applied.encode());
}

/// Writes outcomes, events and their indexes.
pub(super) fn put_outcomes(
    writes: &mut WriteBatch,
    reader: &dyn Read,
    height: Height,
    transactions: &[VerifiedTransaction],
    outputs: &[TransactionOutput],
) -> Result<(), Fault> {
    let mut ran = BTreeSet::new();
    let mut event_index = 0u32;
    for ((transaction, output), index) in transactions.iter().zip(outputs).zip(0u32..) {
        let entry = (output.id, &output.outcome).encode();
        writes.put(Column::Outcomes, column::place(height, index), entry);
        put_location(writes, reader, (height, index), output, &mut ran)?;
        for event in &output.events {
            let place = column::place(height, event_index);
            writes.put(Column::Events, place, (output.id, event).encode());
            let by_contract = column::place_of(event.contract, height, event_index);
            writes.put(Column::ContractEvents, by_contract, Vec::new());
            event_index += 1;
        }
        if matches!(output.outcome, Outcome::Receipt(_)) {
            for address in touched(transaction, output) {
                let key = column::place_of(address, height, index);
                writes.put(Column::History, key, output.id.encode());
            }
        }
    }
    Ok(())
}

/// A skipped copy never stands in the way of the receipt of another copy.
fn put_location(
    writes: &mut WriteBatch,
    reader: &dyn Read,
    place: (Height, u32),
    output: &TransactionOutput,
    ran: &mut BTreeSet<Hash>,
) -> Result<(), Fault> {
    let runs = matches!(output.outcome, Outcome::Receipt(_));
    if runs {
        ran.insert(output.id);
    } else if ran.contains(&output.id)
        || state::location(reader, output.id)?.is_some_and(|location| location.ran)
    {
        return Ok(());
    }
    let value = (place.0, place.1, runs).encode();
    writes.put(Column::Transactions, column::id(output.id), value);
    Ok(())
}

/// Whose history the transaction belongs to: its account, the contracts called and those that
/// emitted events.
fn touched(transaction: &VerifiedTransaction, output: &TransactionOutput) -> BTreeSet<Address> {
    let body = transaction.body();
    let called = body.calls.iter().map(|call| call.contract);
    let emitted = output.events.iter().map(|event| event.contract);
    std::iter::once(body.account).chain(called).chain(emitted).collect()
}

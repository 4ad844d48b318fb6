//! What subscriptions send.

use super::{Number, transaction::Refusal};
use crate::{hex::Unchecked, place::Place};
use dure_types::{Address, Hash};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One message of a subscription. Exactly one of the fields is there beside `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Notice<T> {
    /// Counts the messages of this subscription from 0, without gaps.
    pub seq: Number,
    /// The block, event or transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<T>,
    /// The client reads too slowly; this is the last message. Subscribe again with `from` set to
    /// this place: nothing is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lagged: Option<Place>,
    /// The node could not go on; this is the last message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
}

impl<T> Notice<T> {
    /// Carries an item.
    #[must_use]
    pub const fn item(seq: u64, item: T) -> Self {
        Self { seq: crate::decimal::Decimal(seq), item: Some(item), lagged: None, error: None }
    }

    /// Says where to resume.
    #[must_use]
    pub const fn lagged(seq: u64, next: Place) -> Self {
        let seq = crate::decimal::Decimal(seq);
        Self { seq, item: None, lagged: Some(next), error: None }
    }

    /// Says why it ends.
    #[must_use]
    pub const fn error(seq: u64, error: Refusal) -> Self {
        let seq = crate::decimal::Decimal(seq);
        Self { seq, item: None, lagged: None, error: Some(error) }
    }
}

/// Which transactions are wanted; what is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TransactionFilter {
    /// This one only; the subscription ends after its receipt. One that is final already is sent
    /// at once.
    pub id: Option<Unchecked<Hash>>,
    /// On behalf of this account.
    pub account: Option<Unchecked<Address>>,
    /// With a call to this contract.
    pub contract: Option<Unchecked<Address>>,
    /// First place: `HEIGHT-INDEX`, or a height; what comes from now on unless told.
    pub from: Option<Place>,
}

//! Filters of events and transactions, checked once and applied to many.

use super::spec::SpecView;
use crate::view::NumberedEvent;
use dure_rpc::{
    RpcError,
    shape::{EventFilter, TransactionFilter},
};
use dure_types::{Address, Hash, Selector, Transaction};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A checked [`EventFilter`].
pub(super) struct EventMatcher {
    pub(super) contract: Option<Address>,
    topic: Option<Selector>,
    fields: Map<String, Value>,
}

impl EventMatcher {
    pub(super) fn new(specs: &SpecView<'_>, filter: &EventFilter) -> Result<Self, RpcError> {
        let contract = filter.contract.as_ref().map(|c| c.check("contract")).transpose()?;
        let topic =
            filter.event.as_deref().map(|event| specs.topic(contract, event)).transpose()?;
        let fields = filter.fields.clone().unwrap_or_default();
        if !fields.is_empty() && contract.is_none() {
            return Err(RpcError::FilterNeedsContract { argument: "fields".into() });
        }
        if let Some(contract) = contract {
            let spec = specs.need(contract)?;
            let events = spec.events.iter();
            let meant = events.filter(|event| topic.is_none_or(|topic| topic == event.topic));
            let known: BTreeSet<&str> =
                meant.flat_map(|event| &event.fields).map(|field| field.name.as_str()).collect();
            if let Some(field) = fields.keys().find(|field| !known.contains(field.as_str())) {
                let field = field.chars().take(80).collect();
                let known = known.into_iter().map(str::to_owned).collect();
                return Err(RpcError::UnknownField { contract: contract.into(), field, known });
            }
        }
        Ok(Self { contract, topic, fields })
    }

    /// Whether an event is wanted; ask only while [`SpecView::has_room`].
    pub(super) fn matches(&self, specs: &SpecView<'_>, stored: &NumberedEvent) -> bool {
        let event = &stored.event;
        self.contract.is_none_or(|contract| contract == event.contract)
            && self.topic.is_none_or(|topic| topic == event.topic)
            && (self.fields.is_empty() || self.fields_match(specs, stored))
    }

    fn fields_match(&self, specs: &SpecView<'_>, stored: &NumberedEvent) -> bool {
        let event = &stored.event;
        let Ok(Some(spec)) = specs.find(event.contract) else { return false };
        let Some(known) = spec.event_by_topic(event.topic) else { return false };
        let Ok(Value::Object(found)) = specs.looked_at.event(&spec, known, &event.data) else {
            return false;
        };
        self.fields
            .iter()
            .all(|(name, wanted)| found.get(name).is_some_and(|value| same(value, wanted)))
    }
}

/// Equal, where a caller may write a number for a decimal string.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::String(text), Value::Number(number)) => *text == number.to_string(),
        _ => value == wanted,
    }
}

/// A checked [`TransactionFilter`].
#[derive(Clone, Copy)]
pub(super) struct TransactionMatcher {
    pub(super) id: Option<Hash>,
    account: Option<Address>,
    contract: Option<Address>,
}

impl TransactionMatcher {
    pub(super) fn new(filter: &TransactionFilter) -> Result<Self, RpcError> {
        Ok(Self {
            id: filter.id.as_ref().map(|id| id.check("id")).transpose()?,
            account: filter.account.as_ref().map(|a| a.check("account")).transpose()?,
            contract: filter.contract.as_ref().map(|c| c.check("contract")).transpose()?,
        })
    }

    /// Whether a transaction is wanted.
    pub(super) fn matches(&self, id: Hash, transaction: &Transaction) -> bool {
        let body = &transaction.body;
        self.id.is_none_or(|wanted| wanted == id)
            && self.account.is_none_or(|account| account == body.account)
            && self
                .contract
                .is_none_or(|wanted| body.calls.iter().any(|call| call.contract == wanted))
    }
}

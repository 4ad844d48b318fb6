//! Filters of events and transactions, checked once and applied to many.

use super::spec::SpecView;
use crate::view::NumberedEvent;
use dure_abi::spec::{ContractSpec, EventSpec};
use dure_rpc::{
    Place, RpcError,
    json::{encode, return_to_json},
    shape::{EventFilter, TransactionFilter},
};
use dure_types::{Address, Hash, Selector, Transaction, limits};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A checked [`EventFilter`].
pub(super) struct EventMatcher {
    pub(super) contract: Option<Address>,
    topic: Option<Selector>,
    fields: Option<WantedFields>,
}

/// Values that are wanted, by the topic of each event that can have them: as answers write them.
type WantedFields = BTreeMap<Selector, Vec<(String, Value)>>;

impl EventMatcher {
    pub(super) fn new(specs: &SpecView<'_>, filter: &EventFilter) -> Result<Self, RpcError> {
        let contract = filter.contract.as_ref().map(|c| c.check("contract")).transpose()?;
        let topic =
            filter.event.as_deref().map(|event| specs.topic(contract, event)).transpose()?;
        let wanted = filter.fields.as_ref().filter(|fields| !fields.is_empty());
        let fields = match (wanted, contract) {
            (Some(_), None) => {
                return Err(RpcError::FilterNeedsContract { argument: "fields".into() });
            }
            (Some(wanted), Some(contract)) => {
                let spec = specs.need(contract)?;
                Some(wanted_fields(&spec, contract, topic, wanted)?)
            }
            (None, Some(contract)) => specs.need(contract).map(|_| None)?,
            (None, None) => None,
        };
        Ok(Self { contract, topic, fields })
    }

    /// Whether an event is wanted; ask only while [`SpecView::has_room`].
    pub(super) fn matches(&self, specs: &SpecView<'_>, stored: &NumberedEvent) -> bool {
        let event = &stored.event;
        self.contract.is_none_or(|contract| contract == event.contract)
            && self.topic.is_none_or(|topic| topic == event.topic)
            && self.fields.as_ref().is_none_or(|fields| have(fields, specs, stored))
    }
}

fn have(fields: &WantedFields, specs: &SpecView<'_>, stored: &NumberedEvent) -> bool {
    let event = &stored.event;
    let Some(wanted) = fields.get(&event.topic) else { return false };
    let place = Place::new(stored.height, stored.index);
    let Some(spec) = specs.find_at(event.contract, place) else { return false };
    let Some(known) = spec.event_by_topic(event.topic) else { return false };
    let Ok(Value::Object(found)) = specs.looked_at.event(&spec, known, &event.data) else {
        return false;
    };
    wanted.iter().all(|(name, wanted)| found.get(name) == Some(wanted))
}

/// Reads the wanted values by the specification: a value that no event can have is refused, and one
/// that can be written in several ways is compared as answers write it.
fn wanted_fields(
    spec: &ContractSpec,
    contract: Address,
    topic: Option<Selector>,
    wanted: &Map<String, Value>,
) -> Result<WantedFields, RpcError> {
    let events = spec.events.iter();
    let meant: Vec<&EventSpec> =
        events.filter(|event| topic.is_none_or(|topic| topic == event.topic)).collect();
    let known: BTreeSet<&str> =
        meant.iter().flat_map(|event| &event.fields).map(|field| field.name.as_str()).collect();
    if let Some(field) = wanted.keys().find(|field| !known.contains(field.as_str())) {
        let field = field.chars().take(80).collect();
        let known = known.into_iter().map(str::to_owned).collect();
        return Err(RpcError::UnknownField { contract: contract.into(), field, known });
    }
    let (mut fields, mut refused) = (WantedFields::new(), None);
    for event in meant {
        let types = wanted.iter().map(|(name, value)| {
            let field = event.fields.iter().find(|field| field.name == *name)?;
            Some((name, field.ty, value))
        });
        // One that lacks a field cannot be wanted.
        let Some(types) = types.collect::<Option<Vec<_>>>() else { continue };
        let values = types.into_iter().map(|(name, ty, value)| {
            Ok((name.clone(), as_answered(spec, ty, value, &format!("fields.{name}"))?))
        });
        match values.collect::<Result<_, RpcError>>() {
            Ok(values) => drop(fields.insert(event.topic, values)),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    match refused {
        Some(error) if fields.is_empty() => Err(error),
        _ => Ok(fields),
    }
}

/// A value as answers write it.
fn as_answered(spec: &ContractSpec, ty: u32, value: &Value, path: &str) -> Result<Value, RpcError> {
    let mut bytes = Vec::new();
    encode(&spec.types, ty, value, &mut bytes, limits::ARGS_BYTES_MAX, path)?;
    Ok(return_to_json(spec, ty, &bytes, path)?)
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

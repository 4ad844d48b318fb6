//! What must come of a step, held to what did.

use super::{
    Expect, ExpectedError, ExpectedEvent, Query, ScenarioError,
    play::{Stage, differs, meaning},
    values::difference,
};
use crate::TestFailure;
use dure_abi::spec::MethodKind;
use dure_json::{event_to_json, return_to_json, value_text};
use dure_types::{Address, Event, ExecutionError};
use serde_json::{Value, json};

impl Stage {
    pub(super) fn error(
        &mut self,
        expected: &ExpectedError,
        error: &ExecutionError,
        called: Address,
        place: &str,
    ) -> Result<(), ScenarioError> {
        let ExecutionError::Contract { contract, error: bytes } = error else {
            return Err(differs(place, &expected.name, error));
        };
        let who = match &expected.contract {
            Some(name) => self.words.address(name, place)?,
            None => called,
        };
        if who != *contract {
            let name = |address: &Address| self.named(&json!(address.to_string()));
            return Err(differs(&format!("{place} error.contract"), name(&who), name(contract)));
        }
        let spec = self.spec(*contract, place)?;
        let ty = spec.error.ok_or_else(|| meaning(place, "the contract has no errors"))?;
        let found = return_to_json(&spec, ty, bytes, "error")
            .map_err(|error| meaning(place, error.to_string()))?;
        let (name, fields) = match &found {
            Value::Object(one) if one.len() == 1 => match one.iter().next() {
                Some((name, fields)) => (name.clone(), Some(fields)),
                None => (String::new(), None),
            },
            Value::String(name) => (name.clone(), None),
            _ => (String::new(), None),
        };
        self.played.compared += 1;
        if name != expected.name {
            return Err(differs(&format!("{place} error"), &expected.name, self.named(&found)));
        }
        match &expected.fields {
            Some(wanted) => {
                let fields = fields.cloned().unwrap_or(Value::Null);
                self.compare(wanted, &fields, &format!("{place} error.fields"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn events(
        &mut self,
        expected: &[ExpectedEvent],
        found: &[Event],
        place: &str,
    ) -> Result<(), ScenarioError> {
        let mut seen = Vec::new();
        for event in found {
            let spec = self.spec(event.contract, place)?;
            let known = spec.event_by_topic(event.topic);
            let known = known.ok_or_else(|| meaning(place, "an event is not of its contract"))?;
            let fields = event_to_json(&spec, known, &event.data)
                .map_err(|error| meaning(place, error.to_string()))?;
            seen.push((event.contract, known.name.clone(), fields));
        }
        for index in 0..expected.len().max(seen.len()) {
            let place = format!("{place} events[{index}]");
            let (wanted, (contract, name, fields)) = match (expected.get(index), seen.get(index)) {
                (Some(wanted), Some(found)) => (wanted, found),
                (Some(wanted), None) => return Err(differs(&place, &wanted.name, "no event")),
                (None, Some((_, name, fields))) => {
                    let fields = self.named(fields);
                    return Err(differs(&place, "no event", format!("{name} {fields}")));
                }
                (None, None) => break,
            };
            if *name != wanted.name {
                return Err(differs(&place, &wanted.name, name));
            }
            if let Some(emitter) = &wanted.contract {
                let emitter = json!(self.words.address(emitter, &place)?.to_string());
                let found = json!(contract.to_string());
                self.compare(&emitter, &found, &format!("{place}.contract"))?;
            }
            if let Some(wanted) = &wanted.fields {
                self.compare(wanted, fields, &format!("{place}.fields"))?;
            }
        }
        Ok(())
    }

    pub(super) fn balances(&mut self, expect: &Expect, place: &str) -> Result<(), ScenarioError> {
        for (contract, holders) in &expect.balances {
            for (holder, amount) in holders {
                let query = Query {
                    contract: contract.clone(),
                    query: "balance_of".into(),
                    args: json!([format!("@{}", holder.trim_start_matches('@'))]),
                    returns: Some(amount.clone()),
                    error: None,
                };
                self.query(&query, &format!("{place} balances.{contract}.{holder}"))?;
            }
        }
        Ok(())
    }

    pub(super) fn query(&mut self, query: &Query, place: &str) -> Result<(), ScenarioError> {
        match (&query.returns, &query.error) {
            (Some(_), Some(_)) => {
                return Err(meaning(place, "`returns` and `error` exclude each other"));
            }
            (None, None) => return Err(meaning(place, "`returns` or `error` is missing")),
            _ => {}
        }
        let (contract, spec, method) =
            self.method(&query.contract, &query.query, MethodKind::Query, place)?;
        let args = self.arguments(&spec, &method, &query.args, place)?;
        let input = [method.selector.0.as_slice(), &args].concat();
        match (self.chain.query_bytes(contract, &input), &query.error) {
            (Ok(bytes), None) => {
                let expected = query.returns.as_ref().unwrap_or(&Value::Null);
                let found = return_to_json(&spec, method.returns, &bytes, "returned")
                    .map_err(|error| meaning(place, error.to_string()))?;
                self.compare(expected, &found, place)
            }
            (Ok(_), Some(expected)) => Err(differs(place, &expected.name, "an answer")),
            (Err(TestFailure::Failed { error, .. }), Some(expected)) => {
                self.error(expected, &error, contract, place)
            }
            (Err(failure), _) => {
                let (place, failure) = (place.to_owned(), Box::new(failure));
                Err(ScenarioError::Chain { place, failure })
            }
        }
    }

    pub(super) fn compare(
        &mut self,
        expected: &Value,
        found: &Value,
        place: &str,
    ) -> Result<(), ScenarioError> {
        let expected = self.words.replace(expected, place)?;
        self.played.compared += 1;
        let Some((place, expected, found)) = difference(&expected, found, place) else {
            return Ok(());
        };
        let text = |value: Option<&Value>| {
            value.map_or_else(|| "nothing".to_owned(), |value| self.named(value))
        };
        Err(differs(&place, text(expected), text(found)))
    }

    /// A value for people, with names in the place of addresses.
    fn named(&self, value: &Value) -> String {
        let mut value = value.clone();
        self.chain.names.put_into(&mut value);
        value_text(&value)
    }
}

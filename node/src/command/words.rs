//! What contracts said, for people: parts in the order in which the source declares them.

use super::output::Output;
use crate::printable::one_line;
use dure_abi::spec::ContractSpec;
use dure_client::Client;
use dure_rpc::{
    json::{Ordered, fields_text, typed_text, value_text},
    shape::{CallOutput, CallTrace, ExecutionResult, ReceiptShape},
};
use dure_types::{Address, Selector};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// The specifications of the contracts that spoke.
#[derive(Default)]
pub(super) struct Specs(BTreeMap<Address, Arc<ContractSpec>>);

impl Specs {
    /// Those of the contracts in a receipt; none for machines, which read objects.
    pub(super) async fn of_receipt(
        client: &Client,
        receipt: Option<&ReceiptShape>,
        output: &Output,
    ) -> Self {
        let mut specs = Self::default();
        for event in receipt.into_iter().flat_map(|receipt| &receipt.events) {
            specs.learn(client, event.contract.0, output).await;
        }
        if let Some(ExecutionResult::Succeeded { outputs }) = receipt.map(|r| &r.result) {
            for said in outputs {
                specs.learn(client, said.contract.0, output).await;
            }
        }
        specs
    }

    /// Those of the contracts that were entered.
    pub(super) async fn of_trace(client: &Client, trace: &[CallTrace], output: &Output) -> Self {
        let mut specs = Self::default();
        for call in trace {
            specs.learn(client, call.contract.0, output).await;
        }
        specs
    }

    /// Asks for a contract's. Without one its words stand by the alphabet.
    pub(super) async fn learn(&mut self, client: &Client, contract: Address, output: &Output) {
        if !output.is_json()
            && !self.0.contains_key(&contract)
            && let Ok(spec) = client.spec(contract).await
        {
            self.0.insert(contract, spec);
        }
    }

    /// An event: `points.Moved { from: none, to: 0x.., amount: 5 }`; without a name where no
    /// specification of the contract is to be had.
    pub(super) fn event(
        &self,
        contract: Address,
        topic: Selector,
        name: Option<&str>,
        fields: &Value,
    ) -> String {
        let spec = self.0.get(&contract);
        let known = spec.and_then(|spec| Some((spec, spec.event_by_topic(topic)?)));
        let name = name.map_or_else(|| topic.to_string(), str::to_owned);
        let name = match spec {
            Some(spec) => format!("{}.{name}", spec.name),
            None => name,
        };
        let fields = known.map_or_else(
            || value_text(fields),
            |(spec, event)| {
                let declared = event.fields.iter().map(|field| (field.name.as_str(), field.ty));
                fields_text(&spec.types, declared, fields)
            },
        );
        one_line(&format!("{name} {fields}")).into_owned()
    }

    /// What a call answered.
    pub(super) fn output<'v>(&self, output: &'v CallOutput) -> Ordered<'v> {
        let known = self.0.get(&output.contract.0);
        let known =
            known.and_then(|spec| Some((spec, spec.method_by_selector(output.selector.0)?)));
        match known {
            Some((spec, method)) => Ordered::new(&spec.types, method.returns, &output.value),
            None => Ordered::Plain(&output.value),
        }
    }

    /// The arguments of a call, and what it answered.
    pub(super) fn call(&self, call: &CallTrace) -> (String, String) {
        let method = self.0.get(&call.contract.0).and_then(|spec| {
            let name = call.method.as_deref()?;
            Some((spec, spec.methods.iter().find(|method| method.name == name)?))
        });
        let Some((spec, method)) = method else {
            return (value_text(&call.args), value_text(&call.value));
        };
        let declared = method.args.iter().map(|arg| (arg.name.as_str(), arg.ty));
        (
            fields_text(&spec.types, declared, &call.args),
            typed_text(&spec.types, method.returns, &call.value),
        )
    }
}

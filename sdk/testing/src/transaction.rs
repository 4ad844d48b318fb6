//! Transactions of a chain.

use crate::{
    Account, Chain, Changed, Refusal, TestFailure,
    chain::{BLOCK_MS, fault, typed_output},
    names::lock,
};
use codec::{Decode, DecodeAll, Encode};
use dure_runtime::{
    Fault, Simulation, StateRead, TransactionOutput, VerifiedTransaction, signature, system,
};
use dure_sdk::Invocation;
use dure_types::{
    Address, Call, Event, Gas, Height, Outcome, Receipt, TimestampMs, TransactionBody,
    domain::selector, limits,
};
use std::{collections::BTreeMap, sync::Arc};

/// A transaction that succeeded.
#[derive(Clone, Debug)]
pub struct Executed {
    /// Output of each call, SCALE-encoded.
    pub outputs: Vec<Vec<u8>>,
    /// Events of the transaction.
    pub events: Vec<Event>,
    /// Gas that it used.
    pub gas_used: Gas,
    /// Entries of contracts' storage that it changed, by key; [`Chain::changes`] decodes them.
    pub changed: Vec<Changed>,
}

impl Executed {
    /// Decodes the output of one call.
    ///
    /// # Errors
    /// [`TestFailure::Output`] when there is none or it is of another type.
    pub fn output<T: DecodeAll>(&self, call: usize) -> Result<T, TestFailure> {
        let bytes = self.outputs.get(call);
        let mut bytes =
            bytes.ok_or_else(|| TestFailure::Output(format!("no call {call}")))?.as_slice();
        T::decode_all(&mut bytes).map_err(|error| TestFailure::Output(error.to_string()))
    }
}

impl Chain {
    /// Calls one method in a block of its own. `args` is a tuple of the method's arguments (or the
    /// argument itself when there is one).
    ///
    /// # Errors
    /// [`TestFailure`] when it fails; see [`TestFailure::contract_error`] for the contract's own error.
    #[track_caller]
    pub fn call<T: DecodeAll>(
        &mut self,
        by: Account,
        contract: Address,
        method: &str,
        args: impl Encode,
    ) -> Result<T, TestFailure> {
        self.transact(by, vec![call(contract, method, args)])?.output(0)
    }

    /// Calls one method with the types of its client: `token::call::transfer(&to, &amount)`.
    ///
    /// # Errors
    /// [`Refusal::Contract`] with the contract's own error, or what else was wrong.
    #[track_caller]
    pub fn send<T: Decode, E: Decode>(
        &mut self,
        by: Account,
        contract: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, Refusal<E>> {
        let executed = self.transact(by, vec![invoke(contract, invocation)]);
        let executed = executed.map_err(TestFailure::typed)?;
        let bytes = executed.outputs.first().map(Vec::as_slice).unwrap_or_default();
        typed_output(bytes)
    }

    /// Runs several calls in one transaction, all or nothing. See [`call`].
    ///
    /// # Errors
    /// [`TestFailure`] when one fails; then nothing happened.
    #[track_caller]
    pub fn transact(&mut self, by: Account, calls: Vec<Call>) -> Result<Executed, TestFailure> {
        let body = self.body(by, calls)?;
        let before = Arc::clone(&self.state);
        let (output, changed) = self.execute(by, body.clone())?;
        let done = self.conclude(&before, &body, output, changed);
        self.shadow_transaction(&before, &body, &done)?;
        done
    }

    /// Keeps what a transaction did, or says why it did nothing.
    fn conclude(
        &mut self,
        before: &Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
        body: &TransactionBody,
        output: TransactionOutput,
        changed: Vec<Changed>,
    ) -> Result<Executed, TestFailure> {
        match output.outcome {
            Outcome::Skipped(reason) => Err(TestFailure::Skipped(reason)),
            Outcome::Receipt(Receipt { result: Ok(outputs), gas_used, .. }) => {
                let methods = body.calls.iter().map(|call| (call.contract, call.method));
                lock(&self.gas).add(methods.collect(), gas_used);
                self.events.extend(output.events.iter().cloned());
                let executed = Executed { outputs, events: output.events, gas_used, changed };
                self.last = Some(executed.clone());
                Ok(executed)
            }
            Outcome::Receipt(Receipt { result: Err(failure), .. }) => {
                // What a panic said is known to simulations only.
                let state = Arc::clone(before) as Arc<dyn StateRead>;
                let simulation = self.simulate_on(&state, body).map_err(fault)?;
                self.why = self.names.failure(self.state.as_ref(), &simulation.trace);
                let (call, error) = (failure.call, failure.error);
                let refusal = self.names.refusal(self.state.as_ref(), &error);
                let panic = simulation.panic.map(Into::into);
                Err(TestFailure::Failed { call, error, refusal, panic })
            }
        }
    }

    /// Runs a transaction without changing anything.
    ///
    /// # Errors
    /// [`TestFailure::Fault`] when the executor is broken.
    pub fn simulate(&self, by: Account, calls: Vec<Call>) -> Result<Simulation, TestFailure> {
        let body = self.body(by, calls)?;
        self.simulate_on(&self.state(), &body).map_err(fault)
    }

    fn simulate_on(
        &self,
        state: &Arc<dyn StateRead>,
        body: &TransactionBody,
    ) -> Result<Simulation, Fault> {
        let mut simulation = self.executor.simulate(state, &self.context(), body)?;
        let Simulation { trace, panic, .. } = &mut simulation;
        self.names.put_into_panics(state.as_ref(), trace, panic);
        Ok(simulation)
    }

    fn body(&self, by: Account, calls: Vec<Call>) -> Result<TransactionBody, TestFailure> {
        let account = system::account_record(self.state.as_ref(), by.address()).map_err(fault)?;
        Ok(TransactionBody {
            account: by.address(),
            lane: 0,
            nonce: account.nonces.next(),
            valid_until: TimestampMs(self.time.0.saturating_add(60_000)),
            gas_limit: Gas(limits::TRANSACTION_GAS_MAX),
            sponsor: None,
            calls,
        })
    }

    /// Signs a transaction that may use so much gas and checks it, for a block that is executed
    /// apart: a bench runs many times on one state.
    ///
    /// # Errors
    /// [`TestFailure::Fault`] when the state cannot be read.
    pub fn verified(
        &self,
        by: Account,
        calls: Vec<Call>,
        gas_limit: Gas,
    ) -> Result<VerifiedTransaction, TestFailure> {
        self.verify(by, TransactionBody { gas_limit, ..self.body(by, calls)? })
    }

    fn verify(
        &self,
        by: Account,
        body: TransactionBody,
    ) -> Result<VerifiedTransaction, TestFailure> {
        let checked = signature::verify(self.chain, vec![by.sign(self.chain, body)]).pop();
        let checked = checked.ok_or_else(|| TestFailure::Fault("nothing was checked".into()))?;
        checked.map_err(|error| TestFailure::Fault(error.to_string()))
    }

    fn execute(
        &mut self,
        by: Account,
        body: TransactionBody,
    ) -> Result<(TransactionOutput, Vec<Changed>), TestFailure> {
        self.height = Height(self.height.0.saturating_add(1));
        self.advance(BLOCK_MS);
        let verified = [self.verify(by, body)?];
        let state = self.state();
        let block = self.executor.execute_block(&state, &self.context(), &verified);
        let block = block.map_err(fault)?;
        drop(state);
        let state = Arc::make_mut(&mut self.state);
        let mut changed = Vec::new();
        for (key, after) in block.delta {
            let before = match after.clone() {
                Some(value) => state.insert(key.clone(), value),
                None => state.remove(&key),
            };
            changed.extend(Changed::new(key, before, after));
        }
        let output = block.outcomes.into_iter().next();
        let output = output.ok_or_else(|| TestFailure::Fault("the block has no outcome".into()))?;
        Ok((output, changed))
    }
}

/// One call of a transaction.
pub fn call(contract: Address, method: &str, args: impl Encode) -> Call {
    Call { contract, method: selector(method), args: args.encode() }
}

/// One call of a transaction, with the types of the contract's client.
pub fn invoke<T: Decode, E: Decode>(contract: Address, invocation: &Invocation<T, E>) -> Call {
    let (method, args) = (invocation.selector, invocation.arguments().to_vec());
    Call { contract, method, args }
}

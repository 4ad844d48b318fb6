//! One transaction: its calls in order, all or nothing.

use crate::{
    state::read::Fault,
    vm::{EntryKind, Env, Request, enter},
};
use dure_types::{Event, ExecutionError, Failure, Gas, Hash, TransactionBody};

/// What became of a transaction that ran.
pub(super) struct Ran {
    pub(super) result: Result<Vec<Vec<u8>>, Failure>,
    pub(super) gas_used: Gas,
    pub(super) events: Vec<Event>,
}

/// Runs the calls of a transaction. When one fails, everything is undone.
///
/// `base` is what the transaction costs before its first call; it was found to be within the limit
/// by the pre-pass, and uses everything up in a simulation with a lower one.
pub(super) fn run(
    mut env: Box<Env>,
    id: Hash,
    body: &TransactionBody,
    gas_limit: Gas,
    base: Gas,
) -> (Option<Box<Env>>, Result<Ran, Fault>) {
    let savepoint = env.overlay.savepoint();
    env.transaction = id;
    env.gas_limit = gas_limit;
    env.events.clear();
    env.stack.clear();
    let mut left = gas_limit.saturating_sub(base).0;
    let mut outputs = Vec::with_capacity(body.calls.len());
    let mut failure = None;
    for (call, index) in body.calls.iter().zip(0u16..) {
        let mut input = Vec::with_capacity(call.args.len().saturating_add(4));
        input.extend_from_slice(&call.method.0);
        input.extend_from_slice(&call.args);
        let request = Request {
            contract: call.contract,
            caller: body.account,
            kind: EntryKind::Call,
            input,
            gas: left,
            read_only: false,
        };
        let (back, done) = enter(env, request);
        let done = match done {
            Ok(done) => done,
            Err(fault) => return (back, Err(fault)),
        };
        let Some(back) = back else {
            let fault = Fault::Vm(format!("the state of transaction {id} is lost"));
            return (None, Err(fault));
        };
        env = back;
        left = done.gas_left;
        match done.result {
            Ok(output) => outputs.push(output),
            Err(error) => {
                failure = Some(Failure { call: index, error });
                break;
            }
        }
    }
    let result = match failure {
        None => Ok(outputs),
        Some(failure) => {
            env.undo(savepoint);
            env.events.clear();
            env.stack.clear();
            // Our own panic: what it used is not known, so it is all taken.
            if failure.error == ExecutionError::Internal {
                left = 0;
            }
            Err(failure)
        }
    };
    let events = std::mem::take(&mut env.events);
    let gas_used = gas_limit.saturating_sub(Gas(left));
    (Some(env), Ok(Ran { result, gas_used, events }))
}

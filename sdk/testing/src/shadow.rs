//! Running contracts natively beside their WASM, and comparing.

use crate::{Chain, Changed, Executed, TestFailure, chain::fault};
use codec::DecodeAll;
use dure_json::{error_text, event_to_json, fields_text, hex::to_text, return_to_json, typed_text};
use dure_runtime::system;
use dure_sdk::{
    CallError,
    native::{Contract, EntryPoint, Outputs, Sandbox},
};
use dure_types::{
    Address, Call, Event, ExecutionError, Hash, Selector, TransactionBody, TrapKind, address,
    domain::selector,
};
use std::{collections::BTreeMap, fmt::Write};

/// Puts the native code of each contract at its address.
pub(crate) type Shadows = BTreeMap<Address, fn(&mut Sandbox, Address)>;
type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// A contract that is entered, on both sides.
struct Entered {
    entry: EntryPoint,
    contract: Address,
    input: Vec<u8>,
}

/// What one side did.
struct Side {
    result: Outputs,
    panic: Option<String>,
    events: Vec<Event>,
    /// By contract and key.
    changed: Vec<Changed>,
}

impl Chain {
    /// From now on runs whatever enters a contract natively too, on the same state, and compares.
    ///
    /// `C` is the contract's storage struct. Breakpoints in the contract are hit and coverage is
    /// counted, while what the chain answers stays that of the WASM. Values, errors, traps, events
    /// and changes of storage must be the same on both sides: a difference panics, with both sides
    /// in the message. What is not the same by design is not compared: a call that used up its
    /// gas, its memory or its stack, and what panics say.
    ///
    /// Contracts that are called by `contract` need a shadow as well, else the call fails with
    /// [`TestFailure::NotShadowed`]. A contract has its shadow until it is upgraded; after that
    /// it needs that of its new code. Migrations, [`Chain::simulate`] and
    /// [`Invariants`](crate::Invariants) run the WASM alone.
    ///
    /// ```no_run
    /// # use dure_sdk::native::Contract;
    /// # use dure_testing::Chain;
    /// # fn test<Points: Contract>() {
    /// let mut chain = Chain::new();
    /// let issuer = chain.account("issuer");
    /// // Before it is deployed, so that the init method runs on both sides as well.
    /// chain.shadow::<Points>(chain.next_address(issuer));
    /// let points = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, ()).unwrap();
    /// # }
    /// ```
    pub fn shadow<C: Contract>(&mut self, contract: Address) -> &mut Self {
        self.shadows.insert(contract, |sandbox, address| {
            sandbox.register::<C>(address);
        });
        self
    }

    /// Holds a transaction against its native run on the state before it.
    #[track_caller]
    pub(crate) fn shadow_transaction(
        &self,
        before: &State,
        body: &TransactionBody,
        done: &Result<Executed, TestFailure>,
    ) -> Result<(), TestFailure> {
        let Some(entered) = self.entered(body, done)? else { return Ok(()) };
        let wasm = match done {
            Ok(done) => Side {
                result: Ok(outputs(&entered, &done.outputs)),
                panic: None,
                events: own_events(&done.events),
                changed: done.changed.iter().filter(|c| c.before != c.after).cloned().collect(),
            },
            Err(TestFailure::Failed { call, error, panic, .. }) => {
                let Some(error) = comparable(error) else { return Ok(()) };
                Side::failed(usize::from(*call), error, panic.as_deref().map(Into::into))
            }
            Err(_) => return Ok(()),
        };
        self.compare(before, &entered, (body.account, body.id(self.chain)), &wasm)
    }

    /// Holds a query against its native run.
    #[track_caller]
    pub(crate) fn shadow_query(
        &self,
        contract: Address,
        input: &[u8],
        answer: &Result<Vec<u8>, TestFailure>,
    ) -> Result<(), TestFailure> {
        if !self.shadows.contains_key(&contract) {
            return Ok(());
        }
        let wasm = match answer {
            Ok(output) => Side { result: Ok(vec![output.clone()]), ..Side::nothing() },
            Err(TestFailure::Failed { error, panic, .. }) => {
                let Some(error) = comparable(error) else { return Ok(()) };
                Side::failed(0, error, panic.as_deref().map(Into::into))
            }
            Err(_) => return Ok(()),
        };
        let entered = Entered { entry: EntryPoint::Query, contract, input: input.to_vec() };
        self.compare(&self.state, &[entered], (Address::SYSTEM, Hash::ZERO), &wasm)
    }

    /// What a transaction enters that has a shadow; none when it does not touch one.
    fn entered(
        &self,
        body: &TransactionBody,
        done: &Result<Executed, TestFailure>,
    ) -> Result<Option<Vec<Entered>>, TestFailure> {
        if self.shadows.is_empty() {
            return Ok(None);
        }
        if let [call] = body.calls.as_slice()
            && let Some(init) = self.init_of(body.account, call)
        {
            return Ok(Some(vec![init]));
        }
        let known = |contract: &Address| self.shadows.contains_key(contract);
        let Some(other) = body.calls.iter().find(|call| !known(&call.contract)) else {
            let called = body.calls.iter().map(|call| Entered {
                entry: EntryPoint::Call,
                contract: call.contract,
                input: [call.method.0.as_slice(), &call.args].concat(),
            });
            return Ok(Some(called.collect()));
        };
        let contract = other.contract;
        let called = body.calls.iter().any(|call| known(&call.contract));
        let touched = contract != Address::SYSTEM
            && done.as_ref().is_ok_and(|done| done.changed.iter().any(|c| known(&c.contract)));
        if called || touched { Err(TestFailure::NotShadowed { contract }) } else { Ok(None) }
    }

    /// The init method, when a call instantiates a contract that has a shadow.
    fn init_of(&self, creator: Address, call: &Call) -> Option<Entered> {
        if call.contract != Address::SYSTEM || call.method != selector("instantiate") {
            return None;
        }
        let mut args = call.args.as_slice();
        let (_, salt, input) = <(Hash, Vec<u8>, Vec<u8>)>::decode_all(&mut args).ok()?;
        let contract = address::contract(creator, &salt);
        let entry = EntryPoint::Init;
        self.shadows.contains_key(&contract).then_some(Entered { entry, contract, input })
    }

    #[track_caller]
    fn compare(
        &self,
        before: &State,
        entered: &[Entered],
        (caller, transaction): (Address, Hash),
        wasm: &Side,
    ) -> Result<(), TestFailure> {
        let mut sandbox = Sandbox::new();
        sandbox.caller(caller).transaction_id(transaction);
        sandbox.time(self.time()).height(self.height());
        let mut stored = BTreeMap::new();
        for (contract, register) in &self.shadows {
            register(&mut sandbox, *contract);
            let values = values(before, *contract);
            sandbox.load(*contract, values.clone());
            stored.insert(*contract, values);
        }
        let entries: Vec<_> =
            entered.iter().map(|e| (e.entry, e.contract, e.input.as_slice())).collect();
        let result = sandbox.enter_all(&entries);
        for contract in sandbox.absent() {
            let record = system::contract_record(self.state.as_ref(), *contract).map_err(fault)?;
            if *contract == Address::SYSTEM || record.is_some() {
                return Err(TestFailure::NotShadowed { contract: *contract });
            }
        }
        let native = Side {
            result,
            panic: sandbox.panic_text().map(str::to_owned),
            events: sandbox
                .events()
                .iter()
                .map(|e| Event { contract: e.contract, topic: e.topic, data: e.data.clone() })
                .collect(),
            changed: (stored.iter())
                .flat_map(|(contract, was)| changes(*contract, was, &sandbox.storage_of(*contract)))
                .collect(),
        };
        let same = wasm.result == native.result
            && wasm.events == native.events
            && wasm.changed == native.changed;
        if !same {
            panic!("{}", self.difference(entered, caller, wasm, &native));
        }
        Ok(())
    }

    fn difference(
        &self,
        entered: &[Entered],
        caller: Address,
        wasm: &Side,
        native: &Side,
    ) -> String {
        let methods: Vec<String> = entered
            .iter()
            .map(|e| self.names.method(&*self.state, e.contract, e.method()))
            .collect();
        let known = self.names.accounts().get(&caller);
        let by = known.map_or_else(|| caller.to_string(), |name| format!("@{name}"));
        let mut text =
            format!("{} by {by}: WASM and native code do not do the same", methods.join(" + "));
        // Writing to a `String` cannot fail.
        let mut line = |what: &str, wasm: String, native: String| {
            let _ = write!(text, "\n  {what}\n    WASM    {wasm}\n    native  {native}");
        };
        if wasm.result != native.result {
            line("result", self.result(entered, wasm), self.result(entered, native));
        }
        if wasm.events != native.events {
            line("events", self.event_list(&wasm.events), self.event_list(&native.events));
        }
        if wasm.changed != native.changed {
            let only = |side: &Side, other: &Side| {
                let own = side.changed.iter().filter(|change| !other.changed.contains(change));
                list(own.map(|change| self.changed_text(change)).collect())
            };
            line("changes of storage", only(wasm, native), only(native, wasm));
        }
        text
    }

    fn result(&self, entered: &[Entered], side: &Side) -> String {
        let spec = |contract| self.names.spec(&*self.state, contract);
        match &side.result {
            Ok(outputs) => {
                let shown = entered.iter().zip(outputs).map(|(entered, output)| {
                    let decoded = spec(entered.contract).and_then(|spec| {
                        let method = spec.method_by_selector(entered.method()?)?;
                        let ty = method.returns;
                        let value = return_to_json(&spec, ty, output, &method.name).ok()?;
                        Some(typed_text(&spec.types, ty, &value))
                    });
                    decoded.unwrap_or_else(|| to_text(output))
                });
                format!("ok: {}", list(shown.collect()))
            }
            Err((index, CallError::Contract(error))) => {
                let spec = entered.get(*index).and_then(|entered| spec(entered.contract));
                spec.map_or_else(|| to_text(error), |spec| error_text(&spec, error))
            }
            Err((_, error)) => match &side.panic {
                Some(panic) => format!("{error:?}: {panic}"),
                None => format!("{error:?}"),
            },
        }
    }

    fn event_list(&self, events: &[Event]) -> String {
        let shown = events.iter().map(|event| {
            let decoded = self.names.spec(&*self.state, event.contract).and_then(|spec| {
                let known = spec.event_by_topic(event.topic)?;
                let value = event_to_json(&spec, known, &event.data).ok()?;
                let fields = known.fields.iter().map(|field| (field.name.as_str(), field.ty));
                Some(format!("{} {}", known.name, fields_text(&spec.types, fields, &value)))
            });
            decoded.unwrap_or_else(|| format!("{} {}", event.topic, to_text(&event.data)))
        });
        list(shown.collect())
    }

    fn changed_text(&self, changed: &Changed) -> String {
        self.change(changed).map_or_else(|| format!("{changed:?}"), |change| change.to_string())
    }
}

impl Entered {
    /// None for an init method.
    fn method(&self) -> Option<Selector> {
        let selector = self.input.first_chunk().filter(|_| self.entry != EntryPoint::Init);
        selector.map(|selector| Selector(*selector))
    }
}

impl Side {
    const fn nothing() -> Self {
        Self { result: Ok(Vec::new()), panic: None, events: Vec::new(), changed: Vec::new() }
    }

    fn failed(call: usize, error: CallError<Vec<u8>>, panic: Option<String>) -> Self {
        Self { result: Err((call, error)), panic, ..Self::nothing() }
    }
}

fn list(items: Vec<String>) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join("; ") }
}

/// The system contract answers an `instantiate` with the address; the init method said nothing.
fn outputs(entered: &[Entered], outputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    match entered {
        [Entered { entry: EntryPoint::Init, .. }] => vec![Vec::new()],
        _ => outputs.to_vec(),
    }
}

fn own_events(events: &[Event]) -> Vec<Event> {
    events.iter().filter(|event| event.contract != Address::SYSTEM).cloned().collect()
}

/// What a contract has stored, by its own keys.
fn values(state: &State, contract: Address) -> State {
    let range = state.range(contract.0.to_vec()..);
    let own = range
        .map_while(|(key, value)| Some((key.strip_prefix(&contract.0)?.to_vec(), value.clone())));
    own.collect()
}

fn changes(contract: Address, before: &State, after: &State) -> Vec<Changed> {
    let mut keys: Vec<&Vec<u8>> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let changed = keys.into_iter().map(|key| {
        let (before, after) = (before.get(key).cloned(), after.get(key).cloned());
        Changed { contract, key: key.clone(), before, after }
    });
    changed.filter(|changed| changed.before != changed.after).collect()
}

/// The error as a native run has it; none when there is no native counterpart: gas, memory and
/// stack are not bounded there, and the system contract is absent.
fn comparable(error: &ExecutionError) -> Option<CallError<Vec<u8>>> {
    Some(match error {
        ExecutionError::Contract { contract: Address::SYSTEM, .. } => return None,
        ExecutionError::Contract { error, .. } => CallError::Contract(error.clone()),
        ExecutionError::UnknownContract { .. } => CallError::UnknownContract,
        ExecutionError::UnknownMethod { .. } => CallError::UnknownMethod,
        ExecutionError::BadArguments { .. } => CallError::BadArguments,
        ExecutionError::Reentrant { .. } => CallError::Reentrant,
        ExecutionError::CallDepth { .. } => CallError::Depth,
        // The stack lies first in memory: what overflows it leaves the memory.
        ExecutionError::Trap {
            kind: TrapKind::StackOverflow | TrapKind::MemoryOutOfBounds,
            ..
        }
        | ExecutionError::OutOfGas { .. }
        | ExecutionError::Internal => return None,
        ExecutionError::Trap { .. }
        | ExecutionError::ReadOnly { .. }
        | ExecutionError::Limit { .. }
        | ExecutionError::BadPointer { .. } => CallError::Trapped,
    })
}

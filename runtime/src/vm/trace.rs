//! What simulations remember of the contracts that they entered. Never reaches a receipt.

use super::{Done, EntryKind, Request};
use dure_types::{Address, Event, ExecutionError, Gas, Hash, limits};

/// Which entry point a call went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// The init method.
    Init,
    /// A method that may write.
    Call,
    /// A read-only method.
    Query,
    /// A migration, in an upgrade.
    Migrate,
}

/// One contract that was entered, in the order of entering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedCall {
    /// Contracts around it: 0 for what the transaction itself calls.
    pub depth: u32,
    /// Who was entered.
    pub contract: Address,
    /// The code that it had then; the zero hash of the system contract, and of what is none. A
    /// transaction that fails leaves no other mark of a contract that it made or upgraded.
    pub code: Hash,
    /// Who called.
    pub caller: Address,
    /// How.
    pub entered: Entered,
    /// Selector and arguments; of an init, the arguments only; of a migration, the version that it
    /// starts from (u32, little-endian) and the arguments.
    pub input: Vec<u8>,
    /// Gas that it and everything below it used.
    pub gas_used: Gas,
    /// What it answered; none when the node itself failed inside.
    pub result: Option<Result<Vec<u8>, ExecutionError>>,
    /// Events that it emitted itself, also when they were undone later.
    pub events: Vec<Event>,
    /// What it said when it panicked, with the source's file and line.
    pub panic: Option<String>,
}

/// The calls of one simulation or query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    calls: Vec<TracedCall>,
    /// Bytes kept in `calls`, counted roughly.
    bytes: usize,
    /// Index of each open call; none for one that is not kept.
    open: Vec<Option<usize>>,
    /// Text of the panic that ended the innermost contract, until that contract is left.
    panic: Option<String>,
    /// For each open call, the ranges of events that the calls inside it emitted.
    inner: Vec<Vec<(usize, usize)>>,
}

impl Trace {
    /// Notes that a contract, which has this code, is entered.
    pub(crate) fn begin(&mut self, request: &Request, code: Hash) {
        let depth = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        self.inner.push(Vec::new());
        let full = self.calls.len() >= limits::TRACED_CALLS_MAX;
        if full || self.bytes >= limits::TRACED_BYTES_MAX {
            self.open.push(None);
            return;
        }
        self.bytes = self.bytes.saturating_add(request.input.len());
        self.open.push(Some(self.calls.len()));
        self.calls.push(TracedCall {
            depth,
            contract: request.contract,
            code,
            caller: request.caller,
            entered: match request.kind {
                EntryKind::Init => Entered::Init,
                EntryKind::Call => Entered::Call,
                EntryKind::Query => Entered::Query,
                EntryKind::Migrate => Entered::Migrate,
            },
            input: request.input.clone(),
            gas_used: Gas(request.gas),
            result: None,
            events: Vec::new(),
            panic: None,
        });
    }

    /// Notes what a contract said before it panicked.
    pub(crate) fn panicked(&mut self, text: &str) {
        self.panic = Some(text.to_owned());
    }

    /// Notes that the contract entered last is left; `events` are those of the transaction so far
    /// and `first` is the number of its own first one.
    pub(crate) fn end(&mut self, done: Option<&Done>, events: &[Event], first: usize) {
        let (Some(open), Some(inner)) = (self.open.pop(), self.inner.pop()) else { return };
        let panic = self.panic.take();
        let failed = !matches!(done, Some(Done { result: Ok(_), .. }));
        if let (false, Some(outer)) = (failed, self.inner.last_mut()) {
            outer.push((first, events.len()));
        }
        let Some(call) = open.and_then(|index| self.calls.get_mut(index)) else { return };
        let of_inner = |index: usize| inner.iter().any(|(from, to)| (*from..*to).contains(&index));
        let own = events.iter().enumerate().skip(first).filter(|(index, _)| !of_inner(*index));
        call.events = own.map(|(_, event)| event.clone()).collect();
        let kept = call.events.iter().map(|event| event.data.len());
        self.bytes = kept.fold(self.bytes, usize::saturating_add);
        if let Some(done) = done {
            call.gas_used = call.gas_used.saturating_sub(Gas(done.gas_left));
            if let Ok(output) = &done.result {
                self.bytes = self.bytes.saturating_add(output.len());
            }
            call.result = Some(done.result.clone());
        }
        call.panic = panic.filter(|_| failed);
    }

    /// The calls in the order in which they were entered.
    pub(crate) fn into_calls(self) -> Vec<TracedCall> {
        self.calls
    }
}

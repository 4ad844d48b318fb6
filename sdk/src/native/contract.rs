//! Contracts that a sandbox can enter.

use super::world::{Frame, World, world};
use crate::{
    Cx,
    entry::{self, BAD_ARGUMENTS, CONTRACT_ERROR, OK, UNKNOWN_METHOD},
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::any::Any;
use dure_abi::{Address, CallFault, Selector, limits};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The entry points of a contract outside WASM. The `contract` attribute implements it for the
/// struct under `#[storage]`.
pub trait Contract {
    /// Methods that may run while the contract is on the call stack.
    const REENTRANT: &'static [Selector];
    /// Fields that other contracts may read.
    const PUBLISHED: &'static [u16];

    /// Runs the init method on its SCALE arguments and returns an exit code of `dure_abi::entry`.
    fn init(cx: &Cx, arguments: &[u8]) -> i32;

    /// Runs a method that may write; the selector is read as a little-endian number.
    fn call(cx: &Cx, selector: u32, arguments: &[u8]) -> i32;

    /// Runs a method that may not write.
    fn query(cx: &Cx, selector: u32, arguments: &[u8]) -> i32;
}

/// [`Contract`] as values.
#[derive(Clone, Copy)]
pub(super) struct Dispatch {
    reentrant: &'static [Selector],
    pub(super) published: &'static [u16],
    init: fn(&Cx, &[u8]) -> i32,
    call: fn(&Cx, u32, &[u8]) -> i32,
    query: fn(&Cx, u32, &[u8]) -> i32,
}

impl Dispatch {
    pub(super) fn of<C: Contract>() -> Self {
        Self {
            reentrant: C::REENTRANT,
            published: C::PUBLISHED,
            init: C::init,
            call: C::call,
            query: C::query,
        }
    }

    fn run(self, entry: EntryPoint, input: &[u8]) -> i32 {
        let cx = Cx::new();
        match entry {
            EntryPoint::Init => (self.init)(&cx, input),
            EntryPoint::Call => entry::route(&cx, input, self.call),
            EntryPoint::Query => entry::route(&cx, input, self.query),
        }
    }
}

/// Where a contract is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryPoint {
    /// The init method; the input is its arguments.
    Init,
    /// A method that may write; the input is selector and arguments.
    Call,
    /// A method that may not write; the input is selector and arguments.
    Query,
}

/// What to run.
pub(super) struct Request<'a> {
    pub(super) entry: EntryPoint,
    pub(super) contract: Address,
    pub(super) caller: Address,
    pub(super) input: &'a [u8],
    pub(super) read_only: bool,
}

/// Why there is no value.
pub(super) enum Ended {
    /// The contract's own error.
    Error(Vec<u8>),
    /// Anything else.
    Fault(CallFault),
}

/// Runs one entry point of one contract. When it fails, its writes and events are undone.
pub(super) fn enter(request: &Request<'_>) -> Result<Vec<u8>, Ended> {
    let (dispatch, level) = world(|world| begin(world, request)).map_err(Ended::Fault)?;
    let savepoint = world(|world| world.savepoint());
    let exit = catch_unwind(AssertUnwindSafe(|| dispatch.run(request.entry, request.input)));
    world(|world| {
        // A panic leaves the frames of whatever it passed through.
        world.frames.truncate(level.saturating_add(1));
        let output = world.frames.pop().map(|frame| frame.output).unwrap_or_default();
        let ended = match exit {
            Ok(OK) => return Ok(output),
            Ok(CONTRACT_ERROR) => Ended::Error(output),
            Ok(UNKNOWN_METHOD) => Ended::Fault(CallFault::UnknownMethod),
            Ok(BAD_ARGUMENTS) => Ended::Fault(CallFault::BadArguments),
            Ok(_) => Ended::Fault(CallFault::Trapped),
            Err(panic) => {
                world.panic = Some(text(&*panic));
                Ended::Fault(CallFault::Trapped)
            }
        };
        world.roll_back(savepoint);
        Err(ended)
    })
}

/// Judges depth, existence and re-entrance in the runtime's order, and puts the contract on the
/// stack.
fn begin(world: &mut World, request: &Request<'_>) -> Result<(Dispatch, usize), CallFault> {
    let level = world.frames.len();
    if level >= limits::CALL_DEPTH_MAX {
        return Err(CallFault::Depth);
    }
    let contract = request.contract;
    let dispatch = world.dispatch(contract).ok_or(CallFault::UnknownContract)?;
    let entered = world.frames.iter().any(|frame| frame.contract == contract);
    if entered && !dispatch.reentrant.contains(&selector(request)) {
        return Err(CallFault::Reentrant);
    }
    let (caller, read_only) = (request.caller, request.read_only);
    world.frames.push(Frame { contract, caller, read_only, output: Vec::new() });
    Ok((dispatch, level))
}

fn selector(request: &Request<'_>) -> Selector {
    match (request.entry, request.input.first_chunk()) {
        (EntryPoint::Call | EntryPoint::Query, Some(selector)) => Selector(*selector),
        _ => Selector::default(),
    }
}

/// What a panic said.
pub(super) fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

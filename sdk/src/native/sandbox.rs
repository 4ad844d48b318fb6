//! The sandbox as a test holds it.

use super::{
    contract::{Contract, Dispatch, Ended, EntryPoint, Request, enter, text},
    touched::Touched,
    world::{Emitted, Frame, World, exchange},
};
use crate::{CallError, Cx, Event, Invocation};
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use codec::{Decode, Encode};
use core::any::Any;
use dure_abi::{Address, Hash, Height, TimestampMs};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The output of each entry, or which one failed and why.
pub type Outputs = Result<Vec<Vec<u8>>, (usize, CallError<Vec<u8>>)>;

/// A chain in a test's memory: stored values, events, time, and contracts at addresses.
///
/// What is set (`caller`, `time`, ..) stays set for all runs that follow.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let mut sandbox = Sandbox::new();
/// let mut seats = Map::<u8, String>::open(Place::field(0));
/// let refused = sandbox.attempt(|_| {
///     seats.set(&1, &"Ana".to_string());
///     Err::<(), _>("the seat is taken")
/// });
/// assert_eq!(refused, Err("the seat is taken"));
/// // What the refused attempt wrote was undone.
/// assert!(sandbox.storage().is_empty());
/// ```
pub struct Sandbox {
    world: Box<World>,
    contract: Address,
    caller: Address,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Starts with nothing stored, at height 1 and 2026-01-01 00:00 UTC.
    #[must_use]
    pub fn new() -> Self {
        let mut world = Box::new(World::default());
        world.height = Height(1);
        world.time = TimestampMs(1_767_225_600_000);
        Self { world, contract: Address([0xc0; 32]), caller: Address([0xca; 32]) }
    }

    /// Sets who calls.
    pub fn caller(&mut self, caller: Address) -> &mut Self {
        self.caller = caller;
        self
    }

    /// Sets whose storage [`Sandbox::run`] works on.
    pub fn contract(&mut self, contract: Address) -> &mut Self {
        self.contract = contract;
        self
    }

    /// Sets the block's time.
    pub fn time(&mut self, time: TimestampMs) -> &mut Self {
        self.world.time = time;
        self
    }

    /// Sets the block's height.
    pub fn height(&mut self, height: Height) -> &mut Self {
        self.world.height = height;
        self
    }

    /// Sets the id of the transaction.
    pub fn transaction_id(&mut self, id: Hash) -> &mut Self {
        self.world.transaction = id;
        self
    }

    /// Runs code as the contract does, and keeps what it wrote.
    ///
    /// # Panics
    /// When the code does; what it wrote is undone then.
    pub fn run<T>(&mut self, body: impl FnOnce(&Cx) -> T) -> T {
        self.transact(body, |_| true)
    }

    /// Runs code as a method does that can fail: what it wrote is undone when it returns an error.
    ///
    /// # Errors
    /// The code's own.
    ///
    /// # Panics
    /// As [`Sandbox::run`].
    pub fn attempt<T, E>(&mut self, body: impl FnOnce(&Cx) -> Result<T, E>) -> Result<T, E> {
        self.transact(body, Result::is_ok)
    }

    fn transact<T>(&mut self, body: impl FnOnce(&Cx) -> T, keep: impl FnOnce(&T) -> bool) -> T {
        self.world.begin();
        let savepoint = self.world.savepoint();
        let (contract, caller) = (self.contract, self.caller);
        self.world.frames.push(Frame { contract, caller, read_only: false, output: Vec::new() });
        let result = self.inside(|| catch_unwind(AssertUnwindSafe(|| body(&Cx::new()))));
        self.world.frames.clear();
        if !result.as_ref().is_ok_and(keep) {
            self.world.roll_back(savepoint);
        }
        result.unwrap_or_else(|panic| self.unwind(panic))
    }

    fn unwind(&mut self, panic: Box<dyn Any + Send>) -> ! {
        self.world.panic = Some(text(&*panic));
        resume_unwind(panic)
    }

    /// Makes this world the thread's while `body` runs, which must not panic.
    fn inside<T>(&mut self, body: impl FnOnce() -> T) -> T {
        let outer = exchange(Some(core::mem::take(&mut self.world)));
        let value = body();
        if let Some(world) = exchange(outer) {
            self.world = world;
        }
        value
    }

    /// Puts a contract at an address, without running its init method.
    pub fn register<C: Contract>(&mut self, address: Address) -> &mut Self {
        self.world.contracts.insert(address, Dispatch::of::<C>());
        self
    }

    /// Puts a contract at an address and runs its init method on a tuple of its arguments.
    ///
    /// # Errors
    /// As [`Sandbox::send_bytes`]; there is no contract at the address then.
    pub fn deploy<C: Contract>(
        &mut self,
        address: Address,
        arguments: impl Encode,
    ) -> Result<(), CallError<Vec<u8>>> {
        self.register::<C>(address);
        let done = self.enter(EntryPoint::Init, address, &arguments.encode());
        if done.is_err() {
            self.world.contracts.remove(&address);
        }
        done.map(|_| ())
    }

    /// Calls a contract as a transaction of one call does.
    ///
    /// # Errors
    /// [`CallError`]; what the contract did was undone.
    pub fn send<T: Decode, E: Decode>(
        &mut self,
        contract: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, CallError<E>> {
        typed::<T, E>(self.send_bytes(contract, invocation.input()))
    }

    /// Asks a contract, which cannot write.
    ///
    /// # Errors
    /// [`CallError`]
    pub fn ask<T: Decode, E: Decode>(
        &mut self,
        contract: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, CallError<E>> {
        typed::<T, E>(self.ask_bytes(contract, invocation.input()))
    }

    /// Calls a contract with selector and SCALE arguments.
    ///
    /// # Errors
    /// [`CallError`]; `Contract` carries the SCALE bytes of the contract's error.
    pub fn send_bytes(
        &mut self,
        contract: Address,
        input: &[u8],
    ) -> Result<Vec<u8>, CallError<Vec<u8>>> {
        self.enter(EntryPoint::Call, contract, input)
    }

    /// Asks a contract with selector and SCALE arguments.
    ///
    /// # Errors
    /// As [`Sandbox::send_bytes`].
    pub fn ask_bytes(
        &mut self,
        contract: Address,
        input: &[u8],
    ) -> Result<Vec<u8>, CallError<Vec<u8>>> {
        self.enter(EntryPoint::Query, contract, input)
    }

    /// Enters contracts one after another as one transaction does: all or nothing.
    ///
    /// ```
    /// use dure_sdk::{native::{EntryPoint, Sandbox}, prelude::*};
    /// let nobody = Address([1; 32]);
    /// let mut sandbox = Sandbox::new();
    /// let refused = sandbox.enter_all(&[(EntryPoint::Call, nobody, &[0; 4])]);
    /// assert_eq!(refused, Err((0, CallError::UnknownContract)));
    /// assert_eq!(sandbox.absent(), [nobody]);
    /// ```
    ///
    /// # Errors
    /// Which entry failed, and why; `Contract` carries the SCALE bytes of the contract's error.
    pub fn enter_all(&mut self, entries: &[(EntryPoint, Address, &[u8])]) -> Outputs {
        self.world.begin();
        let (start, caller) = (self.world.savepoint(), self.caller);
        let mut outputs = Vec::with_capacity(entries.len());
        for (index, &(entry, contract, input)) in entries.iter().enumerate() {
            let read_only = entry == EntryPoint::Query;
            let request = Request { entry, contract, caller, input, read_only };
            match self.inside(|| enter(&request)) {
                Ok(output) => outputs.push(output),
                Err(ended) => {
                    self.world.roll_back(start);
                    return Err((
                        index,
                        match ended {
                            Ended::Error(error) => CallError::Contract(error),
                            Ended::Fault(fault) => CallError::from_fault(fault),
                        },
                    ));
                }
            }
        }
        Ok(outputs)
    }

    fn enter(
        &mut self,
        entry: EntryPoint,
        contract: Address,
        input: &[u8],
    ) -> Result<Vec<u8>, CallError<Vec<u8>>> {
        let outputs = self.enter_all(&[(entry, contract, input)]).map_err(|(_, error)| error)?;
        Ok(outputs.into_iter().next().unwrap_or_default())
    }

    /// Gives a contract these stored values, by key, in the place of those that it had.
    pub fn load(&mut self, contract: Address, values: BTreeMap<Vec<u8>, Vec<u8>>) -> &mut Self {
        self.world.state.insert(contract, values);
        self
    }

    /// The addresses that were called or read in the last run and have no contract here.
    #[must_use]
    pub fn absent(&self) -> &[Address] {
        &self.world.absent
    }

    /// What the last run looked at and changed.
    #[must_use]
    pub fn touched(&self) -> &Touched {
        &self.world.touched
    }

    /// Events of all runs, in order, without those that were undone.
    #[must_use]
    pub fn events(&self) -> &[Emitted] {
        &self.world.events
    }

    /// The events of one type, of whichever contract, decoded.
    #[must_use]
    pub fn events_of<E: Event + Decode>(&self) -> Vec<E> {
        let own = self.world.events.iter().filter(|event| event.topic == E::TOPIC);
        own.filter_map(|event| crate::entry::arguments(&event.data)).collect()
    }

    /// Texts that contracts showed by [`Cx::debug`], in order.
    #[must_use]
    pub fn debug_texts(&self) -> &[String] {
        &self.world.debug
    }

    /// What the last panic of the last run said, if it had one.
    #[must_use]
    pub fn panic_text(&self) -> Option<&str> {
        self.world.panic.as_deref()
    }

    /// What [`Sandbox::run`] stored: values by key, which starts with the field's number.
    #[must_use]
    pub fn storage(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.storage_of(self.contract)
    }

    /// What a contract stored.
    #[must_use]
    pub fn storage_of(&self, contract: Address) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.world.state.get(&contract).cloned().unwrap_or_default()
    }
}

fn typed<T: Decode, E: Decode>(
    result: Result<Vec<u8>, CallError<Vec<u8>>>,
) -> Result<T, CallError<E>> {
    match result {
        Ok(bytes) => Invocation::<T, E>::value(&bytes),
        Err(error) => Err(error.typed()),
    }
}

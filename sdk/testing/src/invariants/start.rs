//! What a function under `#[invariants]` begins with, and what it answers.

use super::{Explored, Invariants, Violation};
use crate::Chain;
use dure_types::Address;
use std::{fmt::Debug, io::Write};

/// The chain that sequences begin with, and the contracts whose methods are called.
///
/// A set-up function may return `(Chain, contract)` or `(Chain, contract, whatever else)`, where
/// `contract` is an address or an array of them, or a type of its own that implements this. All
/// accounts that the chain knows call.
pub trait Start {
    /// What the invariant is given: the address, or the addresses.
    type Contracts: Contracts;

    /// The chain as it was set up.
    fn chain(&self) -> &Chain;

    /// The contracts whose methods are called.
    fn contracts(&self) -> Self::Contracts;
}

/// One contract or several.
pub trait Contracts: Copy + Send + Sync {
    /// The addresses.
    fn addresses(&self) -> Vec<Address>;
}

impl Contracts for Address {
    fn addresses(&self) -> Vec<Address> {
        vec![*self]
    }
}

impl<const N: usize> Contracts for [Address; N] {
    fn addresses(&self) -> Vec<Address> {
        self.to_vec()
    }
}

impl<C: Contracts> Start for (Chain, C) {
    type Contracts = C;

    fn chain(&self) -> &Chain {
        &self.0
    }

    fn contracts(&self) -> C {
        self.1
    }
}

impl<C: Contracts, More> Start for (Chain, C, More) {
    type Contracts = C;

    fn chain(&self) -> &Chain {
        &self.0
    }

    fn contracts(&self) -> C {
        self.1
    }
}

/// What an invariant answers: `bool`, or a `Result` of it or of nothing.
pub trait Verdict {
    /// How it does not hold.
    ///
    /// # Errors
    /// The reason, for people.
    fn verdict(self) -> Result<(), String>;
}

impl Verdict for bool {
    fn verdict(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("it does not hold".to_owned()) }
    }
}

impl<E: Debug> Verdict for Result<(), E> {
    fn verdict(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

impl<E: Debug> Verdict for Result<bool, E> {
    fn verdict(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:?}"))?.verdict()
    }
}

/// The search that `#[invariants]` begins with: nothing may panic, whatever is called.
pub fn search<S: Start>(start: &S) -> Invariants<'_> {
    let contracts = start.contracts().addresses();
    let search = Invariants::of(start.chain()).no_panic();
    contracts.into_iter().fold(search, Invariants::contract)
}

/// What `#[invariants]` ends with: the report, for who asks to see it, and a warning for everybody.
///
/// # Panics
/// When an invariant was broken, or no call of some method was accepted.
#[track_caller]
pub fn conclude(test: &str, searched: Result<Explored, Violation>) {
    let explored = searched.unwrap_or_else(|violation| panic!("{violation}"));
    println!("{explored}");
    explored.assert_all_accepted();
    if let Some(warning) = explored.warning() {
        // Past the harness, which hides what a test that passes prints. A line that cannot be
        // shown is no failure of the test.
        let _ = writeln!(std::io::stderr(), "{test}: {warning}");
    }
}

//! A function under `#[invariants]` fails as a test when a sequence of calls breaks what it says.

use dure_testing::{
    Address, Amount, Chain, Refusal,
    invariants::{Moment, Played},
};
use mutants::ledger::{Error, call};

fn ledger(bugs: u16) -> (Chain, Address) {
    let mut chain = Chain::new();
    let (issuer, _) = (chain.account("issuer"), chain.account("guest"));
    let init = (bugs, Amount(1_000_000));
    let ledger = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    (chain, ledger)
}

/// A transfer to oneself adds and forgets to take.
fn first_bug() -> (Chain, Address) {
    ledger(1 << 1)
}

/// Anybody may raise the cap.
fn ninth_bug() -> (Chain, Address) {
    ledger(1 << 9)
}

// The sequence that the first run found is kept in `tests/corpus`, and played first since then.
#[dure_testing::invariants(first_bug)]
#[should_panic(expected = "broken: what_is_held_is_the_supply: it does not hold\n  1. ")]
fn what_is_held_is_the_supply(now: &Moment, ledger: Address) -> Result<bool, Refusal<Error>> {
    now.ask(ledger, &call::is_conserved())
}

#[dure_testing::invariants(ninth_bug, effort(256, 16))]
#[should_panic(expected = "broken: the_cap_stays_unless_the_issuer_moves_it: ")]
fn the_cap_stays_unless_the_issuer_moves_it(
    before: &Moment,
    played: &Played,
    after: &Moment,
    ledger: Address,
) -> Result<(), Refusal<Error>> {
    let moved = before.ask(ledger, &call::cap())? != after.ask(ledger, &call::cap())?;
    let issuer = dure_testing::Account::named("issuer").address();
    if moved && played.by != issuer { Err(Refusal::Contract(Error::NotIssuer)) } else { Ok(()) }
}

/// What the test above looks for with a bug, it does not find without.
#[dure_testing::invariants(sound, without("burn"))]
fn nothing_is_found_in_the_ledger_without_a_bug(
    now: &Moment,
    ledger: Address,
) -> Result<bool, Refusal<Error>> {
    now.ask(ledger, &call::is_conserved())
}

fn sound() -> (Chain, Address) {
    ledger(0)
}

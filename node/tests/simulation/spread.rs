//! Batches of several authors in a healthy network, and batches that do not come by themselves.

use crate::{
    faults::{Faults, ms},
    home::home_of_most,
    liars::seal,
    seeded::Dice,
    world::World,
};
use dure_node::{
    machine::{Action, Event, Wire},
    store::ledger,
};
use dure_types::{Acknowledgement, Batch, BatchReference, Height, limits};

#[test]
fn what_any_validator_takes_is_final_everywhere() {
    let faults = Faults { until: ms(3_000), ..Faults::NONE };
    let mut world = World::new(1, 4, faults).with_transactions(ms(20), ms(3_000));
    world.run_and_heal();
    let told: Vec<_> = world.clients.sent.values().map(|sent| sent.told_at - sent.at).collect();
    assert_eq!(world.checks.ran(), told.len());
    assert!(world.blames.is_empty(), "{:?}", world.blames);
    let mut sorted = told.clone();
    sorted.sort();
    println!(
        "{} final, p50 {:?}, worst {:?}",
        sorted.len(),
        sorted[sorted.len() / 2],
        sorted.last()
    );
}

/// The failure: an author reaches one other validator and dies. Who hears of the batch asks for it.
#[test]
fn a_batch_whose_author_died_is_fetched_from_who_holds_it() {
    let faults = Faults { until: ms(3_000), ..Faults::NONE };
    let mut world = World::new(2, 4, faults);
    world.run_until(ms(1_000));
    // What 0 sends reaches 1 alone; nothing reaches 0.
    world.cut = [(0, 2), (0, 3), (1, 0), (2, 0), (3, 0)].into_iter().collect();
    for n in 0..20 {
        world.transaction_at(0, ms(1_010 + 5 * n));
    }
    world.run_until(ms(1_800));
    let sealed = world.checks.acknowledged_of(world.hosts[0].id);
    assert!(sealed > 0, "node 1 acknowledged what 0 sealed");
    world.cut.extend([(0, 1)]);
    world.run_until(ms(3_000));
    let named = world.checks.named_of(world.hosts[0].id);
    assert!(named > 0, "named without its author");
    world.run_and_heal();
}

/// The failure: execution is slower than ordering. Blocks get empty and then wait, by rules that
/// every header keeps (`check.rs`: `written`), and go on once execution has caught up.
#[test]
fn slow_execution_slows_ordering_down() {
    let faults = Faults { until: ms(12_000), execution: 800, ..Faults::NONE };
    let mut world = World::new(3, 4, faults).with_transactions(ms(25), ms(10_000));
    world.run_until(ms(11_000));
    assert!(world.checks.lag > 8, "lag {}", world.checks.lag);
    world.faults.execution = 3;
    world.run_and_heal();
    assert!(world.clients.sent.values().all(|sent| sent.told.is_some()));
}

/// The failure: an author is alone for so long that its batches expire. What others sealed meanwhile
/// does not run again; what they did not seal is sealed anew.
#[test]
fn batches_that_expired_are_sealed_anew() {
    let faults = Faults { until: ms(25_000), ..Faults::NONE };
    let mut world = World::new(4, 4, faults);
    world.run_until(ms(1_000));
    world.cut = (1..4).flat_map(|other| [(other, 0), (0, other)]).collect();
    for n in 0..10 {
        world.transaction_at(0, ms(1_010 + 5 * n));
    }
    let mut world = world.with_transactions(ms(40), ms(24_000));
    world.run_until(ms(24_500));
    let ahead = world.checks.newest().0 - world.hosts[0].decided().0;
    assert!(ahead > limits::BATCH_EXPIRY_BLOCKS, "only {ahead} heights");
    let (open, _) = ledger::unnamed(&world.hosts[0].store, world.hosts[0].id).unwrap();
    assert!(!open.is_empty(), "it sealed what nobody else could");
    world.run_and_heal();
    assert!(world.clients.sent.values().all(|sent| sent.told.is_some()));
    // What expired is asked for no more, whoever said to hold it.
    let fetches = world.fetches;
    world.run_until(world.now() + ms(3_000));
    assert_eq!(world.fetches, fetches, "an idle network asks for nothing");
}

/// The failure: a validator lost its disk, and with it the numbers that it used. Those that it would
/// begin with are below the window of all others, who learnt from headers what it has used.
#[test]
fn who_lost_its_numbers_goes_on_after_those_that_headers_name() {
    let world = World::new(5, 4, Faults { until: ms(12_000), ..Faults::NONE });
    let lost = home_of_most(&world);
    let mut world = world.with_transactions(ms(10), ms(6_000));
    world.run_until(ms(6_500));
    let before = world.checks.named_of(world.hosts[lost].id);
    assert!(before as u64 > limits::BATCH_SEQ_WINDOW, "{before} batches were named");
    world.loses_disk(lost);
    for n in 0..100 {
        world.transaction_at((lost + 1) % 4, ms(10_000 + 10 * n));
    }
    world.run_and_heal();
    let after = world.checks.named_of(world.hosts[lost].id);
    assert!(after > before + 10, "{before} before, {after} after");
}

/// The failure: the same, and transactions come all the time. No number is used again that was sent
/// before, whether a header names it or not (`check.rs`: `sent`).
#[test]
fn who_lost_its_numbers_uses_none_again() {
    for seed in 7..10 {
        let world = World::new(seed, 4, Faults { until: ms(13_000), ..Faults::NONE });
        let lost = home_of_most(&world);
        let mut world = world.with_transactions(ms(7), ms(12_500));
        world.run_until(ms(6_500));
        let before = world.checks.named_of(world.hosts[lost].id);
        world.loses_disk(lost);
        world.run_and_heal();
        let after = world.checks.named_of(world.hosts[lost].id);
        assert!(before > 100 && after > before + 10, "{before} before, {after} after");
        assert!(world.blames.iter().all(|(_, _, blame)| !blame.is_proof()), "{:?}", world.blames);
    }
}

/// A batch of node 0 with one transaction, as node 0 would seal it.
fn batch_of_0(world: &mut World, seq: u64) -> (Batch, BatchReference) {
    let id = world.clients.make(&mut Dice::new(1), 0, world.now());
    let transactions = vec![world.clients.sent[&id].transaction.transaction().clone()];
    let host = &world.hosts[0];
    let sealed = seal(&world.shared, host, (seq, Height(200)), transactions);
    let Wire::Batch(batch) = sealed else { unreachable!("a batch was sealed") };
    let reference = batch.header.reference(world.shared.chain);
    (*batch, reference)
}

/// The attack: whoever a batch is waited from, another sends bad copies of it. They are checked, and
/// the true one is not kept waiting; what its author did not sign is not looked at, and holds no
/// number that the author may use.
#[test]
fn bad_copies_keep_no_true_one_out() {
    let mut world = World::new(6, 4, Faults::NONE);
    world.run_until(ms(1_000));
    let ids: Vec<_> = world.hosts.iter().map(|host| host.id).collect();
    let (signed, wanted) = batch_of_0(&mut world, 1);
    let (mut unsigned, made_up) = batch_of_0(&mut world, 2);
    let (honest, _) = batch_of_0(&mut world, 2);
    unsigned.signature = [7; 64];
    let said = |batch: BatchReference| {
        let BatchReference { author, seq, id } = batch;
        Acknowledgement { author, seq, id }
    };
    let mut step = |at, from: usize, wire| {
        let event = Event::Received(ids[from], Box::new(wire));
        let actions = world.hosts[3].step(ms(at), event).unwrap();
        let blamed = actions.iter().any(|action| matches!(action, Action::Blame(..)));
        assert!(!blamed, "nobody is proved a liar");
        let checked = |action: &&Action| matches!(action, Action::Verify(..));
        let asks = |action: &&Action| matches!(action, Action::Send(_, wire) if matches!(**wire, Wire::Fetch(_)));
        (actions.iter().filter(checked).count(), actions.iter().filter(asks).count())
    };
    let claims = Wire::Acknowledgements(vec![said(wanted), said(made_up)]);
    let ask = (1_010..3_000).step_by(10).find(|at| step(*at, 1, claims.clone()).1 > 0);
    let at = ask.expect("what 1 says to hold is asked for");
    let altered = Batch { transactions: Vec::new(), ..signed.clone() };
    let copy = |batch: &Batch| Wire::Batch(Box::new(batch.clone()));
    assert_eq!(step(at + 1, 2, copy(&altered)).0, 1);
    assert_eq!(step(at + 1, 2, copy(&altered)).0, 0, "one of each at a time");
    assert_eq!(step(at + 2, 1, copy(&signed)).0, 1, "the true one is checked beside it");
    assert_eq!(step(at + 3, 1, copy(&unsigned)).0, 0);
    assert_eq!(step(at + 4, 0, copy(&honest)).0, 1, "its number is free");
}

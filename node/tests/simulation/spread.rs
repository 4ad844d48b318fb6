//! Batches of several authors in a healthy network, and batches that do not come by themselves.

use crate::{faults::Faults, world::World};
use dure_node::store::ledger;
use dure_types::limits;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

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
}

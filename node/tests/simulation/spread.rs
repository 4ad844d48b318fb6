//! Batches of several authors in a healthy network, and batches that do not come by themselves.

use crate::{dice::Faults, world::World};
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

//! Everything at once, from one seed.

use crate::{
    faults::Faults,
    liars,
    seeded::{Dice, play_each_twice},
    world::World,
};
use dure_node::store::memory::Failure;
use std::time::Duration;

/// One seed; returns the trace of what happened.
pub(crate) fn chaos(seed: u64) -> u64 {
    let faults = Faults::at_random(&mut Dice::new(seed));
    let count = [4, 4, 5, 1][(seed % 4) as usize];
    let mut dice = Dice::new(!seed);
    let mut world = World::new(seed, count, Faults::NONE).with_token();
    let until = world.now() + faults.until;
    world.faults = Faults { until, ..faults };
    if count > 3 && dice.percent(40) {
        let mut liars = liars::all();
        world.lies(dice.pick(count), liars.swap_remove(dice.pick(liars.len())));
    }
    let mut world = world.with_transactions(Duration::from_millis(60), until).with_chaos();
    world.run_and_heal();
    world.trace()
}

#[test]
fn chaos_loses_nothing_and_heals() {
    play_each_twice(30, |seed| [chaos(seed), chaos(seed)]);
}

/// Found by `cargo xtask simulate`: a validator that had lost its disk crashed again while it caught up,
/// and took the numbers that it had used for free.
#[test]
fn seeds_that_failed_once() {
    chaos(85_323_820_302_394);
}

/// The power of one validator goes at each of its barriers in turn; the others go on, and it comes
/// back with all that it told and promised.
#[test]
fn power_lost_at_any_barrier_of_one_validator() {
    for k in 1..=36 {
        let until = Duration::from_millis(1_200);
        let mut world = World::new(40 + k, 4, Faults { until, ..Faults::NONE })
            .with_transactions(Duration::from_millis(25), until);
        world.hosts[0].store.fail(match k % 3 {
            0 => Failure::BeforeBarrier(world.hosts[0].store.barriers() + k),
            1 => Failure::AfterBarrier(world.hosts[0].store.barriers() + k),
            _ => Failure::Full(world.hosts[0].store.barriers() + k),
        });
        world.run_and_heal();
        assert!(world.hosts[0].lives > 1, "it lost its power at barrier {k}");
    }
}

//! Nodes that were away: headers by range, batches from whoever has them, execution in order.

use crate::{faults::Faults, world::World};
use dure_node::store::memory::Failure;
use dure_types::Height;
use std::time::{Duration, Instant};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn cut_off(seed: u64, away: Duration) -> World {
    let faults = Faults { until: away, ..Faults::NONE };
    let mut world = World::new(seed, 4, faults).with_transactions(ms(40), away);
    world.cut = (0..3).flat_map(|other| [(other, 3), (3, other)]).collect();
    world
}

#[test]
fn a_node_that_was_away_is_level_within_seconds() {
    let mut world = cut_off(31, ms(20_000));
    world.run_until(ms(20_000));
    let newest = world.checks.newest();
    assert!(world.hosts[3].executed() == Height(0) && newest.0 > 200, "{newest}");
    world.run_and_heal();
}

/// The attack on ourselves: headers are decided and durable, their batches are not here yet.
#[test]
fn power_lost_while_batches_are_missing_changes_nothing() {
    let run = |failure: Option<Failure>| {
        let mut world = cut_off(32, ms(5_000));
        world.run_until(ms(5_000));
        world.heal();
        let before = world.hosts[3].store.barriers();
        if let Some(failure) = failure {
            world.hosts[3].store.fail(failure);
        }
        world.run_and_heal();
        (before, world.hosts[3].store.barriers())
    };
    let (before, after) = run(None);
    assert!(after > before + 20, "{before} {after}");
    for k in (before + 1)..=(before + 12) {
        run(Some(Failure::BeforeBarrier(k)));
        run(Some(Failure::AfterBarrier(k)));
    }
}

/// How fast: printed, not asserted. `cargo test --test simulation slow_ -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes; a measurement"]
fn slow_catch_up_of_many_blocks() {
    let mut world = cut_off(33, ms(500_000));
    world.run_until(ms(500_000));
    let newest = world.checks.newest();
    world.heal();
    let (begun, virtually) = (Instant::now(), world.now());
    while world.hosts[3].executed() < newest {
        world.run_until(world.now() + ms(50));
    }
    let (real, virtually) = (begun.elapsed().as_secs_f64(), world.now() - virtually);
    println!("{newest} blocks in {real:.1} s, {virtually:?} of virtual time");
}

//! What holds when nothing goes wrong.

use crate::{
    figures::latency,
    world::{Faults, World},
};
use dure_types::Height;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn one_validator_is_the_same_code_and_decides_within_two_fsyncs() {
    let mut world = World::new(1, &[1], Faults::NONE).with_batches(ms(400));
    world.run_until(ms(3_500));
    assert!(world.slowest() >= Height(7), "{:?}", world.slowest());
    assert!(world.checks.named.len() >= 7);
    assert!(latency(&world, 100) <= ms(120), "{:?}", latency(&world, 100));
}

#[test]
fn an_idle_chain_beats_once_a_second() {
    let mut world = World::new(2, &[1; 4], Faults::NONE);
    world.run_until(ms(10_500));
    let heights = world.newest().0;
    assert!((9..=12).contains(&heights), "{heights}");
}

/// The attack: a dead proposer costs a timeout at every turn of its own. After two misses that
/// certificates in headers show, it is passed over for 64 heights.
#[test]
fn dead_proposer_is_passed_over() {
    let mut world = World::new(4, &[1; 4], Faults::NONE);
    world.fsync = ms(5);
    world.faults.until = ms(17_000);
    let mut world = world.with_batches(ms(50));
    world.nodes[3].life = None;
    world.run_until(ms(20_000));
    let ledger = &world.nodes[0].disk.ledger;
    let late: Vec<_> =
        ledger.iter().filter(|(_, c)| c.round > 0).map(|(h, _)| h.height.0).collect();
    assert!(late.len() >= 2 && late[2..].iter().all(|height| *height > late[1] + 60), "{late:?}");
}

/// Three times the power is three times the turns; without it there is no quorum.
#[test]
fn power_weighs() {
    let mut world = World::new(5, &[3, 1, 1, 1], Faults::NONE);
    world.run_until(ms(60_000));
    let heights = world.newest().0;
    assert!(heights > 40);
    world.nodes[0].life = None;
    world.run_until(ms(70_000));
    assert!(world.newest().0 <= heights + 1, "three of six are no quorum");
}

//! What holds when nothing goes wrong.

use crate::{
    chaos::one_history,
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

/// Malachite's `byzantine_engine.rs`: two of four that say nothing are more than may lie. Nothing is
/// decided then, nothing forks, and all go on when they speak again.
#[test]
fn two_of_four_that_say_nothing_stall_the_others_and_fork_nothing() {
    let mut world = World::new(6, &[1; 4], Faults::NONE);
    world.faults.until = ms(9_000);
    let mut world = world.with_batches(ms(100));
    world.run_until(ms(2_000));
    world.cut = (0..4).flat_map(|to| [(2, to), (3, to)]).filter(|(a, b)| a != b).collect();
    world.run_until(ms(2_500));
    let stalled = world.newest();
    world.run_until(ms(6_000));
    assert_eq!(world.newest(), stalled);
    world.heal();
    world.run_until(ms(9_000));
    assert!(world.slowest().0 > stalled.0 + 5, "{} after {stalled}", world.slowest());
    one_history(&world);
}

/// Malachite's `n3f1.rs`: of three a quorum is all three. One that is down stops them, and they go
/// on when it is back.
#[test]
fn three_wait_for_the_third() {
    let mut world = World::new(7, &[1; 3], Faults::NONE);
    world.faults.until = ms(9_000);
    let mut world = world.with_batches(ms(100));
    world.run_until(ms(2_000));
    world.nodes[1].life = None;
    world.run_until(ms(2_300));
    let stalled = world.newest();
    assert!(stalled.0 > 5);
    world.run_until(ms(6_000));
    assert_eq!(world.newest(), stalled);
    world.heal();
    world.run_until(ms(9_000));
    assert!(world.slowest().0 > stalled.0 + 5, "{} after {stalled}", world.slowest());
    one_history(&world);
}

/// A node that is no validator follows, and signs nothing.
#[test]
fn who_is_no_validator_follows_and_signs_nothing() {
    let mut world = World::new(8, &[1, 1, 1, 1, 0], Faults::NONE);
    world.faults.until = ms(5_000);
    let mut world = world.with_batches(ms(100));
    world.run_until(ms(8_000));
    assert!(world.nodes[4].disk.height().0 > 30, "{}", world.nodes[4].disk.height());
    assert!(!world.checks.signed_by.contains(&world.nodes[4].id));
    one_history(&world);
}

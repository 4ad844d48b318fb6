//! What holds when nothing goes wrong.

use crate::world::{Faults, World};
use dure_types::Height;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// From a batch's birth to the decision that names it, the p-th percentile.
fn latency(world: &World, percent: usize) -> Duration {
    let mut times: Vec<Duration> =
        world.named.iter().map(|(id, height)| world.decided_at[height] - world.born[id]).collect();
    times.sort();
    times[(times.len() - 1) * percent / 100]
}

#[test]
fn one_validator_is_the_same_code_and_decides_within_two_fsyncs() {
    let mut world = World::new(1, &[1], Faults::NONE).with_batches(ms(400));
    world.run_until(ms(3_500));
    assert!(world.slowest() >= Height(7), "{:?}", world.slowest());
    assert!(world.named.len() >= 7);
    assert!(latency(&world, 100) <= ms(120), "{:?}", latency(&world, 100));
}

#[test]
fn an_idle_chain_beats_once_a_second() {
    let mut world = World::new(2, &[1; 4], Faults::NONE);
    world.run_until(ms(10_500));
    let heights = world.newest().0;
    assert!((9..=12).contains(&heights), "{heights}");
}

#[test]
fn four_validators_decide_in_three_hops_under_load() {
    let mut world = World::new(3, &[1; 4], Faults::NONE);
    world.fsync = ms(5);
    world.faults.until = ms(7_000);
    let mut world = world.with_batches(ms(50));
    world.run_until(ms(10_000));
    let (p50, p99) = (latency(&world, 50), latency(&world, 99));
    println!("p50 {p50:?}, p99 {p99:?}, {} heights, {} steps", world.newest(), world.steps);
    assert!(p50 < ms(250) && p99 < ms(600), "p50 {p50:?}, p99 {p99:?}");
    assert_eq!(world.newest().0.abs_diff(world.slowest().0) / 2, 0);
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
    let p99 = latency(&world, 99);
    println!("one of four dead: p99 {p99:?}, {} heights", world.newest());
    assert!(p99 < ms(1_000), "{p99:?}");
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

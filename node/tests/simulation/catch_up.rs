//! Nodes that were away: headers by range, batches from whoever has them, execution in order.

use crate::{
    bound::print,
    faults::{Faults, ms},
    world::World,
};
use dure_node::{
    machine::recovery,
    store::{Store, memory::Failure},
};
use dure_types::Height;
use std::time::{Duration, Instant};

/// Three go on, with a transaction every so often, and the last hears of nothing.
fn cut_off(seed: u64, away: Duration, every: Duration, fsync: u64) -> World {
    let faults = Faults { until: away, fsync, ..Faults::NONE };
    let mut world = World::new(seed, 4, faults).with_transactions(every, away);
    world.cut = (0..3).flat_map(|other| [(other, 3), (3, other)]).collect();
    world
}

#[test]
fn a_node_that_was_away_is_level_within_seconds() {
    let mut world = cut_off(31, ms(20_000), ms(40), 2);
    world.run_until(ms(20_000));
    let newest = world.checks.newest();
    assert!(world.hosts[3].executed() == Height(0) && newest.0 > 200, "{newest}");
    world.run_and_heal();
}

/// The attack on ourselves: headers are decided and durable, their batches are not here yet.
#[test]
fn power_lost_while_batches_are_missing_changes_nothing() {
    let run = |failure: Option<Failure>| {
        let mut world = cut_off(32, ms(5_000), ms(40), 2);
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

/// Catches up with so many blocks; prints and returns the blocks taken over in a second of virtual
/// time.
fn blocks_a_second(blocks: u64) -> u64 {
    // Fourteen heights a second, and as long again for the first three seconds.
    let away = ms(100 * blocks + 10_000);
    let mut world = cut_off(33, away, Duration::from_micros(3_500), 5);
    while world.checks.newest().0 < blocks {
        world.run_until(world.now() + ms(100));
        assert!(world.now() < away, "{} heights", world.checks.newest());
    }
    let newest = world.checks.newest();
    let transactions = world.checks.ran() as u64 / newest.0;
    world.heal();
    let (begun, virtually) = (Instant::now(), world.now());
    while world.hosts[3].executed() < newest {
        world.run_until(world.now() + ms(10));
    }
    let (real, virtually) = (begun.elapsed().as_secs_f64(), world.now() - virtually);
    let rate = newest.0 * 1_000 / virtually.as_millis() as u64;
    println!(
        "{newest} blocks of {transactions} transactions in {virtually:?}, {rate} a second \
         ({real:.1} s of real time)"
    );
    assert!(transactions >= 18, "blocks of {transactions} transactions");
    rate
}

/// With disks that sync in 5 ms: neither log nor ledger holds up every height by itself.
#[test]
fn two_hundred_blocks_a_second_are_caught_up_with() {
    let rate = blocks_a_second(500);
    assert!(rate >= 200, "{rate} blocks a second");
}

/// Ten thousand blocks of twenty transactions.
#[test]
#[ignore = "takes minutes; a measurement that `cargo xtask bench consensus` makes"]
fn slow_ten_thousand_blocks_are_caught_up_with() {
    let rate = blocks_a_second(10_000);
    print("node_catch_up_of_ten_thousand", "blocks/s", rate as f64, 200.0);
    assert!(rate >= 200, "{rate} blocks a second");
}

/// The failure: the power goes while heights are followed that the log does not have. Nothing was
/// signed in them, and the node need not wait to sign again.
#[test]
fn power_lost_while_following_leaves_nothing_in_doubt() {
    let mut world = cut_off(34, ms(5_000), ms(40), 2);
    world.run_until(ms(5_000));
    world.heal();
    let newest = world.checks.newest();
    let mut crashes = 0;
    while world.hosts[3].decided() < newest {
        world.run_until(world.now() + ms(7));
        let torn = world.hosts[3].store.crash(crashes % 3);
        crashes += 1;
        let who = (world.hosts[3].id, &world.shared.genesis.validators);
        let log = torn.log().unwrap().entries;
        let signed = recovery::look(&torn, &log, who, world.shared.chain).unwrap();
        assert!(!signed.observe, "after {crashes} looks");
    }
    assert!(crashes > 5, "{crashes} looks");
    world.run_and_heal();
}

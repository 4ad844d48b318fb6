//! Everything at once, by a seed: loss, partitions, crashes, lost disks, validators that change,
//! that lie, and that run twice. What must hold is in `checks.rs`; besides, all must go on soon
//! after the faults have ended.

use crate::{
    byzantine::Several,
    checks::{Verified, broken},
    seeded::{Dice, play_each_twice},
    world::{Faults, Loss, World},
};
use dure_types::Height;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// When the faults end.
const END: Duration = ms(6_000);
/// How soon all must decide something new after that; and where somebody lies, whose turns in late
/// rounds cost a timeout of seconds each.
const LIVELY: Duration = ms(3_000);
const LIVELY_WITH_LIARS: Duration = ms(8_000);

/// Plays a seed; returns its trace.
///
/// # Panics
/// When a check fails; the message begins with the name of the rule.
pub(crate) fn chaos(seed: u64, verified: &Verified) -> (u64, World) {
    let mut world = world(seed);
    world.checks.verified = verified.clone();
    world.run_until(END);
    world.heal();
    let newest = world.newest();
    let lively = if world.checks.liars.is_empty() { LIVELY } else { LIVELY_WITH_LIARS };
    world.run_until(END + LIVELY / 2);
    while world.slowest() <= newest && world.now() < END + lively {
        world.run_until(world.now() + ms(100));
    }
    let slowest = world.slowest();
    if slowest <= newest {
        let lives = world.nodes.iter().map(|node| node.life.as_ref());
        let at: Vec<_> = lives.map(|life| life.map(|life| life.consensus.position())).collect();
        broken("liveness", format_args!("{newest} when the faults ended, then {slowest}: {at:?}"));
    }
    one_history(&world);
    (world.trace(), world)
}

/// Eight kinds of worlds, one after the other.
fn world(seed: u64) -> World {
    let none = Faults::NONE;
    let mut world = match seed % 8 {
        0 => World::new(seed, &[1], none),
        1 => World::new(seed, &[2, 1, 1, 1, 1], none),
        2 => {
            let powers: [&[u64]; 4] =
                [&[1; 5], &[0, 1, 1, 1, 1], &[2, 1, 1, 2, 1], &[1, 1, 1, 1, 0]];
            World::changing(seed, &powers, 1 + seed / 8 % 7, none)
        }
        3 => World::new(seed, &[1; 4], none).with_twin(seed as usize / 8 % 4),
        _ => World::new(seed, &[1; 4], none),
    };
    let disks = seed % 8 == 4;
    let dice = &mut world.dice;
    world.faults = Faults {
        loss: dice.below(2) * dice.below(31) * u64::from(!disks),
        twice: dice.below(2) * dice.below(50),
        delay: (1 + dice.below(40), 1 + dice.below(2) * dice.below(200)),
        until: END,
        partitions: dice.percent(70) && !disks,
        crashes: dice.percent(70),
        short_lived: 20,
    };
    world.fsync = ms(1 + world.dice.below(10));
    if seed % 8 > 4 {
        let liar = Several::new(Dice::new(world.dice.next()));
        world = world.with_liar(seed as usize / 8 % 4, Box::new(liar));
    }
    if disks {
        let loss = if world.dice.percent(50) { Loss::All } else { Loss::OlderLog };
        let at = ms(2_500 + world.dice.below(2_000));
        let node = world.dice.below(4) as usize;
        world.lose_disk_at(node, loss, at);
        if world.dice.percent(50) {
            // Its clock is wrong at the start, for a while or until the faults end.
            let ahead = if world.dice.percent(50) { -60_000 } else { 0 };
            let ahead = ahead + world.dice.below(3_000) as i64 - 1_500;
            world.set_clock_at(node, ahead, at);
            let right = at + ms(world.dice.below(8_000));
            world.set_clock_at(node, 0, END.min(right));
        }
        if world.dice.percent(50) {
            // The others wait for it, where it signed before.
            let before = ms(world.dice.below(300));
            world.isolate_at((node + 1) % 4, at - before);
        }
    }
    world.with_batches(ms(150)).with_chaos()
}

pub(crate) fn one_history(world: &World) {
    let honest = || world.honest().map(|node| &world.nodes[node].disk);
    let longest = honest().max_by_key(|disk| disk.height()).unwrap();
    for disk in honest() {
        let pairs = disk.ledger.iter().zip(&longest.ledger);
        for ((a, b), height) in pairs.zip(1..) {
            assert_eq!(a.0, b.0, "height {height}");
            assert_eq!(a.0.height, Height(height));
        }
    }
}

#[test]
fn chaos_never_forks_and_heals() {
    play_each_twice(500, |seed| {
        let verified = Verified::default();
        [chaos(seed, &verified).0, chaos(seed, &verified).0]
    });
}

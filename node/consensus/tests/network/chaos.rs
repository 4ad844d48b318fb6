//! Everything at once, by a seed: loss, partitions, crashes, lost disks, validators that change,
//! that lie, and that run twice. What must hold is in `checks.rs`; besides, all must go on soon
//! after the faults have ended.

use crate::{
    byzantine::Several,
    checks::{Verified, broken},
    seeded::{Dice, play_each_twice},
    world::{Crash, Faults, Loss, World},
};
use dure_consensus::{Step, Timeout};
use dure_light::verify_next_validators;
use dure_types::Height;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// When the faults end.
const END: Duration = ms(6_000);
/// How soon all must decide something new after that.
const LIVELY: Duration = ms(3_000);

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
    let lively = lively(&world);
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
    if world.checks.sets.change() {
        validators_follow(&world);
    }
    (world.trace(), world)
}

/// Where somebody lies, the round after that in which the faults ended may be its own, and last as
/// long as all its timeouts together.
fn lively(world: &World) -> Duration {
    if world.checks.liars.is_empty() || world.dies.is_some() {
        return LIVELY;
    }
    let lives = world.honest().filter_map(|node| world.nodes[node].life.as_ref());
    let round = lives.map(|life| life.consensus.position().1).max().unwrap_or(0) + 1;
    let steps = [Step::Propose, Step::Prevote, Step::Precommit];
    LIVELY + steps.map(|step| Timeout { step, round }.duration()).iter().sum::<Duration>()
}

/// Ten kinds of worlds.
fn world(seed: u64) -> World {
    let none = Faults::NONE;
    let mut world = match seed % 8 {
        0 if (seed / 8).is_multiple_of(2) => World::new(seed, &[1], none),
        // Two fail at once, and one of them for good.
        0 => World::new(seed, &[1; 4], none).with_dying(1 + seed as usize / 16 % 3),
        1 => World::new(seed, &[2, 1, 1, 1, 1], none),
        2 => World::drawn(seed, [2, 3, 4, 5, 8, 12, 16, 32][seed as usize / 16 % 8]),
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
    let changing = world.checks.sets.change();
    if seed % 8 > 4 || (changing && seed / 8 % 2 == 1) {
        let liar = Several::new(Dice::new(world.dice.next()));
        world = world.with_liar(seed as usize / 8 % 4, Box::new(liar));
    }
    if changing && world.liar.is_none() {
        let late = world.dice.pick(6);
        world = world.with_late_key(late);
    }
    if world.dies.is_some() {
        // Of what it logs about a block a part is kept.
        let torn = Crash::Torn(2 + world.dice.below(3) as usize);
        world.crash_at = Some((5 + world.dice.below(150), torn));
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
        if seed / 16 % 2 == 1 {
            crash_unsigned(&mut world, (node + 2) % 4, seed);
        }
    }
    world.with_batches(ms(150)).with_chaos()
}

/// A node hears that the chain is new, is cut off, and crashes before it has signed anything.
fn crash_unsigned(world: &mut World, node: usize, seed: u64) {
    let mut dice = Dice::new(seed);
    (world.faults.crashes, world.faults.delay.1) = (false, 1);
    world.isolate_at(node, ms(100 + dice.below(50)));
    let at = ms(500 + dice.below(500));
    world.crash_node_at(node, at);
    world.mend_at(at);
}

/// Who knows the validators of genesis alone follows every change by the headers.
pub(crate) fn validators_follow(world: &World) {
    let ledgers = world.nodes.iter().map(|node| &node.disk.ledger);
    let sets = &world.checks.sets;
    for (header, certificate) in ledgers.max_by_key(|ledger| ledger.len()).unwrap() {
        let [now, next] = [0, 1].map(|more| sets.at(Height(header.height.0 + more)));
        let followed =
            verify_next_validators(world.chain, (header.height, now), (header, certificate), next);
        assert_eq!(followed, Ok(()), "from height {}", header.height);
    }
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

/// Seeds that once failed. In the first three a node crashed before it had signed anything, was
/// taken for one whose disk was lost, and was silent beside another that was, or that lied.
#[test]
fn seeds_that_failed_are_clean() {
    for seed in [84_288_733_185_100, 84_288_733_186_852, 84_288_733_188_198] {
        chaos(seed, &Verified::default());
    }
}

#[test]
fn chaos_never_forks_and_heals() {
    play_each_twice(500, |seed| {
        let verified = Verified::default();
        [chaos(seed, &verified).0, chaos(seed, &verified).0]
    });
}

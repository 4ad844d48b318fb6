//! Loss, partitions, crashes: nobody decides two things, nothing durable is lost, and once the
//! faults end everybody goes on within three seconds.

use crate::world::{Crash, Faults, World};
use codec::{Decode, Encode};
use dure_consensus::{Record, Report};
use dure_types::{Height, VoteKind};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How soon all must decide something new once the faults have ended.
const LIVELY: Duration = Duration::from_secs(3);

fn chaos(seed: u64, powers: &[u64]) -> (u64, World) {
    let mut world = World::new(seed, powers, Faults::NONE);
    let dice = &mut world.dice;
    world.faults = Faults {
        loss: dice.below(2) * dice.below(31),
        twice: dice.below(2) * dice.below(50),
        delay: (1 + dice.below(40), 1 + dice.below(2) * dice.below(200)),
        until: ms(6_000),
        partitions: dice.percent(70),
        crashes: dice.percent(70),
    };
    world.fsync = ms(1 + world.dice.below(10));
    let end = world.faults.until;
    let mut world = world.with_batches(ms(150)).with_chaos();
    world.run_until(end);
    world.heal();
    let newest = world.newest();
    world.run_until(end + LIVELY);
    let slowest = world.slowest();
    assert!(slowest > newest, "seed {seed}: at {slowest}, {newest} when the faults ended");
    (world.trace(), world)
}

/// Those of CI, or what `cargo xtask simulate` asks for.
fn seeds() -> Box<dyn Iterator<Item = u64> + Send> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("DURE_SEED") {
        return Box::new(seed..=seed);
    }
    if let Some(minutes) = number("DURE_MINUTES") {
        let end = Instant::now() + Duration::from_secs(60 * minutes);
        let first = u64::from(std::process::id()) << 32;
        println!("seeds from {first} on");
        return Box::new((first..).take_while(move |_| Instant::now() < end));
    }
    Box::new(0..number("DURE_SEEDS").unwrap_or(500))
}

#[test]
fn chaos_never_forks_and_heals() {
    let (seeds, count) = (Mutex::new(seeds()), AtomicU64::new(0));
    let next = || seeds.lock().unwrap().next();
    let play = || {
        while let Some(seed) = next() {
            count.fetch_add(1, Ordering::Relaxed);
            let powers: &[u64] = match seed % 4 {
                0 => &[1],
                1 => &[2, 1, 1, 1, 1],
                _ => &[1; 4],
            };
            let (trace, world) = chaos(seed, powers);
            let (again, _) = chaos(seed, powers);
            assert_eq!(trace, again, "seed {seed} ran in two ways");
            one_history(&world);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(play);
        }
    });
    println!("{} seeds, each twice", count.into_inner());
}

fn one_history(world: &World) {
    let longest = world.nodes.iter().max_by_key(|node| node.disk.height()).unwrap();
    for node in &world.nodes {
        let pairs = node.disk.ledger.iter().zip(&longest.disk.ledger);
        for ((a, b), height) in pairs.zip(1..) {
            assert_eq!(a.0, b.0, "height {height}");
            assert_eq!(a.0.height, Height(height));
        }
    }
}

/// The attack: a vote that left, whose reason was lost with the power. At every barrier of one
/// validator in turn the power goes, before the barrier with any part of the write on the disk, and
/// after it. What it signed is checked against all that it ever sent.
#[test]
fn power_lost_at_any_barrier_signs_nothing_twice_and_loses_nothing() {
    for (powers, barriers_max) in [(&[1u64][..], 40), (&[1; 4], 16)] {
        let run = |crash: Option<(u64, Crash)>| {
            let mut world = World::new(7, powers, Faults::NONE);
            world.faults.delay = (5, 10);
            world.crash_at = crash;
            let mut world = world.with_batches(ms(100));
            world.run_until(ms(1_500));
            let newest = world.newest();
            world.run_until(ms(4_000));
            assert!(world.slowest() > newest, "{crash:?}: stuck at {}", world.slowest());
            one_history(&world);
            world.barriers
        };
        let barriers = run(None);
        assert!(barriers > 20, "{barriers}");
        for k in 1..=barriers.min(barriers_max) {
            for kept in [0, 1, 3, 5, usize::MAX] {
                run(Some((k, Crash::Torn(kept))));
            }
            run(Some((k, Crash::After)));
        }
    }
}

/// The attack: who missed the decision of a height waits for votes that nobody says any more. A
/// message of a higher height makes it ask for what was decided.
#[test]
fn cut_off_validator_catches_up() {
    let mut world = World::new(8, &[1; 4], Faults::NONE);
    world.faults.until = ms(20_000);
    let mut world = world.with_batches(ms(50));
    world.cut = (0..3).flat_map(|other| [(other, 3), (3, other)]).collect();
    world.run_until(ms(20_000));
    let behind = world.nodes[3].disk.height();
    assert!(behind == Height(0) && world.newest().0 > 100, "{behind} {}", world.newest());
    let newest = world.newest();
    world.heal();
    world.run_until(ms(23_000));
    assert!(world.slowest() > newest, "{} of {newest}", world.slowest());
}

#[test]
fn five_percent_of_loss_costs_less_than_half_the_heights() {
    let run = |loss| {
        let mut world = World::new(9, &[1; 4], Faults::NONE);
        world.faults.loss = loss;
        world.faults.until = ms(27_000);
        let mut world = world.with_batches(ms(50));
        world.run_until(ms(30_000));
        world.newest().0
    };
    let (healthy, lossy) = (run(0), run(5));
    println!("{healthy} heights, {lossy} with 5 % of loss");
    assert!(lossy * 2 >= healthy, "{lossy} of {healthy}");
}

/// The attack: a disk put back from a copy. The log is older than the ledger, so nobody knows what
/// the key signed since; were it to vote at once, it could vote twice. It follows, and votes again
/// from the first height after a block that was proposed when it was silent already.
#[test]
fn validator_with_an_older_log_follows_before_it_votes() {
    let mut world = World::new(10, &[1; 4], Faults::NONE);
    world.faults.until = ms(14_000);
    let mut world = world.with_batches(ms(100));
    world.run_until(ms(4_000));
    let older = world.nodes[2].disk.log.clone();
    world.run_until(ms(6_000));
    world.crash_node_at(2, ms(6_001));
    world.run_until(ms(6_050));
    world.nodes[2].disk.log = older;
    world.signed_by.clear();
    world.run_until(ms(6_900));
    let me = world.nodes[2].id;
    assert!(!world.signed_by.contains(&me), "it voted though nobody knows what it signed");
    world.run_until(ms(12_000));
    assert!(world.signed_by.contains(&me), "it votes again");
    let again =
        |(node, report): &(usize, Report)| *node == 2 && matches!(report, Report::Signing { .. });
    assert_eq!(world.reports.iter().filter(|report| again(report)).count(), 1);
    one_history(&world);
}

/// The failure: what the log says cannot be derived again, by a bug of the core or of ours. The
/// node must not sign anew where it signed before; it follows, and votes again later.
#[test]
fn log_that_cannot_be_derived_again_is_not_signed_upon() {
    let mut found = 0;
    for barrier in 10..20 {
        let mut world = World::new(12, &[1; 4], Faults::NONE);
        world.faults.until = ms(9_000);
        world.crash_at = Some((barrier, Crash::After));
        let mut world = world.with_batches(ms(100));
        while world.nodes[0].life.is_some() {
            world.run_until(world.now + ms(1));
        }
        let me = world.nodes[0].id;
        let disk = &mut world.nodes[0].disk;
        let next = Height(disk.height().0 + 1);
        let mut forged = false;
        for entry in &mut disk.log[(next.0 % 2) as usize] {
            let mut record = Record::decode(&mut entry.as_slice()).unwrap();
            if let Record::Vote(vote) = &mut record
                && (vote.validator, vote.height, vote.kind) == (me, next, VoteKind::Prevote)
                && vote.block.is_some()
            {
                (vote.block, forged) = (None, true);
            }
            *entry = record.encode();
        }
        if !forged {
            continue;
        }
        found += 1;
        let silent = |(node, report): &(usize, Report)| {
            *node == 0 && matches!(report, Report::NotSigning { .. })
        };
        world.run_until(ms(9_000));
        assert!(world.reports.iter().any(silent), "barrier {barrier}");
        let newest = world.newest();
        world.run_until(ms(12_000));
        assert!(world.slowest() > newest, "barrier {barrier}");
        let signing = |report: &Report| matches!(report, Report::Signing { .. });
        assert!(world.reports.iter().any(|(node, report)| *node == 0 && signing(report)));
        one_history(&world);
    }
    assert!(found > 1, "{found}");
}

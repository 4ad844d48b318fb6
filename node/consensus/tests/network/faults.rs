//! Faults one at a time: power lost at every barrier, a cut, loss, a disk put back or lost.

use crate::{
    chaos::one_history,
    world::{Crash, Faults, Loss, World},
};
use codec::{Decode, Encode};
use dure_consensus::{LOG_BYTES_MAX, OrderingError, Record, Report};
use dure_types::{Hash, Height, Roots, VoteKind};
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const ROOTS: Roots = Roots { state: Hash::ZERO, receipts: Hash::ZERO };

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

/// The failure: of a torn write the header that we judged is left, and the verdict and our prevote
/// are not. The other two are locked on the block, and the fourth, which prevoted for it too, is
/// dead: unless who lost its verdict prevotes for the block all the same, the height never ends.
#[test]
fn verdict_lost_with_a_torn_log_is_given_again() {
    let mut world = World::new(9, &[1; 4], Faults::NONE);
    world.faults.until = ms(9_000);
    let mut world = world.with_batches(ms(100));
    world.run_until(ms(2_000));
    let dies = world.nodes[3].id;
    let proposes = |world: &World, height: Height| {
        world.checks.proposers.get(&(height, 0)).is_some_and(|id| *id == dies)
    };
    while !proposes(&world, Height(world.newest().0 + 1)) {
        world.run_until(world.now() + ms(1));
    }
    // Its proposal and prevote are on their way, and it says nothing more.
    world.nodes[3].life = None;
    let height = world.newest().0 + 1;
    assert_eq!(world.nodes[0].disk.height().0 + 1, height);
    world.crash_at = Some((world.barriers + 1, Crash::After));
    while world.nodes[0].life.is_some() {
        world.run_until(world.now() + ms(1));
    }
    let slot = &mut world.nodes[0].disk.log[(height % 2) as usize];
    let records = slot.iter().map(|entry| Record::decode(&mut entry.as_slice()).unwrap());
    let header = records.enumerate().find(|(_, record)| matches!(record, Record::Header(_)));
    slot.truncate(header.expect("the header that it judged").0 + 1);
    world.run_until(ms(9_000));
    assert!(world.newest().0 > height + 10, "{} of {height}", world.newest());
    one_history(&world);
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
    world.checks.lost_log(world.nodes[2].id);
    world.checks.signed_by.clear();
    world.run_until(ms(6_900));
    let me = world.nodes[2].id;
    assert!(!world.checks.signed_by.contains(&me), "it voted though nobody knows what it signed");
    world.run_until(ms(12_000));
    assert!(world.checks.signed_by.contains(&me), "it votes again");
    let again =
        |(node, report): &(usize, Report)| *node == 2 && matches!(report, Report::Signing { .. });
    assert_eq!(world.reports.iter().filter(|report| again(report)).count(), 1);
    one_history(&world);
}

/// The failure: power lost after the decision from which on a node signs again, before anything of
/// the next height is in its log. The log does not reach the ledger, which is no mistake: the node
/// follows once more.
#[test]
fn power_lost_before_the_first_signature_again_is_followed_by_silence_again() {
    let mut world = World::new(14, &[1; 4], Faults::NONE);
    world.faults.until = ms(14_000);
    let mut world = world.with_batches(ms(100));
    world.lose_disk_at(2, Loss::All, ms(3_000));
    let signs = |world: &World| {
        let signing = |(node, report): &(usize, Report)| match report {
            Report::Signing { height } if *node == 2 => Some(*height),
            _ => None,
        };
        world.reports.iter().find_map(signing)
    };
    let from = loop {
        world.run_until(world.now() + ms(1));
        if let Some(from) =
            signs(&world).filter(|from| world.nodes[2].disk.height() >= Height(from.0 - 1))
        {
            break from;
        }
    };
    assert!(world.nodes[2].disk.newest_log().is_none_or(|log| log.height < from));
    world.crash_node_at(2, world.now());
    world.run_until(ms(14_000));
    let again = |report: &&(usize, Report)| matches!(report, (2, Report::Signing { .. }));
    assert_eq!(world.reports.iter().filter(again).count(), 2);
    one_history(&world);
}

/// The failure: a disk that is lost, with the key kept elsewhere. Nothing tells what the key signed
/// at the newest heights: the node takes over what was decided, and votes from the first height
/// after a block that was proposed when it was there again.
#[test]
fn validator_whose_disk_was_lost_follows_before_it_votes() {
    let mut world = World::new(11, &[1; 4], Faults::NONE);
    world.faults.until = ms(9_000);
    let mut world = world.with_batches(ms(100));
    world.lose_disk_at(2, Loss::All, ms(6_000));
    world.run_until(ms(6_000));
    world.checks.signed_by.clear();
    world.run_until(ms(7_100));
    let me = world.nodes[2].id;
    assert!(world.nodes[2].disk.height().0 > 40, "it took over {}", world.nodes[2].disk.height());
    assert!(!world.checks.signed_by.contains(&me), "it voted though nobody knows what it signed");
    world.run_until(ms(12_000));
    assert!(world.checks.signed_by.contains(&me), "it votes again");
    assert!(world.reports.contains(&(2, Report::Observing)));
}

/// The failure: the disk is lost, and the clock is behind: of old blocks it says that they are newer
/// than the node's start. The others wait for the node at a height where it signed before: there
/// it signs nothing, and it votes again once they have gone on without it.
#[test]
fn clock_that_is_behind_ends_no_silence() {
    // The second is from before block 1.
    for behind in [4_000, 60_000] {
        let mut world = World::new(16, &[1; 4], Faults::NONE);
        world.faults.until = ms(15_000);
        let mut world = world.with_batches(ms(100));
        world.isolate_at(3, ms(7_900));
        world.lose_disk_at(2, Loss::All, ms(8_000));
        world.run_until(ms(8_000));
        world.nodes[2].skew = -behind;
        world.checks.signed_by.clear();
        world.run_until(ms(12_000));
        let me = world.nodes[2].id;
        assert!(world.nodes[2].disk.height().0 > 50, "{}", world.nodes[2].disk.height());
        assert!(!world.checks.signed_by.contains(&me), "it votes where it voted before");
        world.heal();
        world.run_until(ms(18_000));
        assert!(world.checks.signed_by.contains(&me), "it votes again");
        one_history(&world);
    }
}

/// The failure: a disk is lost while the others are slow to speak. The node asks them before it
/// begins a chain anew, and asks again who did not answer.
#[test]
fn validator_whose_disk_was_lost_asks_before_it_begins() {
    let mut world = World::new(17, &[1; 4], Faults::NONE);
    world.faults.until = ms(9_000);
    world.faults.delay = (250, 1);
    let mut world = world.with_batches(ms(300));
    world.lose_disk_at(2, Loss::All, ms(6_000));
    world.run_until(ms(5_900));
    assert!(world.slowest().0 > 1, "{}", world.slowest());
    // Nobody hears it, and it hears nobody, longer than it once looked around.
    world.isolate_at(2, ms(5_950));
    world.run_until(ms(7_500));
    world.checks.signed_by.clear();
    world.heal();
    world.run_until(ms(8_500));
    assert!(!world.checks.signed_by.contains(&world.nodes[2].id), "it votes at once");
    world.run_until(ms(15_000));
    assert!(world.checks.signed_by.contains(&world.nodes[2].id), "it votes again");
    one_history(&world);
}

/// The failure: an executor that errs. Its node stops as soon as a decided header shows it, signs
/// nothing more, and nobody votes for the roots that it proposes.
#[test]
fn node_whose_results_differ_from_the_decided_stops() {
    let mut world = World::new(15, &[1; 4], Faults::NONE);
    world.faults.until = ms(9_000);
    let mut world = world.with_batches(ms(100));
    let (erring, id) = (1, world.nodes[1].id);
    // Whoever errs may say what is false: it is checked like a liar.
    world.checks.liars.insert(id);
    world.nodes[erring].errs_from = Some(Height(10));
    while world.stopped.is_empty() {
        world.run_until(world.now() + ms(1));
        assert!(world.now() < ms(9_000), "it goes on at {}", world.nodes[erring].disk.height());
    }
    let (node, error) = &world.stopped[0];
    let diverged = matches!(error, OrderingError::Diverged { height, .. } if *height == Height(10));
    assert!(*node == erring && diverged, "{error}");
    world.nodes[erring].life = None;
    let newest = world.newest();
    world.run_until(ms(9_000));
    assert!(world.newest().0 > newest.0 + 20, "{}", world.newest());
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
        world.checks.tampered = true;
        let mut world = world.with_batches(ms(100));
        while world.nodes[0].life.is_some() {
            world.run_until(world.now() + ms(1));
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

/// The attack: so much that must be logged at one height that the log has no room for the next
/// vote. What does not fit is not signed upon: the node follows, and votes again at later heights.
#[test]
fn full_log_falls_silent_and_follows() {
    let mut world = World::new(13, &[1; 4], Faults::NONE);
    world.faults.until = ms(9_000);
    world.checks.tampered = true;
    let mut world = world.with_batches(ms(100));
    // The others cannot decide without it.
    world.isolate_at(3, ms(1_500));
    let is_logging = |world: &World| {
        let disk = &world.nodes[0].disk;
        world.now() > ms(1_600) && disk.newest_log().is_some_and(|log| log.height > disk.height())
    };
    while !is_logging(&world) {
        world.run_until(world.now() + ms(1));
    }
    world.crash_node_at(0, world.now());
    world.run_until(world.now());
    let disk = &mut world.nodes[0].disk;
    let next = Height(disk.height().0 + 1);
    let slot = &mut disk.log[(next.0 % 2) as usize];
    // Large headers as long as they fit, then lesser ones.
    for roots in [1_900, 50, 0] {
        let mut header = disk.ledger[0].0.clone();
        header.roots = vec![ROOTS; roots];
        let entry = Record::Header(Box::new(header)).encode();
        let held: usize = slot.iter().map(|entry| entry.len() + 64).sum();
        slot.extend(vec![entry.clone(); (LOG_BYTES_MAX - held) / (entry.len() + 64)]);
    }
    world.run_until(ms(3_000));
    assert_eq!(world.newest().0 + 1, next.0, "nobody decides without it");
    world.heal();
    world.run_until(ms(9_000));
    let told = |wanted: fn(&Report) -> bool| {
        world.reports.iter().any(|(node, report)| *node == 0 && wanted(report))
    };
    assert!(told(
        |report| matches!(report, Report::NotSigning { reason } if reason.contains("log"))
    ));
    assert!(told(|report| matches!(report, Report::Signing { .. })));
    assert!(world.slowest().0 > next.0 + 20, "{}", world.slowest());
}

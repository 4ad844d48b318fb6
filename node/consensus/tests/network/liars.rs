//! Validators that lie, one way at a time: less than a third of the power.

use crate::{
    byzantine::{
        Byzantine, LyingSync, Misplaced, Quiet, ThirdBlock, TwoProposals, TwoVotes, WrongRoots,
        WrongTime,
    },
    chaos::one_history,
    node::EPOCH_MS,
    seeded::Dice,
    world::{Faults, World},
};
use dure_consensus::{Invalid, Report};
use dure_types::{Evidence, Hash, Height};
use std::{collections::BTreeSet, time::Duration};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Four validators, of which the first lies.
fn world(seed: u64, liar: impl Byzantine + 'static) -> World {
    let mut world = World::new(seed, &[1; 4], Faults::NONE).with_liar(0, Box::new(liar));
    world.faults.until = ms(7_000);
    world.with_batches(ms(100))
}

pub(crate) fn evidence(world: &World) -> Vec<(Height, Evidence)> {
    let ledger = &world.nodes[1].disk.ledger;
    let of = |header: &dure_types::Header| {
        let height = header.height;
        header.evidence.iter().map(move |one| (height, one.clone())).collect::<Vec<_>>()
    };
    ledger.iter().flat_map(|(header, _)| of(header)).collect()
}

/// The attack: two votes in one place, to split the others. Both cannot win, and the pair ends up
/// in a header, once.
#[test]
fn two_votes_in_one_place_prove_it() {
    let mut world = world(20, TwoVotes);
    world.run_until(ms(8_000));
    assert!(world.slowest().0 > 30, "{}", world.slowest());
    let found = evidence(&world);
    let liar = world.nodes[0].id;
    assert!(found.len() > 20, "{}", found.len());
    let mut offences = BTreeSet::new();
    for (height, one) in found {
        assert_eq!(one.check_shape(), Ok(liar));
        let Evidence::Votes(a, _) = one else { continue };
        assert!(a.height < height);
        assert!(offences.insert((a.height, a.kind, a.round)), "an offence enters once");
    }
}

/// The attack: two blocks at once, one for each half.
#[test]
fn two_proposals_in_one_round_prove_it() {
    let mut world = world(21, TwoProposals);
    world.run_until(ms(9_000));
    assert!(world.slowest().0 > 15, "{}", world.slowest());
    let found = evidence(&world);
    assert!(found.iter().any(|(_, one)| matches!(one, Evidence::Proposals(..))), "{found:?}");
}

/// The attack: more blocks in one round than the core keeps, to one validator the block last on
/// which another becomes locked. Proposed again, it must be prevoted for by all: else the height
/// ends never, for the one votes for nothing else and nothing has a quorum without the other.
#[test]
fn block_that_came_third_is_prevoted_for_when_it_is_proposed_again() {
    let mut world = world(27, ThirdBlock::default());
    world.run_until(ms(12_000));
    let ledger = &world.nodes[1].disk.ledger;
    let late = ledger.iter().find(|(_, certificate)| certificate.round > 0);
    let (header, _) = late.expect("the liar's height takes more than a round");
    assert!(world.slowest().0 > header.height.0 + 20, "{} of {}", world.slowest(), header.height);
}

/// The attack: a validator that keeps back its votes, its proposals, or its precommits. The three
/// others are a quorum: it costs a round at its turns, and nothing else.
#[test]
fn one_that_keeps_back_what_it_should_say_costs_rounds_only() {
    for quiet in [Quiet::Votes, Quiet::Proposals, Quiet::Precommits] {
        let mut world = world(28, quiet);
        world.run_until(ms(8_000));
        assert!(world.slowest().0 > 30, "{quiet:?}: {}", world.slowest());
        one_history(&world);
    }
}

/// The attack: results that nobody else computed, or a height left out. Nobody votes for them, and
/// everybody says whose they were.
#[test]
fn wrong_roots_are_not_voted_for() {
    let mut world = world(22, WrongRoots::new(Dice::new(22)));
    world.run_until(ms(14_000));
    let liar = world.nodes[0].id;
    let found = |wanted: fn(&Invalid) -> bool| {
        let of_liar = |report: &Report| {
            matches!(report, Report::Invalid { proposer, rule, .. }
                if *proposer == liar && wanted(rule))
        };
        world.reports.iter().any(|(node, report)| *node != 0 && of_liar(report))
    };
    assert!(found(|rule| matches!(rule, Invalid::OtherRoots { .. })));
    assert!(found(|rule| matches!(rule, Invalid::Roots { .. })));
    let ledger = &world.nodes[1].disk.ledger;
    assert!(ledger.iter().all(|(h, _)| h.roots.iter().all(|roots| roots.state != Hash([6; 32]))));
    assert!(world.slowest().0 > 15, "{}", world.slowest());
}

/// The attack: a clock far ahead, to drag block time along. Nobody votes before its own clock is
/// close.
#[test]
fn time_ahead_of_every_clock_waits() {
    let mut world = world(23, WrongTime::new(Dice::new(23)));
    world.run_until(ms(9_000));
    let end = EPOCH_MS + 9_000 + 700;
    let ledger = &world.nodes[1].disk.ledger;
    assert!(ledger.iter().all(|(header, _)| header.time.0 < end));
    assert!(world.slowest().0 > 15, "{}", world.slowest());
}

/// The attack: lies to who catches up, asked for or not. What others say is not lost by them, and
/// who was cut off is as soon with the others as it would be without the liar.
#[test]
fn lies_to_who_catches_up_are_not_believed_and_cost_no_time() {
    let caught_up = |liar: bool| {
        let mut world = World::new(24, &[1; 4], Faults::NONE);
        world.faults.until = ms(57_000);
        if liar {
            world = world.with_liar(0, Box::new(LyingSync::default()));
        }
        let mut world = world.with_batches(ms(50));
        world.cut = (0..3).flat_map(|other| [(other, 3), (3, other)]).collect();
        world.run_until(ms(50_000));
        let newest = world.newest();
        assert!(newest.0 > world.nodes[3].disk.height().0 + 300, "{newest}");
        world.cut.clear();
        while world.nodes[3].disk.height() < newest {
            world.run_until(world.now() + ms(10));
            assert!(world.now() < ms(60_000), "{}", world.nodes[3].disk.height());
        }
        world.now() - ms(50_000)
    };
    let (honest, lied_to) = (caught_up(false), caught_up(true));
    println!("caught up within {honest:?}, beside a liar {lied_to:?}");
    // It would take 2.4 s if a lie took along what the others had said.
    assert!(lied_to <= honest + ms(100), "{lied_to:?}, without the liar {honest:?}");
}

/// The attack: everything that is easy to make. None of it enters, and nobody is slowed down.
#[test]
fn forged_and_misplaced_messages_change_nothing() {
    let mut world = world(25, Misplaced::default());
    world.run_until(ms(10_000));
    let late = world.nodes[1].disk.ledger.iter().filter(|(_, c)| c.round > 0).count();
    assert!(world.slowest().0 > 40, "{}", world.slowest());
    assert!(late < 5, "{late} of {} heights took more than a round", world.slowest());
}

/// The attack: one key on two nodes, a backup that was switched on too early. Each is honest by
/// itself; together they sign two things, which is found out, and nobody is split by it.
#[test]
fn twins_of_one_key_are_found_out() {
    let mut world = World::new(26, &[1; 4], Faults::NONE).with_twin(0);
    world.faults.until = ms(7_000);
    let mut world = world.with_batches(ms(100));
    world.run_until(ms(9_000));
    assert!(world.slowest().0 > 15, "{}", world.slowest());
    let twin = world.nodes[0].id;
    assert!(evidence(&world).iter().any(|(_, one)| one.check_shape() == Ok(twin)));
}

//! Validators that join, leave and replace their keys. What holds in every run is in `checks.rs`:
//! each height is decided by its own validators, and every header names them and the next.

use crate::{
    byzantine::TwoVotes,
    chaos::{one_history, validators_follow},
    liars::evidence,
    sets::Weights,
    world::{Crash, Loss, World},
};
use dure_consensus::{Event, Message, Report};
use dure_light::{FollowError, verify_next_validators};
use dure_types::{Evidence, Height, Vote, VoteKind};
use ed25519_dalek::Signer;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What nodes weigh, none with another key than its first.
fn weights(powers: &[u64]) -> Weights {
    powers.iter().map(|power| (*power, 0)).collect()
}

/// The world, with a batch every 100 ms for 9 s.
fn busy(mut world: World) -> World {
    world.faults.until = ms(6_000);
    world.with_batches(ms(100))
}

/// Heights whose certificates bear the signature of a node.
fn signed_by(world: &World, node: usize) -> Vec<u64> {
    let id = world.nodes[node].id;
    let signed = world.nodes[1].disk.ledger.iter().filter(|(_, certificate)| {
        certificate.signatures.iter().any(|signature| signature.validator == id)
    });
    signed.map(|(header, _)| header.height.0).collect()
}

/// A validator joins while it is cut off. It catches up over the change, each height by its own
/// validators, and then the others decide with it: without it they have no quorum.
#[test]
fn who_joins_catches_up_over_the_change_and_decides() {
    let changes = [(10, weights(&[1; 5]))];
    let mut world = busy(World::changing(30, &weights(&[1, 1, 1, 1, 0]), 8, &changes));
    world.isolate_at(4, ms(1));
    world.run_until(ms(3_500));
    assert!(world.newest() > Height(18) && world.nodes[4].disk.height() < Height(10));
    world.heal();
    world.run_until(ms(4_500));
    assert!(world.nodes[4].disk.height().0 + 3 > world.newest().0, "it is at the tip");
    world.nodes[0].life = None;
    let newest = world.newest();
    world.run_until(ms(8_000));
    assert!(world.newest().0 > newest.0 + 10, "{} after {newest}", world.newest());
    let signed = signed_by(&world, 4);
    assert!(signed.len() > 10 && signed[0] > 18, "{signed:?}");
    validators_follow(&world);
}

/// The attack: a validator that left votes on, where those that remain have no quorum.
#[test]
fn votes_of_one_who_left_count_for_nothing() {
    let changes = [(5, weights(&[1, 1, 1, 1, 0]))];
    let mut world = busy(World::changing(31, &weights(&[1; 5]), 4, &changes));
    world.run_until(ms(2_000));
    assert!(world.slowest() > Height(12), "{}", world.slowest());
    let last = signed_by(&world, 4).pop();
    assert!(last.is_some_and(|last| last < 9), "it acts up to the height before: {last:?}");
    (world.nodes[2].life, world.nodes[3].life) = (None, None);
    world.run_until(ms(2_500));
    let (stalled, left) = (world.newest(), world.nodes[4].id);
    while world.now() < ms(5_000) {
        world.run_until(world.now() + ms(50));
        for node in 0..2 {
            let (height, round) = world.nodes[node].life.as_ref().unwrap().consensus.position();
            let voted = world.checks.prevotes.iter().filter(|of| (of.1, of.2) == (height, round));
            let blocks: Vec<_> = voted.map(|of| Some(of.3)).chain([None]).collect();
            for (kind, block) in [VoteKind::Prevote, VoteKind::Precommit]
                .into_iter()
                .flat_map(|kind| blocks.iter().map(move |block| (kind, *block)))
            {
                let bytes = Vote::signed_bytes(world.chain, kind, height, round, block);
                let signature = world.nodes[4].key.sign(&bytes).to_bytes();
                let vote = Vote { kind, height, round, block, validator: left, signature };
                world.step(node, Event::Received(left, Box::new(Message::Vote(vote))));
            }
        }
    }
    assert_eq!(world.newest(), stalled);
    world.heal();
    world.run_until(ms(9_000));
    assert!(world.slowest().0 > stalled.0 + 10, "all follow: {}", world.slowest());
    one_history(&world);
}

/// A validator's key is replaced twice, and each signs at its own heights. Where its operator is
/// late the node follows until it has the new key, and until others decided without it.
#[test]
fn replaced_key_signs_from_its_height_on() {
    let replaced = |times| -> Weights { vec![(1, 0), (1, 0), (1, times), (1, 0)] };
    for late in [false, true] {
        let changes = [(6, replaced(1)), (20, replaced(2))];
        let mut world = World::changing(32, &weights(&[1; 4]), 6, &changes);
        if late {
            world = world.with_late_key(2);
        }
        let mut world = busy(world);
        world.run_until(ms(9_000));
        assert!(world.slowest() > Height(40), "{}", world.slowest());
        let signed = signed_by(&world, 2);
        for (heights, signs) in [(1..12, true), (12..26, !late), (26..u64::MAX, true)] {
            let count = signed.iter().filter(|height| heights.contains(height)).count();
            assert_eq!(count > 1, signs, "late: {late}, {count} of {heights:?}");
        }
        validators_follow(&world);
    }
}

/// The failure: power lost anywhere around two changes in a row, at a node that leaves for one
/// height and comes back.
#[test]
fn power_lost_around_two_changes_in_a_row_changes_nothing() {
    let changes = [(3, weights(&[0, 1, 1, 1, 1])), (4, weights(&[1; 5]))];
    for barrier in 1..=20 {
        for crash in [Crash::Torn(barrier as usize % 4), Crash::After] {
            let mut world = World::changing(33, &weights(&[1, 1, 1, 1, 0]), 2, &changes);
            (world.faults.delay, world.crash_at) = ((5, 10), Some((barrier, crash)));
            let mut world = busy(world);
            world.run_until(ms(2_500));
            assert!(world.slowest() > Height(12), "{barrier} {crash:?}: {}", world.slowest());
            assert!(!signed_by(&world, 0).contains(&5), "{barrier} {crash:?}");
            one_history(&world);
        }
    }
}

/// The attack: a validator signs two things at its last height, and is gone when the proof enters.
/// It is judged by the validators of the height of its offence.
#[test]
fn who_left_is_accused_of_what_it_did_before() {
    let changes = [(10, weights(&[0, 1, 1, 1, 1]))];
    let world = World::changing(34, &weights(&[1; 5]), 4, &changes);
    let mut world = busy(world.with_liar(0, Box::new(TwoVotes)));
    world.run_until(ms(6_000));
    let late = evidence(&world).into_iter().filter(|(entered, one)| {
        let Evidence::Votes(vote, _) = one else { return false };
        vote.height == Height(13) && *entered >= Height(14)
    });
    assert!(late.count() > 0);
    assert!(world.slowest() > Height(30), "{}", world.slowest());
}

/// The failure: the only validator says nothing to anybody. Who left goes on following, and who
/// joins is there when it counts: more is decided than one answer holds.
#[test]
fn one_that_is_left_is_followed_and_joined() {
    let changes = [(4, weights(&[1, 0, 0, 0])), (90, weights(&[7, 1, 1, 1]))];
    let mut world = World::changing(36, &weights(&[1; 4]), 4, &changes);
    world.faults.until = ms(9_000);
    let mut world = world.with_batches(ms(50));
    world.isolate_at(3, ms(1_000));
    world.run_until(ms(6_000));
    assert!(world.newest() > Height(75), "{}", world.newest());
    assert!(world.nodes[2].disk.height().0 + 3 > world.newest().0, "who left follows");
    assert!(world.nodes[3].disk.height() < Height(30));
    world.heal();
    world.run_until(ms(12_000));
    assert!(world.slowest() > Height(105), "{}", world.slowest());
    assert!(signed_by(&world, 3).iter().any(|height| *height > 94), "it joins again");
    one_history(&world);
    validators_follow(&world);
}

/// The failure: the disk is lost of one that alone was a quorum of the genesis set, whose
/// certificates for another block 1 would hold. It follows instead: all that joined are ahead.
#[test]
fn lost_disk_of_the_first_validator_begins_no_other_chain() {
    let changes = [(4, weights(&[7, 1, 1, 1])), (20, weights(&[1; 4]))];
    let mut world = busy(World::changing(37, &weights(&[1, 0, 0, 0]), 4, &changes));
    world.lose_disk_at(0, Loss::All, ms(6_000));
    world.run_until(ms(5_900));
    assert!(world.slowest() > Height(30), "{}", world.slowest());
    world.run_until(ms(6_000));
    world.checks.signed_by.clear();
    world.run_until(ms(7_000));
    let me = world.nodes[0].id;
    assert!(!world.checks.signed_by.contains(&me), "nobody knows what it signed");
    world.run_until(ms(12_000));
    assert!(world.checks.signed_by.contains(&me), "it votes again");
    assert!(world.reports.contains(&(0, Report::Observing)));
    one_history(&world);
}

/// Who follows by headers takes no other validators, and no header that they did not decide.
#[test]
fn other_validators_are_not_followed() {
    let changes = [(3, weights(&[1; 5]))];
    let mut world = busy(World::changing(35, &weights(&[1, 1, 1, 1, 0]), 4, &changes));
    world.run_until(ms(2_000));
    let sets = &world.checks.sets;
    let at =
        |height: u64| (sets.at(Height(height)), &world.nodes[1].disk.ledger[height as usize - 1]);
    let follow = |set, of: u64, next| {
        let (header, certificate) = at(of).1;
        verify_next_validators(world.chain, (Height(of), set), (header, certificate), next)
    };
    let (old, new) = (at(6).0, at(7).0);
    assert_eq!((follow(old, 6, new), follow(new, 7, new)), (Ok(()), Ok(())));
    assert!(matches!(follow(old, 6, old), Err(FollowError::Next { .. })));
    assert!(matches!(follow(old, 7, new), Err(FollowError::Validators { .. })));
    // The attack: a certified header of before leads back to who left.
    let (header, certificate) = at(5).1;
    let back = (header, certificate);
    let back = verify_next_validators(world.chain, (Height(6), old), back, old);
    assert!(matches!(back, Err(FollowError::Height { .. })));
    let at_6 = (Height(6), old);
    let ((_, (header, _)), (_, (_, other))) = (at(6), at(5));
    let forged = verify_next_validators(world.chain, at_6, (header, other), new);
    assert!(matches!(forged, Err(FollowError::OtherBlock { .. })));
    let (header, mut certificate) = at(6).1.clone();
    certificate.signatures.truncate(2);
    let short = verify_next_validators(world.chain, at_6, (&header, &certificate), new);
    assert!(matches!(short, Err(FollowError::Certificate(_))));
}

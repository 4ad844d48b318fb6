//! Validators that lie: node 0 does, less than a third of the power.

use crate::{
    node::{EPOCH_MS, Node},
    world::{Faults, Liar, World},
};
use dure_consensus::{Invalid, Message, Polka, Report, RoundProof};
use dure_types::{CommitSignature, Evidence, Hash, Height, Proposal, TimestampMs, Vote};
use ed25519_dalek::Signer;
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Four validators, of which the first lies.
fn world(
    seed: u64,
    liar: impl FnMut(&Node, &Message) -> Vec<(Option<usize>, Message)> + 'static,
) -> World {
    let mut world = World::new(seed, &[1; 4], Faults::NONE);
    world.faults.until = ms(7_000);
    world.liar = Some(Box::new(liar) as Liar);
    world.with_batches(ms(100))
}

fn resigned_vote(node: &Node, chain: Hash, vote: &Vote, block: Option<Hash>) -> Vote {
    let Vote { kind, height, round, validator, .. } = *vote;
    let bytes = Vote::signed_bytes(chain, kind, height, round, block);
    let signature = node.key.sign(&bytes).to_bytes();
    Vote { kind, height, round, block, validator, signature }
}

fn resigned_proposal(node: &Node, chain: Hash, proposal: &Proposal, block: Hash) -> Proposal {
    let Proposal { height, round, pol_round, validator, .. } = *proposal;
    let bytes = Proposal::signed_bytes(chain, height, round, block, pol_round);
    let signature = node.key.sign(&bytes).to_bytes();
    Proposal { height, round, block, pol_round, validator, signature }
}

fn chain() -> Hash {
    dure_types::domain::blake3_hash(b"a chain")
}

fn evidence(world: &World) -> Vec<(Height, Evidence)> {
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
    let mut world = world(20, |node, message| match message {
        Message::Vote(vote) => {
            let other = vote.block.map_or(Some(Hash([7; 32])), |_| None);
            let lie = resigned_vote(node, chain(), vote, other);
            vec![(None, message.clone()), (None, Message::Vote(lie))]
        }
        other => vec![(None, other.clone())],
    });
    world.run_until(ms(8_000));
    assert!(world.slowest().0 > 30, "{}", world.slowest());
    let found = evidence(&world);
    let liar = world.nodes[0].id;
    assert!(found.len() > 20, "{}", found.len());
    let mut offences = std::collections::BTreeSet::new();
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
    let mut world = world(21, |node, message| match message {
        Message::Proposal(proposal, header) if proposal.validator == node.id => {
            let mut other = header.clone();
            other.time = TimestampMs(header.time.0 + 1);
            let lie = resigned_proposal(node, chain(), proposal, other.id(chain()));
            let lie = Message::Proposal(lie, other);
            vec![
                (Some(1), message.clone()),
                (Some(2), lie.clone()),
                (Some(3), lie.clone()),
                (Some(3), message.clone()),
            ]
        }
        other => vec![(None, other.clone())],
    });
    world.run_until(ms(9_000));
    assert!(world.slowest().0 > 15, "{}", world.slowest());
    let found = evidence(&world);
    assert!(found.iter().any(|(_, one)| matches!(one, Evidence::Proposals(..))), "{found:?}");
}

/// The attack: results that nobody else computed. Nobody votes for them, and everybody says whose
/// they were.
#[test]
fn wrong_roots_are_not_voted_for() {
    let mut world = world(22, |node, message| match message {
        Message::Proposal(proposal, header)
            if proposal.validator == node.id && !header.roots.is_empty() =>
        {
            let mut other = header.clone();
            other.roots[0].state = Hash([6; 32]);
            let lie = resigned_proposal(node, chain(), proposal, other.id(chain()));
            vec![(None, Message::Proposal(lie, other))]
        }
        other => vec![(None, other.clone())],
    });
    world.run_until(ms(9_000));
    let liar = world.nodes[0].id;
    let wrong = |report: &Report| {
        matches!(report, Report::Invalid { proposer, rule: Invalid::OtherRoots { .. }, .. }
            if *proposer == liar)
    };
    assert!(world.reports.iter().any(|(node, report)| *node != 0 && wrong(report)));
    let ledger = &world.nodes[1].disk.ledger;
    assert!(ledger.iter().all(|(h, _)| h.roots.iter().all(|roots| roots.state != Hash([6; 32]))));
    assert!(world.slowest().0 > 15, "{}", world.slowest());
}

/// The attack: a clock far ahead, to drag block time along. Nobody votes before its own clock is
/// close.
#[test]
fn time_ahead_of_every_clock_waits() {
    let mut world = world(23, |node, message| match message {
        Message::Proposal(proposal, header) if proposal.validator == node.id => {
            let mut other = header.clone();
            other.time = TimestampMs(header.time.0 + 3_600_000);
            let lie = resigned_proposal(node, chain(), proposal, other.id(chain()));
            vec![(None, Message::Proposal(lie, other))]
        }
        other => vec![(None, other.clone())],
    });
    world.run_until(ms(9_000));
    let end = EPOCH_MS + 9_000 + 700;
    let ledger = &world.nodes[1].disk.ledger;
    assert!(ledger.iter().all(|(header, _)| header.time.0 < end));
    assert!(world.slowest().0 > 15, "{}", world.slowest());
}

/// The attack: a lie to who catches up: another header under a true certificate, and a certificate
/// of the liar's own making.
#[test]
fn lies_to_who_catches_up_are_not_believed() {
    let mut world = world(24, |node, message| match message {
        Message::Decided(decided) => {
            let mut headers = decided.clone();
            let mut certificates = decided.clone();
            for (header, _) in &mut headers {
                header.time = TimestampMs(header.time.0 + 1);
            }
            for (header, certificate) in &mut certificates {
                header.time = TimestampMs(header.time.0 + 1);
                certificate.block = header.id(chain());
                for signature in &mut certificate.signatures {
                    let bytes = certificate_bytes(certificate.height, certificate.round, header);
                    signature.signature = node.key.sign(&bytes).to_bytes();
                }
            }
            vec![(None, Message::Decided(headers)), (None, Message::Decided(certificates))]
        }
        other => vec![(None, other.clone())],
    });
    // Only the liar is heard at first.
    world.cut = [1, 2].into_iter().flat_map(|other| [(other, 3), (3, other)]).collect();
    world.run_until(ms(5_000));
    assert!(world.newest().0 > world.nodes[3].disk.height().0 + 10);
    let newest = world.newest();
    world.cut.clear();
    world.run_until(ms(8_000));
    assert!(world.slowest() > newest, "{} of {newest}", world.slowest());
    assert_eq!(world.nodes[3].disk.ledger[5].0, world.nodes[1].disk.ledger[5].0);
}

fn certificate_bytes(height: Height, round: u32, header: &dure_types::Header) -> Vec<u8> {
    let block = Some(header.id(chain()));
    Vote::signed_bytes(chain(), dure_types::VoteKind::Precommit, height, round, block)
}

/// The attack: everything that is easy to make: other people's votes, far rounds and heights,
/// proposals out of turn, proofs without a quorum. None of it enters, and nobody is slowed down.
#[test]
fn forged_and_misplaced_messages_change_nothing() {
    let mut others = Vec::new();
    let mut world = world(25, move |node, message| {
        let mut all = vec![(None, message.clone())];
        match message {
            Message::Vote(vote) => {
                let mut forged = vote.clone();
                forged.validator.0[0] ^= 1;
                let far = |height: u64, round: u32| {
                    let mut far = vote.clone();
                    (far.height, far.round) = (Height(height), round);
                    let block = far.block;
                    Message::Vote(resigned_vote(node, chain(), &far, block))
                };
                let one = CommitSignature { validator: vote.validator, signature: vote.signature };
                let block = vote.block.unwrap_or_default();
                let (height, round) = (vote.height, vote.round);
                let polka = Polka { height, round, block, signatures: vec![one.clone(); 3] };
                let proof = RoundProof { height, round, skip: false, votes: vec![vote.clone(); 4] };
                all.extend([
                    (None, Message::Vote(forged)),
                    (None, far(vote.height.0, u32::MAX)),
                    (None, far(vote.height.0, vote.round + 9)),
                    (None, far(u64::MAX, 0)),
                    (None, far(vote.height.0 + 1, 0)),
                    (None, Message::Polka(polka)),
                    (None, Message::Rounds(proof)),
                    (None, Message::Pull(Height(0))),
                    (None, Message::Decided(Vec::new())),
                ]);
            }
            Message::Proposal(proposal, header) => {
                let mut mine = proposal.clone();
                (mine.validator, mine.round) = (node.id, proposal.round + 1);
                mine.pol_round = Some(proposal.round);
                let mine = resigned_proposal(node, chain(), &mine, proposal.block);
                all.push((None, Message::Proposal(mine, header.clone())));
                others.push(message.clone());
                all.extend(others.iter().rev().take(5).map(|old| (None, old.clone())));
            }
            _ => {}
        }
        all
    });
    world.run_until(ms(10_000));
    let late = world.nodes[1].disk.ledger.iter().filter(|(_, c)| c.round > 0).count();
    assert!(world.slowest().0 > 40, "{}", world.slowest());
    assert!(late < 5, "{late} of {} heights took more than a round", world.slowest());
}

//! Validators that lie about batches and history, one kind a file.

mod accuses;
mod copies;
mod floods;
mod forges;
mod garbles;
mod names_again;
mod other_roots;
mod rewrites;
mod seals_twice;
mod short_lived;
mod stale;
mod withholds;

use crate::{
    faults::Faults,
    host::{Host, Shared},
    world::World,
};
use dure_consensus::Message;
use dure_node::machine::{BadBatch, Blame, Wire};
use dure_types::{Batch, BatchHeader, Header, Height, Proposal, Transaction, decode::DecodeError};
use ed25519_dalek::Signer;
use std::time::Duration;

use self::{
    accuses::Accuses, copies::Copies, floods::Floods, forges::Forges, garbles::Garbles,
    names_again::NamesAgain, other_roots::OtherRoots, rewrites::Rewrites, seals_twice::SealsTwice,
    short_lived::ShortLived, stale::Stale, withholds::Withholds,
};

/// Sees and changes what leaves a node: for each message to a validator, what goes to whom instead.
pub(crate) trait Liar {
    fn sends(&mut self, shared: &Shared, host: &Host, to: usize, wire: &Wire)
    -> Vec<(usize, Wire)>;

    /// What goes on the wire in place of a message.
    fn garbles(&mut self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        vec![bytes]
    }
}

/// One of each kind.
pub(crate) fn all() -> Vec<Box<dyn Liar>> {
    vec![
        Box::new(Withholds::default()),
        Box::new(SealsTwice),
        Box::new(Forges),
        Box::new(NamesAgain::default()),
        Box::new(OtherRoots),
        Box::new(Rewrites),
        Box::new(Floods),
        Box::new(Garbles::default()),
        Box::new(Stale::default()),
        Box::new(Copies::default()),
        Box::new(Accuses),
        Box::new(ShortLived),
    ]
}

/// A proposal of the liar's own, with another header.
fn propose(shared: &Shared, host: &Host, proposal: &Proposal, header: Header) -> Wire {
    let block = header.id(shared.chain);
    let Proposal { height, round, pol_round, .. } = *proposal;
    let bytes = Proposal::signed_bytes(shared.chain, height, round, block, pol_round);
    let signature = host.key.sign(&bytes).to_bytes();
    let proposal = Proposal { block, signature, ..proposal.clone() };
    Wire::Consensus(Message::Proposal(proposal, Box::new(header)))
}

/// The liar's own proposal in a message.
fn own_proposal<'a>(host: &Host, wire: &'a Wire) -> Option<(&'a Proposal, &'a Header)> {
    match wire {
        Wire::Consensus(Message::Proposal(proposal, header)) if proposal.validator == host.id => {
            Some((proposal, header))
        }
        _ => None,
    }
}

/// A batch of the liar's, sealed anew.
pub(crate) fn seal(
    shared: &Shared,
    host: &Host,
    (seq, expiry): (u64, Height),
    transactions: Vec<Transaction>,
) -> Wire {
    let header = BatchHeader::of(host.id, seq, expiry, &transactions);
    let signature = host.key.sign(&header.signed_bytes(shared.chain)).to_bytes();
    Wire::Batch(Box::new(Batch { header, signature, transactions }))
}

/// Four validators of whom the first lies, some loss, and clients that do not know.
fn run(seed: u64, liar: Box<dyn Liar>) -> World {
    run_with(seed, liar, 2)
}

fn run_with(seed: u64, liar: Box<dyn Liar>, loss: u64) -> World {
    let until = Duration::from_secs(4);
    let faults = Faults { until, loss, ..Faults::NONE };
    let mut world = World::new(seed, 4, faults);
    world.lies(0, liar);
    let mut world = world.with_transactions(Duration::from_millis(30), until);
    world.run_and_heal();
    let late = world.clients.sent.values().filter(|sent| sent.told.is_none()).count();
    assert_eq!(late, 0, "a liar keeps nobody's transaction out");
    let honest = |who| world.honest().any(|node| world.hosts[node].id == who);
    let wrongly = |blame: &Blame, who| blame.is_proof() && honest(who);
    assert!(world.blames.iter().all(|(_, who, blame)| !wrongly(blame, *who)), "{:?}", world.blames);
    world
}

/// The attack: a batch is named and never handed out. Who lacks it votes nil when the round is over.
#[test]
fn withheld_batches_cost_rounds_and_nothing_else() {
    let world = run(1, Box::new(Withholds::default()));
    let liar = world.hosts[0].id;
    let withheld = |who, blame: &Blame| who == liar && matches!(blame, Blame::Withheld { .. });
    assert!(world.blames.iter().any(|(_, who, blame)| withheld(*who, blame)));
}

/// The attack: half of the validators hold another batch with the same number. Neither is named
/// unless a quorum holds it, and whoever sees both has the proof.
#[test]
fn two_batches_with_one_number_are_seen() {
    let world = run(2, Box::new(SealsTwice));
    let twice = |blame: &Blame| matches!(blame, Blame::Twice { .. });
    assert!(world.blames.iter().any(|(_, _, blame)| twice(blame)), "{:?}", world.blames);
    // That it is of the liar, and of a number once, holds for every run (`check.rs`: `accused`).
    assert!(!world.checks.evidence.is_empty(), "the proof is in a header");
}

/// The attack: headers that accuse an honest author of batches that it never signed.
#[test]
fn made_up_evidence_enters_no_header() {
    let world = run(11, Box::new(Accuses));
    assert!(world.checks.evidence.is_empty());
}

/// The attack: batches that expire while they spread. What names them later is refused by all.
#[test]
fn short_lived_batches_are_named_in_time_or_not_at_all() {
    let world = run(12, Box::new(ShortLived));
    assert!(world.checks.named_of(world.hosts[0].id) > 0, "some are named in time");
}

/// The attack: a batch with a transaction that nobody signed.
#[test]
fn a_batch_with_a_forged_transaction_is_refused_and_proves_its_author_a_liar() {
    let world = run(3, Box::new(Forges));
    let bad = |blame: &Blame| matches!(blame, Blame::Bad(BadBatch::Transaction { .. }));
    assert!(world.blames.iter().any(|(_, _, blame)| bad(blame)), "{:?}", world.blames);
}

/// The attack: transactions executed twice, by a batch that is named twice.
#[test]
fn what_was_named_is_not_named_again() {
    run(4, Box::new(NamesAgain::default()));
}

#[test]
fn roots_that_nobody_computed_are_not_certified() {
    run(5, Box::new(OtherRoots));
}

/// The attack: who was cut off is told another history, or batches that are not those decided.
#[test]
fn another_history_is_not_believed() {
    let until = Duration::from_secs(9);
    let mut world = World::new(6, 4, Faults { until, ..Faults::NONE });
    world.lies(0, Box::new(Rewrites));
    let mut world = world.with_transactions(Duration::from_millis(30), until);
    // Three are a quorum; the last hears of nothing until the faults are over.
    world.cut = (0..3).flat_map(|other| [(other, 3), (3, other)]).collect();
    // They begin after three seconds, since not all are there.
    world.run_until(Duration::from_secs(8));
    assert_eq!((world.hosts[3].decided(), world.checks.newest() > Height(20)), (Height(0), true));
    world.cut.clear();
    world.run_and_heal();
}

/// The attack: more than anybody can hold, verify or answer.
#[test]
fn floods_leave_the_bounds_and_the_others_alone() {
    run_with(7, Box::new(Floods), 20);
}

/// The attack: bytes that are no message, too long, or that promise more than they are.
#[test]
fn what_does_not_decode_is_counted_and_changes_nothing() {
    let world = run(8, Box::new(Garbles::default()));
    let malformed = |blame: &Blame| matches!(blame, Blame::Malformed(_));
    let count = world.blames.iter().filter(|(_, _, blame)| malformed(blame)).count();
    assert!(count > 100, "{count} were counted");
    let long = |blame: &Blame| matches!(blame, Blame::Malformed(DecodeError::TooLong { .. }));
    assert!(world.blames.iter().any(|(_, _, blame)| long(blame)));
}

/// The attack: certificates of other blocks, and of too few, to who may be behind.
#[test]
fn stale_certificates_decide_nothing() {
    run(9, Box::new(Stale::default()));
}

/// The attack: an author seals what is in the batches of others already. Copies do not run, and are
/// counted.
#[test]
fn copies_of_others_transactions_are_counted_against_who_sealed_them() {
    let world = run(10, Box::new(Copies::default()));
    let liar = world.hosts[0].id;
    let skipped = |who, blame: &Blame| who == liar && matches!(blame, Blame::Skipped { .. });
    assert!(world.blames.iter().any(|(_, who, blame)| skipped(*who, blame)));
}

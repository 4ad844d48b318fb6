//! Proofs that validators signed two things: collected, proposed, and accepted once each.

use crate::{
    drill::{self, Drill},
    sets::Sets,
    signatures::Signatures,
};
use codec::Encode;
use dure_types::{
    BatchHeader, Evidence, Hash, Header, Height, Proposal, ValidatorId, Vote, VoteKind, limits,
    vote::Round,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// Evidence about votes and proposals may enter a header this many heights after the offence. Within
/// it a node can tell from headers whether it entered before.
pub(crate) const EVIDENCE_HEIGHTS: u64 = 64;
/// What entered is remembered this long: no evidence may enter at heights further apart.
const ENTERED_HEIGHTS: u64 = limits::BATCH_EXPIRY_BLOCKS;
const _: () = assert!(EVIDENCE_HEIGHTS <= ENTERED_HEIGHTS);
/// Offences that wait for a header of ours.
const WAITING_MAX: usize = 64;

/// One offence: evidence of it enters the chain once, however many pairs of messages prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Kind of vote, height, round.
    Vote(ValidatorId, u8, Height, Round),
    Proposal(ValidatorId, Height, Round),
    /// Sequence number.
    Batch(ValidatorId, u64),
}

/// What validators did wrong.
#[derive(Clone, Debug)]
pub(crate) struct Offences {
    chain: Hash,
    signatures: Signatures,
    waiting: BTreeMap<Place, Evidence>,
    /// What decided headers hold, by the height of the header.
    entered: BTreeMap<Height, BTreeSet<Place>>,
}

impl Offences {
    pub(crate) fn new(chain: Hash, signatures: Signatures) -> Self {
        Self { chain, signatures, waiting: BTreeMap::new(), entered: BTreeMap::new() }
    }

    /// Keeps evidence whose signatures were verified; returns the accused when it is new.
    pub(crate) fn add(&mut self, evidence: Evidence) -> Option<ValidatorId> {
        let evidence = in_order(evidence);
        let accused = evidence.check_shape().ok()?;
        let place = place(&evidence);
        let known = self.waiting.contains_key(&place) || self.has_entered(&place);
        if known || self.waiting.len() >= WAITING_MAX {
            return None;
        }
        self.waiting.insert(place, evidence);
        Some(accused)
    }

    /// What a header of ours takes along.
    pub(crate) fn for_header(&self, height: Height, sets: &Sets) -> Vec<Evidence> {
        let may_enter = |evidence: &&Evidence| self.may_enter(evidence, height, sets);
        self.waiting.values().filter(may_enter).take(limits::EVIDENCE_MAX).cloned().collect()
    }

    /// Whether evidence may stand in the header of a height: a function of the decided headers.
    /// Votes and proposals are judged by the validators of their own height: who left since, or has
    /// another key now, is accused all the same. A batch has no height but that of the header.
    pub(crate) fn may_enter(&self, evidence: &Evidence, height: Height, sets: &Sets) -> bool {
        let judged = match evidence {
            Evidence::Votes(Vote { height, .. }, _)
            | Evidence::Proposals(Proposal { height, .. }, _) => *height,
            Evidence::Batches(..) => height,
        };
        let record = || sets.at(judged)?.get(evidence.accused()?);
        heights(evidence).contains(&height.0)
            && !self.has_entered(&place(evidence))
            && record().is_some_and(|record| self.signed(evidence, &record.consensus_key))
    }

    fn has_entered(&self, place: &Place) -> bool {
        self.entered.values().any(|places| places.contains(place))
            && !drill::is(Drill::EvidenceTwice)
    }

    fn signed(&self, evidence: &Evidence, key: &[u8; 32]) -> bool {
        if drill::is(Drill::EvidenceUnchecked) {
            return true;
        }
        let (chain, signatures) = (self.chain, &self.signatures);
        match evidence {
            Evidence::Votes(a, b) => [a, b].iter().all(|vote| signatures.vote(chain, vote, key)),
            Evidence::Proposals(a, b) => {
                [a, b].iter().all(|proposal| signatures.proposal(chain, proposal, key))
            }
            Evidence::Batches(a, b) => [a, b]
                .iter()
                .all(|(header, signature)| signatures.batch(chain, header, signature, key)),
        }
    }

    /// Takes in a decided header.
    pub(crate) fn decided(&mut self, header: &Header) {
        let height = header.height.0;
        let places: BTreeSet<Place> = header.evidence.iter().map(place).collect();
        self.waiting.retain(|place, evidence| {
            (!places.contains(place) || drill::is(Drill::EvidenceTwice))
                && *heights(evidence).end() > height
        });
        if !places.is_empty() {
            self.entered.insert(header.height, places);
        }
        self.entered.retain(|entered, _| entered.0.saturating_add(ENTERED_HEIGHTS) > height);
    }
}

fn place(evidence: &Evidence) -> Place {
    match evidence {
        Evidence::Votes(Vote { kind, height, round, validator, .. }, _) => {
            let kind = match kind {
                VoteKind::Prevote => 0,
                VoteKind::Precommit => 1,
            };
            Place::Vote(*validator, kind, *height, *round)
        }
        Evidence::Proposals(Proposal { height, round, validator, .. }, _) => {
            Place::Proposal(*validator, *height, *round)
        }
        Evidence::Batches((BatchHeader { author, seq, .. }, _), _) => Place::Batch(*author, *seq),
    }
}

/// Heights of the headers that evidence may enter. Of two batches, those that might name either: a
/// signature has no height of its own, and an author that lost its disk may use an old number again.
fn heights(evidence: &Evidence) -> RangeInclusive<u64> {
    let after =
        |height: Height| height.0.saturating_add(1)..=height.0.saturating_add(EVIDENCE_HEIGHTS);
    match evidence {
        Evidence::Votes(Vote { height, .. }, _) => after(*height),
        Evidence::Proposals(Proposal { height, .. }, _) => after(*height),
        Evidence::Batches((a, _), (b, _)) => {
            let (a, b) = (a.expiry_height.0, b.expiry_height.0);
            a.max(b).saturating_sub(limits::BATCH_EXPIRY_BLOCKS)..=a.min(b)
        }
    }
}

fn in_order(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Votes(a, b) if a.encode() > b.encode() => Evidence::Votes(b, a),
        Evidence::Proposals(a, b) if a.encode() > b.encode() => Evidence::Proposals(b, a),
        Evidence::Batches(a, b) if a.encode() > b.encode() => Evidence::Batches(b, a),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::{Gas, Roots, TimestampMs, ValidatorRecord, ValidatorSet};
    use ed25519_dalek::{Signer, SigningKey};

    const CHAIN: Hash = Hash([4; 32]);

    fn header(height: u64, evidence: Vec<Evidence>) -> Header {
        Header {
            version: 1,
            height: Height(height),
            parent: Hash::ZERO,
            parent_certificate: None,
            time: TimestampMs(height),
            batches: Vec::new(),
            executed: Height::ZERO,
            roots: Vec::<Roots>::new(),
            validators: Hash::ZERO,
            next_validators: Hash::ZERO,
            evidence,
        }
    }

    /// The attack: an author signs two batches with one number, or somebody makes that up.
    #[test]
    fn two_batches_with_one_number_are_proved_once_while_they_may_be_named() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let (id, power) = (ValidatorId([1; 32]), 1);
        let record = ValidatorRecord {
            id,
            name: String::new(),
            consensus_key: key.verifying_key().to_bytes(),
            network_key: [0; 32],
            consensus_binding: [0; 64],
            network_binding: [0; 64],
            power,
        };
        let mut sets = Sets::new(ValidatorSet::new(vec![record]), limits::VALIDATOR_CHANGE_DELAY);
        sets.executed(Height(3_000), None).unwrap();
        let sealed = |seq, expiry, key: &SigningKey| {
            let header = BatchHeader {
                author: id,
                seq,
                expiry_height: Height(expiry),
                gas_limit_sum: Gas(1),
                count: 1,
                length: 1,
                transactions: Hash::ZERO,
            };
            let signature = key.sign(&header.signed_bytes(CHAIN)).to_bytes();
            (header, signature)
        };
        let pair =
            |seq, a, b| in_order(Evidence::Batches(sealed(seq, a, &key), sealed(seq, b, &key)));
        let mut offences = Offences::new(CHAIN, Signatures::default());
        let may = |offences: &Offences, evidence: &Evidence, height| {
            offences.may_enter(evidence, Height(height), &sets)
        };
        let proof = pair(5, 1_000, 1_001);
        let open: Vec<_> = (700..1_100).filter(|height| may(&offences, &proof, *height)).collect();
        assert_eq!((open[0], open[open.len() - 1]), (745, 1_000));
        let forged = SigningKey::from_bytes(&[8; 32]);
        let made_up = Evidence::Batches(sealed(5, 1_000, &key), sealed(5, 1_001, &forged));
        assert!(!may(&offences, &in_order(made_up), 800));
        // Expiries that no header could name both of prove an old number used again, perhaps after
        // a disk was lost.
        assert!((0..3_000).all(|height| !may(&offences, &pair(5, 1_000, 1_257), height)));

        assert_eq!(offences.add(proof.clone()), Some(id));
        assert_eq!(offences.add(pair(5, 1_000, 1_002)), None, "one offence");
        assert_eq!(offences.add(pair(6, 1_000, 1_002)), Some(id), "another number");
        assert_eq!(offences.for_header(Height(800), &sets).len(), 2);
        offences.decided(&header(800, vec![proof.clone()]));
        let again = pair(5, 1_003, 1_004);
        for height in 801..1_057 {
            assert!(!may(&offences, &proof, height) && !may(&offences, &again, height), "{height}");
            let waiting = offences.for_header(Height(height), &sets).len();
            assert_eq!(waiting, usize::from(height <= 1_000), "of number 6 at {height}");
            offences.decided(&header(height, Vec::new()));
        }
    }
}

//! Proofs that validators signed two things: collected, proposed, and accepted once each.

use crate::{
    drill::{self, Drill},
    sets::Sets,
    signatures::Signatures,
};
use codec::Encode;
use dure_types::{Evidence, Hash, Header, Height, Proposal, ValidatorId, Vote, VoteKind, limits};
use std::collections::{BTreeMap, BTreeSet};

/// Evidence may enter a header this many heights after the offence. Within it a node can tell from
/// headers whether it entered before.
pub(crate) const EVIDENCE_HEIGHTS: u64 = 64;
/// Offences that wait for a header of ours.
const WAITING_MAX: usize = 64;

/// One offence: evidence of it enters the chain once, however many pairs of messages prove it.
type Place = (Height, ValidatorId, u8, u32);

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
        let place = place(&evidence)?;
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

    /// Whether evidence may stand in the header of a height: a function of the decided headers. It
    /// is judged by the validators of the offence's height: who left since, or has another key now,
    /// is accused all the same.
    pub(crate) fn may_enter(&self, evidence: &Evidence, height: Height, sets: &Sets) -> bool {
        let Some(place) = place(evidence) else { return false };
        let fresh = place.0 < height && place.0.0.saturating_add(EVIDENCE_HEIGHTS) >= height.0;
        fresh
            && !self.has_entered(&place)
            && sets
                .at(place.0)
                .and_then(|validators| validators.get(place.1))
                .is_some_and(|record| self.signed(evidence, &record.consensus_key))
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
            Evidence::Batches(..) => false,
        }
    }

    /// Takes in a decided header.
    pub(crate) fn decided(&mut self, header: &Header) {
        let height = header.height.0;
        let places: BTreeSet<Place> = header.evidence.iter().filter_map(place).collect();
        self.waiting.retain(|place, _| {
            (!places.contains(place) || drill::is(Drill::EvidenceTwice))
                && place.0.0.saturating_add(EVIDENCE_HEIGHTS) > height
        });
        if !places.is_empty() {
            self.entered.insert(header.height, places);
        }
        self.entered.retain(|entered, _| entered.0.saturating_add(EVIDENCE_HEIGHTS) > height);
    }
}

/// None for evidence about batches, which no rule admits yet.
fn place(evidence: &Evidence) -> Option<Place> {
    match evidence {
        Evidence::Votes(Vote { kind, height, round, validator, .. }, _) => {
            let kind = match kind {
                VoteKind::Prevote => 0,
                VoteKind::Precommit => 1,
            };
            Some((*height, *validator, kind, *round))
        }
        Evidence::Proposals(Proposal { height, round, validator, .. }, _) => {
            Some((*height, *validator, 2, *round))
        }
        Evidence::Batches(..) => None,
    }
}

fn in_order(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Votes(a, b) if a.encode() > b.encode() => Evidence::Votes(b, a),
        Evidence::Proposals(a, b) if a.encode() > b.encode() => Evidence::Proposals(b, a),
        other => other,
    }
}

//! Who says to hold which batch. Local policy: nothing that validity depends on.

use dure_consensus::Named;
use dure_types::{
    Acknowledgement, BatchReference, Hash, Header, ValidatorId, ValidatorSet, limits,
};
use std::collections::{BTreeMap, btree_map::Entry};

/// Acknowledgements of batches that no decided header names.
#[derive(Default)]
pub(super) struct Acknowledged {
    /// By author and by who said it: the batch id of each number.
    said: BTreeMap<(ValidatorId, ValidatorId), BTreeMap<u64, Hash>>,
}

impl Acknowledged {
    /// Takes note, and says whether it is news; of one author and one who says it, the newest
    /// numbers of a window are kept.
    pub(super) fn add(&mut self, by: ValidatorId, reference: BatchReference) -> bool {
        let BatchReference { author, seq, id } = reference;
        let said = self.said.entry((author, by)).or_default();
        let new = match said.entry(seq) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(id);
                true
            }
        };
        if said.len() as u64 > limits::BATCH_SEQ_WINDOW {
            said.pop_first();
        }
        new
    }

    /// Who says to hold a batch.
    pub(super) fn holders(&self, reference: &BatchReference) -> impl Iterator<Item = ValidatorId> {
        let BatchReference { author, seq, id } = *reference;
        let of_author = (author, ValidatorId([0; 32]))..=(author, ValidatorId([255; 32]));
        let holds = move |said: &BTreeMap<u64, Hash>| said.get(&seq) == Some(&id);
        self.said.range(of_author).filter(move |(_, said)| holds(said)).map(|((_, by), _)| *by)
    }

    /// Whether a quorum says to hold a batch.
    pub(super) fn is_quorum(&self, reference: &BatchReference, validators: &ValidatorSet) -> bool {
        let power = self.holders(reference).filter_map(|by| validators.get(by));
        validators.is_quorum(power.fold(0, |sum, record| sum.saturating_add(record.power)))
    }

    /// Forgets what a decided header settles.
    pub(super) fn settle(&mut self, header: &Header, named: &Named) {
        for ((author, _), said) in &mut self.said {
            if header.batches.iter().any(|batch| batch.author == *author) {
                said.retain(|seq, _| named.allows(*author, *seq));
            }
        }
    }

    /// Forgets that anybody, or that one validator, says to hold a batch.
    pub(super) fn forget(&mut self, reference: &BatchReference, by: Option<ValidatorId>) {
        let BatchReference { author, seq, id } = *reference;
        for ((of, who), said) in &mut self.said {
            if *of == author && by.is_none_or(|by| by == *who) && said.get(&seq) == Some(&id) {
                said.remove(&seq);
            }
        }
    }

    /// Every batch that somebody says to hold, with who says so.
    pub(super) fn all(&self) -> impl Iterator<Item = (ValidatorId, BatchReference)> {
        self.said.iter().flat_map(|((author, by), said)| {
            let (author, by) = (*author, *by);
            said.iter().map(move |(seq, id)| (by, BatchReference { author, seq: *seq, id: *id }))
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.said.values().all(BTreeMap::is_empty)
    }
}

/// An acknowledgement of a batch.
pub(super) const fn acknowledgement(reference: BatchReference) -> Acknowledgement {
    let BatchReference { author, seq, id } = reference;
    Acknowledgement { author, seq, id }
}

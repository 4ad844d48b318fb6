//! Validators by height.

use dure_types::{Height, ValidatorId, ValidatorRecord, ValidatorSet};
use ed25519_dalek::SigningKey;

/// Sets that take turns, each for some heights.
#[derive(Clone, Debug)]
pub(crate) struct Sets {
    sets: Vec<ValidatorSet>,
    heights: u64,
}

impl Sets {
    /// One set for good.
    pub(crate) fn constant(keys: &[SigningKey], powers: &[u64]) -> Self {
        Self { sets: vec![set(keys, powers)], heights: u64::MAX }
    }

    /// A set for each list of powers, in turn; who has none is no member.
    pub(crate) fn changing(keys: &[SigningKey], powers: &[&[u64]], heights: u64) -> Self {
        Self { sets: powers.iter().map(|powers| set(keys, powers)).collect(), heights }
    }

    pub(crate) fn at(&self, height: Height) -> &ValidatorSet {
        &self.sets[(height.0 / self.heights) as usize % self.sets.len()]
    }

    /// Whether these hold a quorum of any of the sets.
    pub(crate) fn is_quorum_of_any(&self, holds: impl Fn(ValidatorId) -> bool) -> bool {
        self.sets.iter().any(|set| {
            let holders = set.0.iter().filter(|record| holds(record.id));
            set.is_quorum(holders.map(|record| record.power).sum())
        })
    }

    /// Whether a validator is a member at any height after `from`, up to `to`.
    pub(crate) fn has_member(&self, id: ValidatorId, from: Height, to: Height) -> bool {
        (from.0 + 1..=to.0).any(|height| self.at(Height(height)).get(id).is_some())
    }
}

fn set(keys: &[SigningKey], powers: &[u64]) -> ValidatorSet {
    let record = |(index, key): (usize, &SigningKey)| ValidatorRecord {
        id: ValidatorId::of_key(key.verifying_key().as_bytes()),
        name: format!("validator {index}"),
        consensus_key: key.verifying_key().to_bytes(),
        network_key: [index as u8; 32],
        consensus_binding: [0; 64],
        network_binding: [0; 64],
        power: powers[index],
    };
    let members = keys.iter().enumerate().filter(|(index, _)| powers[*index] > 0);
    ValidatorSet::new(members.map(record).collect())
}

//! Validators by height: the model that nodes are held against. What executing a height announces
//! is listed here; when it acts is computed anew.

use crate::seeded::Dice;
use dure_types::{Height, ValidatorId, ValidatorRecord, ValidatorSet};
use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;

/// What each node weighs as a validator, 0 where it is none, and how often its key was replaced.
pub(crate) type Weights = Vec<(u64, u8)>;

/// How often a key may be replaced.
pub(crate) const REPLACED_MAX: u8 = 6;

/// Validators of genesis, and what executed heights announce.
#[derive(Clone, Debug)]
pub(crate) struct Sets {
    pub(crate) delay: u64,
    /// Nodes, validators or not.
    pub(crate) nodes: usize,
    genesis: ValidatorSet,
    changes: BTreeMap<Height, ValidatorSet>,
}

impl Sets {
    /// One set for good.
    pub(crate) fn constant(seeds: &[u8], powers: &[u64]) -> Self {
        let weights: Weights = powers.iter().map(|power| (*power, 0)).collect();
        Self::changing(seeds, 32, &weights, &[])
    }

    /// A set of genesis, and others that executed heights announce.
    pub(crate) fn changing(
        seeds: &[u8],
        delay: u64,
        genesis: &Weights,
        changes: &[(u64, Weights)],
    ) -> Self {
        let changes = changes.iter().map(|(at, weights)| (Height(*at), set(seeds, weights)));
        let (nodes, genesis, changes) = (seeds.len(), set(seeds, genesis), changes.collect());
        Self { delay, nodes, genesis, changes }
    }

    /// Nodes join, leave, weigh otherwise and replace their keys, up to four times in a row. None
    /// weighs a third: one of them may lie, or be silent.
    pub(crate) fn drawn(seeds: &[u8], delay: u64, dice: &mut Dice) -> Self {
        let mut weights: Weights = (0..seeds.len()).map(|node| (u64::from(node < 4), 0)).collect();
        let (genesis, mut changes, mut height) = (weights.clone(), Vec::new(), 1 + dice.below(6));
        for _ in 0..4 + dice.below(20) {
            let (node, what) = (dice.pick(seeds.len()), dice.below(4));
            let mut next = weights.clone();
            let (power, replaced) = &mut next[node];
            match what {
                0 if *power == 0 => *power = 1,
                1 => *power = 0,
                2 if *power > 0 => *power = 1 + dice.below(2),
                3 if *power > 0 && *replaced < REPLACED_MAX => *replaced += 1,
                _ => {}
            }
            let total: u64 = next.iter().map(|(power, _)| power).sum();
            if next != weights && next.iter().all(|(power, _)| power * 3 < total) {
                changes.push((height, next.clone()));
                weights = next;
                height += 1 + dice.below(2) * dice.below(8);
            }
        }
        Self::changing(seeds, delay, &genesis, &changes)
    }

    /// What executing a height announces.
    pub(crate) fn announced(&self, executed: Height) -> Option<&ValidatorSet> {
        self.changes.get(&executed)
    }

    /// What a host knows of a chain of which it executed nothing.
    pub(crate) fn of_genesis(&self) -> dure_consensus::Sets {
        dure_consensus::Sets::new(self.genesis.clone(), self.delay)
    }

    /// Whether anything ever changes.
    pub(crate) fn change(&self) -> bool {
        !self.changes.is_empty()
    }

    pub(crate) fn at(&self, height: Height) -> &ValidatorSet {
        let executed = Height(height.0.saturating_sub(self.delay));
        let last = self.changes.range(..=executed).next_back();
        last.map_or(&self.genesis, |(_, set)| set)
    }

    /// Whether these hold a quorum of any of the sets.
    pub(crate) fn is_quorum_of_any(&self, holds: impl Fn(ValidatorId) -> bool) -> bool {
        let mut sets = std::iter::once(&self.genesis).chain(self.changes.values());
        sets.any(|set| {
            let holders = set.0.iter().filter(|record| holds(record.id));
            set.is_quorum(holders.map(|record| record.power).sum())
        })
    }

    /// The key by which a validator signs at a height, if it is one.
    pub(crate) fn key(&self, id: ValidatorId, height: Height) -> Option<[u8; 32]> {
        self.at(height).get(id).map(|record| record.consensus_key)
    }
}

/// The key of a node, after it was replaced so many times.
pub(crate) fn key(seed: u8, replaced: u8) -> SigningKey {
    let mut bytes = [seed; 32];
    bytes[31] = seed.wrapping_add(replaced);
    SigningKey::from_bytes(&bytes)
}

/// Stays when the key is replaced.
pub(crate) fn id(seed: u8) -> ValidatorId {
    ValidatorId::of_key(key(seed, 0).verifying_key().as_bytes())
}

fn set(seeds: &[u8], weights: &Weights) -> ValidatorSet {
    let record = |(index, (seed, (power, replaced))): (usize, (&u8, &(u64, u8)))| ValidatorRecord {
        id: id(*seed),
        name: format!("validator {index}"),
        consensus_key: key(*seed, *replaced).verifying_key().to_bytes(),
        network_key: [index as u8; 32],
        consensus_binding: [0; 64],
        network_binding: [0; 64],
        power: *power,
    };
    let members = seeds.iter().zip(weights).enumerate().filter(|(_, (_, (power, _)))| *power > 0);
    ValidatorSet::new(members.map(record).collect())
}

//! Validators: who they are, what they weigh.

use crate::{Hash, domain, limits};
use alloc::{string::String, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Names a validator for life: BLAKE3 of its first consensus key. Rotating keys keeps it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
)]
pub struct ValidatorId(pub [u8; 32]);

impl ValidatorId {
    /// Derives the id from the first consensus key.
    #[must_use]
    pub fn of_key(consensus_key: &[u8; 32]) -> Self {
        Self(domain::hash_chainless(domain::VALIDATOR, consensus_key).0)
    }
}

/// One validator as genesis and the system contract record it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct ValidatorRecord {
    /// Id for life.
    pub id: ValidatorId,
    /// Operator's name for people; not unique, not trusted.
    pub name: String,
    /// Ed25519 key that signs votes, proposals and batches.
    pub consensus_key: [u8; 32],
    /// Ed25519 key of the node on the network.
    pub network_key: [u8; 32],
    /// Signature of the consensus key over [`ValidatorRecord::binding`].
    pub consensus_binding: [u8; 64],
    /// Signature of the network key over [`ValidatorRecord::binding`].
    pub network_binding: [u8; 64],
    /// Voting power, from 1.
    pub power: u64,
}

impl ValidatorRecord {
    /// The bytes that both keys sign, so that neither can be claimed by another. The id is among
    /// them: a validator that rotates cannot copy the keys and bindings of a future one.
    #[must_use]
    pub fn binding(id: ValidatorId, consensus_key: &[u8; 32], network_key: &[u8; 32]) -> Vec<u8> {
        domain::message(domain::KEY_BINDING, Hash::ZERO, &(id, consensus_key, network_key))
    }
}

/// Validators of one height, ascending by id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct ValidatorSet(pub Vec<ValidatorRecord>);

impl ValidatorSet {
    /// Sorts the records by id.
    #[must_use]
    pub fn new(mut records: Vec<ValidatorRecord>) -> Self {
        records.sort_by_key(|record| record.id);
        Self(records)
    }

    /// Stands for the set in a header.
    #[must_use]
    pub fn hash(&self) -> Hash {
        domain::hash_chainless(domain::VALIDATOR_SET, self)
    }

    /// Finds a validator.
    #[must_use]
    pub fn get(&self, id: ValidatorId) -> Option<&ValidatorRecord> {
        let index = self.0.binary_search_by_key(&id, |record| record.id).ok()?;
        self.0.get(index)
    }

    /// All voting power.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.0.iter().fold(0u64, |sum, record| sum.saturating_add(record.power))
    }

    /// Whether this much power is strictly more than two thirds of all.
    #[must_use]
    pub fn is_quorum(&self, power: u64) -> bool {
        u128::from(power).saturating_mul(3) > u128::from(self.total_power()).saturating_mul(2)
    }

    /// Judges count, powers, order and uniqueness of ids and keys.
    ///
    /// # Errors
    /// A sentence that names the offender.
    pub fn check(&self) -> Result<(), SetError> {
        if self.0.is_empty() || self.0.len() > limits::VALIDATORS_MAX {
            return Err(SetError::Count { count: self.0.len(), limit: limits::VALIDATORS_MAX });
        }
        for (index, record) in self.0.iter().enumerate() {
            if record.power == 0 || record.power > limits::VOTING_POWER_MAX {
                return Err(SetError::Power { id: record.id, power: record.power });
            }
            let others = self.0.iter().skip(index.saturating_add(1));
            for other in others {
                if other.id <= record.id {
                    return Err(SetError::Order { id: other.id });
                }
                if other.consensus_key == record.consensus_key
                    || other.network_key == record.network_key
                {
                    return Err(SetError::SharedKey { id: other.id });
                }
            }
        }
        Ok(())
    }

    /// Judges a set that is to follow on this one: besides [`Self::check`], those that stay must
    /// hold a quorum of it. Who joins signs only once others decided without it, so a chain that
    /// needed it at once would stand.
    ///
    /// # Errors
    /// [`SetError`] names the offender, or what stays and what there is.
    pub fn check_next(&self, next: &Self) -> Result<(), SetError> {
        next.check()?;
        let stay = next.0.iter().filter(|record| self.get(record.id).is_some());
        let stay = stay.fold(0u64, |power, record| power.saturating_add(record.power));
        let total = next.total_power();
        if next.is_quorum(stay) { Ok(()) } else { Err(SetError::Stay { stay, total }) }
    }
}

/// Says why records are no validator set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// Those that stay could not decide without those that join.
    #[error("{stay} of {total} power stays: more than two thirds must")]
    Stay {
        /// Power of those that are in both sets, in the next.
        stay: u64,
        /// All power in the next.
        total: u64,
    },
    /// None, or too many.
    #[error("{count} validators; allowed are 1 to {limit}")]
    Count {
        /// Records.
        count: usize,
        /// Allowed.
        limit: usize,
    },
    /// Power nought or too great.
    #[error("validator {id:?} has voting power {power}")]
    Power {
        /// Whose.
        id: ValidatorId,
        /// Its power.
        power: u64,
    },
    /// Not ascending by id.
    #[error("validator {id:?} is out of order or twice in the set")]
    Order {
        /// Which.
        id: ValidatorId,
    },
    /// A key of two validators.
    #[error("validator {id:?} shares a key with another")]
    SharedKey {
        /// Which.
        id: ValidatorId,
    },
}

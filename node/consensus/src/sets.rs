//! Which validators decide which height (DESIGN D1).
//!
//! What the execution of height h decides about validators acts from height h + delay on, for
//! everyone: the delay is longer than results may go uncertified, so that a change is certified
//! before it acts. Every header names the hashes of its own set and of the next. So a node that
//! follows, and executes later than it decides, knows from a header that nothing changes; at a
//! change it waits for its own execution, and never takes a set from others.

use crate::{
    OrderingError,
    drill::{self, Drill},
};
use dure_types::{Hash, Header, Height, ValidatorSet, validator::SetError};
use std::{collections::BTreeMap, sync::Arc};

/// Validators by height: those of genesis, and every change since.
#[derive(Clone, Debug)]
pub struct Sets {
    delay: u64,
    /// Each from a height on, with its hash.
    changes: BTreeMap<Height, (Arc<ValidatorSet>, Hash)>,
    /// The newest executed height.
    executed: Height,
    /// Up to this height decided headers say that nothing changes.
    followed: Height,
}

impl Sets {
    /// Begins with the validators of genesis. Changes act `delay` heights after they are executed:
    /// [`dure_types::limits::VALIDATOR_CHANGE_DELAY`] on a chain, at least 2.
    #[must_use]
    pub fn new(genesis: ValidatorSet, delay: u64) -> Self {
        let hash = genesis.hash();
        let changes = BTreeMap::from([(Height::ZERO, (Arc::new(genesis), hash))]);
        Self { delay: delay.max(2), changes, executed: Height::ZERO, followed: Height::ZERO }
    }

    /// Takes in what the execution of a height decided about validators, if anything. Heights come
    /// in order; one that comes again must tell the same. Heights left out changed nothing. What is
    /// no set of validators changes nothing either, on every node alike, and why is the answer: a
    /// mistake of who announced it must not stop the chain.
    ///
    /// # Errors
    /// [`OrderingError::OtherValidators`]: a decided header, or an execution before, says otherwise.
    pub fn executed(
        &mut self,
        height: Height,
        change: Option<ValidatorSet>,
    ) -> Result<Option<SetError>, OrderingError> {
        let refused = change.as_ref().and_then(|set| set.check().err());
        let change = change.filter(|_| refused.is_none());
        let early = u64::from(drill::is(Drill::SetChangeEarly));
        let from = height.saturating_add(Height(self.delay - early));
        let before = self.changes.range(..from).next_back().map(|(_, (_, hash))| *hash);
        match change {
            Some(set) => {
                let hash = set.hash();
                if from > self.newest() || early > 0 {
                    self.changes.insert(from, (Arc::new(set), hash));
                } else {
                    self.must_be(from, hash)?;
                }
            }
            // What was told before must be told again.
            None if self.changes.contains_key(&from) => {
                self.must_be(from, before.unwrap_or(Hash::ZERO))?;
            }
            None => {}
        }
        self.executed = self.executed.max(height);
        Ok(refused)
    }

    /// The newest height whose validators are known.
    fn newest(&self) -> Height {
        self.executed.saturating_add(Height(self.delay)).max(self.followed)
    }

    fn entry(&self, height: Height) -> Option<&(Arc<ValidatorSet>, Hash)> {
        let known = height <= self.newest();
        self.changes.range(..=height).next_back().map(|(_, entry)| entry).filter(|_| known)
    }

    /// The validators of a height; none while more must be executed, or when it is long past.
    #[must_use]
    pub fn at(&self, height: Height) -> Option<&Arc<ValidatorSet>> {
        self.entry(height).map(|(set, _)| set)
    }

    /// The same, of a height whose header is decided and needed.
    ///
    /// # Errors
    /// [`OrderingError::Forgotten`]: it is long past, and no execution will tell.
    pub(crate) fn of(&self, height: Height) -> Result<Option<&Arc<ValidatorSet>>, OrderingError> {
        match self.changes.first_key_value() {
            Some((oldest, _)) if *oldest > height => Err(OrderingError::Forgotten { height }),
            _ => Ok(self.at(height)),
        }
    }

    /// The hash of the validators of a height.
    pub(crate) fn hash(&self, height: Height) -> Option<Hash> {
        self.entry(height).map(|(_, hash)| *hash)
    }

    /// The validators that were announced last, whenever they act.
    pub(crate) fn announced(&self) -> Option<&Arc<ValidatorSet>> {
        self.changes.last_key_value().map(|(_, (set, _))| set)
    }

    /// Holds the hash in a decided header against what we executed.
    pub(crate) fn must_be(&self, height: Height, decided: Hash) -> Result<(), OrderingError> {
        match self.hash(height) {
            Some(own) if own != decided => {
                Err(OrderingError::OtherValidators { height, decided, own })
            }
            _ => Ok(()),
        }
    }

    /// Takes in a decided header whose validators are known: where it says that those of the next
    /// height are the same, they are known too.
    pub(crate) fn follow(&mut self, header: &Header) -> Result<(), OrderingError> {
        let next = header.height.saturating_add(Height(1));
        self.must_be(header.height, header.validators)?;
        self.must_be(next, header.next_validators)?;
        if self.hash(header.height) == Some(header.next_validators) {
            self.followed = self.followed.max(next);
        }
        Ok(())
    }

    /// Forgets what held only before a height.
    pub(crate) fn forget(&mut self, before: Height) {
        let holds = self.changes.range(..=before).next_back().map(|(from, _)| *from);
        if let Some(holds) = holds {
            self.changes.retain(|from, _| *from >= holds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::{TimestampMs, ValidatorId, ValidatorRecord};

    fn set(members: &[u8]) -> ValidatorSet {
        let record = |member: &u8| ValidatorRecord {
            id: ValidatorId([*member; 32]),
            name: String::new(),
            consensus_key: [*member; 32],
            network_key: [*member; 32],
            consensus_binding: [0; 64],
            network_binding: [0; 64],
            power: 1,
        };
        ValidatorSet::new(members.iter().map(record).collect())
    }

    fn header(height: u64, sets: [&[u8]; 2]) -> Header {
        let [validators, next_validators] = sets.map(|members| set(members).hash());
        Header {
            version: Header::VERSION,
            height: Height(height),
            parent: Hash::ZERO,
            parent_certificate: None,
            time: TimestampMs(height),
            batches: Vec::new(),
            executed: Height::ZERO,
            roots: Vec::new(),
            validators,
            next_validators,
            evidence: Vec::new(),
        }
    }

    fn members(sets: &Sets, height: u64) -> Option<usize> {
        sets.at(Height(height)).map(|set| set.0.len())
    }

    /// Two changes in a row act in a row, each exactly its delay after it was executed.
    #[test]
    fn changes_act_at_their_heights_and_nothing_is_known_beyond() {
        let mut sets = Sets::new(set(&[1]), 4);
        assert_eq!((members(&sets, 4), members(&sets, 5)), (Some(1), None));
        sets.executed(Height(1), Some(set(&[1, 2]))).unwrap();
        sets.executed(Height(2), Some(set(&[1, 2, 3]))).unwrap();
        let known: Vec<_> = (4..=7).map(|height| members(&sets, height)).collect();
        assert_eq!(known, [Some(1), Some(2), Some(3), None]);
        // After a restart the same is executed again, and may come to nothing else.
        sets.executed(Height(1), Some(set(&[1, 2]))).unwrap();
        let other = sets.executed(Height(1), Some(set(&[1])));
        assert!(matches!(other, Err(OrderingError::OtherValidators { height: Height(5), .. })));
        let none = sets.executed(Height(2), None);
        assert!(matches!(none, Err(OrderingError::OtherValidators { height: Height(6), .. })));
        let refused = sets.executed(Height(3), Some(set(&[]))).unwrap();
        assert!(matches!(refused, Some(SetError::Count { count: 0, .. })));
        assert_eq!(members(&sets, 7), Some(3), "what is no set changes nothing");
        assert_eq!(sets.executed(Height(3), None), Ok(None), "nor is it told again");
        sets.forget(Height(5));
        assert_eq!(sets.of(Height(4)).err(), Some(OrderingError::Forgotten { height: Height(4) }));
        assert!(sets.executed(Height(1), Some(set(&[1]))).is_err(), "the oldest that is kept");
        assert_eq!([4, 5, 6].map(|height| members(&sets, height)), [None, Some(2), Some(3)]);
    }

    /// Who follows without executing knows what headers say stays, and waits for what changes.
    #[test]
    fn headers_tell_that_nothing_changes_and_execution_what_does() {
        let mut sets = Sets::new(set(&[1]), 2);
        for height in 1..=5 {
            sets.follow(&header(height, [&[1], &[1]])).unwrap();
        }
        sets.follow(&header(6, [&[1], &[1, 2]])).unwrap();
        assert_eq!((members(&sets, 6), members(&sets, 7)), (Some(1), None));
        sets.executed(Height(5), Some(set(&[1, 2]))).unwrap();
        assert_eq!((members(&sets, 6), members(&sets, 7)), (Some(1), Some(2)));
        assert!(sets.follow(&header(7, [&[1], &[1]])).is_err(), "the header has other validators");
        let mut diverged = Sets::new(set(&[1]), 2);
        diverged.follow(&header(2, [&[1], &[1]])).unwrap();
        assert!(diverged.executed(Height(1), Some(set(&[1, 2]))).is_err(), "others decided");
    }
}

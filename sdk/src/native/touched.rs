//! What a run looked at and changed, and where two runs depend on each other.

use alloc::{collections::BTreeSet, vec::Vec};
use dure_abi::Address;

/// A stored entry: whose, and its key.
type Key = (Address, Vec<u8>);

/// What a run of a sandbox looked at and changed, what was undone included.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let (mut till, mut last) = (Balance::open(Place::field(0)), Item::<u8>::open(Place::field(1)));
/// let mut sandbox = Sandbox::new();
/// let mut run = |buyer| {
///     sandbox.run(|_| {
///         till.add(Amount(5));
///         last.set(&buyer);
///     });
///     sandbox.touched().clone()
/// };
/// let (one, other) = (run(1), run(2));
/// assert_eq!(one.amounts_shared(&other), 1, "the till is only added to");
/// let waits = one.conflicts(&other);
/// assert_eq!(waits.first().map(|(_, key)| key.as_slice()), Some([0, 1].as_slice()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    read: BTreeSet<Key>,
    set: BTreeSet<Key>,
    changed: BTreeSet<Key>,
}

/// How an entry is touched.
#[derive(Clone, Copy)]
pub(super) enum Touch {
    /// Its value is looked at.
    Read,
    /// It is written or removed.
    Set,
    /// It is an amount that is added to or taken from, without being looked at.
    Change,
}

impl Touched {
    pub(super) fn note(&mut self, how: Touch, contract: Address, key: &[u8]) {
        let keys = match how {
            Touch::Read => &mut self.read,
            Touch::Set => &mut self.set,
            Touch::Change => &mut self.changed,
        };
        keys.insert((contract, key.to_vec()));
    }

    /// The entries for which one run has to wait for the other: what one writes and the other
    /// touches, and what one looks at and the other changes. Two that both only add to an amount,
    /// or take from it, do not wait. What a scan did not find is not looked at.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> BTreeSet<(Address, Vec<u8>)> {
        let waits = |one: &Self, other: &Self| -> Vec<Key> {
            let touched = other.read.iter().chain(&other.set).chain(&other.changed);
            let written = touched.filter(|key| one.set.contains(*key));
            let looked_at = other.read.iter().filter(|key| one.changed.contains(*key));
            written.chain(looked_at).cloned().collect()
        };
        waits(self, other).into_iter().chain(waits(other, self)).collect()
    }

    /// How many amounts both runs add to or take from.
    #[must_use]
    pub fn amounts_shared(&self, other: &Self) -> usize {
        self.changed.intersection(&other.changed).count()
    }
}

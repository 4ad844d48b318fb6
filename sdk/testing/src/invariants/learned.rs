//! What occurred so far: numbers, times, hashes, what is stored, and calls that were accepted.

use std::collections::{BTreeMap, VecDeque};

/// Numbers of one width that occurred lately are kept up to this many; and so on.
const NUMBERS_KEPT: usize = 24;
const RETURNED_KEPT: usize = 6;
const TIMES_KEPT: usize = 12;
const HASHES_KEPT: usize = 16;
const FACTS_KEPT: usize = 32;
const EXAMPLES_KEPT: usize = 8;

/// What one entry of storage says. Its parts belong together: a voucher's number is in the key, its
/// holder and what is left of it in the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fact {
    /// Numbers of the key, with their widths.
    pub(super) keys: Vec<(usize, u128)>,
    /// Numbers of the value, with their widths.
    pub(super) numbers: Vec<(usize, u128)>,
    pub(super) times: Vec<u64>,
    pub(super) addresses: Vec<[u8; 32]>,
    pub(super) hashes: Vec<[u8; 32]>,
}

/// A call that was accepted.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Example {
    /// Index of the account.
    pub(super) by: usize,
    /// SCALE bytes of each argument.
    pub(super) args: Vec<Vec<u8>>,
}

/// What a sequence knows: of the chain as the test set it up, and of its own calls.
#[derive(Clone, Default)]
pub(super) struct Learned {
    /// By width: amounts, ids and shares seldom have the same.
    numbers: [VecDeque<u128>; 5],
    /// Numbers that methods returned lately, by width: names of things, mostly.
    returned: [VecDeque<u128>; 5],
    times: VecDeque<u64>,
    hashes: VecDeque<[u8; 32]>,
    /// By the key of the entry.
    facts: VecDeque<(Vec<u8>, Fact)>,
    /// By target and method.
    examples: BTreeMap<(usize, usize), VecDeque<Example>>,
    /// Accepted arguments, by target and [`Slot`].
    values: BTreeMap<(usize, Slot), VecDeque<Vec<u8>>>,
}

/// Arguments of one name and type: what one method accepted as `voucher`, another may too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(pub(super) usize);

impl Learned {
    pub(super) fn number(&mut self, width: usize, number: u128) {
        if let Some(numbers) = self.numbers.get_mut(index(width)).filter(|_| number > 2) {
            keep(numbers, number, NUMBERS_KEPT);
        }
    }

    pub(super) fn returned(&mut self, width: usize, number: u128) {
        if let Some(numbers) = self.returned.get_mut(index(width)) {
            keep(numbers, number, RETURNED_KEPT);
        }
    }

    pub(super) fn time(&mut self, time: u64) {
        keep(&mut self.times, time, TIMES_KEPT);
    }

    pub(super) fn hash(&mut self, bytes: [u8; 32]) {
        keep(&mut self.hashes, bytes, HASHES_KEPT);
    }

    /// Keeps what an entry says now, unless it names nothing: who or which one.
    pub(super) fn fact(&mut self, key: &[u8], fact: Fact) {
        self.forget(key);
        if fact.keys.is_empty() && fact.addresses.is_empty() {
            return;
        }
        if self.facts.len() >= FACTS_KEPT {
            self.facts.pop_front();
        }
        self.facts.push_back((key.to_vec(), fact));
    }

    /// The entry is no more.
    pub(super) fn forget(&mut self, key: &[u8]) {
        self.facts.retain(|(other, _)| other != key);
    }

    pub(super) fn example(&mut self, method: (usize, usize), example: Example) {
        keep(self.examples.entry(method).or_default(), example, EXAMPLES_KEPT);
    }

    pub(super) fn value(&mut self, target: usize, slot: Slot, bytes: Vec<u8>) {
        keep(self.values.entry((target, slot)).or_default(), bytes, EXAMPLES_KEPT);
    }

    /// Numbers of a width, the latest last.
    pub(super) fn numbers(&self, width: usize) -> &VecDeque<u128> {
        &self.numbers[index(width)]
    }

    pub(super) fn all_returned(&self, width: usize) -> &VecDeque<u128> {
        &self.returned[index(width)]
    }

    pub(super) const fn times(&self) -> &VecDeque<u64> {
        &self.times
    }

    pub(super) const fn hashes(&self) -> &VecDeque<[u8; 32]> {
        &self.hashes
    }

    pub(super) const fn facts(&self) -> &VecDeque<(Vec<u8>, Fact)> {
        &self.facts
    }

    pub(super) fn examples(&self, method: (usize, usize)) -> Option<&VecDeque<Example>> {
        self.examples.get(&method)
    }

    pub(super) fn values(&self, target: usize, slot: Slot) -> Option<&VecDeque<Vec<u8>>> {
        self.values.get(&(target, slot))
    }
}

/// Where numbers of 1, 2, 4, 8 and 16 bytes are.
fn index(width: usize) -> usize {
    match width {
        1 => 0,
        2 => 1,
        4 => 2,
        8 => 3,
        _ => 4,
    }
}

/// Keeps the latest, each once.
fn keep<T: PartialEq>(kept: &mut VecDeque<T>, value: T, most: usize) {
    if let Some(known) = kept.iter().position(|other| *other == value) {
        kept.remove(known);
    } else if kept.len() >= most {
        kept.pop_front();
    }
    kept.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_each_once_and_by_width() {
        let mut learned = Learned::default();
        (1_000..1_100).for_each(|number| learned.number(16, number));
        learned.number(8, 7);
        learned.number(16, 1_090);
        let amounts = learned.numbers(16);
        assert_eq!((amounts.len(), amounts.back()), (NUMBERS_KEPT, Some(&1_090)));
        assert_eq!(learned.numbers(8), &[7]);
        assert!(learned.numbers(4).is_empty());
    }

    #[test]
    fn an_entry_says_one_thing_until_it_is_gone() {
        let mut learned = Learned::default();
        let fact = |left| Fact { keys: vec![(8, 1)], numbers: vec![(16, left)], ..Fact::default() };
        learned.fact(b"one", fact(5));
        learned.fact(b"other", fact(6));
        learned.fact(b"one", fact(4));
        learned.fact(b"nameless", Fact { numbers: vec![(16, 9)], ..Fact::default() });
        let known: Vec<&Fact> = learned.facts().iter().map(|(_, fact)| fact).collect();
        assert_eq!(known, [&fact(6), &fact(4)]);
        learned.forget(b"other");
        assert_eq!(learned.facts().len(), 1);
    }
}

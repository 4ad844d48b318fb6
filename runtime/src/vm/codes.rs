//! The compiled code that is kept in memory.

use super::engine::Code;
use dure_types::Hash;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Code by its hash, up to a number of bytes; what was used longest ago goes first. No result
/// depends on what is here, only how soon it comes.
pub(super) struct Codes<T = Code> {
    entries: BTreeMap<Hash, Entry<T>>,
    bytes: usize,
    bytes_max: usize,
    /// Counts uses.
    clock: AtomicU64,
}

struct Entry<T> {
    code: Arc<T>,
    bytes: usize,
    used: AtomicU64,
}

impl<T> Codes<T> {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { entries: BTreeMap::new(), bytes: 0, bytes_max, clock: AtomicU64::new(0) }
    }

    pub(super) fn get(&self, hash: Hash) -> Option<Arc<T>> {
        let entry = self.entries.get(&hash)?;
        entry.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(Arc::clone(&entry.code))
    }

    /// Keeps the code, and lets go of others for it.
    pub(super) fn insert(&mut self, hash: Hash, code: Arc<T>, bytes: usize) {
        let used = self.clock.fetch_add(1, Ordering::Relaxed).into();
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(old) = self.entries.insert(hash, Entry { code, bytes, used }) {
            self.bytes = self.bytes.saturating_sub(old.bytes);
        }
        while self.bytes > self.bytes_max && self.entries.len() > 1 {
            let oldest = self.entries.iter().min_by_key(|(_, e)| e.used.load(Ordering::Relaxed));
            let Some(hash) = oldest.map(|(hash, _)| *hash) else { return };
            if let Some(old) = self.entries.remove(&hash) {
                self.bytes = self.bytes.saturating_sub(old.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Codes;
    use dure_types::Hash;
    use std::sync::Arc;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let hash = |n: u8| Hash([n; 32]);
        let mut codes = Codes::new(100);
        for n in 1..=3 {
            codes.insert(hash(n), Arc::new(n), 30);
        }
        // The same again is no more; the first was used since.
        codes.insert(hash(3), Arc::new(3), 40);
        assert_eq!(codes.get(hash(1)).as_deref(), Some(&1));
        codes.insert(hash(4), Arc::new(4), 30);
        assert_eq!(codes.get(hash(2)), None);
        let kept = [1, 3, 4].map(|n| codes.get(hash(n)).is_some());
        assert_eq!(kept, [true; 3]);
        // One that is larger than all of it is kept while nothing follows it.
        codes.insert(hash(5), Arc::new(5), 1_000);
        assert_eq!(codes.get(hash(5)).as_deref(), Some(&5));
        assert!([1, 3, 4].iter().all(|n| codes.get(hash(*n)).is_none()));
    }
}

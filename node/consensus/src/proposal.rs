//! What a proposer proposes, and when (DESIGN D1, D11): local policy, never a rule of validity.

use crate::{Now, ReadyBatch, Start, named::in_time};
use dure_types::{Evidence, Gas, Hash, Header, Height, Roots, TimestampMs, limits};
use std::{collections::BTreeMap, time::Duration};

/// Least time between the starts of a block that named batches and the next.
pub const BLOCK_INTERVAL_MIN: Duration = Duration::from_millis(50);
/// Greatest time between two starts.
pub const HEARTBEAT: Duration = Duration::from_secs(1);
/// A proposer whose execution lags by more than this names no batches, to catch up.
pub const BATCHES_LAG_MAX: u64 = 8;

const _: () = assert!(BATCHES_LAG_MAX < limits::CERTIFY_LAG_MAX);

/// What bounds a block, beyond the limits of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Gas of all batches, added.
    pub block_gas_max: Gas,
}

/// Results of our own execution that no decided header lists yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    /// Roots by height, whether the block was empty, and the newest decided height when its
    /// execution ended.
    entries: BTreeMap<Height, (Roots, bool, Height)>,
}

impl Results {
    /// Adds the result of a height, executed while `decided` was the newest decided one.
    pub(crate) fn add(&mut self, height: Height, roots: Roots, empty: bool, decided: Height) {
        self.entries.insert(height, (roots, empty, decided));
    }

    /// Forgets what a decided header lists.
    pub(crate) fn forget(&mut self, certified: Height) {
        self.entries.retain(|height, _| *height > certified);
    }

    /// Our own roots of a height, unless they are listed already or not computed yet.
    pub(crate) fn get(&self, height: Height) -> Option<Roots> {
        self.entries.get(&height).map(|(roots, ..)| *roots)
    }

    /// The newest height up to which we know every root.
    pub(crate) fn newest(&self, start: &Start) -> Height {
        let (_, certified) = position(start);
        self.entries.last_key_value().map_or(certified, |(height, _)| certified.max(*height))
    }

    /// Whether the roots of a block with transactions wait to be listed.
    pub(crate) fn waiting(&self) -> bool {
        self.entries.values().any(|(_, empty, _)| !empty)
    }

    /// Roots that the header of `height` lists, from `certified` + 1 on: those whose execution
    /// ended two heights ago, so that the other validators have them too; all, once we lag.
    fn listed(&self, height: Height, certified: Height) -> Vec<Roots> {
        let lagging = height.0.saturating_sub(certified.0) > BATCHES_LAG_MAX;
        let mut roots = Vec::new();
        for next in certified.0.saturating_add(1).. {
            match self.entries.get(&Height(next)) {
                Some((root, _, ended)) if lagging || ended.0 + 2 <= height.0 => roots.push(*root),
                _ => return roots,
            }
        }
        roots
    }
}

/// Height of the block that a start begins, and the newest certified one.
pub(crate) fn position(start: &Start) -> (Height, Height) {
    start.parent.as_ref().map_or((Height(1), Height::ZERO), |(parent, _)| {
        (parent.height.saturating_add(Height(1)), parent.executed)
    })
}

/// Heights between the block to be proposed and the newest whose roots it can list.
fn lag(start: &Start, results: &Results) -> u64 {
    let (height, certified) = position(start);
    let listed = results.listed(height, certified).len() as u64;
    height.0.saturating_sub(certified.0).saturating_sub(listed)
}

/// Why a height may start sooner than the heartbeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reason {
    /// A batch waits to be named.
    pub(crate) batches: bool,
    /// Another validator is at the height already.
    pub(crate) called: bool,
}

/// Whether a header of ours could list enough roots; not before more is executed otherwise.
pub(crate) fn may_propose(start: &Start, results: &Results) -> bool {
    lag(start, results) <= limits::CERTIFY_LAG_MAX
}

/// When the height may start; none: not before more is executed.
pub(crate) fn pace(
    start: &Start,
    results: &Results,
    reason: Reason,
    last_start: Duration,
) -> Option<Duration> {
    let lag = lag(start, results);
    if lag > limits::CERTIFY_LAG_MAX && !reason.called {
        return None;
    }
    let spaced = last_start + BLOCK_INTERVAL_MIN;
    let mut due = last_start + HEARTBEAT;
    if results.waiting() || reason.called {
        due = due.min(spaced);
    }
    if reason.batches && lag <= BATCHES_LAG_MAX {
        // The first block after an idle time does not wait; under load they are spaced.
        let loaded = start.parent.as_ref().is_some_and(|(parent, _)| !parent.batches.is_empty());
        due = due.min(if loaded { spaced } else { last_start });
    }
    Some(due)
}

/// Fills a header; [`may_propose`] holds.
pub(crate) fn propose<'a>(
    chain: Hash,
    start: &Start,
    results: &Results,
    ready: impl Iterator<Item = &'a ReadyBatch>,
    (limits, evidence): (Limits, Vec<Evidence>),
    (validators, next_validators): (Hash, Hash),
    now: Now,
) -> Header {
    let (height, certified) = position(start);
    let roots = results.listed(height, certified);
    let lagging = lag(start, results) > BATCHES_LAG_MAX;
    let parent = start.parent.as_ref();
    let earliest =
        parent.map_or(TimestampMs::ZERO, |(parent, _)| parent.time.saturating_add(TimestampMs(1)));
    Header {
        version: Header::VERSION,
        height,
        parent: parent.map_or(chain, |(_, certificate)| certificate.block),
        parent_certificate: parent.map(|(_, certificate)| certificate.clone()),
        time: earliest.max(now.wall),
        batches: if lagging { Vec::new() } else { named(ready, height, limits) },
        executed: Height(certified.0 + roots.len() as u64),
        roots,
        validators,
        next_validators,
        evidence,
    }
}

/// The first batches that fit into one block.
fn named<'a>(
    ready: impl Iterator<Item = &'a ReadyBatch>,
    height: Height,
    block: Limits,
) -> Vec<dure_types::BatchReference> {
    let (mut bytes, mut gas) = (0usize, Gas::ZERO);
    ready
        .filter(|batch| in_time(height, batch.expiry))
        .take(limits::BLOCK_BATCHES_MAX)
        .take_while(|batch| {
            bytes = bytes.saturating_add(batch.bytes);
            gas = gas.saturating_add(batch.gas);
            bytes <= limits::BLOCK_BYTES_MAX && gas <= block.block_gas_max
        })
        .map(|batch| batch.reference)
        .collect()
}

//! The clocks of a node.

use dure_consensus::Now;
use dure_types::TimestampMs;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// How far ahead of the machine's clock one can be moved: 100 years.
pub const AHEAD_MAX_MS: u64 = 100 * 365 * 24 * 60 * 60 * 1_000;

/// The clock on the wall. Clones show the same time.
///
/// That of a development chain can be moved forward, never back, so that what ends in a year can be
/// seen to end.
#[derive(Clone, Debug, Default)]
pub struct WallClock {
    /// Milliseconds before the machine's; none: it cannot be moved.
    ahead: Option<Arc<AtomicU64>>,
}

impl WallClock {
    /// The machine's clock.
    #[must_use]
    pub fn fixed() -> Self {
        Self::default()
    }

    /// The machine's clock, until it is moved.
    #[must_use]
    pub fn movable() -> Self {
        Self { ahead: Some(Arc::default()) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> TimestampMs {
        let ahead = self.ahead.as_ref().map_or(0, |ahead| ahead.load(Ordering::Acquire));
        TimestampMs(machine().saturating_add(ahead))
    }

    /// Moves the clock forward and says what it shows then; none when it cannot be moved, or not
    /// so far.
    #[must_use]
    pub fn advance(&self, by_ms: u64) -> Option<TimestampMs> {
        let further = |ahead: u64| ahead.checked_add(by_ms).filter(|sum| *sum <= AHEAD_MAX_MS);
        let ahead = self.ahead.as_ref()?;
        ahead.fetch_update(Ordering::AcqRel, Ordering::Acquire, further).ok()?;
        Some(self.now())
    }

    /// Whether it can be moved.
    #[must_use]
    pub fn is_movable(&self) -> bool {
        self.ahead.is_some()
    }

    /// A chain that was ahead when its node stopped goes on from there.
    pub(super) fn catch_up(&self, tip: TimestampMs) {
        if let Some(ahead) = &self.ahead {
            ahead.fetch_max(tip.0.saturating_sub(machine()), Ordering::AcqRel);
        }
    }
}

fn machine() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Both clocks, from one moment on.
pub(super) struct Clock {
    begun: Instant,
    wall: WallClock,
}

impl Clock {
    pub(super) fn start(wall: WallClock) -> Self {
        Self { begun: Instant::now(), wall }
    }

    pub(super) fn now(&self) -> Now {
        Now { elapsed: self.begun.elapsed(), wall: self.wall.now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_movable_clock_moves_forward_within_bounds_and_for_all_who_hold_it() {
        assert_eq!(WallClock::fixed().advance(1), None);
        let clock = WallClock::movable();
        let (other, before) = (clock.clone(), clock.now());
        assert!(clock.advance(1_000_000).is_some_and(|now| now.0 >= before.0 + 1_000_000));
        assert!(other.now().0 >= before.0 + 1_000_000);
        assert_eq!(clock.advance(AHEAD_MAX_MS), None, "beyond a hundred years in all");
        assert_eq!(clock.advance(u64::MAX), None);
        assert!(other.now().0 < before.0 + 2_000_000, "what is refused moves nothing");
        let tip = TimestampMs(before.0 + 5_000_000);
        clock.catch_up(tip);
        assert!(clock.now() >= tip);
        clock.catch_up(before);
        assert!(clock.now() >= tip, "never back");
    }
}

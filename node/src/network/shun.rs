//! Who sent what no honest validator sends is shut out for a while, longer each time.

use dure_types::ValidatorId;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The first time, doubled by each that follows...
const FIRST: Duration = Duration::from_secs(10);
/// ... up to this: a validator that was upgraded or mended comes back by itself.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Clone, Debug, Default)]
pub(super) struct Shunned(Arc<Mutex<BTreeMap<ValidatorId, (Instant, u32)>>>);

impl Shunned {
    /// Shuts a validator out; says for how long, none where it is shut out already.
    pub(super) fn add(&self, validator: ValidatorId, now: Instant) -> Option<Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, times) = all.entry(validator).or_insert((now, 0));
        if *until > now {
            return None;
        }
        let long = FIRST.saturating_mul(1 << (*times).min(10)).min(LONGEST);
        (*until, *times) = (now + long, times.saturating_add(1));
        Some(long)
    }

    pub(super) fn is_out(&self, validator: ValidatorId, now: Instant) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&validator).is_some_and(|(until, _)| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Shunned};
    use dure_types::ValidatorId;
    use std::time::{Duration, Instant};

    #[test]
    fn it_lasts_longer_each_time_and_ends() {
        let (shunned, who, mut now) = (Shunned::default(), ValidatorId([1; 32]), Instant::now());
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            assert!(!shunned.is_out(who, now));
            let long = shunned.add(who, now);
            assert_eq!(shunned.add(who, now), None, "once for all that it sent");
            let long = long.unwrap_or_default();
            assert!(long > last || long == LONGEST, "{long:?} after {last:?}");
            assert!(shunned.is_out(who, now + long / 2));
            assert!(!shunned.is_out(ValidatorId([2; 32]), now));
            (now, last) = (now + long, long);
        }
        assert_eq!(last, LONGEST);
    }
}

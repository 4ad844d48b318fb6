//! Playing many sequences on all cores.

use super::{
    choose::Chooser,
    play::{Broken, Game, Step, Watch},
    report::Tally,
};
use crate::names::lock;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// So many sequences are played after one that broke something, so that at the default effort all
/// are.
const SEQUENCES_MORE: u64 = 256;

/// What broke a rule.
pub(super) struct Found {
    /// Number of the sequence.
    number: u64,
    /// Calls of the run up to the one that broke it, as if sequences were played one by one.
    pub(super) after: u64,
    pub(super) steps: Vec<Step>,
    pub(super) broken: Broken,
}

/// The sequences of one run, shared by the threads that make them.
pub(super) struct Search<'a> {
    game: &'a Game<'a>,
    /// What is looked for.
    watch: Watch,
    seed: u64,
    sequences: u64,
    calls: u64,
    longest_ms: u64,
    next: AtomicU64,
    /// By rule the sequence with the least number, so that threads do not decide what is found.
    found: Mutex<BTreeMap<usize, Found>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        game: &'a Game<'a>,
        watch: Watch,
        seed: u64,
        (sequences, calls): (u64, u64),
        longest_ms: u64,
    ) -> Self {
        let (next, found) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()));
        Self { game, watch, seed, sequences, calls, longest_ms, next, found }
    }

    /// Plays all sequences on all cores, or those up to the end that what is broken sets.
    pub(super) fn explore(&self) -> BTreeMap<String, Tally> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut counts: BTreeMap<String, Tally> = BTreeMap::new();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.work())).collect();
            for worker in workers {
                // A panic of an invariant is the test's own: it goes on here.
                let made = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                for (name, count) in made {
                    counts.entry(name).or_default().add(&count);
                }
            }
        });
        counts
    }

    /// What was found, as if sequences had been played one by one.
    pub(super) fn into_found(self) -> Vec<Found> {
        let end = self.end(&lock(&self.found));
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Found> = found.into_values().filter(|one| one.number < end).collect();
        found.sort_by_key(|one| (one.after, one.broken.rule));
        found
    }

    /// The sequence at which the run ends. What is found makes it less, and never as little as the
    /// number of a sequence that matters: those before it are all played, whatever threads do.
    fn end(&self, found: &BTreeMap<usize, Found>) -> u64 {
        let numbers = || found.values().map(|one| one.number);
        // What is not looked for was broken before the first sequence.
        let before = (0..self.game.rules.len()).any(|rule| !self.watch.has(rule)).then_some(0);
        let enough = before
            .or_else(|| numbers().min())
            .map_or(u64::MAX, |first| first.saturating_mul(2).saturating_add(SEQUENCES_MORE));
        let rules = self.watch.rules().filter(|rule| *rule < self.game.rules.len());
        let every = rules.map(|rule| found.get(&rule).map(|one| one.number + 1));
        let every = every.collect::<Option<Vec<_>>>().map(|ends| ends.into_iter().max());
        let every = every.map_or(u64::MAX, Option::unwrap_or_default);
        self.sequences.min(enough).min(every)
    }

    fn work(&self) -> BTreeMap<String, Tally> {
        let mut counts = vec![Vec::new(); self.game.targets.len()];
        for (target, counts) in self.game.targets.iter().zip(&mut counts) {
            *counts = vec![Tally::default(); target.spec.methods.len()];
        }
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.end(&lock(&self.found)) {
                break;
            }
            self.sequence(number, &mut counts);
        }
        let mut named = BTreeMap::new();
        for (target, counts) in self.game.targets.iter().zip(&counts) {
            for index in &target.methods {
                let method = target.spec.methods.get(*index);
                let name = method.map_or("?", |method| method.name.as_str());
                let count = counts.get(*index).cloned().unwrap_or_default();
                named.insert(format!("{}.{name}", target.name), count);
            }
        }
        named
    }

    /// Plays a sequence to its end, whatever it breaks on the way.
    fn sequence(&self, number: u64, counts: &mut [Vec<Tally>]) {
        let mut chooser = Chooser::new(self.game, self.random(number), self.longest_ms);
        let mut moment = self.game.start.clone();
        let mut watch = self.watch.clone();
        let mut steps = Vec::new();
        for _ in 0..self.calls {
            let Some(step) = chooser.step(moment.block.time) else { return };
            steps.push(step.clone());
            let learned = &mut chooser.generator.learned;
            let (played, broken) = self.game.step(&mut moment, &step, Some(learned), &mut watch);
            broken.into_iter().for_each(|broken| self.keep(number, &steps, broken));
            let Some(played) = played else { return };
            let count = counts.get_mut(step.target).and_then(|of| of.get_mut(step.method));
            match (&played.result, count) {
                (Ok(_), Some(count)) => {
                    count.accepted += 1;
                    chooser.accepted(&step);
                }
                (Err(error), Some(count)) => count.refuse(error),
                (_, None) => {}
            }
        }
    }

    fn random(&self, number: u64) -> ChaCha8Rng {
        let (seed, number) = (u128::from(self.seed), u128::from(number));
        let mut bytes = [0u8; 32];
        let (first, second) = bytes.split_at_mut(16);
        first.copy_from_slice(&seed.to_le_bytes());
        second.copy_from_slice(&number.to_le_bytes());
        ChaCha8Rng::from_seed(bytes)
    }

    /// Keeps what a sequence broke unless one before it did.
    fn keep(&self, number: u64, steps: &[Step], broken: Broken) {
        let mut found = lock(&self.found);
        if found.get(&broken.rule).is_none_or(|known| number < known.number) {
            let of_this = u64::try_from(steps.len()).unwrap_or(u64::MAX);
            let after = number.saturating_mul(self.calls).saturating_add(of_this);
            let steps = steps.to_vec();
            found.insert(broken.rule, Found { number, after, steps, broken });
        }
    }
}

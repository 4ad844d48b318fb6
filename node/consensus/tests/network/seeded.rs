//! What both simulators are made of: chance, virtual time, and seeds that are each played twice.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hasher},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Randomness of a run (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `below` - 1.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// The place of one among so many.
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// What will happen, in order, and a trace of what did.
pub(crate) struct Timeline<T> {
    pub(crate) now: Duration,
    pub(crate) tasks: BTreeMap<(Duration, u64), T>,
    number: u64,
    /// Of everything that a run does: two runs of a seed have the same.
    pub(crate) trace: DefaultHasher,
    pub(crate) steps: u64,
}

impl<T> Timeline<T> {
    pub(crate) fn new() -> Self {
        Self {
            now: Duration::ZERO,
            tasks: BTreeMap::new(),
            number: 0,
            trace: DefaultHasher::new(),
            steps: 0,
        }
    }

    pub(crate) fn at(&mut self, time: Duration, task: T) {
        self.number += 1;
        self.tasks.insert((time.max(self.now), self.number), task);
    }

    pub(crate) fn after_ms(&mut self, ms: u64, task: T) {
        self.at(self.now + Duration::from_millis(ms), task);
    }

    /// Goes on to the next task; none, at the end of the time, when there is none up to then.
    pub(crate) fn next(&mut self, end: Duration) -> Option<T> {
        let entry = self.tasks.first_entry().filter(|entry| entry.key().0 <= end);
        let Some(entry) = entry else {
            self.now = end;
            return None;
        };
        let ((time, number), task) = entry.remove_entry();
        self.now = time;
        self.trace.write_u128(time.as_nanos());
        self.trace.write_u64(number);
        self.steps += 1;
        Some(task)
    }
}

/// So many from 0 on in CI, or what `cargo xtask simulate` asks for.
fn seeds(count: u64) -> Box<dyn Iterator<Item = u64> + Send> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("DURE_SEED") {
        return Box::new(seed..=seed);
    }
    if let Some(minutes) = number("DURE_MINUTES") {
        let end = Instant::now() + Duration::from_secs(60 * minutes);
        let first = u64::from(std::process::id()) << 32;
        println!("seeds from {first} on");
        return Box::new((first..).take_while(move |_| Instant::now() < end));
    }
    Box::new(0..number("DURE_SEEDS").unwrap_or(count))
}

/// Plays seeds on all cores. `twice` plays one of them two times, and gives both traces.
pub(crate) fn play_each_twice(count: u64, twice: impl Fn(u64) -> [u64; 2] + Sync) {
    let (seeds, played) = (Mutex::new(seeds(count)), AtomicU64::new(0));
    let failed = Mutex::new(Vec::new());
    let next = || seeds.lock().unwrap().next();
    thread::scope(|scope| {
        let play = || {
            while let Some(seed) = next() {
                played.fetch_add(1, Ordering::Relaxed);
                let twice = &twice;
                let named = thread::Builder::new().name(format!("seed {seed}"));
                let traces = named.spawn_scoped(scope, move || twice(seed)).unwrap();
                match traces.join() {
                    Ok([first, again]) => assert_eq!(first, again, "seed {seed} ran in two ways"),
                    Err(_) => failed.lock().unwrap().push(seed),
                }
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let players: Vec<_> = (0..cores).map(|_| scope.spawn(play)).collect();
        players.into_iter().for_each(|player| player.join().unwrap());
    });
    println!("{} seeds, each twice", played.into_inner());
    assert_eq!(failed.into_inner().unwrap(), [0; 0], "these seeds failed");
}

//! Describing a run, and making it.

use super::{
    choose::Chooser,
    corpus,
    generate::DAY_MS,
    learned::Learned,
    moment::{Moment, Played},
    play::{Broken, Game, Rule, Step, Target, start},
    report::{Explored, Tally, Violation},
    shrink::shrink,
};
use crate::{Account, Chain};
use dure_abi::spec::MethodKind;
use dure_types::Address;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// A search for sequences of calls that break what must always hold.
///
/// ```no_run
/// # use dure_testing::{Chain, Invariants};
/// let mut chain = Chain::new();
/// let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
/// let points = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, ()).unwrap();
///
/// let explored = Invariants::of(&chain)
///     .accounts([issuer, guest])
///     .contract(points)
///     .query(points, "is_conserved")
///     .always("nobody holds more than all", |now| {
///         let held = now.query::<u128>(points, "balance", guest.address());
///         let (held, all) = (held.map_err(|e| e.to_string())?, now.query(points, "supply", ()));
///         let all: u128 = all.map_err(|e| e.to_string())?;
///         if held <= all { Ok(()) } else { Err(format!("{held} of {all}")) }
///     })
///     .corpus(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
///     .run()
///     .unwrap();
/// explored.assert_all_accepted();
/// ```
pub struct Invariants<'a> {
    chain: &'a Chain,
    accounts: Vec<Account>,
    contracts: Vec<Address>,
    without: Vec<String>,
    rules: Vec<(String, Rule<'a>)>,
    corpus: Option<PathBuf>,
    sequences: u64,
    calls: u64,
    days: u64,
    seed: u64,
}

impl<'a> Invariants<'a> {
    /// Begins with a chain as the test set it up; the run does not change it.
    #[must_use]
    pub const fn of(chain: &'a Chain) -> Self {
        Self {
            chain,
            accounts: Vec::new(),
            contracts: Vec::new(),
            without: Vec::new(),
            rules: Vec::new(),
            corpus: None,
            sequences: 256,
            calls: 64,
            days: 400,
            seed: 0,
        }
    }

    /// The accounts that call; all that the chain knows unless told.
    #[must_use]
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = Account>) -> Self {
        self.accounts.extend(accounts);
        self
    }

    /// A contract whose methods are called.
    #[must_use]
    pub fn contract(mut self, contract: Address) -> Self {
        self.contracts.push(contract);
        self
    }

    /// Does not call a method.
    #[must_use]
    pub fn without(mut self, method: &str) -> Self {
        self.without.push(method.to_owned());
        self
    }

    /// What must hold after every call; `Err` says how it does not.
    #[must_use]
    pub fn always(
        mut self,
        name: &str,
        holds: impl Fn(&Moment) -> Result<(), String> + Send + Sync + 'a,
    ) -> Self {
        self.rules.push((name.to_owned(), Rule::Always(Box::new(holds))));
        self
    }

    /// What must hold of every call, accepted or not: the moment before, the call, the moment
    /// after.
    #[must_use]
    pub fn each(
        mut self,
        name: &str,
        holds: impl Fn(&Moment, &Played, &Moment) -> Result<(), String> + Send + Sync + 'a,
    ) -> Self {
        self.rules.push((name.to_owned(), Rule::Each(Box::new(holds))));
        self
    }

    /// A query without arguments that must answer true after every call.
    #[must_use]
    pub fn query(mut self, contract: Address, method: &str) -> Self {
        let rule = Rule::Query { contract, method: method.to_owned() };
        self.rules.push((method.to_owned(), rule));
        self
    }

    /// No call may panic, whatever its arguments.
    #[must_use]
    pub fn no_panic(mut self) -> Self {
        self.rules.push(("no call panics".to_owned(), Rule::NoPanic));
        self
    }

    /// The folder of failing sequences: they are played first, and new ones are kept there.
    #[must_use]
    pub fn corpus(mut self, folder: impl Into<PathBuf>) -> Self {
        self.corpus = Some(folder.into());
        self
    }

    /// How many sequences of how many calls; 256 of 64 unless told.
    #[must_use]
    pub const fn effort(mut self, sequences: u64, calls: u64) -> Self {
        (self.sequences, self.calls) = (sequences, calls);
        self
    }

    /// The longest time that a sequence takes, besides a second for each call; 400 days unless
    /// told. Three sequences of four take 40 days, 10 days or one at most.
    #[must_use]
    pub const fn within_days(mut self, days: u64) -> Self {
        self.days = days;
        self
    }

    /// Other sequences than usual; `INVARIANT_SEED` in the environment overrules it.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Searches.
    ///
    /// # Errors
    /// [`Violation`]: the shortest sequence found that breaks an invariant, or why the run cannot
    /// be made.
    pub fn run(self) -> Result<Explored, Violation> {
        let seed = match std::env::var("INVARIANT_SEED") {
            Ok(text) => text
                .parse()
                .map_err(|_| Violation::setup(format!("INVARIANT_SEED={text} is no number")))?,
            Err(_) => self.seed,
        };
        let (corpus, sequences, calls) = (self.corpus.clone(), self.sequences, self.calls);
        let longest_ms = self.days.saturating_mul(DAY_MS);
        let game = self.game()?;
        let begun = Instant::now();
        if let Err(broken) = game.check(None, &game.start, None, false) {
            return Err(Violation::new(&game, &[], broken, None, (0, seed)));
        }
        let kept =
            corpus.as_ref().map_or_else(|| Ok(Vec::new()), |dir| corpus::read(&game, dir))?;
        for (path, steps) in &kept {
            if let Some((index, broken)) = game.replay(steps) {
                let steps = steps.get(..=index).unwrap_or(steps);
                return Err(Violation::new(&game, steps, broken, Some(path.clone()), (0, seed)));
            }
        }
        let search = Search::new(&game, seed, (sequences, calls), longest_ms);
        let made = search.explore();
        let total = made.values().fold(0, |sum, count| sum + count.accepted + count.refused);
        if let Some((_, steps, broken)) = search.into_found() {
            let (steps, broken) = shrink(&game, steps, broken);
            let path = match &corpus {
                Some(dir) => Some(
                    corpus::write(&game, dir, &steps, &broken)
                        .map_err(|error| Violation::setup(format!("{}: {error}", dir.display())))?,
                ),
                None => None,
            };
            return Err(Violation::new(&game, &steps, broken, path, (total, seed)));
        }
        let elapsed = begun.elapsed();
        let methods = made.iter().map(|(name, tally)| (name.clone(), tally.counted(&game)));
        Ok(Explored { calls: total, corpus: kept.len(), methods: methods.collect(), elapsed })
    }

    fn game(self) -> Result<Game<'a>, Violation> {
        let names = &self.chain.names;
        let mut targets: Vec<Target> = Vec::new();
        for contract in self.contracts {
            let spec = names.spec(self.chain.state.as_ref(), contract);
            let spec =
                spec.ok_or_else(|| Violation::setup(format!("{contract} is no contract")))?;
            let wanted = spec.methods.iter().enumerate().filter(|(_, method)| {
                method.kind == MethodKind::Call && !self.without.contains(&method.name)
            });
            let methods: Vec<usize> = wanted.map(|(index, _)| index).collect();
            // Two contracts of one code are told apart by a number.
            let same = targets.iter().filter(|target| target.spec.name == spec.name).count();
            let name = match same {
                0 => spec.name.clone(),
                more => format!("{}{}", spec.name, more + 1),
            };
            if !methods.is_empty() {
                targets.push(Target::new(name, contract, spec, methods));
            }
        }
        let known = names.accounts();
        let accounts: Vec<(Address, String)> = if self.accounts.is_empty() {
            known.iter().map(|(address, name)| (*address, name.clone())).collect()
        } else {
            let named = |account: Account| {
                let name = known.get(&account.address()).cloned();
                (account.address(), name.unwrap_or_else(|| account.address().to_string()))
            };
            self.accounts.into_iter().map(named).collect()
        };
        if targets.is_empty() || accounts.is_empty() || self.rules.is_empty() {
            let text = "a run needs a contract with a method to call, an account and an invariant";
            return Err(Violation::setup(text.to_owned()));
        }
        let (start, learned) = (start(self.chain), Learned::default());
        let mut game = Game { start, accounts, targets, rules: self.rules, learned };
        game.learned = game.learn_start(self.chain);
        Ok(game)
    }
}

type Found = (u64, Vec<Step>, Broken);

/// The sequences of one run, shared by the threads that make them.
struct Search<'a> {
    game: &'a Game<'a>,
    seed: u64,
    sequences: u64,
    calls: u64,
    longest_ms: u64,
    next: AtomicU64,
    /// The broken sequence with the least number, so that threads do not decide what is found.
    found: Mutex<Option<Found>>,
}

impl<'a> Search<'a> {
    fn new(game: &'a Game<'a>, seed: u64, (sequences, calls): (u64, u64), longest_ms: u64) -> Self {
        let (next, found) = (AtomicU64::new(0), Mutex::new(None));
        Self { game, seed, sequences, calls, longest_ms, next, found }
    }

    /// Plays all sequences on all cores, or those up to the first that breaks something.
    fn explore(&self) -> BTreeMap<String, Tally> {
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

    fn work(&self) -> BTreeMap<String, Tally> {
        let mut counts = vec![Vec::new(); self.game.targets.len()];
        for (target, counts) in self.game.targets.iter().zip(&mut counts) {
            *counts = vec![Tally::default(); target.spec.methods.len()];
        }
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let beaten = crate::names::lock(&self.found).as_ref().is_some_and(|f| f.0 < number);
            if number >= self.sequences || beaten {
                break;
            }
            if let Some((steps, broken)) = self.sequence(number, &mut counts) {
                let mut found = crate::names::lock(&self.found);
                if found.as_ref().is_none_or(|other| number < other.0) {
                    *found = Some((number, steps, broken));
                }
            }
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

    fn sequence(&self, number: u64, counts: &mut [Vec<Tally>]) -> Option<(Vec<Step>, Broken)> {
        let mut bytes = [0u8; 32];
        let (first, second) = bytes.split_at_mut(16);
        first.get_mut(..8)?.copy_from_slice(&self.seed.to_le_bytes());
        second.get_mut(..8)?.copy_from_slice(&number.to_le_bytes());
        let random = ChaCha8Rng::from_seed(bytes);
        let mut chooser = Chooser::new(self.game, random, self.longest_ms);
        let mut moment = self.game.start.clone();
        let mut steps = Vec::new();
        for _ in 0..self.calls {
            let step = chooser.step(moment.block.time)?;
            steps.push(step.clone());
            let learned = &mut chooser.generator.learned;
            match self.game.step(&mut moment, &step, Some(learned)) {
                Ok(played) => {
                    let count = counts.get_mut(step.target)?.get_mut(step.method)?;
                    match &played.result {
                        Ok(_) => {
                            count.accepted += 1;
                            chooser.accepted(&step);
                        }
                        Err(error) => count.refuse(error),
                    }
                }
                Err(broken) => return Some((steps, broken)),
            }
        }
        None
    }

    fn into_found(self) -> Option<Found> {
        self.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

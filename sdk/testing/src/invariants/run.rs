//! Describing a run, and making it.

use super::{
    corpus::{self, Kept},
    generate::DAY_MS,
    learned::Learned,
    moment::{Moment, Played},
    play::{Game, Rule, Step, Target, Watch, start},
    report::{Explored, Violation},
    search::{Found, Search},
    shrink::shrink,
};
use crate::{Account, Chain};
use dure_abi::spec::MethodKind;
use dure_types::Address;
use std::{path::PathBuf, time::Instant};

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

    /// Searches. At a broken invariant it goes on and looks for what breaks the others: for as many
    /// sequences again as were played before the first one was broken, and for 256 more.
    ///
    /// # Errors
    /// [`Violation`]: the shortest sequence found for each invariant that is broken, or why the run
    /// cannot be made.
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
        let mut watch = Watch::all(&game);
        let at_start = game.check(None, &game.start, None, false, &mut watch);
        let violation = |steps: &[Step], broken, kept, after| {
            Violation::new(&game, steps, broken, kept, (after, seed))
        };
        let mut violations: Vec<Violation> =
            at_start.into_iter().map(|broken| violation(&[], broken, None, 0)).collect();
        let kept =
            corpus.as_ref().map_or_else(|| Ok(Vec::new()), |dir| corpus::read(&game, dir))?;
        for Kept { path, steps, lines } in &kept {
            for (index, broken) in game.replay(steps, watch.clone()) {
                watch.leave(broken.rule);
                // The contract may have changed since it was kept, and another invariant break.
                let steps = steps.iter().take(index + 1).cloned().collect();
                let (steps, broken) = shrink(&game, steps, broken);
                let line = lines.get(index).copied();
                let found = violation(&steps, broken, Some(path.clone()), 0);
                violations.push(Violation { line, ..found });
            }
        }
        let search = Search::new(&game, watch, seed, (sequences, calls), longest_ms);
        let made = search.explore();
        for Found { after, steps, broken, .. } in search.into_found() {
            let (steps, broken) = shrink(&game, steps, broken);
            let path = match &corpus {
                Some(dir) => Some(
                    corpus::write(&game, dir, &steps, &broken)
                        .map_err(|error| Violation::setup(format!("{}: {error}", dir.display())))?,
                ),
                None => None,
            };
            violations.push(violation(&steps, broken, path, after));
        }
        if let Some(violation) = Violation::chained(violations) {
            return Err(violation);
        }
        let total = made.values().fold(0, |sum, count| sum + count.accepted + count.refused);
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

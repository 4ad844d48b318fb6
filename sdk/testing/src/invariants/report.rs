//! What a run found.

use super::play::{Broken, Game, Step, Watch};
use codec::Encode;
use dure_json::{arguments_to_json, error_text, fields_text, hex::to_text, value_text};
use dure_types::ExecutionError;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

/// A method that less than so many of a hundred calls got through to was hardly tested.
const SELDOM_PER_CENT: u64 = 2;

/// How often a method was called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodCount {
    /// Calls that the contract accepted.
    pub accepted: u64,
    /// Calls that it refused.
    pub refused: u64,
    /// The refusal that most of them met, one of its kind, and how many did.
    pub mostly: Option<(String, u64)>,
}

impl MethodCount {
    /// Calls of the method.
    #[must_use]
    pub const fn tried(&self) -> u64 {
        self.accepted.saturating_add(self.refused)
    }

    /// Whether so few calls got through, less than two of a hundred, that what the method does was
    /// hardly tested.
    #[must_use]
    pub const fn is_seldom_accepted(&self) -> bool {
        self.accepted.saturating_mul(100) < self.tried().saturating_mul(SELDOM_PER_CENT)
    }
}

impl fmt::Display for MethodCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accepted {} of {}", self.accepted, self.tried())?;
        match &self.mostly {
            Some((refusal, times)) => write!(f, ", {times} times refused with {refusal}"),
            None => Ok(()),
        }
    }
}

/// A run in which every invariant held.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Calls that were made.
    pub calls: u64,
    /// Sequences of the corpus that were played first.
    pub corpus: usize,
    /// Calls by contract and method.
    pub methods: BTreeMap<String, MethodCount>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Explored {
    /// Calls of one second.
    #[must_use]
    pub fn calls_per_second(&self) -> u64 {
        let micros = u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
        self.calls.saturating_mul(1_000_000) / micros
    }

    /// Methods that no call got through to: what they do was not tested.
    #[must_use]
    pub fn never_accepted(&self) -> Vec<&str> {
        let never = self.methods.iter().filter(|(_, count)| count.accepted == 0);
        never.map(|(name, _)| name.as_str()).collect()
    }

    /// Methods that so few calls got through to that what they do was hardly tested, and what most
    /// of the calls were refused with; nothing when there are none. [`Explored`] shows it, too.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let seldom = self.methods.iter().filter(|(_, count)| count.is_seldom_accepted());
        let lines: String = seldom.map(|(name, count)| format!("\n  {name}: {count}")).collect();
        let remedy = "these were hardly tested, since few calls or none got through; call them in \
                      the set-up, give it the accounts and amounts that they need, bound the time \
                      by `within_days`, or leave out by `without` what prevents them:";
        (!lines.is_empty()).then(|| format!("{remedy}{lines}"))
    }

    /// Fails the test when there are methods that no call got through to, and says what they were
    /// refused with: accounts and amounts that the set-up lacks, mostly.
    ///
    /// # Panics
    /// When there are some.
    #[track_caller]
    pub fn assert_all_accepted(&self) {
        let never = self.methods.iter().filter(|(_, count)| count.accepted == 0);
        let lines: String = never.map(|(name, count)| format!("\n  {name}: {count}")).collect();
        assert!(
            lines.is_empty(),
            "no call of these was accepted, so that what they do was not tested; let the set-up \
             make what they need, or leave them out by `without`:{lines}"
        );
    }
}

/// Calls of a method as they are counted while sequences are played.
#[derive(Clone, Default)]
pub(super) struct Tally {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// Refusals by kind: how many, and the least of them.
    kinds: BTreeMap<Vec<u8>, (u64, ExecutionError)>,
}

impl Tally {
    pub(super) fn refuse(&mut self, error: &ExecutionError) {
        self.refused += 1;
        self.count(error, 1);
    }

    /// Which refusal stands for its kind does not depend on the order in which threads play.
    fn count(&mut self, error: &ExecutionError, times: u64) {
        let kind = match error {
            ExecutionError::Contract { contract, error } => {
                [contract.as_ref(), error.get(..1).unwrap_or_default()].concat()
            }
            other => other.encode().into_iter().take(1).collect(),
        };
        let known = self.kinds.entry(kind).or_insert_with(|| (0, error.clone()));
        known.0 += times;
        if error.encode() < known.1.encode() {
            known.1 = error.clone();
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        other.kinds.values().for_each(|(times, error)| self.count(error, *times));
    }

    pub(super) fn counted(&self, game: &Game<'_>) -> MethodCount {
        let most = self.kinds.values().max_by_key(|(times, _)| *times);
        let mostly = most.map(|(times, error)| (refusal(game, error), *times));
        MethodCount { accepted: self.accepted, refused: self.refused, mostly }
    }
}

/// A refusal as its contract's source has it, with the names of accounts.
fn refusal(game: &Game<'_>, error: &ExecutionError) -> String {
    let mut text = match error {
        ExecutionError::Contract { contract, error: bytes } => {
            let target = game.targets.iter().find(|target| target.contract == *contract);
            target.map_or_else(|| error.to_string(), |target| error_text(&target.spec, bytes))
        }
        other => other.to_string(),
    };
    for (address, name) in &game.accounts {
        text = text.replace(&to_text(&address.0), &format!("@{name}"));
    }
    text
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} calls in {} ms ({} a second), {} sequences of the corpus",
            self.calls,
            self.elapsed.as_millis(),
            self.calls_per_second(),
            self.corpus
        )?;
        let width = self.methods.keys().map(String::len).max().unwrap_or(0);
        for (name, count) in &self.methods {
            writeln!(f, "{name:<width$}  accepted {}, refused {}", count.accepted, count.refused)?;
        }
        if let Some(warning) = self.warning() {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

/// An invariant that was broken, with the shortest sequence of calls found that breaks it, and the
/// others that the same run found broken.
///
/// Shown as one call a line, one invariant after another; so shown also by `unwrap`.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    /// Name of the invariant.
    pub invariant: String,
    /// What it said.
    pub why: Box<str>,
    /// The calls, one line each.
    pub calls: Vec<String>,
    /// Where the sequence is kept.
    pub kept: Option<PathBuf>,
    /// The line of that file at which the call begins that broke it, when the sequence was played
    /// from there; none when this run made it.
    pub line: Option<u32>,
    /// The call of the run that broke it, counted as if sequences were played one by one; 0 when
    /// none was needed that is not kept.
    pub after: u64,
    /// The seed that finds it again.
    pub seed: u64,
    /// Another invariant that the run found broken after this one.
    pub next: Option<Box<Self>>,
}

impl Violation {
    /// The run cannot be made as it is described.
    pub(super) fn setup(why: String) -> Self {
        let invariant = "the run is set up".to_owned();
        let (calls, kept, line, next) = (Vec::new(), None, None, None);
        Self { invariant, why: why.into(), calls, kept, line, after: 0, seed: 0, next }
    }

    /// The first of them, which leads to the others.
    pub(super) fn chained(violations: Vec<Self>) -> Option<Self> {
        violations.into_iter().rev().fold(None, |next, one| {
            let next = next.map(Box::new);
            Some(Self { next, ..one })
        })
    }

    /// All that the run found broken: this one, and those after it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |one| one.next.as_deref())
    }

    pub(super) fn new(
        game: &Game<'_>,
        steps: &[Step],
        broken: Broken,
        kept: Option<PathBuf>,
        (after, seed): (u64, u64),
    ) -> Self {
        let calls = lines(game, steps);
        let Broken { invariant, why, .. } = broken;
        Self { invariant, why: why.into(), calls, kept, line: None, after, seed, next: None }
    }
}

impl std::error::Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "broken: {}: {}", self.invariant, self.why)?;
        for (index, call) in self.calls.iter().enumerate() {
            writeln!(f, "  {}. {call}", index + 1)?;
        }
        match (&self.kept, self.line) {
            (Some(kept), Some(line)) => {
                let path = kept.display();
                write!(f, "played again from {path}, where the call of line {line} breaks it")?;
            }
            (kept, _) => {
                write!(f, "found after {} calls with seed {}", self.after, self.seed)?;
                if let Some(kept) = kept {
                    write!(f, ", kept as {}", kept.display())?;
                }
            }
        }
        self.next.as_ref().map_or(Ok(()), |next| write!(f, "\n{next}"))
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn args(game: &Game<'_>, step: &Step) -> Value {
    let known = game.method(step);
    let decoded =
        known.and_then(|(target, method)| arguments_to_json(&target.spec, method, &step.args).ok());
    decoded.unwrap_or_else(|| Value::String(to_text(&step.args)))
}

/// The steps, one line each: one that is refused, which is there for the time that it lets pass or for
/// its panic, says so.
fn lines(game: &Game<'_>, steps: &[Step]) -> Vec<String> {
    let mut moment = game.start.clone();
    let played = steps.iter().map(|step| {
        let (played, _) = game.step(&mut moment, step, None, &mut Watch::default());
        let refused = played.and_then(|played| played.result.err());
        let refused = refused
            .map_or_else(String::new, |error| format!("  (refused: {})", refusal(game, &error)));
        line(game, step) + &refused
    });
    played.collect()
}

fn line(game: &Game<'_>, step: &Step) -> String {
    let known = game.method(step);
    let (contract, method) =
        known.map_or(("?", "?"), |(target, method)| (target.name.as_str(), method.name.as_str()));
    let by = game.accounts.get(step.by).map_or("?", |(_, name)| name.as_str());
    let mut args = args(game, step);
    names(game, &mut args);
    let args = known.map_or_else(
        || value_text(&args),
        |(target, method)| {
            let declared = method.args.iter().map(|arg| (arg.name.as_str(), arg.ty));
            fields_text(&target.spec.types, declared, &args)
        },
    );
    let wait = match step.advance_ms {
        0 => String::new(),
        ms => format!(" after {ms} ms"),
    };
    format!("{contract}.{method} {args} by @{by}{wait}")
}

/// Puts names of accounts and contracts in the place of their digits.
fn names(game: &Game<'_>, value: &mut Value) {
    match value {
        Value::String(text) => {
            let accounts = game.accounts.iter().map(|(address, name)| (address, name));
            let contracts = game.targets.iter().map(|target| (&target.contract, &target.name));
            let mut known = accounts.chain(contracts);
            if let Some((_, name)) = known.find(|(address, _)| to_text(&address.0) == *text) {
                *text = format!("@{name}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| names(game, item)),
        Value::Object(fields) => fields.values_mut().for_each(|field| names(game, field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The steps as the corpus keeps them.
pub(super) fn steps_to_json(game: &Game<'_>, steps: &[Step]) -> Value {
    let of = |step: &Step| {
        let known = game.method(step);
        json!({
            "contract": known.map(|(target, _)| target.name.as_str()),
            "method": known.map(|(_, method)| method.name.as_str()),
            "by": game.accounts.get(step.by).map(|(_, name)| name.as_str()),
            "advance_ms": step.advance_ms,
            "args": args(game, step),
        })
    };
    Value::Array(steps.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::MethodCount;

    #[test]
    fn less_than_two_of_a_hundred_are_seldom() {
        let seldom = |accepted, refused| {
            let count = MethodCount { accepted, refused, mostly: None };
            count.is_seldom_accepted()
        };
        assert!(seldom(3, 299) && seldom(0, 1));
        assert!(!seldom(2, 98) && !seldom(1, 0) && !seldom(0, 0));
    }
}

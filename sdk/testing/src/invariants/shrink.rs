//! Making a failing sequence short and its numbers small.
//!
//! Calls are left out, many at once, one by one and by twos; then times and numbers are made as small
//! as they can be; and both again, until neither finds anything. A call that cannot merely be left out
//! may be there for the time that it takes, which the next one can wait as well; for the id that it
//! uses up: then those that came after it are one less; or for what it hands to another caller, in whose
//! place its own may call.

use super::{
    leaf::{Kind, Leaf, leaves},
    play::{Broken, Game, Step, Watch},
};
use std::collections::BTreeSet;

/// Calls that may be played to make one sequence smaller.
const CALLS_MAX: usize = 40_000;

/// So short a sequence has every two of its calls left out together, too.
const PAIRS_MAX: usize = 12;

/// Time that a call takes beside what it waits.
const CALL_MS: u64 = crate::chain::BLOCK_MS;

/// The smallest sequence found that breaks the same invariant, and how it breaks it.
pub(super) fn shrink(game: &Game<'_>, steps: Vec<Step>, broken: Broken) -> (Vec<Step>, Broken) {
    let mut shrinker = Shrinker { game, steps, broken, left: CALLS_MAX, spare: 0 };
    loop {
        let before = shrinker.steps.clone();
        shrinker.spare = 0;
        shrinker.cut();
        shrinker.cut_pairs();
        // What smaller numbers make needless is still to be left out.
        shrinker.spare = shrinker.left / 2;
        shrinker.simplify();
        if shrinker.steps == before || shrinker.left <= shrinker.steps.len() {
            return (shrinker.steps, shrinker.broken);
        }
    }
}

struct Shrinker<'a> {
    game: &'a Game<'a>,
    steps: Vec<Step>,
    broken: Broken,
    /// Calls that may still be played.
    left: usize,
    /// How many of them are for later.
    spare: usize,
}

impl Shrinker<'_> {
    /// Takes a smaller sequence if it breaks the same invariant.
    fn take(&mut self, mut steps: Vec<Step>) -> bool {
        if self.left <= self.spare {
            return false;
        }
        self.left = self.left.saturating_sub(steps.len());
        let broken = self.game.replay(&steps, Watch::only(self.broken.rule)).pop();
        let Some((index, broken)) = broken else { return false };
        steps.truncate(index + 1);
        (self.steps, self.broken) = (steps, broken);
        true
    }

    /// Leaves calls out: many at once first, then one by one.
    fn cut(&mut self) {
        let mut size = self.steps.len().div_ceil(2).max(1);
        loop {
            let mut at = 0;
            while at < self.steps.len() {
                let end = (at + size).min(self.steps.len());
                let gone: Vec<usize> = (at..end).collect();
                let without =
                    self.leave_out(&gone) || size == 1 && (self.renumber(at) || self.stand_in(at));
                if !without {
                    at += size;
                }
            }
            if size == 1 {
                return;
            }
            size /= 2;
        }
    }

    /// Leaves out every two calls of a short sequence: of a thing and what undoes it, neither alone
    /// may be missing.
    fn cut_pairs(&mut self) {
        let mut first = 0;
        while first < self.steps.len() && self.steps.len() <= PAIRS_MAX {
            let mut others = first + 1..self.steps.len();
            if !others.any(|second| self.leave_out(&[first, second])) {
                first += 1;
            }
        }
    }

    /// Leaves calls out, ascending, or, where their time is needed, has the next ones wait for it.
    fn leave_out(&mut self, gone: &[usize]) -> bool {
        if gone.len() >= self.steps.len() {
            return false;
        }
        let fewer = self.without(gone, false);
        self.take(fewer) || {
            let later = self.without(gone, true);
            self.take(later)
        }
    }

    fn without(&self, gone: &[usize], waits: bool) -> Vec<Step> {
        let (mut kept, mut passed) = (Vec::new(), 0u64);
        for (index, step) in self.steps.iter().enumerate() {
            if gone.contains(&index) {
                passed = passed.saturating_add(step.advance_ms).saturating_add(CALL_MS);
                continue;
            }
            let mut step = step.clone();
            if waits {
                step.advance_ms = step.advance_ms.saturating_add(passed);
            }
            passed = 0;
            kept.push(step);
        }
        kept
    }

    /// Leaves out a call that answered an id: greater ones are one less then.
    fn renumber(&mut self, index: usize) -> bool {
        if self.steps.len() < 2 {
            return false;
        }
        let Some((width, id)) = self.answered(index) else { return false };
        let mut steps = self.without(&[index], true);
        for step in steps.iter_mut().skip(index) {
            for leaf in self.leaves(step) {
                let number = leaf.number(&step.args).filter(|_| leaf.kind == Kind::Number);
                if let Some(number) = number.filter(|number| leaf.width == width && *number > id) {
                    leaf.put(&mut step.args, number - 1);
                }
            }
        }
        self.take(steps)
    }

    /// Leaves out a call, and has its caller make those of another that came after it.
    fn stand_in(&mut self, index: usize) -> bool {
        let Some(caller) = self.steps.get(index).map(|step| step.by) else { return false };
        let fewer = self.without(&[index], true);
        let later = fewer.get(index..).unwrap_or_default();
        let others: BTreeSet<usize> =
            later.iter().map(|step| step.by).filter(|by| *by != caller).collect();
        others.into_iter().any(|other| {
            let mut steps = fewer.clone();
            for step in steps.iter_mut().skip(index).filter(|step| step.by == other) {
                step.by = caller;
            }
            self.take(steps)
        })
    }

    /// The first number in what a call of the sequence answers, with its width.
    fn answered(&mut self, index: usize) -> Option<(usize, u128)> {
        self.left = self.left.saturating_sub(index + 1);
        let mut moment = self.game.start.clone();
        let mut last = None;
        for step in self.steps.get(..=index)? {
            last = self.game.step(&mut moment, step, None, &mut Watch::default()).0;
        }
        let output = last?.result.ok()?;
        let (target, method) = self.game.method(self.steps.get(index)?)?;
        let found = leaves(&target.spec.types, &[method.returns], &output);
        let leaf = found.into_iter().find(|leaf| leaf.kind == Kind::Number)?;
        Some((leaf.width, leaf.number(&output)?))
    }

    /// The numbers in the arguments of a call.
    fn leaves(&self, step: &Step) -> Vec<Leaf> {
        let Some((target, method)) = self.game.method(step) else { return Vec::new() };
        let types: Vec<u32> = method.args.iter().map(|arg| arg.ty).collect();
        leaves(&target.spec.types, &types, &step.args)
    }

    /// Makes times and numbers small.
    fn simplify(&mut self) {
        let mut index = 0;
        while let Some(step) = self.steps.get(index).cloned() {
            self.least(u128::from(step.advance_ms), |shrinker, ms| {
                let ms = u64::try_from(ms).unwrap_or(u64::MAX);
                shrinker.put(index, |step| step.advance_ms = ms)
            });
            for leaf in self.leaves(&step) {
                let Some(number) = leaf.number(&step.args) else { continue };
                self.least(number, |shrinker, number| {
                    shrinker.put(index, |step| leaf.put(&mut step.args, number))
                });
            }
            index += 1;
        }
    }

    /// Puts the least number in the place of one, as far as one that is too small says so of all
    /// below it.
    fn least(&mut self, mut number: u128, put: impl Fn(&mut Self, u128) -> bool) {
        if number == 0 || put(self, 0) {
            return;
        }
        let mut too_small = 0;
        while number - too_small > 1 {
            let middle = too_small + (number - too_small) / 2;
            if put(self, middle) {
                number = middle;
            } else {
                too_small = middle;
            }
        }
    }

    /// Takes the sequence with one call changed, if it still breaks the invariant.
    fn put(&mut self, index: usize, change: impl FnOnce(&mut Step)) -> bool {
        let mut steps = self.steps.clone();
        // A shorter sequence may have taken the place of the one that had this call.
        let Some(step) = steps.get_mut(index) else { return false };
        change(step);
        self.take(steps)
    }
}

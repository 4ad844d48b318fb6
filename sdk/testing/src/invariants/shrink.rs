//! Making a failing sequence short and its numbers small.

use super::{
    leaf::{Leaf, leaves},
    play::{Broken, Game, Step, Watch},
};

/// Calls that may be played to make one sequence smaller.
const CALLS_MAX: usize = 40_000;

/// The smallest sequence found that breaks the same invariant, and how it breaks it.
pub(super) fn shrink(game: &Game<'_>, steps: Vec<Step>, broken: Broken) -> (Vec<Step>, Broken) {
    let mut shrinker = Shrinker { game, steps, broken, left: CALLS_MAX };
    loop {
        let before = shrinker.steps.clone();
        shrinker.cut();
        shrinker.simplify();
        if shrinker.steps == before || shrinker.left == 0 {
            return (shrinker.steps, shrinker.broken);
        }
    }
}

struct Shrinker<'a> {
    game: &'a Game<'a>,
    steps: Vec<Step>,
    broken: Broken,
    left: usize,
}

impl Shrinker<'_> {
    /// Takes a smaller sequence if it breaks the same invariant.
    fn take(&mut self, mut steps: Vec<Step>) -> bool {
        if self.left == 0 {
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
                let mut fewer = self.steps.clone();
                let end = (at + size).min(fewer.len());
                fewer.drain(at..end);
                if fewer.is_empty() || !self.take(fewer) {
                    at += size;
                }
            }
            if size == 1 {
                return;
            }
            size /= 2;
        }
    }

    /// Makes times and numbers small.
    fn simplify(&mut self) {
        let mut index = 0;
        while index < self.steps.len() {
            for advance_ms in [0, 1_000, 86_400_000] {
                if self.steps.get(index).is_some_and(|step| step.advance_ms > advance_ms) {
                    let changed = self.with(index, |step| step.advance_ms = advance_ms);
                    if self.take(changed) {
                        break;
                    }
                }
            }
            self.numbers(index);
            index += 1;
        }
    }

    fn with(&self, index: usize, change: impl FnOnce(&mut Step)) -> Vec<Step> {
        let mut steps = self.steps.clone();
        if let Some(step) = steps.get_mut(index) {
            change(step);
        }
        steps
    }

    fn numbers(&mut self, index: usize) {
        let Some(step) = self.steps.get(index).cloned() else { return };
        let Some((target, method)) = self.game.method(&step) else { return };
        let types: Vec<u32> = method.args.iter().map(|arg| arg.ty).collect();
        for leaf in leaves(&target.spec.types, &types, &step.args) {
            let Some(mut number) = leaf.number(&step.args) else { continue };
            if number == 0 || self.put(index, leaf, 0) {
                continue;
            }
            // Between what is too small to break anything and what breaks it lies the least.
            let mut too_small = 0;
            while number - too_small > 1 {
                let middle = too_small + (number - too_small) / 2;
                if self.put(index, leaf, middle) {
                    number = middle;
                } else {
                    too_small = middle;
                }
            }
        }
    }

    fn put(&mut self, index: usize, leaf: Leaf, number: u128) -> bool {
        // A shorter sequence may have taken the place of the one that had this call.
        if index >= self.steps.len() {
            return false;
        }
        let changed = self.with(index, |step| leaf.put(&mut step.args, number));
        self.take(changed)
    }
}

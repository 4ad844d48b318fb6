//! Which call comes next.
//!
//! Most contracts refuse most of what is merely random. So calls are made of what was accepted
//! before, in the same sequence or by the test's set-up: the same call with one thing changed. Or a
//! new call is about one stored entry, whose numbers and accounts belong together, and takes over
//! arguments of the same name.

use super::{
    generate::Generator,
    leaf::leaves,
    learned::{Example, Slot},
    play::{Game, Step},
};
use dure_types::TimestampMs;
use rand_chacha::ChaCha8Rng;

/// Makes the calls of one sequence.
pub(super) struct Chooser<'a> {
    game: &'a Game<'a>,
    pub(super) generator: Generator,
    /// Target and method of what this sequence calls, and how often it was accepted.
    methods: Vec<((usize, usize), u32)>,
    /// What may be waited still, in milliseconds.
    left_ms: u64,
}

impl<'a> Chooser<'a> {
    pub(super) fn new(game: &'a Game<'a>, random: ChaCha8Rng, longest_ms: u64) -> Self {
        let accounts = game.accounts.iter().map(|(address, _)| *address).collect();
        let contracts = game.targets.iter().map(|target| target.contract).collect();
        let mut generator = Generator::new(random, accounts, contracts, game.learned.clone());
        let left_ms = generator.span(longest_ms);
        let all = game.targets.iter().enumerate().flat_map(|(target, known)| {
            known.methods.iter().map(move |method| ((target, *method), 0))
        });
        let mut methods: Vec<_> = all.collect();
        // What stops everything else, a pause or a withdrawal, is not in every sequence.
        if generator.once_in(2) {
            let some: Vec<_> = methods.iter().filter(|_| !generator.once_in(4)).copied().collect();
            methods = if some.is_empty() { methods } else { some };
        }
        Self { game, generator, methods, left_ms }
    }

    /// The next call.
    pub(super) fn step(&mut self, now: TimestampMs) -> Option<Step> {
        self.generator.set_time(now.0);
        let advance_ms = self.generator.wait(self.left_ms);
        self.left_ms -= advance_ms;
        self.generator.set_time(now.0.saturating_add(advance_ms));
        let (target, method) = self.method()?;
        self.generator.choose_fact();
        let Example { by, args } = match self.example((target, method)) {
            Some(example) if self.generator.once_in(2) => self.varied((target, method), example),
            example => self.fresh((target, method), example),
        };
        Some(Step { advance_ms, by, target, method, args: args.concat() })
    }

    /// Counts a call that was accepted.
    pub(super) fn accepted(&mut self, step: &Step) {
        let of = (step.target, step.method);
        if let Some((_, count)) = self.methods.iter_mut().find(|(method, _)| *method == of) {
            *count += 1;
        }
    }

    /// One of two methods: in one of two cases that which was accepted less often.
    fn method(&mut self) -> Option<(usize, usize)> {
        let (one, other) =
            (self.generator.below(self.methods.len()), self.generator.below(self.methods.len()));
        let (one, other) = (self.methods.get(one)?, self.methods.get(other)?);
        let less = other.1 < one.1 && self.generator.once_in(2);
        Some(if less { other.0 } else { one.0 })
    }

    fn example(&mut self, method: (usize, usize)) -> Option<Example> {
        let length = self.generator.learned.examples(method)?.len();
        let index = self.generator.late(length);
        self.generator.learned.examples(method)?.get(index).cloned()
    }

    /// A call that was accepted: as it was, by somebody else, or with one or two things changed.
    fn varied(&mut self, method: (usize, usize), mut example: Example) -> Example {
        let times = match self.generator.below(8) {
            0 => 0,
            1 => {
                example.by = self.generator.caller();
                0
            }
            2..=6 => 1,
            _ => 2,
        };
        for _ in 0..times {
            let index = self.generator.below(example.args.len());
            if let Some(bytes) = example.args.get_mut(index) {
                self.change(method, index, bytes);
            }
        }
        example
    }

    /// Changes one number or address of an argument, or all of it.
    fn change(&mut self, method: (usize, usize), index: usize, bytes: &mut Vec<u8>) {
        let Some((target, known)) = self.game.method_at(method) else { return };
        let Some(arg) = known.args.get(index) else { return };
        let found = leaves(&target.spec.types, &[arg.ty], bytes);
        if found.is_empty() || self.generator.once_in(3) {
            *bytes = self.argument(method, index);
        } else if let Some(leaf) = found.get(self.generator.below(found.len())) {
            self.generator.renew(*leaf, bytes);
        }
    }

    /// A call of new arguments.
    fn fresh(&mut self, method: (usize, usize), example: Option<Example>) -> Example {
        let by = match example {
            Some(example) if self.generator.once_in(3) => example.by,
            _ => self.generator.caller(),
        };
        let count = self.game.method_at(method).map_or(0, |(_, known)| known.args.len());
        Example { by, args: (0..count).map(|index| self.argument(method, index)).collect() }
    }

    /// An argument: one that was accepted under this name, or a new one.
    fn argument(&mut self, method: (usize, usize), index: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Some((target, known)) = self.game.method_at(method) else { return bytes };
        if self.generator.once_in(3)
            && let Some(slot) = target.slot(method.1, index)
            && let Some(known) = self.accepted_value(method.0, slot)
        {
            return known;
        }
        if let Some(arg) = known.args.get(index) {
            self.generator.value(&target.spec.types, arg.ty, &mut bytes);
        }
        bytes
    }

    fn accepted_value(&mut self, target: usize, slot: Slot) -> Option<Vec<u8>> {
        let length = self.generator.learned.values(target, slot)?.len();
        let index = self.generator.late(length);
        self.generator.learned.values(target, slot)?.get(index).cloned()
    }
}

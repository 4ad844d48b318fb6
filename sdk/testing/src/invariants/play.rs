//! Playing one call and checking what must hold.

use super::{
    learned::{Learned, Slot},
    lesson::Lesson,
    moment::{Layered, Moment, Played},
};
use dure_abi::spec::{ContractSpec, MethodSpec};
use dure_runtime::{StateRead, TracedCall};
use dure_types::{
    Address, Call, ExecutionError, Gas, Height, TimestampMs, TransactionBody, limits,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A contract whose methods are called.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) contract: Address,
    pub(super) spec: Arc<ContractSpec>,
    /// Indices of the methods of the specification that are called.
    pub(super) methods: Vec<usize>,
    /// By method and argument.
    slots: Vec<Vec<Slot>>,
}

impl Target {
    pub(super) fn new(
        name: String,
        contract: Address,
        spec: Arc<ContractSpec>,
        methods: Vec<usize>,
    ) -> Self {
        let mut known: BTreeMap<(&str, u32), Slot> = BTreeMap::new();
        let mut slots = Vec::new();
        for method in &spec.methods {
            let mut of_method = Vec::new();
            for arg in &method.args {
                let next = Slot(known.len());
                of_method.push(*known.entry((&arg.name, arg.ty)).or_insert(next));
            }
            slots.push(of_method);
        }
        Self { name, contract, spec, methods, slots }
    }

    /// What an argument of a method shares with arguments of others.
    pub(super) fn slot(&self, method: usize, argument: usize) -> Option<Slot> {
        self.slots.get(method)?.get(argument).copied()
    }
}

/// One call of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Time that passes before it.
    pub(super) advance_ms: u64,
    /// Index of the account.
    pub(super) by: usize,
    /// Index of the target.
    pub(super) target: usize,
    /// Index of the method in the target's specification.
    pub(super) method: usize,
    /// SCALE arguments.
    pub(super) args: Vec<u8>,
}

type Verdict = Result<(), String>;
/// Judges a call by what was before it, the call, and what is after it.
type OfEach<'a> = dyn Fn(&Moment, &Played, &Moment) -> Verdict + Send + Sync + 'a;

/// What must hold.
pub(super) enum Rule<'a> {
    /// After every call.
    Always(Box<dyn Fn(&Moment) -> Verdict + Send + Sync + 'a>),
    /// A query without arguments that answers true after every call.
    Query { contract: Address, method: String },
    /// Of every call: before, the call, after.
    Each(Box<OfEach<'a>>),
    /// No call panics.
    NoPanic,
}

/// What was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Index of the rule; that of none when the executor failed.
    pub(super) rule: usize,
    pub(super) invariant: String,
    pub(super) why: String,
}

/// Everything that sequences are played with.
pub(super) struct Game<'a> {
    pub(super) start: Moment,
    pub(super) accounts: Vec<(Address, String)>,
    pub(super) targets: Vec<Target>,
    pub(super) rules: Vec<(String, Rule<'a>)>,
    /// What every sequence knows from the start.
    pub(super) learned: Learned,
}

impl Game<'_> {
    /// The method that a step calls.
    pub(super) fn method(&self, step: &Step) -> Option<(&Target, &MethodSpec)> {
        self.method_at((step.target, step.method))
    }

    /// A method by the index of its target, and its own.
    pub(super) fn method_at(
        &self,
        (target, method): (usize, usize),
    ) -> Option<(&Target, &MethodSpec)> {
        let target = self.targets.get(target)?;
        Some((target, target.spec.methods.get(method)?))
    }

    /// Plays a call and says what of what is watched it broke, which is not watched any more; the
    /// learner hears of what occurred. Nothing can be played after a failure of the executor.
    pub(super) fn step(
        &self,
        moment: &mut Moment,
        step: &Step,
        learner: Option<&mut Learned>,
        watch: &mut Watch,
    ) -> (Option<Played>, Vec<Broken>) {
        let compares = |(index, (_, rule)): (usize, &(String, Rule<'_>))| {
            watch.has(index) && matches!(rule, Rule::Each(_))
        };
        let before = self.rules.iter().enumerate().any(compares).then(|| moment.clone());
        let played = match self.play(moment, step, learner) {
            Ok(played) => played,
            Err(why) => {
                let (rule, invariant) = (self.rules.len(), "the executor works".to_owned());
                let broken = watch.has(rule).then_some(Broken { rule, invariant, why });
                *watch = Watch::default();
                return (None, broken.into_iter().collect());
            }
        };
        // Refused without time passing: nothing is different that an invariant could look at.
        let unchanged = played.result.is_err() && step.advance_ms == 0;
        let broken = self.check(before.as_ref(), moment, Some(&played), unchanged, watch);
        (Some(played), broken)
    }

    fn play(
        &self,
        moment: &mut Moment,
        step: &Step,
        learner: Option<&mut Learned>,
    ) -> Result<Played, String> {
        let (target, method) = self.method(step).ok_or("a step names no method")?;
        let by = self.accounts.get(step.by).map(|(address, _)| *address).unwrap_or_default();
        let passed = step.advance_ms.saturating_add(1_000);
        moment.block.height = Height(moment.block.height.0.saturating_add(1));
        moment.block.time = TimestampMs(moment.block.time.0.saturating_add(passed));
        let call =
            Call { contract: target.contract, method: method.selector, args: step.args.clone() };
        let body = TransactionBody {
            account: by,
            lane: 0,
            // Different transactions have different ids, as on a chain.
            nonce: moment.block.height.0,
            valid_until: moment.block.time,
            gas_limit: Gas(limits::TRANSACTION_GAS_MAX),
            sponsor: None,
            calls: vec![call],
        };
        let state = Arc::clone(&moment.state) as Arc<dyn StateRead>;
        let ran = moment.executor.simulate(&state, &moment.block, &body);
        drop(state);
        let ran = ran.map_err(|error| error.to_string())?;
        let panic = self.with_field_name(&ran.trace, ran.panic);
        let result = match ran.outputs {
            Ok(outputs) => {
                let output = outputs.into_iter().next().unwrap_or_default();
                if let Some(learner) = learner {
                    let Step { by, target, method, ref args, .. } = *step;
                    let (method, output) = ((target, method), output.as_slice());
                    self.learn(learner, &Lesson { by: Some(by), method, args, output });
                    self.learn_state(learner, &ran.delta);
                }
                Arc::make_mut(&mut moment.state).apply(ran.delta);
                Ok(output)
            }
            Err(failure) if failure.error == ExecutionError::Internal => {
                return Err("a host function panicked".to_owned());
            }
            Err(failure) => Err(failure.error),
        };
        Ok(Played {
            by,
            contract: target.contract,
            method: method.name.clone(),
            args: step.args.clone(),
            result,
            panic,
            spec: Arc::clone(&target.spec),
        })
    }

    /// What the contract that panicked last said, with the name of the field that it spoke of.
    fn with_field_name(&self, trace: &[TracedCall], said: Option<String>) -> Option<String> {
        let said = said?;
        let call = trace.iter().rev().find(|call| call.panic.as_ref() == Some(&said));
        let of_call =
            |call: &TracedCall| self.targets.iter().find(|target| target.contract == call.contract);
        let named = call.and_then(of_call).and_then(|target| target.spec.with_field_name(&said));
        Some(named.unwrap_or(said))
    }

    /// What is broken of what is watched; of an unchanged moment only rules of the call itself can
    /// be.
    pub(super) fn check(
        &self,
        before: Option<&Moment>,
        now: &Moment,
        played: Option<&Played>,
        unchanged: bool,
        watch: &mut Watch,
    ) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (index, (name, rule)) in self.rules.iter().enumerate() {
            if !watch.has(index) {
                continue;
            }
            let verdict = match (rule, before, played) {
                (Rule::Always(_) | Rule::Query { .. }, _, _) if unchanged => Ok(()),
                (Rule::Always(holds), _, _) => holds(now),
                (Rule::Query { contract, method }, _, _) => answers_true(now, *contract, method),
                (Rule::Each(holds), Some(before), Some(played)) => holds(before, played, now),
                (Rule::NoPanic, _, Some(Played { panic: Some(text), .. })) => Err(text.clone()),
                (Rule::Each(_) | Rule::NoPanic, _, _) => Ok(()),
            };
            if let Err(why) = verdict {
                watch.leave(index);
                broken.push(Broken { rule: index, invariant: name.clone(), why });
            }
        }
        broken
    }

    /// Plays a sequence from the start until all that is watched is broken: what is, and by which
    /// step.
    pub(super) fn replay(&self, steps: &[Step], mut watch: Watch) -> Vec<(usize, Broken)> {
        let mut moment = self.start.clone();
        let mut all = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            if watch.is_empty() {
                break;
            }
            let (_, broken) = self.step(&mut moment, step, None, &mut watch);
            all.extend(broken.into_iter().map(|broken| (index, broken)));
        }
        all
    }
}

/// What calls are still held against: rules by their index, and the executor by the index after.
#[derive(Clone, Default)]
pub(super) struct Watch(BTreeSet<usize>);

impl Watch {
    pub(super) fn all(game: &Game<'_>) -> Self {
        Self((0..=game.rules.len()).collect())
    }

    pub(super) fn only(rule: usize) -> Self {
        Self(BTreeSet::from([rule]))
    }

    pub(super) fn has(&self, rule: usize) -> bool {
        self.0.contains(&rule)
    }

    pub(super) fn leave(&mut self, rule: usize) {
        self.0.remove(&rule);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = usize> {
        self.0.iter().copied()
    }
}

fn answers_true(now: &Moment, contract: Address, method: &str) -> Verdict {
    match now.query::<bool>(contract, method, ()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("{method} answers false")),
        Err(failure) => Err(format!("{method}: {failure}")),
    }
}

/// A moment at the end of what the test set up.
pub(super) fn start(chain: &crate::Chain) -> Moment {
    Moment {
        executor: Arc::clone(&chain.executor),
        state: Arc::new(Layered::new(Arc::clone(&chain.state))),
        block: chain.context(),
    }
}

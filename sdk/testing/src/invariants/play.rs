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
use std::{collections::BTreeMap, sync::Arc};

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

    /// Plays a call and checks every rule; the learner hears of what occurred.
    pub(super) fn step(
        &self,
        moment: &mut Moment,
        step: &Step,
        learner: Option<&mut Learned>,
    ) -> Result<Played, Broken> {
        let compares = self.rules.iter().any(|(_, rule)| matches!(rule, Rule::Each(_)));
        let before = compares.then(|| moment.clone());
        let played = self.play(moment, step, learner)?;
        // Refused without time passing: nothing is different that an invariant could look at.
        let unchanged = played.result.is_err() && step.advance_ms == 0;
        self.check(before.as_ref(), moment, Some(&played), unchanged)?;
        Ok(played)
    }

    fn play(
        &self,
        moment: &mut Moment,
        step: &Step,
        learner: Option<&mut Learned>,
    ) -> Result<Played, Broken> {
        let fault = |why: String| Broken { invariant: "the executor works".into(), why };
        let (target, method) =
            self.method(step).ok_or_else(|| fault("a step names no method".into()))?;
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
        let ran = ran.map_err(|error| fault(error.to_string()))?;
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
                return Err(fault("a host function panicked".into()));
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

    /// Checks every rule; of an unchanged moment only those of the call itself.
    pub(super) fn check(
        &self,
        before: Option<&Moment>,
        now: &Moment,
        played: Option<&Played>,
        unchanged: bool,
    ) -> Result<(), Broken> {
        for (name, rule) in &self.rules {
            let verdict = match (rule, before, played) {
                (Rule::Always(_) | Rule::Query { .. }, _, _) if unchanged => Ok(()),
                (Rule::Always(holds), _, _) => holds(now),
                (Rule::Query { contract, method }, _, _) => answers_true(now, *contract, method),
                (Rule::Each(holds), Some(before), Some(played)) => holds(before, played, now),
                (Rule::NoPanic, _, Some(Played { panic: Some(text), .. })) => Err(text.clone()),
                (Rule::Each(_) | Rule::NoPanic, _, _) => Ok(()),
            };
            verdict.map_err(|why| Broken { invariant: name.clone(), why })?;
        }
        Ok(())
    }

    /// Plays a sequence from the start: the step that broke something, and what.
    pub(super) fn replay(&self, steps: &[Step]) -> Option<(usize, Broken)> {
        let mut moment = self.start.clone();
        steps.iter().enumerate().find_map(|(index, step)| {
            let broken = self.step(&mut moment, step, None).err()?;
            Some((index, broken))
        })
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

//! Playing one call and checking what must hold.

use super::{
    generate::Generator,
    leaf::{Leaf, leaves},
    moment::{Layered, Moment, Played},
};
use dure_abi::spec::{ContractSpec, MethodSpec};
use dure_runtime::{StateDelta, StateRead, TracedCall};
use dure_types::{
    Address, Call, ExecutionError, Gas, Height, TimestampMs, TransactionBody, limits,
};
use std::sync::Arc;

/// A contract whose methods are called.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) contract: Address,
    pub(super) spec: Arc<ContractSpec>,
    /// Indices of the methods of the specification that are called.
    pub(super) methods: Vec<usize>,
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
}

impl Game<'_> {
    /// The method that a step calls.
    pub(super) fn method(&self, step: &Step) -> Option<(&Target, &MethodSpec)> {
        let target = self.targets.get(step.target)?;
        Some((target, target.spec.methods.get(step.method)?))
    }

    /// Plays a call and checks every rule; the learner hears of what occurred.
    pub(super) fn step(
        &self,
        moment: &mut Moment,
        step: &Step,
        learner: Option<&mut Generator>,
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
        learner: Option<&mut Generator>,
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
                    self.learn(learner, target, method, step, &output, &ran.delta);
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

    fn learn(
        &self,
        learner: &mut Generator,
        target: &Target,
        method: &MethodSpec,
        step: &Step,
        output: &[u8],
        delta: &StateDelta,
    ) {
        let types = &target.spec.types;
        let args: Vec<u32> = method.args.iter().map(|arg| arg.ty).collect();
        self.note(learner, &leaves(types, &args, &step.args), &step.args);
        let found = leaves(types, &[method.returns], output);
        self.note(learner, &found, output);
        for number in found.iter().filter_map(|leaf| leaf.number(output)) {
            learner.learn_returned(number);
        }
        for (key, value) in delta {
            let Some(value) = value else { continue };
            let Some((contract, key)) = key.split_first_chunk::<32>() else { continue };
            let owner = self.targets.iter().find(|known| known.contract.0 == *contract);
            let (Some(owner), Some(&[a, b])) = (owner, key.get(..2)) else { continue };
            let id = u16::from_be_bytes([a, b]);
            if let Some(field) = owner.spec.storage.iter().find(|field| field.id == id) {
                self.note(learner, &leaves(&owner.spec.types, &[field.value], value), value);
            }
        }
    }

    fn note(&self, learner: &mut Generator, found: &[Leaf], bytes: &[u8]) {
        for leaf in found {
            if let Some(number) = leaf.number(bytes) {
                learner.learn(number);
                continue;
            }
            let hash = bytes.get(leaf.at..leaf.at + 32);
            if let Some(hash) = hash.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                && !self.accounts.iter().any(|(address, _)| address.0 == hash)
            {
                learner.learn_hash(hash);
            }
        }
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

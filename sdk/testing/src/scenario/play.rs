//! Playing it.

use super::{Expect, OneCall, Scenario, ScenarioError, Step, values::Words};
use crate::{Account, Chain, Executed, TestFailure};
use codec::{Encode, Output};
use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec};
use dure_json::{arguments_from_json, return_to_json};
use dure_types::{Address, Call, TimestampMs, limits::ARGS_BYTES_MAX};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, sync::Arc};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What was done when all went as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Steps.
    pub steps: usize,
    /// Transactions, and those among them that were to fail.
    pub transactions: usize,
    /// Transactions that were to fail.
    pub refused: usize,
    /// Values that were compared.
    pub compared: usize,
}

/// Bytes that are encoded already.
struct Raw(Vec<u8>);

impl Encode for Raw {
    fn encode_to<T: Output + ?Sized>(&self, dest: &mut T) {
        dest.write(&self.0);
    }
}

pub(super) struct Stage {
    pub(super) chain: Chain,
    pub(super) words: Words,
    accounts: BTreeMap<String, Account>,
    pub(super) played: Played,
}

pub(super) fn play(scenario: &Scenario, folder: &Path) -> Result<Played, ScenarioError> {
    let mut stage = Stage::set(scenario, folder)?;
    for (index, step) in scenario.steps.iter().enumerate() {
        let place = match step.about.as_str() {
            "" => format!("steps[{index}]"),
            about => format!("steps[{index}] ({about})"),
        };
        stage.step(step, &place)?;
        for (index, query) in scenario.always.iter().enumerate() {
            stage.query(query, &format!("{place} always[{index}]"))?;
        }
        stage.played.steps += 1;
    }
    Ok(stage.played)
}

impl Stage {
    fn set(scenario: &Scenario, folder: &Path) -> Result<Self, ScenarioError> {
        let setup = &scenario.setup;
        let chain = match &setup.start {
            Some(start) => Chain::starting(moment(start, "setup.start")?),
            None => Chain::new(),
        };
        let (words, accounts) = (Words::default(), BTreeMap::new());
        let mut stage = Self { chain, words, accounts, played: Played::default() };
        for name in &setup.accounts {
            let account = stage.chain.account(name);
            stage.introduce(name, account.address(), "setup.accounts")?;
            stage.accounts.insert(name.clone(), account);
        }
        // The policy may name accounts; contracts come after it.
        let policy = Value::Object(scenario.policy.clone());
        if let Value::Object(policy) = stage.words.replace(&policy, "policy")? {
            stage.words.policy = policy;
        }
        for (index, deployment) in setup.contracts.iter().enumerate() {
            let place = format!("setup.contracts[{index}]");
            let failed = |failure| {
                let (place, failure) = (place.clone(), Box::new(failure));
                ScenarioError::Chain { place, failure }
            };
            let wasm = crate::chain::build(&folder.join(&deployment.source)).map_err(failed)?;
            let creator = stage.account(&deployment.by, &place)?;
            let spec = dure_runtime::vm::validate(&wasm)
                .map_err(|error| failed(TestFailure::Build(error.to_string())))?
                .spec;
            let init = spec.init().ok_or_else(|| meaning(&place, "it has no init method"))?;
            let init = stage.arguments(&spec, init, &deployment.init, &format!("{place}.init"))?;
            let made = stage.chain.deploy_wasm(&wasm, creator, Raw(init)).map_err(|failure| {
                meaning(&place, format!("it does not deploy: {}", text(&failure)))
            })?;
            stage.introduce(&deployment.name, made, &place)?;
            stage.chain.names.account(made, &deployment.name);
        }
        Ok(stage)
    }

    fn introduce(&mut self, name: &str, at: Address, place: &str) -> Result<(), ScenarioError> {
        match self.words.addresses.insert(name.to_owned(), at) {
            None => Ok(()),
            Some(_) => Err(meaning(place, format!("`{name}` is the name of another"))),
        }
    }

    fn account(&self, name: &str, place: &str) -> Result<Account, ScenarioError> {
        let bare = name.strip_prefix('@').unwrap_or(name);
        let known: Vec<&str> = self.accounts.keys().map(String::as_str).collect();
        self.accounts.get(bare).copied().ok_or_else(|| {
            meaning(place, format!("no account is called `{bare}`; known: {}", known.join(", ")))
        })
    }

    pub(super) fn spec(
        &self,
        contract: Address,
        place: &str,
    ) -> Result<Arc<ContractSpec>, ScenarioError> {
        let spec = self.chain.names.spec(self.chain.state.as_ref(), contract);
        spec.ok_or_else(|| meaning(place, "it is no contract"))
    }

    pub(super) fn arguments(
        &self,
        spec: &ContractSpec,
        method: &MethodSpec,
        args: &Value,
        place: &str,
    ) -> Result<Vec<u8>, ScenarioError> {
        let args = self.words.replace(args, place)?;
        let encoded = arguments_from_json(spec, method, &args, ARGS_BYTES_MAX);
        encoded.map_err(|error| meaning(place, error.to_string()))
    }

    /// The address of a contract, its specification and a method of it.
    pub(super) fn method(
        &self,
        contract: &str,
        name: &str,
        kind: MethodKind,
        place: &str,
    ) -> Result<(Address, Arc<ContractSpec>, MethodSpec), ScenarioError> {
        let address = self.words.address(contract, place)?;
        let spec = self.spec(address, place)?;
        let of_kind = |method: &&MethodSpec| method.kind == kind;
        let method = spec.method(name).filter(of_kind).cloned().ok_or_else(|| {
            let known: Vec<&str> =
                spec.methods.iter().filter(of_kind).map(|method| method.name.as_str()).collect();
            meaning(
                place,
                format!("{contract} has no such {kind:?} `{name}`; known: {}", known.join(", ")),
            )
        })?;
        Ok((address, spec, method))
    }

    fn step(&mut self, step: &Step, place: &str) -> Result<(), ScenarioError> {
        let only = match (&step.contract, &step.call) {
            (Some(contract), Some(call)) => {
                let (contract, call) = (contract.clone(), call.clone());
                Some(OneCall { contract, call, args: step.args.clone() })
            }
            (None, None) => None,
            _ => return Err(meaning(place, "`contract` and `call` go together")),
        };
        let single = only.is_some();
        if single && !step.calls.is_empty() {
            return Err(meaning(place, "`calls` takes the place of `contract` and `call`"));
        }
        if !single && !step.args.is_null() {
            return Err(meaning(place, "`args` goes with `contract` and `call`"));
        }
        if !single && step.calls.is_empty() {
            idle(step, place)?;
        }
        let calls: Vec<&OneCall> = only.iter().chain(&step.calls).collect();
        let at = step.at.as_ref().map(|at| moment(at, place)).transpose()?;
        if calls.is_empty() {
            self.wait(at, place)?;
        } else {
            let by = step.by.as_ref().ok_or_else(|| meaning(place, "`by` is missing"))?;
            let by = self.account(by, place)?;
            if let Some(at) = at {
                let late = |failure| {
                    let (place, failure) = (place.to_owned(), Box::new(failure));
                    ScenarioError::Chain { place, failure }
                };
                self.chain.set_time(at).map_err(late)?;
            }
            self.transaction(by, &calls, single, &step.expect, place)?;
        }
        self.balances(&step.expect, place)?;
        for (index, query) in step.expect.queries.iter().enumerate() {
            self.query(query, &format!("{place} queries[{index}]"))?;
        }
        Ok(())
    }

    /// Lets time pass without a transaction: what is asked then is asked of that moment.
    fn wait(&mut self, at: Option<TimestampMs>, place: &str) -> Result<(), ScenarioError> {
        let Some(at) = at else { return Ok(()) };
        let now = self.chain.time();
        let passes = at.0.checked_sub(now.0);
        let passes = passes.ok_or_else(|| meaning(place, format!("it is {} already", now.0)))?;
        self.chain.advance(passes);
        Ok(())
    }

    fn transaction(
        &mut self,
        by: Account,
        calls: &[&OneCall],
        single: bool,
        expect: &Expect,
        place: &str,
    ) -> Result<(), ScenarioError> {
        let mut encoded = Vec::new();
        let mut methods = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let place =
                if single { format!("{place} args") } else { format!("{place} calls[{index}]") };
            let (contract, spec, method) =
                self.method(&call.contract, &call.call, MethodKind::Call, &place)?;
            let args = self.arguments(&spec, &method, &call.args, &place)?;
            encoded.push(Call { contract, method: method.selector, args });
            methods.push((contract, spec, method));
        }
        self.played.transactions += 1;
        let done = self.chain.transact(by, encoded);
        let wants_failure = expect.error.is_some() || expect.fails.is_some();
        match done {
            Ok(_) if wants_failure => {
                let expected = expect.error.as_ref().map(|error| error.name.clone());
                let expected = expected.or_else(|| expect.fails.clone()).unwrap_or_default();
                Err(differs(place, expected, "success"))
            }
            Ok(executed) => self.succeeded(&executed, &methods, single, expect, place),
            Err(failure) if wants_failure => {
                self.played.refused += 1;
                let called = methods.iter().map(|(contract, ..)| *contract).collect::<Vec<_>>();
                self.failed(&failure, &called, expect, place)
            }
            Err(failure) => Err(differs(place, "success", text(&failure))),
        }
    }

    fn succeeded(
        &mut self,
        executed: &Executed,
        methods: &[(Address, Arc<ContractSpec>, MethodSpec)],
        single: bool,
        expect: &Expect,
        place: &str,
    ) -> Result<(), ScenarioError> {
        if let Some(expected) = &expect.ok {
            let mut values = Vec::new();
            for ((_, spec, method), output) in methods.iter().zip(&executed.outputs) {
                let value = return_to_json(spec, method.returns, output, "returned");
                values.push(value.map_err(|error| meaning(place, error.to_string()))?);
            }
            let found = match (single, values.pop()) {
                (true, Some(only)) => only,
                (_, last) => Value::Array(values.into_iter().chain(last).collect()),
            };
            self.compare(expected, &found, &format!("{place} ok"))?;
        }
        match &expect.events {
            Some(expected) => self.events(expected, &executed.events, place),
            None => Ok(()),
        }
    }

    fn failed(
        &mut self,
        failure: &TestFailure,
        called: &[Address],
        expect: &Expect,
        place: &str,
    ) -> Result<(), ScenarioError> {
        if expect.ok.is_some() || expect.events.is_some() {
            return Err(meaning(place, "what fails returns nothing and emits nothing"));
        }
        if let Some(part) = &expect.fails {
            let text = text(failure);
            self.played.compared += 1;
            if !text.contains(part) {
                return Err(differs(place, part, text));
            }
        }
        let Some(expected) = &expect.error else { return Ok(()) };
        let TestFailure::Failed { error, call, .. } = failure else {
            return Err(differs(place, &expected.name, failure));
        };
        let called = called.get(usize::from(*call)).copied().unwrap_or_default();
        self.error(expected, error, called, place)
    }
}

/// A failure for people.
fn text(failure: &TestFailure) -> String {
    match failure {
        TestFailure::Failed { words, .. } => words.why.clone(),
        other => other.to_string(),
    }
}

/// Refuses what a step without a call does not look at.
fn idle(step: &Step, place: &str) -> Result<(), ScenarioError> {
    let Expect { ok, error, fails, events, balances: _, queries: _ } = &step.expect;
    let said = [
        ("by", step.by.is_some()),
        ("expect.ok", ok.is_some()),
        ("expect.error", error.is_some()),
        ("expect.fails", fails.is_some()),
        ("expect.events", events.is_some()),
    ];
    match said.into_iter().find(|(_, said)| *said) {
        Some((name, _)) => Err(meaning(place, format!("`{name}` has no meaning without a call"))),
        None => Ok(()),
    }
}

fn moment(text: &str, place: &str) -> Result<TimestampMs, ScenarioError> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|error| meaning(place, format!("`{text}` is no time by RFC 3339: {error}")))?;
    let milliseconds = parsed.unix_timestamp_nanos() / 1_000_000;
    let milliseconds = u64::try_from(milliseconds)
        .map_err(|_| meaning(place, format!("`{text}` is before 1970")))?;
    Ok(TimestampMs(milliseconds))
}

pub(super) fn meaning(place: &str, text: impl Into<String>) -> ScenarioError {
    ScenarioError::Meaning { place: place.to_owned(), text: text.into() }
}

pub(super) fn differs(place: &str, expected: impl ToString, found: impl ToString) -> ScenarioError {
    let (expected, found) = (expected.to_string(), found.to_string());
    ScenarioError::Differs { place: place.to_owned(), expected, found }
}

//! Whether a module offers what it claims, and goes on doing so.

use super::compare::{Comparison, Mode, TooManySteps};
use dure_abi::{
    spec::{ContractSpec, InterfaceSpec, MethodKind, MethodSpec},
    standard::{self, Standard, StandardMethod},
};
use dure_types::{ModuleError, limits};
use std::collections::{BTreeMap, BTreeSet};

/// Checks every interface that a spec lists: its methods are there and, when it is a standard,
/// have exactly the kinds and types of it.
///
/// # Errors
/// [`ModuleError::Interface`] names the first interface and method that are not as claimed.
pub(crate) fn check(spec: &ContractSpec) -> Result<(), ModuleError> {
    if spec.interfaces.is_empty() {
        return Ok(());
    }
    let standards = standard::all();
    let methods = callable(spec);
    for interface in &spec.interfaces {
        let lacks = |method: &str| ModuleError::Interface {
            interface: interface.name.as_bytes().to_vec(),
            method: method.as_bytes().to_vec(),
        };
        for name in &interface.methods {
            methods.get(name.as_str()).ok_or_else(|| lacks(name))?;
        }
        let Some(standard) = standards.iter().find(|standard| standard.name == interface.name)
        else {
            continue;
        };
        for method in &standard.methods {
            let found = methods.get(method.name).filter(|_| lists(interface, method.name));
            if !found.is_some_and(|found| is_as(spec, found, standard, method)) {
                return Err(lacks(method.name));
            }
        }
    }
    Ok(())
}

/// Finds the first method of the stored interfaces that the offered spec lists no more, or has with
/// another kind or other types: who calls by an interface is told of no change. That the interfaces
/// are there was checked.
pub(super) fn changed<'s>(
    stored: &'s ContractSpec,
    offered: &ContractSpec,
    comparison: &mut Comparison<'_>,
) -> Result<Option<(&'s InterfaceSpec, &'s str)>, TooManySteps> {
    if stored.interfaces.is_empty() {
        return Ok(None);
    }
    let (old, new) = (callable(stored), callable(offered));
    let kept: BTreeSet<(&str, &str)> = (offered.interfaces.iter())
        .flat_map(|interface| {
            interface.methods.iter().map(|method| (interface.name.as_str(), method.as_str()))
        })
        .collect();
    for interface in &stored.interfaces {
        // One method may be listed many times over.
        comparison.spend(interface.methods.len())?;
        for name in &interface.methods {
            let is_kept = kept.contains(&(interface.name.as_str(), name.as_str()));
            let pair = old.get(name.as_str()).zip(new.get(name.as_str())).filter(|_| is_kept);
            let same = match pair {
                Some((old, new)) => is_same(old, new, comparison)?,
                None => false,
            };
            if !same {
                return Ok(Some((interface, name)));
            }
        }
    }
    Ok(None)
}

fn is_same(
    old: &MethodSpec,
    new: &MethodSpec,
    comparison: &mut Comparison<'_>,
) -> Result<bool, TooManySteps> {
    let shape = |method: &MethodSpec| (method.kind, method.fallible, method.args.len());
    if shape(old) != shape(new) {
        return Ok(false);
    }
    let args = old.args.iter().zip(&new.args).map(|(old, new)| (old.ty, new.ty));
    for (old, new) in args.chain([(old.returns, new.returns)]) {
        if !comparison.alike(old, new, Mode::Same)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Methods by name, and only what others can call: a spec has room for lists of which each name,
/// looked for from the first method on, would be a second's work.
fn callable(spec: &ContractSpec) -> BTreeMap<&str, &MethodSpec> {
    let called = spec.methods.iter().filter(|method| method.kind != MethodKind::Init);
    called.map(|method| (method.name.as_str(), method)).collect()
}

fn lists(interface: &InterfaceSpec, method: &str) -> bool {
    interface.methods.iter().any(|name| name == method)
}

fn is_as(
    spec: &ContractSpec,
    method: &MethodSpec,
    standard: &Standard,
    wanted: &StandardMethod,
) -> bool {
    let args = method.args.iter().map(|arg| arg.ty);
    let pairs = wanted.args.iter().copied().zip(args).chain([(wanted.returns, method.returns)]);
    // A standard's types end after some dozens of steps.
    let limit = limits::SCHEMA_STEPS_MAX;
    let mut comparison = Comparison::new(&standard.types, &spec.types, limit);
    let same = |(wanted, found)| comparison.alike(wanted, found, Mode::Same);
    method.kind == wanted.kind
        && method.fallible == wanted.fallible
        && method.args.len() == wanted.args.len()
        && all(pairs.map(same))
}

fn all(mut answers: impl Iterator<Item = Result<bool, TooManySteps>>) -> bool {
    answers.all(|answer| answer == Ok(true))
}

//! Whether a module offers what it claims.

use super::compare::{Comparison, Mode, TooManySteps};
use dure_abi::{
    spec::{ContractSpec, InterfaceSpec, MethodKind, MethodSpec},
    standard::{self, Standard, StandardMethod},
};
use dure_types::{ModuleError, limits};
use std::collections::BTreeMap;

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
    // By name, and only what others can call: a spec has room for lists of which each name, looked
    // for from the first method on, would be a second's work.
    let methods: BTreeMap<&str, &MethodSpec> = (spec.methods.iter())
        .filter(|method| method.kind != MethodKind::Init)
        .map(|method| (method.name.as_str(), method))
        .collect();
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

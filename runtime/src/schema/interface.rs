//! Whether a module offers what it claims.

use super::compare::{Comparison, Mode, TooManySteps};
use dure_abi::{
    spec::{ContractSpec, InterfaceSpec, MethodKind, MethodSpec},
    standard::{self, Standard, StandardMethod},
};
use dure_types::{ModuleError, limits};

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
    for interface in &spec.interfaces {
        let lacks = |method: &str| ModuleError::Interface {
            interface: interface.name.as_bytes().to_vec(),
            method: method.as_bytes().to_vec(),
        };
        for name in &interface.methods {
            offered(spec, name).ok_or_else(|| lacks(name))?;
        }
        let Some(standard) = standards.iter().find(|standard| standard.name == interface.name)
        else {
            continue;
        };
        for method in &standard.methods {
            if !lists(interface, method.name) || !has(spec, standard, method) {
                return Err(lacks(method.name));
            }
        }
    }
    Ok(())
}

fn lists(interface: &InterfaceSpec, method: &str) -> bool {
    interface.methods.iter().any(|name| name == method)
}

/// A method that others can call.
fn offered<'a>(spec: &'a ContractSpec, name: &str) -> Option<&'a MethodSpec> {
    spec.method(name).filter(|method| method.kind != MethodKind::Init)
}

fn has(spec: &ContractSpec, standard: &Standard, wanted: &StandardMethod) -> bool {
    let Some(method) = offered(spec, wanted.name) else { return false };
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

//! Interfaces: what a module claims is held against the standard, and what a contract offered once
//! an upgrade goes on offering.

use super::{
    Scene,
    module::{Code, WRITE, first},
};
use dure_abi::{
    spec::{ArgSpec, ContractSpec, InterfaceSpec, MethodKind, MethodSpec},
    standard::{self, Standard},
};
use dure_testing::{Address, Chain, TestFailure};
use dure_types::{ModuleError, SchemaError, SystemError, domain};
use scale_info::{PortableRegistry, Registry};

/// A spec that offers a standard, as the standard itself describes it.
fn offering(standard: &Standard) -> ContractSpec {
    let mut spec = first().spec;
    let unit = standard.types.types.len() as u32;
    spec.types = standard.types.clone();
    let mut registry = Registry::new();
    registry.register_type(&scale_info::MetaType::new::<()>());
    let mut unit_type = PortableRegistry::from(registry).types.remove(0);
    unit_type.id = unit;
    spec.types.types.push(unit_type);
    spec.storage.clear();
    spec.error = Some(unit);
    spec.methods.truncate(1);
    spec.methods[0].returns = unit;
    spec.methods.extend(standard.methods.iter().map(|method| {
        MethodSpec {
            name: method.name.into(),
            selector: domain::selector(method.name),
            kind: method.kind,
            args: (method.args.iter().zip('a'..))
                .map(|(ty, name)| ArgSpec { name: name.into(), ty: *ty })
                .collect(),
            returns: method.returns,
            fallible: method.fallible,
            reentrant: false,
            docs: vec![],
        }
    }));
    let methods = standard.methods.iter().map(|method| method.name.into()).collect();
    spec.interfaces = vec![InterfaceSpec { name: standard.name.into(), methods }];
    spec
}

fn deploy(spec: ContractSpec) -> Result<Address, TestFailure> {
    let mut chain = Chain::new();
    let owner = chain.account("owner");
    chain.deploy_wasm(&Code { spec, ..first() }.bytes(), owner, ())
}

#[test]
fn a_module_that_claims_a_standard_has_each_method_with_its_types() {
    for standard in standard::all() {
        deploy(offering(&standard)).expect("it offers all");
        for (index, method) in standard.methods.iter().enumerate() {
            let bends: [&dyn Fn(&mut MethodSpec); 5] = [
                &|method| method.name = "another".into(),
                &|method| {
                    method.kind = match method.kind {
                        MethodKind::Call => MethodKind::Query,
                        MethodKind::Query | MethodKind::Init => MethodKind::Call,
                    }
                },
                &|method| method.fallible = !method.fallible,
                &|method| match method.args.pop() {
                    Some(_) => {}
                    None => method.args.push(ArgSpec { name: "more".into(), ty: 0 }),
                },
                &|method| {
                    method.returns = standard.types.types.len() as u32 - method.returns.min(1)
                },
            ];
            for (bend, change) in bends.iter().enumerate() {
                let mut spec = offering(&standard);
                let bent = &mut spec.methods[index + 1];
                let returns = bent.returns;
                change(bent);
                bent.selector = domain::selector(&bent.name);
                if bend == 4 && bent.returns == returns {
                    continue;
                }
                let error = deploy(spec).expect_err("the standard is not met");
                let expected = SystemError::Module(ModuleError::Interface {
                    interface: standard.name.as_bytes().to_vec(),
                    method: method.name.as_bytes().to_vec(),
                });
                assert_eq!(error.contract_error(), Some(expected), "{} {bend}", method.name);
            }
        }
    }
}

#[test]
fn an_interface_that_callers_rely_on_is_not_dropped() {
    let payable = || InterfaceSpec { name: "sample::Payable".into(), methods: vec!["put".into()] };
    let code = first().with(|spec| spec.interfaces = vec![payable()]);
    let mut scene = Scene::of(&code);
    scene.refuses(
        &first().marked(2),
        SchemaError::InterfaceDropped { interface: b"sample::Payable".to_vec() },
    );
    scene.upgrade(&code.marked(2), ()).expect("it keeps it");
}

#[test]
fn a_method_of_an_interface_stays_as_it_is() {
    let payable = InterfaceSpec { name: "sample::Payable".into(), methods: vec!["put".into()] };
    let code = first().with(|spec| spec.interfaces = vec![payable]);
    let bends: [&dyn Fn(&mut ContractSpec); 6] = [
        &|spec| spec.interfaces[0].methods.clear(),
        &|spec| spec.methods[1].kind = MethodKind::Query,
        &|spec| spec.methods[1].fallible = true,
        &|spec| spec.methods[1].args.truncate(1),
        &|spec| spec.methods[1].args[1].ty = spec.methods[1].args[0].ty,
        &|spec| spec.methods[1].returns = spec.methods[1].args[1].ty,
    ];
    let mut scene = Scene::of(&code);
    for bend in bends {
        let (interface, method) = (b"sample::Payable".to_vec(), b"put".to_vec());
        let error = SchemaError::InterfaceChanged { interface, method };
        scene.refuses(&code.marked(2).with(bend), error.clone());
        // Nor by a migration.
        scene.refuses(&code.marked(2).migrating(1, 2, WRITE).with(bend), error);
    }
    let more = code.marked(2).with(|spec| {
        let other = MethodSpec { name: "more".into(), ..spec.methods[1].clone() };
        spec.methods.push(MethodSpec { selector: domain::selector("more"), ..other });
        spec.interfaces[0].methods.push("more".into());
    });
    scene.upgrade(&more, ()).expect("it offers more");
}

//! Rules of the section `dure.spec`: whoever reads it later may rely on them.
//!
//! It decodes within [`limits::SPEC_BYTES_MAX`]; every name is an identifier; every selector and
//! topic is that of its name, once; there is one `#[init]` method; every type id is in the
//! registry, whose entries stand at their own index; the ids of fields, retired ones too, differ;
//! former names and what `before!` opens are those of fields; there is at most one migration, from
//! the version before the storage's. Types may refer to each other in circles, so readers bound
//! their depth.

use codec::DecodeLimit;
use dure_abi::spec::{ContractSpec, FieldKind, FieldSpec, InterfaceSpec, MethodKind, VERSION};
use dure_types::{ModuleError, Selector, domain, limits};
use scale_info::{TypeDef, form::PortableForm};
use std::collections::BTreeSet;

/// Levels of nesting in the encoding; a spec has eight.
const DEPTH_MAX: u32 = 16;

/// Levels of parts of a composite field: what the SDK's keys have room for.
const PARTS_DEPTH_MAX: usize = 4;

/// Reads and checks a spec.
pub(super) fn read(bytes: &[u8]) -> Result<ContractSpec, ModuleError> {
    super::within("bytes of dure.spec", bytes.len() as u64, limits::SPEC_BYTES_MAX as u64)?;
    let spec = ContractSpec::decode_all_with_depth_limit(DEPTH_MAX, &mut &*bytes)
        .map_err(|_| ModuleError::Spec)?;
    if is_sound(&spec) { Ok(spec) } else { Err(ModuleError::Spec) }
}

fn is_sound(spec: &ContractSpec) -> bool {
    spec.version == VERSION
        && is_name(&spec.name)
        && registry_is_sound(spec)
        && methods_are_sound(spec)
        && events_are_sound(spec)
        && storage_is_sound(spec)
        && history_is_sound(spec)
        && spec.interfaces.iter().all(interface_is_sound)
}

fn registry_is_sound(spec: &ContractSpec) -> bool {
    spec.error.is_none_or(|ty| has_type(spec, ty))
        && spec.types.types.iter().zip(0u32..).all(|(entry, index)| {
            entry.id == index
                && entry
                    .ty
                    .type_params
                    .iter()
                    .filter_map(|param| param.ty)
                    .all(|ty| has_type(spec, ty.id))
                && definition_is_sound(spec, &entry.ty.type_def)
        })
}

fn definition_is_sound(spec: &ContractSpec, definition: &TypeDef<PortableForm>) -> bool {
    let known = |id: u32| has_type(spec, id);
    match definition {
        TypeDef::Composite(composite) => composite.fields.iter().all(|field| known(field.ty.id)),
        TypeDef::Variant(variant) => variant
            .variants
            .iter()
            .flat_map(|variant| &variant.fields)
            .all(|field| known(field.ty.id)),
        TypeDef::Sequence(sequence) => known(sequence.type_param.id),
        TypeDef::Array(array) => {
            array.len as usize <= limits::OUTPUT_BYTES_MAX && known(array.type_param.id)
        }
        TypeDef::Tuple(tuple) => tuple.fields.iter().all(|ty| known(ty.id)),
        TypeDef::Primitive(_) => true,
        TypeDef::Compact(compact) => known(compact.type_param.id),
        TypeDef::BitSequence(bits) => {
            known(bits.bit_store_type.id) && known(bits.bit_order_type.id)
        }
    }
}

fn methods_are_sound(spec: &ContractSpec) -> bool {
    let mut selectors = BTreeSet::<Selector>::new();
    let inits = spec.methods.iter().filter(|method| method.kind == MethodKind::Init).count();
    inits == 1
        && spec.methods.iter().all(|method| {
            is_name(&method.name)
                && method.selector == domain::selector(&method.name)
                && selectors.insert(method.selector)
                && method.args.iter().all(|arg| is_name(&arg.name) && has_type(spec, arg.ty))
                && has_type(spec, method.returns)
                && (!method.fallible || spec.error.is_some())
        })
}

fn events_are_sound(spec: &ContractSpec) -> bool {
    let mut topics = BTreeSet::<Selector>::new();
    spec.events.iter().all(|event| {
        is_name(&event.name)
            && event.topic == domain::selector(&event.name)
            && topics.insert(event.topic)
            && event.fields.iter().all(|field| is_name(&field.name) && has_type(spec, field.ty))
    })
}

fn storage_is_sound(spec: &ContractSpec) -> bool {
    fields_are_sound(spec, &spec.storage, 0)
}

/// Fields, or the parts of a composite at a depth of parts from 1.
fn fields_are_sound(spec: &ContractSpec, fields: &[FieldSpec], depth: usize) -> bool {
    let mut ids = BTreeSet::<u16>::new();
    (depth <= PARTS_DEPTH_MAX || fields.is_empty())
        && fields.iter().all(|field| {
            let place = depth == 0 || field.id <= u16::from(u8::MAX) && !field.published;
            place
                && is_name(&field.name)
                && ids.insert(field.id)
                && has_type(spec, field.value)
                && field.key.is_none_or(|ty| has_type(spec, ty))
                && match field.kind {
                    FieldKind::Item | FieldKind::Composite => field.key.is_none(),
                    FieldKind::Map => field.key.is_some(),
                    FieldKind::Balance | FieldKind::Counter => true,
                }
                && (field.kind == FieldKind::Composite || field.parts.is_empty())
                && fields_are_sound(spec, &field.parts, depth.saturating_add(1))
        })
}

fn history_is_sound(spec: &ContractSpec) -> bool {
    let history = &spec.history;
    let mut ids: BTreeSet<u16> = spec.storage.iter().map(|field| field.id).collect();
    history.version >= 1
        && history.retired.iter().all(|field| is_name(&field.name) && ids.insert(field.id))
        && history.renamed.iter().all(|former| is_name(&former.name) && ids.contains(&former.id))
        && history.migrations.len() <= 1
        && history.migrations.iter().all(|migration| {
            is_name(&migration.name)
                && migration.from >= 1
                && migration.from.checked_add(1) == Some(history.version)
                && migration.args.iter().all(|arg| is_name(&arg.name) && has_type(spec, arg.ty))
                && (!migration.fallible || spec.error.is_some())
        })
        // One at a time: a field may be opened in two ways, of which one is wrong.
        && history.before.iter().all(|field| {
            ids.contains(&field.id) && fields_are_sound(spec, std::slice::from_ref(field), 0)
        })
}

/// An interface is `package::Trait`.
fn interface_is_sound(interface: &InterfaceSpec) -> bool {
    interface.methods.iter().all(|method| is_name(method))
        && interface
            .name
            .split_once("::")
            .is_some_and(|(package, name)| is_name(&package.replace('-', "_")) && is_name(name))
}

fn has_type(spec: &ContractSpec, id: u32) -> bool {
    usize::try_from(id).is_ok_and(|id| id < spec.types.types.len())
}

/// Whether a text is an identifier: what a terminal or a source file can show as it is.
fn is_name(text: &str) -> bool {
    text.len() <= limits::SPEC_NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
